"""Everything there is of an object, newest first, in windows of time that can be read side by side.

A position in the middle is `{"reading": {...}}`: a window [from, to) of creation times in unix seconds; the newest has
no `to` and the oldest no `from`. `after` is the id of the last one seen and `at` its creation, `floor` is before
everything and used for cutting only; `started` is when the whole read began, the same in all its windows.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams.changes import OVERLAP
from integrations.providers.types import JSON, Position

_FIRST = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp())  # before Stripe's first customer
_SMALLEST = 3600  # seconds that are left; less is not worth a window
_EARLIEST_ZONE = timedelta(hours=14)  # a day begins there so much before it begins in Greenwich


def first(api: ApiSession, begin: date | None) -> JSON:
    """Return the one window that everything lies in; without what was sold before `begin`, wherever the venue is."""
    if begin is not None:
        floor = int((datetime.combine(begin, time(), UTC) - _EARLIEST_ZONE).timestamp())
        return {"from": floor, "to": None, "floor": floor, "after": None, "at": None}
    made: Any = api.account.get("created")
    floor = made if type(made) is int else _FIRST
    return {"from": None, "to": None, "floor": floor, "after": None, "at": None}


def query(window: JSON) -> dict[str, Any]:
    """Return the parameters that list a window from where it stands."""
    return {"created[gte]": window["from"], "created[lt]": window["to"], "starting_after": window["after"]}


def without_place(window: JSON) -> JSON:
    """Return the window as it is where the object it stood at is no longer listed: the last second is seen again."""
    return {**window, "after": None, "to": window["at"] + 1}


def end(window: JSON) -> Position:
    """Return the bookmark when a window is read: what changed since the read began is told by events."""
    return {"since": window["started"] - OVERLAP}


class SplitByCreation:
    """The windows of a stream, cut in the middle of the time that they still have before them."""

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Return the newer and the older half; None before a first full page, and for less than an hour."""
        window = position.get("reading")
        if not window or window["after"] is None:
            return None
        low, high = window["from"] if window["from"] is not None else window["floor"], window["at"]
        if high - low < _SMALLEST:
            return None
        middle = (low + high) // 2
        newer, older = {**window, "from": middle}, {**window, "to": middle, "after": None, "at": None}
        return {"reading": newer}, {"reading": older}

    def joined(self, ends: list[Position]) -> Position:
        """Return the earliest of the ends; windows of one read all end with the same."""
        return min(ends, key=lambda each: int(each["since"]))
