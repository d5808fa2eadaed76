"""How contacts are paged by their time of change, so that nothing that moves meanwhile is missed. Pure.

A window is one audience, one status, and a span of time [at, to). Each request begins where the last page ended, not
at an offset: whoever changes moves to the end of the order and is met there. Three things make it less simple.

* Whether `since_last_changed` counts the moment itself is not documented. We ask from a second earlier until an answer
  shows that it does.
* A bulk import gives thousands of contacts the same second. Inside such a second there is only the offset, and those
  who change meanwhile leave the second and pull the others forward; so that second is asked for by itself, and when it
  holds fewer than before, we step back by as many.
* What was asked for may come back wrong (a filter that is ignored, the same page again). That ends the read.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from integrations.providers.errors import Transient
from integrations.providers.types import JSON

_SECOND = timedelta(seconds=1)
_SHORTEST = timedelta(hours=1)  # what is shorter is not cut
_OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Window:
    """What is still to be read of one span. Times are texts in UTC by the second, "" where there is no bound.

    Everything before `at` was read. `skip` is the offset inside the second `at`, -1 outside of such a second, and
    `held` how many that second held at the last request. `counts` is whether “since” counts its moment. `left` is how
    many full pages were still to come, and `told` whether the total of this span was told.
    """

    audience: str
    status: str = ""
    at: str = ""
    to: str = ""
    skip: int = _OUTSIDE
    held: int = 0
    counts: bool = False
    left: int = 0
    told: bool = False

    @classmethod
    def of(cls, stored: JSON) -> Self:
        """Return the window that `as_json` wrote."""
        return cls(**stored)

    def as_json(self) -> JSON:
        """Return what differs from a new window, as plain JSON."""
        plain = {each.name: each.default for each in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != plain[name]}

    @property
    def inside(self) -> bool:
        """Return whether the read stands inside one second."""
        return self.skip != _OUTSIDE

    @property
    def since(self) -> str:
        """Return the moment after which to ask, "" for all."""
        return self.at if self.counts or not self.at else moved(self.at, -_SECOND)

    @property
    def before(self) -> str:
        """Return the moment before which to ask, "" for all."""
        return moved(self.at, _SECOND) if self.inside else self.to

    def holds(self, changed: str) -> bool:
        """Return whether a contact that changed then belongs to this window; one without a time always does."""
        return not changed or (self.at <= changed and (not self.to or changed < self.to))


def advanced(window: Window, times: Sequence[str], total: int) -> Window | None:
    """Return the window after a page with these times of change, None when it is through.

    `total` is how many the request matched. Raises Transient when the page is not what was asked for.
    """
    known = [each for each in times if each]
    _refuse_what_was_not_asked_for(window, known)
    over = max(window.skip, 0) + len(times)
    if over < total and not known:
        raise Transient("Mailchimp says that there are more contacts, but gives none.", code="cursor_loop")
    if window.inside:
        return _inside(window, known, over, total)
    if over >= total or (window.to and known[-1] >= window.to):
        return None
    window = replace(window, left=(total - over) // len(times), told=True)
    return _outside(window, known)


def halves(window: Window, now: str) -> tuple[Window, Window] | None:
    """Return the window in two, None when what is left of it is not worth a call more. `now` ends an open window."""
    if not window.at or window.left < 2:
        return None
    start, end = datetime.fromisoformat(window.at), datetime.fromisoformat(window.to or now)
    if end - start < 2 * _SHORTEST:
        return None
    middle = text(start + (end - start) / 2)
    later = Window(window.audience, window.status, at=middle, to=window.to, counts=window.counts, told=True)
    return replace(window, to=middle, left=0), later


def text(at: datetime) -> str:
    """Return a time as Mailchimp writes it: UTC, by the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def moved(at: str, by: timedelta) -> str:
    """Return a time as text, moved."""
    return text(datetime.fromisoformat(at) + by)


def _outside(window: Window, known: Sequence[str]) -> Window:
    """Go on from the last time of a page that others follow."""
    shown = window.counts or window.since in known
    last = known[-1]
    if last > window.at:
        one_second = known[0] == last and len(known) > 1
        return replace(window, at=last, counts=shown, skip=0 if one_second else _OUTSIDE)
    if shown and not window.counts:
        return replace(window, counts=True)
    return replace(window, skip=0, held=0)


def _inside(window: Window, known: Sequence[str], over: int, total: int) -> Window | None:
    """Go on inside one second, back by as many as left it, or on from its end."""
    lost = window.held - total
    if lost > 0 and window.skip > 0:
        return replace(window, skip=max(window.skip - lost, 0), held=total)
    if known and known[-1] > window.at:
        return _left(window, known[-1])
    if over >= total:
        return _left(window, moved(window.at, _SECOND))
    return replace(window, skip=over, held=total)


def _left(window: Window, at: str) -> Window | None:
    through = bool(window.to) and at >= window.to
    return None if through else replace(window, at=at, skip=_OUTSIDE, held=0)


def _refuse_what_was_not_asked_for(window: Window, known: Sequence[str]) -> None:
    if known and (known[0] < window.since or list(known) != sorted(known)):
        raise Transient("Mailchimp does not give contacts by the time that was asked for.", code="cursor_loop")
