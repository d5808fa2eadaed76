"""What time it is in the sandbox, and how that time is written.

All times inside the sandbox are whole milliseconds since 1970 in UTC. The clock runs with real time plus an offset, or
stands still when frozen; tests move it instead of waiting.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")


class VirtualClock:
    """A clock that can be set, advanced and frozen."""

    def __init__(self) -> None:
        self._offset_ms = 0
        self._frozen_at: int | None = None
        self._listeners: list[Callable[[], None]] = []

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call the listener whenever the clock is set, stopped or let go."""
        self._listeners.append(listener)

    def now(self) -> int:
        return self._real() + self._offset_ms if self._frozen_at is None else self._frozen_at

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        self.set(self.now() + round(seconds * SECOND))

    def set(self, moment: int) -> None:
        self._offset_ms = moment - self._real()
        if self._frozen_at is not None:
            self._frozen_at = moment
        self._tell()

    def freeze(self, wanted: bool) -> None:
        moment = self.now()
        self._frozen_at = moment if wanted else None
        self._offset_ms = moment - self._real()
        self._tell()

    def back_to_real(self) -> None:
        self._offset_ms, self._frozen_at = 0, None
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    @staticmethod
    def _real() -> int:
        return time.time_ns() // 1_000_000


def rfc3339(moment: int) -> str:
    """The moment as ``2026-11-22T18:30:05.120Z``; cheap enough for every field of every record."""
    days, rest = divmod(moment, DAY)
    minutes, rest = divmod(rest, MINUTE)
    return f"{date_text(days)}T{_MINUTES[minutes]}:{_SECONDS[rest // SECOND]}.{rest % SECOND:03d}Z"


def rfc3339_seconds(moment: int) -> str:
    """The moment without a fraction, as some of the older endpoints write it."""
    return rfc3339(moment)[:19] + "Z"


@lru_cache(maxsize=4096)
def date_text(days: int) -> str:
    """The calendar day that begins this many days after 1970-01-01."""
    return (_EPOCH + timedelta(days=days)).strftime("%Y-%m-%d")


def http_date(moment: int) -> str:
    """The moment as an HTTP ``Date`` header."""
    return formatdate(moment / SECOND, usegmt=True)


def parse_rfc3339(text: str) -> int:
    """Milliseconds since 1970 of a full date-time with an offset; ValueError for anything looser."""
    if not _RFC3339.match(text):
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with an offset")
    moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60)]
_SECONDS = [f"{second:02d}" for second in range(60)]
