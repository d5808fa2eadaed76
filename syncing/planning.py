"""What an outbound sync would do, record by record: the one place that decides it, for the preview and for the sync.

Reads; writes nothing and calls nobody. A record is a candidate when it is newer than what its counterpart got, when it
has none, when it was deleted here and may be there, or when an earlier write is still open. What differs is taken from
what both sides agreed on last, never from how a provider happens to write it; so an echo, or a change of no field that
is sent, leads to no write.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.base import ChoosyOutlet, ComparingOutlet, CountingOutlet, Outlet
from integrations.providers.errors import BadRecord
from integrations.providers.types import ObjectType, Operation, Values, Write
from mappings import canonical, versions
from mappings.models import Direction, UpdateMode
from mappings.outbound import OutboundMapper, Outgoing
from syncing import intents, merge
from syncing.models import NEW, LinkState, RecordLink, SyncCursor
from syncing.references import References, Resolved

PAGE = 500
_BEHIND = """
SELECT record.id, record.version, record.fields, record.deleted_at IS NOT NULL, link.id, link.external_id, link.state,
       link.base, link.raw, link.remote_version, link.push, link.push_key, link.problem
FROM records record
LEFT JOIN record_links link ON link.record_id = record.id AND link.connection_id = %(connection)s
     AND link.external_type = record.object_type
WHERE record.venue_id = %(venue)s AND record.object_type = %(object)s AND record.id > %(after)s
  AND (link.push IS NOT NULL
       OR (record.deleted_at IS NULL AND link.id IS NULL)
       OR (%(by_new_rules)s AND record.deleted_at IS NULL AND link.state NOT IN ('deleted', 'failing'))
       OR (link.state <> 'deleted' AND coalesce(link.pushed_version, 0) < record.version
           AND (record.deleted_at IS NULL OR (%(deletes)s AND link.external_id NOT LIKE 'new:%%'))))
ORDER BY record.id
LIMIT %(limit)s
"""
_COUNT = """
SELECT count(*) FROM records record JOIN record_links link ON link.record_id = record.id
WHERE record.venue_id = %(venue)s AND record.object_type = %(object)s AND link.connection_id = %(connection)s
  AND link.external_type = record.object_type AND link.state <> 'deleted'
  AND (record.deleted_at IS NULL OR %(deletes)s)
  AND link.push IS NULL AND (%(by_new_rules)s OR coalesce(link.pushed_version, 0) < record.version)
"""


# A sale that was billed is booked by its invoice, where invoices are sent as well.
_BILLED = """
SELECT sold.record_id
FROM record_links sold JOIN connections till ON till.id = sold.connection_id
JOIN records bill ON bill.venue_id = %(venue)s AND bill.object_type = 'invoice' AND bill.deleted_at IS NULL
     AND bill.fields -> 'order' ->> 'id' = sold.external_id AND bill.fields -> 'order' ->> 'provider' = till.provider
WHERE sold.record_id = ANY(%(records)s) AND sold.external_type = 'order'
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one record. Without a `write` there is nothing to send; `left_out` says why, if it does.

    `before` holds what the provider has now for the values that change, `agreed` the fields that both sides agreed on
    last; of a new object there are none. `ours` are the record's fields. `waits` when what it points to comes first.
    """

    record: uuid.UUID
    version: int
    link: int | None
    write: Write | None = None
    before: Values | None = None
    left_out: str = ""
    is_open: bool = False
    waits: bool = False
    agreed: dict[str, Any] | None = None
    ours: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    """A candidate as it is stored: the record, and its counterpart where it has one. JSON as text."""

    record: uuid.UUID
    version: int
    fields: str
    is_deleted: bool
    link: int | None
    external_id: str | None
    state: str | None
    base: str | None
    raw: str | None
    remote_version: str | None
    push: str | None
    push_key: str | None
    problem: str | None

    @property
    def is_there(self) -> bool:
        """Return whether the provider has named its counterpart."""
        return self.link is not None and not (self.external_id or "").startswith(NEW)

    def step(self, **more: Any) -> Step:
        """Return a step for it."""
        return Step(self.record, self.version, self.link, **more)


class Planner:
    """Plans the writes of one object of one connection, by the rules and wishes in force.

    `beside` are the kinds that are sent there by the same plan, besides those that the venue agreed to before;
    `deletes` those of which what was deleted here is deleted there, None as the venue wished before.
    """

    def __init__(
        self,
        connection: Connection,
        object_type: ObjectType,
        *,
        beside: Collection[ObjectType] = (),
        deletes: Collection[str] | None = None,
    ) -> None:
        """Compile the rules. Raises BadRule; raises LookupError when the object cannot be written there."""
        provider = PROVIDERS[connection.provider]
        if object_type not in provider.writers:
            raise LookupError(f"{connection.provider} takes no {object_type}")
        self.connection, self.object_type = connection, object_type
        self.outlet: Outlet = provider.writers[object_type]
        self.is_read = object_type in provider.streams
        # Asked once: what a protocol finds out costs as much as mapping a record.
        self._unfit = self.outlet.unfit if isinstance(self.outlet, ChoosyOutlet) else None
        self._is_same = self.outlet.is_same if isinstance(self.outlet, ComparingOutlet) else None
        self.mapper: OutboundMapper = versions.outbound_mapper_for(connection, object_type)
        self._once, self._if_empty, self._adding = (
            self.mapper.by_mode(each) for each in (UpdateMode.IF_NEW, UpdateMode.IF_EMPTY, UpdateMode.APPEND)
        )
        config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
        wished = (config.deletes if config else ()) if deletes is None else deletes
        self.deletes = self.outlet.deletable and object_type in wished
        self._placed = _placed(connection, self.outlet, config)
        # What other rules fill now than those by which this object was sent last: everything is looked at again.
        self.rules = versions.in_force(connection)
        self._new_rules = _new_rules(connection, object_type, self.rules)
        self._by_new_rules = (self._new_rules.new | self._new_rules.other) & self.outlet.writable
        self._references = References(connection, sent=_sent(connection).union(beside))

    def steps(self, *, ahead: bool = False) -> Iterator[list[Step]]:
        """Yield the steps in pages, in the order of the records, each page with at most five queries.

        `ahead`: what a record points to counts as there when it is on its way; else the record waits for it.
        """
        last = uuid.UUID(int=0)
        while rows := self._behind(last):
            ours: list[dict[str, Any]] = [orjson.loads(row.fields) for row in rows]
            resolved, billed = self._references.resolve(ours, ahead=ahead), self._billed(rows)
            yield [
                row.step(left_out=_BY_INVOICE) if row.record in billed and not row.is_there
                else self._step(row, mine, found)
                for row, mine, found in zip(rows, ours, resolved, strict=True)
            ]  # fmt: skip
            last = rows[-1].record

    def calls(self, batch: Sequence[Step]) -> int:
        """Return how many calls a batch takes when nothing goes wrong."""
        if not isinstance(self.outlet, CountingOutlet):
            return 1
        return self.outlet.calls([step.write for step in batch if step.write is not None])

    @property
    def is_metered(self) -> bool:
        """Return whether calls that write count against an allowance or cost money."""
        provider = PROVIDERS[self.connection.provider]
        return provider.call_class("POST", "/") in provider.spec.metered

    def candidates(self) -> int:
        """Return how many counterparts may have to be changed, at most. One query."""
        with database.cursor() as cursor:
            cursor.execute(_COUNT, self._names())
            found: int = cursor.fetchone()[0]
        return found

    def _names(self) -> dict[str, Any]:
        return {
            "connection": self.connection.pk, "venue": self.connection.venue_id, "object": str(self.object_type),
            "deletes": self.deletes, "by_new_rules": bool(self._by_new_rules),
        }  # fmt: skip

    def _behind(self, after: uuid.UUID) -> list[_Row]:
        asked = self._names() | {"after": after, "limit": PAGE}
        with database.cursor() as cursor:
            cursor.execute(_BEHIND, asked)
            return [_Row(*row) for row in cursor.fetchall()]

    def _billed(self, rows: Sequence[_Row]) -> frozenset[uuid.UUID]:
        """Return the sales of which an invoice goes there as well. One query, none for anything else than sales."""
        if self.object_type != ObjectType.ORDER or ObjectType.INVOICE not in self._references.sent:
            return frozenset()
        asked: dict[str, Any] = {"venue": self.connection.venue_id, "records": [row.record for row in rows]}
        with database.cursor() as cursor:
            cursor.execute(_BILLED, asked)
            return frozenset(row[0] for row in cursor.fetchall())

    def _step(self, row: _Row, ours: dict[str, Any], resolved: Resolved) -> Step:
        if row.push:
            write = intents.reopened(row.record, row.external_id or "", row.push_key or "", row.push, row.raw)
            return self._open(row, write, ours)
        if row.is_deleted:
            return self._deletion(row)
        if resolved.waits_for:
            return row.step(left_out=self._waits(resolved.waits_for), waits=True)
        return self._update(row, ours, resolved) if row.is_there else self._create(row, ours, resolved)

    def _open(self, row: _Row, write: Write, ours: dict[str, Any]) -> Step:
        """Return the step of a write without a result; what it carried of fields that changed since is not known."""
        version, base = intents.version_of(row.push or ""), orjson.loads(row.base) if row.base else None
        agreed = None if write.operation is Operation.CREATE else base or orjson.loads(row.fields)
        carried = ours if version == row.version else base or {}
        return Step(row.record, version, row.link, write, is_open=True, agreed=agreed, ours=carried)

    def _deletion(self, row: _Row) -> Step:
        write = Write(
            self._key(row, Operation.DELETE), row.record.hex, Operation.DELETE, {}, whole=self._placed,
            external_id=row.external_id or "", version=row.remote_version or "", raw=orjson.loads(row.raw or "{}"),
        )  # fmt: skip
        return row.step(write=write, before={})

    def _create(self, row: _Row, ours: dict[str, Any], resolved: Resolved) -> Step:
        outgoing = self.mapper(resolved.fields)
        if lacks := self._lacks(outgoing, resolved):
            return row.step(left_out=lacks)
        values = {name: value for name, value in outgoing.values.items() if name in self.outlet.writable} | self._placed
        write = Write(self._key(row, Operation.CREATE), row.record.hex, Operation.CREATE, values, whole=values)
        return self._fit(row.step(write=write, before={}, ours=ours))

    def _update(self, row: _Row, ours: dict[str, Any], resolved: Resolved) -> Step:
        agreed: dict[str, Any] | None = orjson.loads(row.base) if row.base else None
        clashing = _clashing(row.problem, row.state)
        paths = {path for path in merge.changed(agreed, ours) if path not in clashing}
        changed = (self.mapper.touched(paths) & self.outlet.writable) | self._by_new_rules
        touched = changed - self.outlet.created_only - self._once
        if not touched:
            return row.step()
        outgoing = self.mapper(resolved.fields)
        raw: dict[str, Any] = orjson.loads(row.raw or "{}")
        try:
            theirs = self.outlet.values(raw)
        except BadRecord:
            return row.step(left_out="What the provider has of it cannot be read.")
        # What was theirs alone until now is not overwritten for a new rule: only what they lack is filled.
        fills = (self._new_rules.new - self.mapper.touched(paths)) | self._if_empty
        kept = {name for name in fills if theirs.get(name) not in _EMPTY}
        outgoing.values.update(self._added(outgoing.values, theirs))
        values = self._differing(touched - outgoing.withheld - kept, outgoing.values, theirs)
        if not values:
            return row.step()
        if lacks := self._lacks(outgoing, resolved, among=paths):
            return row.step(left_out=lacks)
        write = Write(
            self._key(row, Operation.UPDATE), row.record.hex, Operation.UPDATE, values,
            whole=outgoing.values | self._placed, external_id=row.external_id or "", version=row.remote_version or "",
            raw=raw,
        )  # fmt: skip
        before = {name: theirs.get(name) for name in values}
        return self._fit(row.step(write=write, before=before, agreed=ours if agreed is None else agreed, ours=ours))

    def _added(self, ours: Values, theirs: Values) -> Values:
        """Return the lists that we only add to: theirs, and behind it what they lack."""
        lists = {name: (theirs.get(name) or [], ours.get(name) or []) for name in self._adding}
        return {
            name: [*there, *(each for each in here if each not in there)]
            for name, (there, here) in lists.items()
            if isinstance(there, list) and isinstance(here, list)
        }

    def _differing(self, names: Collection[str], ours: Values, theirs: Values) -> Values:
        return {name: value for name in sorted(names) if not self._same(name, value := ours.get(name), theirs)}

    def _same(self, name: str, ours: Any, theirs: Values) -> bool:
        """Return whether a value is alike on both sides; nothing and an empty one are."""
        there = theirs.get(name)
        if ours == there or (ours in _EMPTY and there in _EMPTY):
            return True
        return self._is_same is not None and self._is_same(name, ours, there)

    def _fit(self, step: Step) -> Step:
        """Return the step, or why the provider's side does not take such a record."""
        assert step.write is not None  # noqa: S101 - narrows the type
        unfit = self._unfit(step.write) if self._unfit is not None else ""
        return Step(step.record, step.version, step.link, left_out=unfit) if unfit else step

    def _key(self, row: _Row, operation: Operation) -> str:
        rules = self.rules if self._by_new_rules else 0
        return intents.key_of(self.connection, self.object_type, row.record, row.version, operation, rules=rules)

    def _lacks(self, outgoing: Outgoing, resolved: Resolved, *, among: Collection[str] | None = None) -> str:
        """Return why a record is left out for a value that must be there, "" when all are; `among` bounds the paths."""
        lacking = [each for each in outgoing.remarks if each.required and (among is None or each.target in among)]
        if not lacking:
            return ""
        shape, path = canonical.OBJECTS[self.object_type], lacking[0].target
        label, value = canonical.label(self.object_type, path).lower(), _at(resolved.fields, path)
        if value is None:
            return f"Left out: this {shape.singular} has no {label}."
        if isinstance(value, Mapping) and "type" in value:
            return f"Left out: its {label} is not in {self._provider_name}."
        return f"Left out: the {label} does not fit, {lacking[0].sentence}."

    def _waits(self, kinds: Collection[ObjectType]) -> str:
        words = " and ".join(canonical.OBJECTS[kind].singular for kind in sorted(kinds))
        return f"Waits until its {words} is in {self._provider_name}."

    @property
    def _provider_name(self) -> str:
        return PROVIDERS[self.connection.provider].spec.name


class Batches:
    """Gathers steps over all pages until as many are together as one call takes, one operation at a time."""

    def __init__(self, size: int, *, first: int | None = None) -> None:
        """Begin with none; the very first batch holds `first` steps where that is given."""
        self._size, self._now = size, min(size, first) if first else size
        self._waiting: dict[Operation, list[Step]] = {operation: [] for operation in Operation}

    def filled(self, steps: Iterable[Step]) -> Iterator[list[Step]]:
        """Yield the batches that are full with these steps, what is open first; the others wait for more."""
        for step in sorted((each for each in steps if each.write is not None), key=lambda each: not each.is_open):
            assert step.write is not None  # noqa: S101 - narrows the type
            waiting = self._waiting[step.write.operation]
            waiting.append(step)
            if len(waiting) >= self._now:
                self._waiting[step.write.operation], self._now = [], self._size
                yield waiting

    def rest(self) -> Iterator[list[Step]]:
        """Yield what is left."""
        yield from filter(None, self._waiting.values())


def _sent(connection: Connection) -> frozenset[ObjectType]:
    """Return the kinds that the venue agreed to send there."""
    agreed = SyncCursor.objects.filter(connection=connection, direction=Direction.OUT, position__has_key="accepted")
    return frozenset(map(ObjectType, agreed.values_list("object_type", flat=True)))


def _new_rules(connection: Connection, object_type: ObjectType, version: int) -> versions.Changed:
    """Return what other rules fill than when the object was sent last; nothing before the first time."""
    bookmark = SyncCursor.objects.filter(connection=connection, object_type=object_type, direction=Direction.OUT)
    known = bookmark.values_list("mapped_version", flat=True).first()
    return versions.changed_targets(connection, object_type, known, version) if known else versions.Changed()


def _placed(connection: Connection, outlet: Outlet, config: IntegrationConfig | None) -> Values:
    """Return where new objects go, for an outlet that names a place: its key with the chosen id, else the first one."""
    chooser, place = PROVIDERS[connection.provider].chooser, str(getattr(outlet, "place", ""))
    if chooser is None or not place:
        return {}
    chosen = (config.chosen if config else {}).get(chooser.object_type)
    return {place: first} if (first := chosen[0] if chosen else _first(connection, chooser.object_type)) else {}


def _first(connection: Connection, kind: ObjectType) -> str | None:
    known = RecordLink.objects.filter(connection=connection, external_type=kind).exclude(state=LinkState.DELETED)
    return known.order_by("pk").values_list("external_id", flat=True).first()


def _clashing(problem: str | None, state: str | None) -> frozenset[str]:
    """Return the paths about which a person has yet to decide: nothing of them is sent."""
    if state != LinkState.CONFLICT or not problem:
        return frozenset()
    return frozenset(clash["path"] for clash in orjson.loads(problem).get("clashes", []))


def _at(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


_BY_INVOICE = "Left out: this order was billed, and its invoice is sent."
_EMPTY: tuple[Any, ...] = (None, "", [], {})
