"""How a read of Square goes from page to page: cursors, the parts of a read, and its windows.

A bookmark is `{"since": time}` between reads and also holds `reading` in the middle of one. `since` is the moment, by
Square's clock, at which the last complete read began; the next read starts two minutes before it, because Square's
lists lag behind its writes. Within a read Square's cursor is followed; it dies after five minutes, and then the read
goes on from the last time it saw.

`reading` is `{"parts", "started", "cursor", "seen", "from", "to", "total"}`: what is left of Square's own cuts
(locations), and within the first of them where it stands and between which times it lies.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from integrations.providers.errors import BadRecord, CursorExpired, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.square import records
from integrations.providers.types import JSON, ExternalRecord, Field, ObjectType, Page, Position, ReadScope, Values

EARLIEST = "2009-01-01T00:00:00Z"  # before Square's first sale
_LAG = timedelta(minutes=2)
_WORTH_A_CUT = timedelta(hours=1)


class Asked:
    """What one request of a read depends on."""

    def __init__(self, since: str | None, reading: JSON) -> None:
        self.start = _earlier(since) if since else None  # changes from here on; None reads everything
        self.begin: str | None = reading.get("begin")  # the venue's own earliest day
        self.resume: str | None = reading.get("from")  # a window's beginning, or after a lost cursor the last time seen
        self.end: str | None = reading.get("to")  # a window's end, not included
        self.cursor: str | None = reading.get("cursor")
        self.part: Any = reading["parts"][0]
        self.counts = reading.get("counts", "started" not in reading)  # as the cursor's own query did

    @property
    def earliest(self) -> str:
        """Return the time from which a list that wants one is asked."""
        return self.resume or self.start or self.begin or EARLIEST


class SquareStream:
    """What the streams have in common: following cursors through the parts of a read."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str]
    needs: ClassVar[tuple[ObjectType, ...]] = ()
    fields: ClassVar[tuple[Field, ...]]
    reader: Callable[[JSON], Values]
    key: ClassVar[str]
    ordered_by: ClassVar[str] = ""  # the time by which pages come in order, "" when they do not
    is_sale: ClassVar[bool] = True  # whether the venue's own earliest day bounds it

    def values(self, raw: JSON) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        since: str | None = position.get("since")
        reading: JSON = dict(position.get("reading") or self._beginning(scope))
        met: set[str] = {reading["cursor"]} if reading.get("cursor") else set()
        if not reading["parts"]:
            yield Page([], position, last=True)
        while reading["parts"]:
            try:
                answer = self.ask(api, Asked(since, reading))
            except CursorExpired:
                if not reading.get("cursor"):
                    raise
                reading |= {"cursor": None, "from": reading.get("seen") or reading.get("from"), "counts": False}
                continue
            reading.setdefault("counts", "started" not in reading)
            reading.setdefault("started", _provider_time(answer))
            reading.setdefault("total", answer.body.get("count"))
            found = self._found(answer.body)
            self._advance(reading, found, answer.body.get("cursor"), met)
            if reading["parts"]:
                yield Page(found, _middle(since, reading), total=reading["total"])
            else:
                yield Page(found, self.bookmark(reading), total=reading["total"], last=True)

    def _beginning(self, scope: ReadScope) -> JSON:
        begin = {"begin": f"{scope.begin.isoformat()}T00:00:00Z"} if scope.begin and self.is_sale else {}
        return {"parts": self.parts(scope)} | begin

    def _found(self, body: JSON) -> list[ExternalRecord]:
        """Return the records of one page. A page whose objects have no ids is a broken answer, not an empty one."""
        try:
            return [self.record(raw) for raw in self.listed(body)]
        except (AttributeError, KeyError, TypeError) as error:
            raise Transient("Square answered in a shape that we cannot read.", code="unreadable") from error

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return what the read is cut into by Square's own limits; one part unless the stream says otherwise."""
        return [None]

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page as Square gives it."""
        raise NotImplementedError

    def listed(self, body: JSON) -> list[JSON]:
        """Return the objects of one page; Square leaves the key out when there are none."""
        return body.get(self.key) or []

    def record(self, raw: JSON) -> ExternalRecord:
        """Return one object with its version; Square's version where it has one, else its time of change."""
        changed = raw.get("updated_at") or raw.get("created_at")
        return ExternalRecord(
            id=id_of(raw),
            raw=raw,
            version=records.text_of(raw.get("version") or raw.get("version_token") or changed)[:64],
            updated_at=moment_or_none(changed),
            deleted=bool(raw.get("is_deleted")),
        )

    def bookmark(self, reading: JSON) -> Position:
        """Return where the next read begins; an empty one when it has to bring everything again."""
        return {"since": reading["started"]}

    def _advance(self, reading: JSON, found: list[ExternalRecord], cursor: str | None, met: set[str]) -> None:
        if found and self.ordered_by:
            reading["seen"] = found[-1].raw.get(self.ordered_by)
        if cursor is None:
            reading["parts"] = reading["parts"][1:]
            reading |= {"cursor": None, "from": None, "seen": None, "to": None}
        elif cursor in met:
            raise Transient("Square gave the same page cursor twice.", code="cursor_loop")
        else:
            met.add(cursor)
            reading["cursor"] = cursor


class CutByPart(SquareStream):
    """A stream whose parts can be read at the same time."""

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Give away the later half of the parts; see `base.SplitStream`."""
        reading: JSON = position.get("reading") or {"parts": []}
        half = (len(reading["parts"]) + 1) // 2
        rest = reading["parts"][half:]
        if not rest:
            return None
        elsewhere = {"cursor": None, "from": None, "seen": None, "to": None, "open": None}
        return _with(position, reading | {"parts": reading["parts"][:half]}), _with(
            position, reading | elsewhere | {"parts": rest}
        )

    def joined(self, ends: list[Position]) -> Position:
        """Return the earliest of the bookmarks; an empty one when one of them is."""
        return min(ends, key=lambda end: records.moment(end["since"])) if all(ends) else {}


class CutByTime(CutByPart):
    """A stream that can also be cut between two times. Square's cursor belongs to one query and is let go then."""

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Give away half of the parts, or the later half of the time that the last part still has before it."""
        reading: JSON = position.get("reading") or {"parts": []}
        if len(reading["parts"]) != 1:
            return super().split(position)
        stands_at = reading.get("seen") or reading.get("from")
        if not stands_at:
            return None
        stands, end = records.moment(stands_at), records.moment(reading.get("to") or reading["started"])
        if end - stands < _WORTH_A_CUT:
            return None
        middle = _text(stands + (end - stands) / 2)
        kept = reading | {"cursor": None, "from": stands_at, "to": middle, "counts": False}
        given = kept | {"from": middle, "to": reading.get("to"), "seen": None, "open": None}
        return _with(position, kept), _with(position, given)


def id_of(raw: JSON) -> str:
    """Return an object's id. Raises TypeError for anything but a text."""
    found = raw["id"]
    if not isinstance(found, str) or not found:
        raise TypeError("an id is a text")
    return found


def moment_or_none(text: Any) -> datetime | None:
    """Return the time, None where it cannot be read: that is for `values` to tell, for this record alone."""
    try:
        return records.moment(text) if text else None
    except BadRecord:
        return None


def _middle(since: str | None, reading: JSON) -> Position:
    return ({"since": since} if since else {}) | {"reading": dict(reading)}


def _with(position: Position, reading: JSON) -> Position:
    return position | {"reading": reading}


def _earlier(since: str) -> str:
    return _text(records.moment(since) - _LAG)


def _provider_time(answer: Answer) -> str:
    """Return the provider's own time of an answer; ours, well before, where it sent none."""
    sent = answer.headers.get("date")
    return _text(parsedate_to_datetime(sent) if sent else datetime.now(UTC) - timedelta(minutes=10))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
