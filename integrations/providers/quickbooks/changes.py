"""What changed since a bookmark: one call for all streams of a turn, and what to do when it cannot tell everything.

QuickBooks remembers changes for thirty days. One answer holds a thousand objects of all kinds together and there is no
second page, so with that many none of its lists is sure to be whole: each stream then asks for itself. If even that
is too much, names are read by query from the bookmark on, for they are never deleted; of sales the deleted ones
could not be told any more, so they are all read again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from integrations.providers.errors import BookmarkExpired, Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, records
from integrations.providers.quickbooks.queries import ENTITIES, MOST_ROWS
from integrations.providers.quickbooks.reading import QuickBooksStream, bookmark, objects, text
from integrations.providers.types import JSON, ObjectType, Page, Position, ReadScope

_REMEMBERED = timedelta(days=29)  # a day less than QuickBooks does
_WAITING = "quickbooks changes"  # in a session's memory: what one call brought for the others, by entity
_ALONE = "quickbooks changes alone"  # there: whether the changes of all were too many for one answer

# A stream's bookmark by the name that QuickBooks gives its objects.
_Turn = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Told:
    """What changed of one entity since a time, and the bookmark that is true once it is stored."""

    rows: list[JSON]
    since: str
    next_since: str

    def covers(self, since: str) -> bool:
        """Return whether it leaves nothing out that changed after `since`, and is not older than it."""
        return records.moment(self.since) <= records.moment(since) <= records.moment(self.next_since)


class ChangingStream(QuickBooksStream):
    """A stream whose changes QuickBooks tells, together with those of the others."""

    shares: ClassVar[str] = "cdc"

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        since: str | None = position.get("since")
        if since is None or position.get("reading"):
            yield from super().read(api, position, scope)
            return
        if not _is_remembered(since):
            raise BookmarkExpired(
                "QuickBooks remembers changes for thirty days, and the last sync was before that. Everything is read "
                "again."
            )
        told = self._told(api, since, scope)
        if told is not None:
            found = [self.record(raw, api) for raw in told.rows if self.wants(raw)]
            yield Page(found, {"since": told.next_since}, total=len(found), last=True)
        elif self.is_sale:
            raise BookmarkExpired(
                f"More than {MOST_ROWS:,} changed since the last sync, too many for QuickBooks to tell which of them "
                "were deleted. Everything is read again."
            )
        else:
            yield from self.pages(api, since, self.beginning(scope) | {"from": since})

    def _told(self, api: ApiSession, since: str, scope: ReadScope) -> _Told | None:
        """Return what changed since the bookmark, from memory or by a call for the whole turn; None for too much."""
        waiting: dict[str, _Told] = api.memory.setdefault(_WAITING, {})
        kept = waiting.pop(self.entity, None)
        if kept is not None and kept.covers(since):
            return kept
        turn = self._turn(since, scope)
        told = _ask(api, turn) if not api.memory.get(_ALONE) else None
        if told is None and (len(turn) > 1 or api.memory.get(_ALONE)):
            api.memory[_ALONE] = True
            told = _ask(api, {self.entity: since})
        if told is None:
            return None
        waiting |= {entity: each for entity, each in told.items() if entity != self.entity}
        return told[self.entity]

    def _turn(self, since: str, scope: ReadScope) -> _Turn:
        """Return this stream's bookmark and those of the others of the turn that will ask the same."""
        others = {
            ENTITIES[object_type]: position["since"]
            for object_type, position in scope.beside.items()
            if object_type in ENTITIES and object_type is not ObjectType.TAX_CODE and _asks_for_changes(position)
        }
        return others | {self.entity: since}


def _asks_for_changes(position: Position) -> bool:
    return bool(position.get("since")) and not position.get("reading") and _is_remembered(position["since"])


def _is_remembered(since: str) -> bool:
    return datetime.now(UTC) - records.moment(since) < _REMEMBERED


def _ask(api: ApiSession, turn: _Turn) -> dict[str, _Told] | None:
    """Return what changed since the earliest bookmark, by entity; None where one answer cannot hold it. One call."""
    since = text(min(map(records.moment, turn.values())))
    try:
        answer = client.get(api, "/cdc", {"entities": ",".join(sorted(turn)), "changedSince": since})
    except Transient as error:
        if error.code == "too_large":
            return None
        raise
    lists = _lists(answer.body, turn)
    if sum(map(len, lists.values())) >= MOST_ROWS:
        return None
    next_since = bookmark(answer)
    return {entity: _Told(rows, since, next_since) for entity, rows in lists.items()}


def _lists(body: JSON, turn: _Turn) -> dict[str, list[JSON]]:
    """Return the objects by entity; what did not change is left out by QuickBooks and an empty list here."""
    found: dict[str, list[JSON]] = {entity: [] for entity in turn}
    try:
        for entry in [each for answer in body["CDCResponse"] for each in answer["QueryResponse"]]:
            if "Fault" in entry:
                raise Transient("QuickBooks could not tell all changes.", code="partial_changes")
            for entity in found.keys() & entry.keys():
                found[entity] += objects(entry[entity])
    except (KeyError, TypeError, AttributeError) as error:
        raise Transient("QuickBooks answered in a shape that we cannot read.", code="unreadable") from error
    return found
