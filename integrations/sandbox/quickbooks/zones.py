"""How a company writes its times: in its own zone, with the offset of that day, without a fraction."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from integrations.sandbox.clock import HOUR, MINUTE, SECOND, date_text, parse_rfc3339, rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL = re.compile(r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?)?$")


def whole_second(moment: int) -> int:
    """QuickBooks counts in seconds: the moment without its fraction."""
    return moment - moment % SECOND


class Zone:
    """One company's zone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._offset = lru_cache(maxsize=20_000)(self._offset_of_hour)

    def text(self, moment: int) -> str:
        """The moment as ``2026-11-22T10:30:05-08:00``."""
        offset, suffix = self._offset(moment // HOUR)
        return rfc3339(moment + offset)[:19] + suffix

    def day(self, moment: int) -> str:
        """The company's calendar day at this moment."""
        offset, _ = self._offset(moment // HOUR)
        return date_text((moment + offset) // (24 * HOUR))

    def parse(self, text: str) -> int:
        """A date-time with an offset, or a date or date-time of this zone; ValueError for anything else."""
        if not _LOCAL.match(text):
            return parse_rfc3339(text)
        local = datetime.fromisoformat(text).replace(tzinfo=self._info)
        return (local - _EPOCH) // timedelta(milliseconds=1)

    def _offset_of_hour(self, hour: int) -> tuple[int, str]:
        offset = (_EPOCH + timedelta(hours=hour)).astimezone(self._info).utcoffset() or timedelta()
        minutes = round(offset.total_seconds()) // 60
        return minutes * MINUTE, f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
