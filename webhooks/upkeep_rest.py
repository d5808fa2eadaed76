"""How long a row of the upkeep rests before it is due again. Pure."""

from collections.abc import Callable
from datetime import timedelta

from integrations.providers.errors import ProviderError, RateLimited, Transient

_DAY = timedelta(days=1)
_SPREAD = timedelta(hours=1)  # so that what was connected together is not checked together for ever
_FIRST, _LONGEST = timedelta(seconds=15), timedelta(hours=6)
_MOST_DOUBLINGS = 12

Uniform = Callable[[float, float], float]


def after_success(uniform: Uniform) -> timedelta:
    """Return a day, less a little."""
    return _DAY - _SPREAD * uniform(0, 1)


def after_failure(error: ProviderError, attempts: int, uniform: Uniform) -> timedelta:
    """Return what the provider asked for, a rest that doubles, or for what only people can change a day.

    `attempts` is how many turns in a row had failed before. What changes the access, the wishes or our address makes
    a row due at once all the same.
    """
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    if not isinstance(error, Transient):
        return after_success(uniform)
    longest = min(_LONGEST, _FIRST * 2 ** min(attempts, _MOST_DOUBLINGS))
    return longest * uniform(0.5, 1)
