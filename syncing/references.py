"""Where the objects that a record points to are at one provider: its customer, its products, its payment.

A record points to another by the id that one side gave it. Before anything is sent, each pointer is turned into one
that the provider understands, page by page, with at most three queries however many there are. Reads only.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.ids import uuid_of
from integrations.providers.types import ObjectType
from syncing.models import NEW, LinkState

BACKLINE = "backline"
_VARIANT = "variant"
_POINTER = frozenset({"provider", "type", "id"})
_BY_LINK = """
SELECT page.provider, page.type, page.id, link.record_id
FROM jsonb_to_recordset(%(page)s::jsonb) AS page(provider text, type text, id text)
JOIN connections source ON source.venue_id = %(venue)s AND source.provider = page.provider
JOIN record_links link ON link.connection_id = source.id AND link.external_type = page.type
     AND link.external_id = page.id
WHERE link.record_id IS NOT NULL
"""
# A variant is a part of its product, by the key that its own provider gave it.
_BY_VARIANT = """
SELECT DISTINCT source.provider, variant ->> 'key', link.record_id, variant
FROM connections source
JOIN record_links link ON link.connection_id = source.id AND link.external_type = 'product'
JOIN records record ON record.id = link.record_id
CROSS JOIN jsonb_array_elements(coalesce(link.base, record.fields) -> 'variants') variant
WHERE source.venue_id = %(venue)s AND source.provider = ANY(%(providers)s) AND variant ->> 'key' = ANY(%(keys)s)
"""
_TARGETS = """
SELECT asked.id, record.id, record.object_type, link.external_id, link.state,
       record.fields ->> 'email',
       coalesce(record.fields ->> 'name',
                concat_ws(' ', record.fields ->> 'given_name', record.fields ->> 'family_name'))
FROM records asked
JOIN records record ON record.id = coalesce(asked.merged_into_id, asked.id)
LEFT JOIN record_links link ON link.record_id = record.id AND link.connection_id = %(connection)s
     AND link.external_type = record.object_type
WHERE asked.venue_id = %(venue)s AND asked.id = ANY(%(records)s)
"""
Pointer = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Target:
    """A record that is pointed to, or that it was made one with, and how it stands at the provider that asked."""

    record: uuid.UUID
    object_type: str
    external_id: str | None
    state: str | None
    email: str | None
    name: str | None

    @property
    def is_there(self) -> bool:
        """Return whether the provider has it under an id of its own."""
        return bool(self.external_id) and not str(self.external_id).startswith(NEW) and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Return whether it was there and is not any more."""
        return self.state == LinkState.DELETED

    @property
    def is_on_its_way(self) -> bool:
        """Return whether it will be there before long, as far as is known."""
        return not self.is_there and self.state not in (LinkState.DELETED, LinkState.FAILING, LinkState.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A record's fields with pointers for the provider, and the kinds of what is not there yet but on its way."""

    fields: dict[str, Any]
    waits_for: frozenset[ObjectType] = frozenset()


@dataclass(slots=True)
class References:
    """Turns the pointers of one connection's outgoing records. `sent` are the kinds that are sent there as well."""

    connection: Connection
    sent: Collection[ObjectType]
    _variants: dict[Pointer, dict[str, Any]] = field(default_factory=dict)

    def resolve(self, records: Iterable[Mapping[str, Any]], *, ahead: bool) -> list[Resolved]:
        """Return the fields of each record, in their order, with their pointers turned; others stay as they are.

        `ahead`: what is on its way counts as there, as a plan may that sends it before.
        """
        listed = list(records)
        pointers = {_key(each) for fields in listed for each in _pointers(fields)}
        if not pointers:
            return [Resolved(dict(fields)) for fields in listed]
        found = self._records(pointers)
        targets = self._targets(set(found.values()))
        known = {each: targets[record] for each, record in found.items() if record in targets}
        return [self._resolved(fields, known, ahead) for fields in listed]

    def _resolved(self, fields: Mapping[str, Any], known: Mapping[Pointer, _Target], ahead: bool) -> Resolved:
        waits = set[ObjectType]()

        def turned(value: Any) -> Any:
            if isinstance(value, list):
                return [turned(each) for each in value]
            if not isinstance(value, Mapping):
                return value
            if not value.keys() >= _POINTER:
                return {name: turned(each) for name, each in value.items()}
            if _key(value) not in known:
                return value
            target = known[_key(value)]
            awaited = target.is_on_its_way and target.object_type in self.sent
            if awaited and not ahead:
                waits.add(ObjectType(target.object_type))
            external_id = target.external_id if target.is_there else f"{NEW}{target.record.hex}" if awaited else None
            return self._pointer(value, target, external_id)

        return Resolved(turned(fields), frozenset(waits))

    def _pointer(self, value: Mapping[str, Any], target: _Target, external_id: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "provider": self.connection.provider, "type": target.object_type, "id": external_id,
            "record": target.record.hex, "email": target.email, "name": target.name,
            "variant": self._variants.get(_key(value)),
        }  # fmt: skip
        return {name: each for name, each in found.items() if each}

    def _records(self, pointers: Collection[Pointer]) -> dict[Pointer, uuid.UUID]:
        """Return our record for each pointer that leads to one. Two queries at most."""
        found = {each: held for each in pointers if each[0] == BACKLINE and (held := uuid_of(each[2]))}
        theirs = [each for each in pointers if each[0] != BACKLINE]
        variants = [each for each in theirs if each[1] == _VARIANT]
        linked = [dict(zip(("provider", "type", "id"), each, strict=True)) for each in theirs if each[1] != _VARIANT]
        with database.cursor() as cursor:
            if linked:
                names: dict[str, Any] = {"venue": self.connection.venue_id, "page": orjson.dumps(linked).decode()}
                cursor.execute(_BY_LINK, names)
                found |= {(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()}
            if variants:
                names = {
                    "venue": self.connection.venue_id, "providers": sorted({each[0] for each in variants}),
                    "keys": sorted({each[2] for each in variants}),
                }  # fmt: skip
                cursor.execute(_BY_VARIANT, names)
                for provider, key, record, variant in cursor.fetchall():
                    found[(provider, _VARIANT, key)] = record
                    self._variants[(provider, _VARIANT, key)] = orjson.loads(variant)
        return found

    def _targets(self, records: Collection[uuid.UUID]) -> dict[uuid.UUID, _Target]:
        names: dict[str, Any] = {
            "connection": self.connection.pk, "venue": self.connection.venue_id, "records": list(records)
        }  # fmt: skip
        with database.cursor() as cursor:
            cursor.execute(_TARGETS, names)
            return {row[0]: _Target(*row[1:]) for row in cursor.fetchall()}


def _pointers(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every pointer in a record's fields, also those in lists."""
    if isinstance(value, list):
        for each in value:
            yield from _pointers(each)
    elif isinstance(value, Mapping):
        if value.keys() >= _POINTER:
            yield value
        else:
            for each in value.values():
                yield from _pointers(each)


def _key(pointer: Mapping[str, Any]) -> Pointer:
    return str(pointer["provider"]), str(pointer["type"]), str(pointer["id"])
