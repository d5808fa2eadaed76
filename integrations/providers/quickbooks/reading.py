"""How a read of QuickBooks by query goes from page to page: by the time of the last change, in windows of that time.

A bookmark is `{"since": time}` between reads and also holds `reading` in the middle of one. `since` is the moment, by
QuickBooks' clock, at which the last complete read began, less two minutes.

Pages come in the order of the last change, and what changes meanwhile moves to the end. So rows are never counted from
the beginning: a read goes on from the time it saw last. Rows that share that time are counted, and the one seen last
is asked for once more: when it no longer stands where it stood, one before it has moved away, and the rows of that time
are read again. `reading` is

    started    when the read began, as the next bookmark will say
    from, to   the window, its end not included; None means no bound
    begin      the day before which sales are not wanted
    at         the time that was seen last
    met, last  how many rows of that time were seen, and the id of the last one
    again      how often the rows of that time were read again
    span       how many seconds the last page covered
    rows       how many rows are asked for
    most       the most rows that a page brought: one with fewer is the last, whatever was asked for
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import takewhile
from typing import Any, ClassVar

from integrations.providers.errors import BadRecord, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.quickbooks import client, queries, records
from integrations.providers.quickbooks.objects import QuickBooksObject, id_of
from integrations.providers.quickbooks.queries import CHANGED, EVEN_INACTIVE, Condition
from integrations.providers.types import JSON, ObjectType, Page, Position, ReadScope

_LAG = timedelta(minutes=2)
_WORTH_A_CUT = timedelta(hours=1)
_FEWEST_ROWS = 50
_MOST_AGAIN = 20


class QuickBooksStream(QuickBooksObject):
    """What the streams have in common: everything by query, in the order of change."""

    needs: ClassVar[tuple[ObjectType, ...]] = ()
    sweep_size: ClassVar[int] = 100
    place: ClassVar[str] = ""
    is_counted: ClassVar[bool] = False  # may be so many that a person wants to know how many

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        yield from self.pages(api, position.get("since"), position.get("reading") or self.beginning(scope))

    def beginning(self, scope: ReadScope) -> JSON:
        """Return the reading of everything."""
        reading: JSON = {"rows": queries.MOST_ROWS}
        return reading | ({"begin": scope.begin.isoformat()} if scope.begin and self.is_sale else {})

    def pages(self, api: ApiSession, since: str | None, reading: JSON) -> Iterator[Page]:
        """Yield the pages of one window; until it ends the bookmark `since`, if there is one, stays true."""
        is_beginning, reading = "at" not in reading and "from" not in reading, dict(reading)
        while True:
            fresh, is_over = self._next(api, reading)
            total = self._total(api, reading) if is_beginning and self.is_counted and not is_over else None
            is_beginning = False
            found = [self.record(raw, api) for raw in fresh if self.wants(raw)]
            if is_over or (total is not None and total <= len(fresh)):
                yield Page(found, {"since": reading["started"]}, total=total, last=True)
                return
            _advance(reading, fresh)
            yield Page(found, ({"since": since} if since else {}) | {"reading": dict(reading)}, total=total)

    def wants(self, raw: JSON) -> bool:
        """Return whether an object is one of ours."""
        return True

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those of at most a hundred that QuickBooks does not list any more.

        One call where it lists all of them or none; where some are missing, only these are asked for once more.
        """
        missing = list(ids)
        while missing:
            asked = queries.select(self.entity, [*self._all(), ("Id", "IN", missing)], rows=self.sweep_size)
            there = {id_of(raw) for raw in listed(client.query(api, asked), self.entity)}
            if there.isdisjoint(missing):
                break
            missing = [each for each in missing if each not in there]
        return missing

    def rows(self, api: ApiSession, reading: JSON, start: int) -> list[JSON]:
        """Return the rows from the one numbered `start` on. Asks for fewer where an answer would be too large."""
        while True:
            conditions, rows = self._conditions(reading), reading["rows"]
            try:
                answer = client.query(
                    api, queries.select(self.entity, conditions, order_by=CHANGED, start=start, rows=rows)
                )
            except Transient as error:
                if error.code != "too_large" or rows <= _FEWEST_ROWS:
                    raise
                reading["rows"] = max(rows // 4, _FEWEST_ROWS)
                continue
            reading.setdefault("started", bookmark(answer))
            return listed(answer, self.entity)

    def _next(self, api: ApiSession, reading: JSON) -> tuple[list[JSON], bool]:
        """Return the rows that come next, and whether they are known to be the last."""
        met = reading.get("met") or 0
        found = self.rows(api, reading, start=max(met, 1))
        stands = bool(met and found and id_of(found[0]) == reading["last"])
        if met > 1 and not stands:
            reading["met"], met = 0, 0
            reading["again"] = reading.get("again", 0) + 1
            if reading["again"] > _MOST_AGAIN:
                raise Transient("QuickBooks gives the rows of one moment in an order that changes.", code="cursor_loop")
            found = self.rows(api, reading, start=1)
        fresh = found[1:] if stands else found
        most = reading.get("most") or 0
        reading["most"] = max(most, len(found))
        return fresh, not fresh or len(found) < min(most, reading["rows"])

    def _conditions(self, reading: JSON) -> list[Condition]:
        conditions = self._all()
        begins, ends, begin = reading.get("at") or reading.get("from"), reading.get("to"), reading.get("begin")
        conditions += [(CHANGED, ">=", begins)] if begins else []
        conditions += [(CHANGED, "<", ends)] if ends else []
        return conditions + ([("TxnDate", ">=", begin)] if begin else [])

    def _all(self) -> list[Condition]:
        return [] if self.is_sale else [EVEN_INACTIVE]

    def _total(self, api: ApiSession, reading: JSON) -> int | None:
        """Return how many there are in the whole read. One call."""
        everything = self._conditions({"begin": reading.get("begin")})
        told = client.query(api, queries.count(self.entity, everything)).body["QueryResponse"].get("totalCount")
        return told if isinstance(told, int) else None


class CutByTime:
    """A stream whose reads can be cut between two times of change."""

    def split(self, position: Position) -> tuple[Position, Position] | None:
        """Give away the later half of the time that is left, when there is likely more in it than a page."""
        reading: JSON = position.get("reading") or {}
        if "at" not in reading:
            return None
        stands, end = records.moment(reading["at"]), records.moment(reading.get("to") or reading["started"])
        if end - stands < max(_WORTH_A_CUT, timedelta(seconds=reading["span"])):
            return None
        middle = text(stands + (end - stands) / 2)
        given = {name: reading.get(name) for name in ("started", "to", "begin", "rows", "most")} | {"from": middle}
        return position | {"reading": reading | {"to": middle}}, position | {"reading": given}

    def joined(self, ends: list[Position]) -> Position:
        """Return the earliest of the bookmarks."""
        return min(ends, key=lambda end: records.moment(end["since"]))


def listed(answer: Answer, entity: str) -> list[JSON]:
    """Return the objects of an answer to a query; QuickBooks leaves the name out when there are none."""
    return objects(answer.body["QueryResponse"].get(entity) or [])


def objects(found: Any) -> list[JSON]:
    """Return a list of objects as it is. Raises Transient for anything else."""
    if not isinstance(found, list) or not all(isinstance(raw, dict) for raw in found):
        raise Transient("QuickBooks answered in a shape that we cannot read.", code="unreadable")
    return found


def bookmark(answer: Answer) -> str:
    """Return two minutes before an answer by QuickBooks' clock; by ours, well before, where it told no time."""
    told = records.moment_or_none(answer.body.get("time"))
    sent = answer.headers.get("date")
    if told is None:
        told = parsedate_to_datetime(sent) if sent else datetime.now(UTC) - timedelta(minutes=10)
    return text(told - _LAG)


def text(at: datetime) -> str:
    """Return a time as queries and bookmarks hold it: whole seconds in UTC, with the offset."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def _advance(reading: JSON, fresh: list[JSON]) -> None:
    """Note where a read stands behind a page. Raises Transient when it does not get on."""
    first, last = _changed(fresh[0]), _changed(fresh[-1])
    at, stood = text(last), (reading.get("at"), reading.get("last"))
    same = sum(1 for _ in takewhile(lambda raw: text(_changed(raw)) == at, reversed(fresh)))
    before = (reading.get("met") or 0) if at == stood[0] else 0
    stands = (at, id_of(fresh[-1]))
    if (stood[0] or "") > at or stands == stood:
        raise Transient("QuickBooks gave the same rows twice.", code="cursor_loop")
    span = max(0, int((last - first).total_seconds()))
    reading |= {"at": at, "met": before + same, "last": stands[1], "span": span}
    reading["again"] = reading.get("again", 0) if at == stood[0] else 0


def _changed(raw: JSON) -> datetime:
    try:
        return records.moment(raw["MetaData"]["LastUpdatedTime"])
    except (BadRecord, KeyError, TypeError) as error:
        raise Transient("QuickBooks did not say when a record was changed.", code="unreadable") from error
