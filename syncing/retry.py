"""When a failed job is tried again. Pure: the error, the attempts and chance come in, a decision comes out."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.providers.errors import CursorExpired, ProviderError, RateLimited, Transient

BASE_SECONDS = 2.0
CAP_SECONDS = 3600.0
DEFAULT_RATE_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Again:
    """Queue the job again after `seconds`; `counts` says whether the attempt is used up."""

    seconds: float
    counts: bool


def decide(
    error: ProviderError, *, attempts: int, max_attempts: int, uniform: Callable[[float, float], float]
) -> Again | None:
    """Return when to try again, or None when trying again cannot help or was tried often enough."""
    if isinstance(error, RateLimited):
        return Again(error.retry_after if error.retry_after is not None else DEFAULT_RATE_WAIT, counts=False)
    if isinstance(error, (Transient, CursorExpired)) and attempts < max_attempts:
        return Again(uniform(0, min(CAP_SECONDS, BASE_SECONDS * 2**attempts)), counts=True)
    return None
