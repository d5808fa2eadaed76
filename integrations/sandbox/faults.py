"""How the sandbox misbehaves on request: which calls go wrong, how, and how often it happened."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

KNOWN = "provider, method, path, skip, every, times, kind, status, retry_after, seconds, body"


class Kind(StrEnum):
    STATUS = "status"  # answer with this status (and body)
    RATE_LIMIT = "rate_limit"  # the provider's own 429
    RESET = "reset"  # cut the connection before doing anything
    LOST_ANSWER = "lost_answer"  # do the work, then cut the connection without an answer
    DRIP = "drip"  # do the work, then answer one byte a second
    HTML = "html"  # a gateway's error page instead of JSON
    MALFORMED = "malformed"  # do the work, then answer half of the JSON
    DELAY = "delay"  # wait, then go on as if nothing had happened


@dataclass
class Fault:
    kind: Kind
    provider: str
    method: str | None = None
    path: str = ""
    skip: int = 0
    every: int = 1
    times: int = 1
    status: int = 500
    retry_after: float | None = None
    seconds: float = 1.0
    body: Any = None
    met: int = field(default=0)
    fired: int = field(default=0)

    def fits(self, provider: str, method: str, path: str) -> bool:
        return (
            provider == self.provider
            and self.method in (None, method)
            and path.startswith(self.path)
            and (self.times < 0 or self.fired < self.times)
        )


class Faults:
    """The list of wanted faults; the first that fits is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """ValueError with a plain sentence when the wish makes no sense."""
        try:
            fault = Fault(**(wish | {"kind": Kind(wish.get("kind", ""))}))
        except ValueError as error:
            raise ValueError(f"kind must be one of {', '.join(Kind)}") from error
        except TypeError as error:
            raise ValueError(f"a fault is made of {KNOWN}; provider and kind are required") from error
        _check(fault)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]

    def next_for(self, provider: str, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counted as fired; None when it may pass."""
        for fault in self._faults:
            if fault.fits(provider, method, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.met += 1
                if fault.met % fault.every:
                    return None
                fault.fired += 1
                return fault
        return None


def _check(fault: Fault) -> None:
    numbers = {
        "skip": fault.skip,
        "every": fault.every,
        "times": fault.times,
        "status": fault.status,
        "seconds": fault.seconds,
    }
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
    if not isinstance(fault.every, int) or fault.every < 1:
        raise ValueError("every is a whole number from 1 on: every so-manieth of these calls goes wrong")
    if not isinstance(fault.path, str) or not 100 <= fault.status <= 599:
        raise ValueError("path must be a string and status a number from 100 to 599")
    if fault.path and not fault.path.startswith("/"):
        raise ValueError("path is a prefix that begins with / and stands after the provider's own prefix")
