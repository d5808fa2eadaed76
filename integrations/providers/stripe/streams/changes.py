"""What changed since a bookmark: told by Stripe's list of events, asked once for all streams of a turn.

Lists can be filtered by creation only, so changes are found through events, which Stripe keeps for thirty days. They
are hints: each object that they name is fetched as it is now, once. A bookmark is `{"since": seconds, "done": [event
ids], "at": seconds}`: events from `since` on are to be looked at, but for those that are done already. It stays five
minutes behind `at`, the time of the look, because events can come late; `done` makes an idle round cost one call all
the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import ClassVar, NamedTuple, Protocol

from integrations.providers.errors import BookmarkExpired, Transient
from integrations.providers.http import ApiSession
from integrations.providers.stripe.events import hints
from integrations.providers.stripe.streams.paging import pages
from integrations.providers.types import JSON, OWN_KEYS, ExternalRecord, ObjectType, Page, Position, ReadScope, Write

SHARED = "events"
_LOOKED = "looked"
OVERLAP = 300
_SHORTEST_OVERLAP = 30  # when so much happens that the events of five minutes would not fit into a bookmark
_KEPT = 29 * 86_400  # Stripe keeps events for thirty days
_MOST_DONE = 500  # event ids in a bookmark
_PAGES_AT_ONCE = _MOST_DONE // 100
_MOST_LOOKED = 20  # pages of events before a write; with more, reading what changed is the better look
_LATE = 2  # seconds that an event may come late and still be seen before a write
_SHORTEST_SPAN = 60
_OBJECTS_A_PAGE = 50
_WORTH_A_LIST = 3  # so many new objects are cheaper to list than to fetch one by one


class Change(NamedTuple):
    """What is known of a changed object: when it last changed, whether it is gone, when it was made (0: not told)."""

    at: int
    gone: bool
    created: int


class Looked(NamedTuple):
    """What a session saw before it wrote: up to when it looked, and which objects others had changed."""

    at: int
    found: frozenset[str]


class Fetching(Protocol):
    """What the changes of a stream are read with."""

    object_type: ClassVar[ObjectType]
    lists_new: ClassVar[bool]

    def fetched(self, api: ApiSession, external_id: str) -> ExternalRecord | None:
        """Return an object as it is now; None for one that does not count."""

    def listed(self, api: ApiSession, begin: int, end: int | None) -> Iterator[list[ExternalRecord]]:
        """Yield what was created in [begin, end), newest first."""


@dataclass(slots=True)
class Turn:
    """What the events of a stretch of time say, for the bookmarks that it covers. Waits in `ApiSession.memory`.

    `events` holds ids, times and objects of all events from each bookmark on, newest first, done or not.
    """

    started: int
    until: int | None
    covers: dict[ObjectType, Position]
    todo: dict[ObjectType, dict[str, Change]] = field(default_factory=dict)
    events: dict[ObjectType, list[tuple[str, int, str]]] = field(default_factory=dict)
    oldest: int = 0
    waits_for: set[ObjectType] = field(default_factory=set)
    _done: dict[ObjectType, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, position in self.covers.items():
            self.todo[kind], self.events[kind] = {}, []
            self._done[kind] = set(position.get("done", ()))

    def take(self, event: JSON) -> None:
        """Note what an event says; they come newest first."""
        self.oldest = event["created"]
        for hint in hints(event):
            kind = hint.object_type
            if kind not in self.covers or self.oldest < self.covers[kind]["since"]:
                continue
            self.events[kind].append((event["id"], self.oldest, hint.id))
            if event["id"] not in self._done[kind]:
                newest = self.todo[kind].get(hint.id) or Change(self.oldest, hint.gone, 0)
                self.todo[kind][hint.id] = newest._replace(created=newest.created or hint.created)

    def begins(self) -> int:
        """Return the earliest second that is to be looked at."""
        return min((position["since"] for position in self.covers.values()), default=self.started)

    def leave_out_what_is_not_covered(self) -> None:
        """Forget the bookmarks that lie before the oldest event seen."""
        self.covers = {kind: each for kind, each in self.covers.items() if each["since"] > self.oldest}

    def middle(self, kind: ObjectType) -> Position:
        """Return the bookmark while some of `todo` is left: the events of all others are done."""
        done = [id_ for id_, _, about in self.events[kind] if about not in self.todo[kind]]
        return self.covers[kind] | {"done": done[:_MOST_DONE]}

    def end(self, kind: ObjectType) -> Position:
        """Return the bookmark when everything is done."""
        events = self.events[kind]
        if self.until is not None:
            seen = {id_ for id_, _, _ in events}
            done = [each for each in self._done[kind] if each not in seen]
            return {"since": self.until, "done": done, "at": self.until}
        since = self.started - OVERLAP
        if len(events) > _MOST_DONE:
            since = max(since, min(events[_MOST_DONE - 1][1], self.started - _SHORTEST_OVERLAP))
        done = [id_ for id_, at, _ in events if at >= since][:_MOST_DONE]
        return {"since": since, "done": done, "at": self.started}


def changed_since(stream: Fetching, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
    """Yield what changed since the bookmark. Raises BookmarkExpired when events do not go back that far.

    After a long silence the events are taken in stretches of time, so that a bookmark never holds too many.
    """
    kind, turn = stream.object_type, None
    while turn is None or turn.until is not None:
        turn = _turn(api, kind, position, scope, turn)
        for records in _records(stream, api, turn):
            yield Page(records, turn.middle(kind))
        position = turn.end(kind)
        yield Page([], position, last=turn.until is None)


def unseen(api: ApiSession, kind: ObjectType, position: Position, writes: Sequence[Write]) -> set[str]:
    """Return the ids of those objects that others changed since the bookmark; all when there is too much to look at.

    One call for a hundred events, and a session looks at each of them about once. Our own changes are known by the keys
    of their requests. A bookmark that stands in a read of everything tells nothing, and finds nothing.
    """
    ids = {write.external_id for write in writes}
    if "since" not in position or not ids:
        return set()
    looked: dict[ObjectType, Looked] = api.memory.setdefault(_LOOKED, {})
    before = looked.get(kind) or Looked(position.get("at", position["since"] + _LATE), frozenset())
    since = max(before.at - _LATE, position["since"])
    done, found, own = set(position.get("done", ())), set(before.found), {write.key[:OWN_KEYS] for write in writes}
    for number, listed in enumerate(pages(api, "/v1/events", {"created[gte]": since})):
        if number >= _MOST_LOOKED or listed.at - since > _KEPT:
            return ids
        if number == 0:
            at = listed.at
        new = [each for each in listed.entries if each.get("id") not in done and _key(each)[:OWN_KEYS] not in own]
        found |= {hint.id for event in new for hint in hints(event) if hint.object_type is kind}
    looked[kind] = Looked(at, frozenset(found))
    return found & ids


def _key(event: JSON) -> str:
    """Return the idempotency key of the request that caused an event, "" where it had none."""
    return str((event.get("request") or {}).get("idempotency_key") or "")


def _records(stream: Fetching, api: ApiSession, turn: Turn) -> Iterator[list[ExternalRecord]]:
    """Yield the changed objects, and take them off `turn.todo` as they come."""
    todo, since = turn.todo[stream.object_type], turn.covers[stream.object_type]["since"]
    new = [each.created for each in todo.values() if each.created >= since and not each.gone]
    if stream.lists_new and len(new) >= _WORTH_A_LIST:
        for listed in stream.listed(api, min(new), turn.until):
            yield [_changed(each, change.at) for each in listed if (change := todo.pop(each.id, None))]
    found: list[ExternalRecord] = []
    for id_, change in sorted(todo.items(), key=lambda item: (item[1].at, item[0])):
        record = _tombstone(id_, change, turn) if change.gone else stream.fetched(api, id_)
        found += [_changed(record, change.at)] if record is not None else []
        del todo[id_]
        if len(found) >= _OBJECTS_A_PAGE or not todo:
            yield found
            found = []


def _changed(record: ExternalRecord, at: int) -> ExternalRecord:
    return replace(record, updated_at=datetime.fromtimestamp(at, UTC))


def _tombstone(id_: str, change: Change, turn: Turn) -> ExternalRecord:
    return ExternalRecord(id_, {}, version=str(turn.started), deleted=True)


def _turn(api: ApiSession, kind: ObjectType, position: Position, scope: ReadScope, before: Turn | None) -> Turn:
    """Return the events to look at next: those that another stream brought, all there are, or a first stretch."""
    if before is not None and before.until is not None:
        until = before.until + before.until - before.begins()
        if until <= before.started - OVERLAP:
            return _stretch(api, kind, position, until)
    held: Turn | None = api.memory.get(SHARED)
    if held is not None and kind in held.waits_for and held.covers[kind] == position:
        held.waits_for.discard(kind)
        return held
    beside = {other: each for other, each in scope.beside.items() if "since" in each}
    turn = _gathered(api, kind, beside | {kind: position}, None)
    api.memory[SHARED] = turn
    turn.waits_for = set(turn.covers) - {kind}
    if kind in turn.covers:
        return turn
    as_long = max(turn.started - turn.oldest, _SHORTEST_SPAN)
    return _stretch(api, kind, position, min(position["since"] + as_long, turn.started - OVERLAP))


def _stretch(api: ApiSession, kind: ObjectType, position: Position, until: int) -> Turn:
    """Return the events of one stream from its bookmark to `until`, or to an earlier time when there are too many."""
    while True:
        turn = _gathered(api, kind, {kind: position}, until)
        if kind in turn.covers:
            return turn
        until = max(position["since"] + (until - position["since"]) // 2, position["since"] + _SHORTEST_SPAN)


def _gathered(api: ApiSession, kind: ObjectType, covers: Mapping[ObjectType, Position], until: int | None) -> Turn:
    """Return the events before `until`, all or the newest few hundred; what is not covered then is not in `covers`."""
    begin = min(each["since"] for each in covers.values())
    listing = pages(api, "/v1/events", {"created[gte]": begin, "created[lt]": until})
    first = next(listing)
    turn = Turn(first.at, until, {each: where for each, where in covers.items() if first.at - where["since"] <= _KEPT})
    if kind not in turn.covers:
        days = (first.at - covers[kind]["since"]) // 86_400
        raise BookmarkExpired(
            f"Stripe tells what changed in the last 30 days only, and the last look was {days} days ago."
        )
    whole = until is not None and until - begin <= _SHORTEST_SPAN
    for number, listed in enumerate(chain([first], listing), 1):
        _take(turn, listed.entries)
        if listed.more and number >= _PAGES_AT_ONCE and not whole and turn.oldest < turn.started - OVERLAP:
            turn.leave_out_what_is_not_covered()
        if not listed.more or turn.oldest < turn.begins():
            break
    return turn


def _take(turn: Turn, events: list[JSON]) -> None:
    try:
        for event in events:
            turn.take(event)
    except (AttributeError, KeyError, TypeError) as error:
        raise Transient("Stripe told of a change in a shape that we cannot read.", code="unreadable") from error
