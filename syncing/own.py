"""The venue's own side of its records: what its people and its systems create, change and delete here.

Each call works on any number of records with a fixed number of statements in one transaction. A record's version moves
only when its fields do. Nothing is sent to anybody here; where the venue agreed to sending, that is queued.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import orjson
from django.db import transaction

from integrations.ids import uuid7
from integrations.models import Venue
from integrations.providers.types import ObjectType
from mappings import canonical_check
from mappings.canonical_check import Fault
from mappings.canonical_values import is_writable
from syncing import fanout, identity, own_rows, statistics, tasks
from syncing.models import Trigger
from syncing.own_rows import Held, Row, Table

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 1_000
# What the venue's own side writes; everything else comes from a provider.
OBJECTS = (ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.ORDER, ObjectType.INVOICE)
_LONGEST_KEY = 200


class Action(StrEnum):
    """What became of one entry."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Stale(Exception):
    """Somebody else changed the record since it was read; `version` is the one it has now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The record has version {version} by now.")
        self.version = version


class Gone(LookupError):
    """There is no such record here any more, or there never was."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the venue's own system has it. Without a `key` it is a new one, every time."""

    fields: object
    key: object = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry: the record's id and version, or why it was refused."""

    action: Action
    id: uuid.UUID | None = None
    key: str | None = None
    version: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """The outcomes, one for each entry and in their order, and the ids of the records that really changed."""

    outcomes: list[Outcome]
    changed: list[uuid.UUID]


def upsert(venue: Venue, object_type: ObjectType, entries: Sequence[Entry], *, actor: object) -> Written:
    """Create or change records by the venue's own keys; one that is refused never keeps the others back.

    The fields that an entry names replace those that are there; a deleted record begins anew with them. Raises
    ValueError for more than `MOST_AT_ONCE` entries.
    """
    if len(entries) > MOST_AT_ONCE:
        raise ValueError(f"Send at most {MOST_AT_ONCE} records at once.")
    pending, outcomes = _readable(venue, object_type, entries)
    table = Table(venue.pk, object_type)

    def write() -> None:
        left = _write(table, object_type, pending, outcomes)
        if left:  # somebody else made these keys in the same moment: now they are there
            _write(table, object_type, left, outcomes)

    own_rows.in_one_piece(write)
    told = [outcomes[place] for place in range(len(entries))]
    changed = [each.id for each in told if each.id and each.action in (Action.CREATED, Action.UPDATED)]
    _announce(venue, object_type, changed, Counter(each.action for each in told), actor)
    return Written(told, changed)


def change(
    venue: Venue, object_type: ObjectType, record: uuid.UUID, fields: object, *, version: int | None, actor: object
) -> Written:
    """Change one record: what is named replaces what is there, null empties it.

    With a `version`, only if the record still has it. Raises Stale and Gone.
    """
    checked = canonical_check.check(object_type, fields, country=venue.country)
    table = Table(venue.pk, object_type)

    def write() -> Outcome:
        held = _expected(table, record, version)
        if held.is_deleted:
            raise Gone(f"{record} was deleted.")
        if checked.faults:
            return Outcome(Action.REFUSED, held.id, held.key, held.version, _below_fields(checked.faults))
        outcomes: dict[int, Outcome] = {}
        row = _amended(object_type, held, _Pending(held.key, checked.fields), 0, outcomes)
        if row is not None:
            _settle({0: row}, table.change([row]), outcomes)
            _tell_apart(table, [row])
        return outcomes[0]

    outcome = own_rows.in_one_piece(write)
    changed = [record] if outcome.action == Action.UPDATED else []
    _announce(venue, object_type, changed, Counter([outcome.action]), actor)
    return Written([outcome], changed)


def delete(
    venue: Venue,
    object_type: ObjectType,
    ids: Collection[uuid.UUID],
    *,
    actor: object,
    version: int | None = None,
) -> list[uuid.UUID]:
    """Make records tombstones and return the ids of those that were there; twice is harmless.

    A `version`, which is for one record alone, must still be the record's. Raises Stale and Gone for it.
    """
    table = Table(venue.pk, object_type)

    def write() -> list[uuid.UUID]:
        held = table.by_id(ids)
        if version is not None:
            for record in ids:
                _as_expected(held.get(record), version)
        return table.delete(held)

    changed = own_rows.in_one_piece(write)
    _announce(venue, object_type, changed, Counter(deleted=len(changed)), actor)
    return changed


# --- how an entry becomes a row ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pending:
    """An entry that can be read: its key, and the fields that it names, None for those to be emptied."""

    key: str | None
    fields: dict[str, Any]


def _readable(
    venue: Venue, object_type: ObjectType, entries: Sequence[Entry]
) -> tuple[dict[int, _Pending], dict[int, Outcome]]:
    """Return by their place the entries that can be read, and what is wrong with the others."""
    pending: dict[int, _Pending] = {}
    refused: dict[int, Outcome] = {}
    taken: set[str] = set()
    for place, entry in enumerate(entries):
        faults = _faults_of_key(entry.key, taken)
        key = entry.key if isinstance(entry.key, str) and not faults else None
        checked = canonical_check.check(object_type, entry.fields, country=venue.country)
        faults += _below_fields(checked.faults)
        if faults:
            refused[place] = Outcome(Action.REFUSED, key=key, faults=faults)
        else:
            pending[place] = _Pending(key, checked.fields)
        if key is not None:
            taken.add(key)
    return pending, refused


def _faults_of_key(key: object, taken: Collection[str]) -> list[Fault]:
    if key is None:
        return []
    if not isinstance(key, str) or not key.strip() or len(key) > _LONGEST_KEY or "\x00" in key or not is_writable(key):
        return [Fault("/key", "invalid", f"Send your own key as text of 1 to {_LONGEST_KEY} characters.")]
    if key in taken:
        return [Fault("/key", "duplicate", "This key stands in an earlier entry of the same request. Send it once.")]
    return []


def _write(
    table: Table, object_type: ObjectType, pending: Mapping[int, _Pending], outcomes: dict[int, Outcome]
) -> dict[int, _Pending]:
    """Write what can be written and note the outcomes; return those that somebody else created meanwhile."""
    keys = {each.key for each in pending.values() if each.key is not None}
    held = table.by_key(keys)
    if unknown := _identities(object_type, pending, keys - held.keys()):
        table.take_over(unknown)
        held |= table.by_key(unknown.keys())
    fresh: dict[int, Row] = {}
    changes: dict[int, Row] = {}
    for place, entry in pending.items():
        current = held.get(entry.key) if entry.key is not None else None
        if current is None:
            if row := _new(object_type, entry, place, outcomes):
                fresh[place] = row
        elif row := _amended(object_type, current, entry, place, outcomes):
            changes[place] = row
    _settle(changes, table.change(changes.values()), outcomes)
    made = table.insert(fresh.values())
    _tell_apart(table, [*changes.values(), *(row for row in fresh.values() if row.id in made)])
    for place, row in fresh.items():
        if row.id in made:
            outcomes[place] = Outcome(Action.CREATED, row.id, row.key, 1)
    return {place: pending[place] for place, row in fresh.items() if row.id not in made}


def _identities(object_type: ObjectType, pending: Mapping[int, _Pending], keys: Collection[str]) -> dict[str, str]:
    """Return by key what tells the new entries apart; of several alike the first."""
    found: dict[str, str] = {}
    for entry in pending.values():
        told = identity.of(object_type, entry.fields) if entry.key in keys else None
        if told is not None and entry.key is not None:
            found.setdefault(told, entry.key)
    return {key: told for told, key in found.items()}


def _tell_apart(table: Table, rows: Sequence[Row]) -> None:
    if rows:
        identity.claim(table.venue, table.object_type, {row.id: orjson.loads(row.text) for row in rows})


def _new(object_type: ObjectType, entry: _Pending, place: int, outcomes: dict[int, Outcome]) -> Row | None:
    fields = canonical_check.merged({}, entry.fields)
    if faults := _lacking(object_type, fields):
        outcomes[place] = Outcome(Action.REFUSED, key=entry.key, faults=faults)
        return None
    return own_rows.row(uuid7(), entry.key, fields)


def _amended(
    object_type: ObjectType, held: Held, entry: _Pending, place: int, outcomes: dict[int, Outcome]
) -> Row | None:
    """Return the row of a record that changes; None, with the outcome noted, for one that does not or must not."""
    fields = canonical_check.merged({} if held.is_deleted else held.fields, entry.fields)
    if faults := _lacking(object_type, fields):
        outcomes[place] = Outcome(Action.REFUSED, held.id, held.key, held.version, faults)
        return None
    row = own_rows.row(held.id, held.key, fields)
    if row.content_hash == held.content_hash and not held.is_deleted:
        outcomes[place] = Outcome(Action.UNCHANGED, held.id, held.key, held.version)
        return None
    return row


def _lacking(object_type: ObjectType, fields: Mapping[str, Any]) -> list[Fault]:
    return _below_fields(canonical_check.whole(object_type, fields))


def _below_fields(faults: list[Fault]) -> list[Fault]:
    return [Fault(f"/fields{each.pointer}", each.code, each.detail) for each in faults]


def _settle(rows: Mapping[int, Row], versions: Mapping[uuid.UUID, int], outcomes: dict[int, Outcome]) -> None:
    for place, row in rows.items():
        outcomes[place] = Outcome(Action.UPDATED, row.id, row.key, versions[row.id])


def _expected(table: Table, record: uuid.UUID, version: int | None) -> Held:
    """Return the record, locked. Raises Gone when it is not there, Stale when it has another version."""
    return _as_expected(table.by_id([record]).get(record), version)


def _as_expected(held: Held | None, version: int | None) -> Held:
    if held is None:
        raise Gone("There is no such record.")
    if version is not None and held.version != version:
        raise Stale(held.version)
    return held


def _announce(
    venue: Venue, object_type: ObjectType, changed: Collection[uuid.UUID], counts: Counter[str], actor: object
) -> None:
    """Tell the log who wrote what, and the providers' outbound syncs that there is something to send.

    Every write here ends with this call, once its transaction is through.
    """
    if changed:
        woken = fanout.wake(venue.pk, object_type, trigger=Trigger.OWNER, actor=actor)
        tasks.ring(woken)
    if made := counts[Action.CREATED]:
        transaction.on_commit(partial(statistics.grown, venue.pk, made))
    logger.info(
        "records.written",
        extra={
            "venue": str(venue.pk), "object": str(object_type), "actor": getattr(actor, "pk", None),
            "changed": len(changed), "counts": {str(name): count for name, count in counts.items()},
        },
    )  # fmt: skip
