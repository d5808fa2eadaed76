"""What an outbound sync would do, record by record: the one place that decides it, for the preview and for the sync.

Reads; writes nothing and calls nobody. A record is a candidate when it is newer than what its counterpart got, when it
has none, or when an earlier write is still open. What differs is taken from what both sides agreed on last, never from
how a provider happens to write it; so an echo, or a change of no field that is sent, leads to no write.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.base import Stream, SweptStream, WritableStream
from integrations.providers.errors import BadRecord
from integrations.providers.types import ObjectType, Operation, Values, Write
from mappings import canonical, versions
from mappings.outbound import OutboundMapper
from syncing import merge
from syncing.models import LinkState
from syncing.typed_json import frozen, thawed

PAGE = 500
NEW = "new:"  # begins the external id of a counterpart that the provider has not named yet
_BEHIND = """
SELECT record.id, record.version, record.fields, link.id, link.external_id, link.state, link.base, link.raw,
       link.remote_version, link.push, link.push_key, link.problem
FROM records record
LEFT JOIN record_links link ON link.record_id = record.id AND link.connection_id = %(connection)s
     AND link.external_type = record.object_type
WHERE record.venue_id = %(venue)s AND record.object_type = %(object)s AND record.id > %(after)s
  AND (link.push IS NOT NULL
       OR (record.deleted_at IS NULL AND link.id IS NULL)
       OR (record.deleted_at IS NULL AND link.state <> 'deleted' AND coalesce(link.pushed_version, 0) < record.version))
ORDER BY record.id
LIMIT %(limit)s
"""
_COUNT = """
SELECT count(*) FROM records record JOIN record_links link ON link.record_id = record.id
WHERE record.venue_id = %(venue)s AND record.object_type = %(object)s AND link.connection_id = %(connection)s
  AND link.external_type = record.object_type AND record.deleted_at IS NULL AND link.state <> 'deleted'
  AND link.push IS NULL AND coalesce(link.pushed_version, 0) < record.version
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one record. Without a `write` there is nothing to send; `left_out` says why, if it does.

    `before` holds what the provider has now for the values that change, `agreed` the fields that both sides agreed on
    last; of a new object there are none.
    """

    record: uuid.UUID
    version: int
    link: int | None
    write: Write | None = None
    before: Values | None = None
    left_out: str = ""
    is_open: bool = False
    agreed: dict[str, Any] | None = None


class Planner:
    """Plans the writes of one object of one connection, by the rules and wishes in force."""

    def __init__(self, connection: Connection, object_type: ObjectType) -> None:
        """Compile the rules. Raises BadRule; raises LookupError when the object cannot be written there."""
        stream = PROVIDERS[connection.provider].streams[object_type]
        if not isinstance(stream, WritableStream):
            raise LookupError(f"{connection.provider} takes no {object_type}")
        self.connection, self.object_type = connection, object_type
        self.stream: WritableStream = stream
        self.mapper: OutboundMapper = versions.outbound_mapper_for(connection, object_type)
        self._placed = _placed(connection, stream)

    def steps(self, *, after: uuid.UUID | None = None) -> Iterator[list[Step]]:
        """Yield the steps in pages, in the order of the records, each page with one query."""
        last = after or uuid.UUID(int=0)
        while rows := self._behind(last):
            yield [self._step(*row) for row in rows]
            last = rows[-1][0]

    def candidates(self) -> int:
        """Return how many counterparts may have to be changed, at most. One query."""
        with database.cursor() as cursor:
            cursor.execute(_COUNT, self._names())
            found: int = cursor.fetchone()[0]
        return found

    def _names(self) -> dict[str, Any]:
        return {
            "connection": self.connection.pk, "venue": self.connection.venue_id, "object": str(self.object_type),
        }  # fmt: skip

    def _behind(self, after: uuid.UUID) -> list[tuple[Any, ...]]:
        asked = self._names() | {"after": after, "limit": PAGE}
        with database.cursor() as cursor:
            cursor.execute(_BEHIND, asked)
            return cursor.fetchall()

    def _step(
        self, record: uuid.UUID, version: int, fields: str, link: int | None, external_id: str | None,
        state: str | None, base: str | None, raw: str | None, remote_version: str | None, push: str | None,
        key: str | None, problem: str | None,
    ) -> Step:  # fmt: skip
        if push:
            write = reopened(record, external_id or "", key or "", push, raw)
            agreed = None if write.operation is Operation.CREATE else orjson.loads(base or fields)
            return Step(record, intended_version(push), link, write, is_open=True, agreed=agreed)
        ours: dict[str, Any] = orjson.loads(fields)
        if link is None or (external_id or "").startswith(NEW):
            return self._create(record, version, link, ours)
        agreed = orjson.loads(base) if base else None
        return self._update(record, version, link, ours, agreed, orjson.loads(raw or "{}"),
                            external_id or "", remote_version or "", _clashing(problem, state))  # fmt: skip

    def _create(self, record: uuid.UUID, version: int, link: int | None, ours: Mapping[str, Any]) -> Step:
        outgoing = self.mapper(ours)
        lacking = next((remark.target for remark in outgoing.remarks if remark.required), None)
        if lacking:
            return Step(record, version, link, left_out=self._lacks(lacking))
        values = {name: value for name, value in outgoing.values.items() if name in self.stream.writable} | self._placed
        key = key_of(self.connection, self.object_type, record, version, Operation.CREATE)
        return Step(record, version, link, Write(key, record.hex, Operation.CREATE, values, whole=values), before={})

    def _update(
        self, record: uuid.UUID, version: int, link: int, ours: Mapping[str, Any], agreed: Mapping[str, Any] | None,
        raw: dict[str, Any], external_id: str, remote_version: str, clashing: frozenset[str],
    ) -> Step:  # fmt: skip
        paths = {path for path in merge.changed(agreed, ours) if path not in clashing}
        touched = (self.mapper.touched(paths) & self.stream.writable) - self.stream.created_only
        if not touched:
            return Step(record, version, link)
        outgoing = self.mapper(ours)
        touched -= outgoing.withheld
        try:
            theirs = self.stream.values(raw)
        except BadRecord:
            return Step(record, version, link, left_out="What the provider has of it cannot be read.")
        values = {
            name: value for name in sorted(touched) if not _same(value := outgoing.values.get(name), theirs.get(name))
        }
        if not values:
            return Step(record, version, link)
        lacking = next((each.target for each in outgoing.remarks if each.required and each.target in paths), None)
        if lacking:
            return Step(record, version, link, left_out=self._lacks(lacking))
        write = Write(
            key_of(self.connection, self.object_type, record, version, Operation.UPDATE), record.hex, Operation.UPDATE,
            values, whole=outgoing.values | self._placed, external_id=external_id, version=remote_version, raw=raw,
        )  # fmt: skip
        before = {name: theirs.get(name) for name in values}
        return Step(record, version, link, write, before, agreed=dict(agreed if agreed is not None else ours))

    def _lacks(self, path: str) -> str:
        shape = canonical.OBJECTS[self.object_type]
        return f"Left out: this {shape.singular} has no {canonical.label(self.object_type, path).lower()}."


def key_of(
    connection: Connection, object_type: ObjectType, record: uuid.UUID, version: int, operation: Operation
) -> str:
    """Return the idempotency key: the same for the same change of the same record, 40 hex characters (160 bits)."""
    words = f"hub:{connection.venue_id}:{connection.pk}:{object_type}:{record}:{version}:{operation}"
    return hashlib.sha256(words.encode()).hexdigest()[:40]


def intent(step: Step) -> str:
    """Return a step's write as it is stored before the call, so that it can be sent again exactly as it was."""
    assert step.write is not None  # noqa: S101 - narrows the type
    write = step.write
    stored = {
        "operation": write.operation, "values": frozen(write.values), "whole": frozen(write.whole),
        "remote_version": write.version, "version": step.version, "attempt": write.attempt,
    }  # fmt: skip
    return orjson.dumps(stored).decode()


def reopened(record: uuid.UUID, external_id: str, key: str, push: str, raw: str | None) -> Write:
    """Return the write that was stored before a call whose outcome is not known, as the next attempt."""
    stored = orjson.loads(push)
    return Write(
        key, record.hex, Operation(stored["operation"]), thawed(stored["values"]), thawed(stored["whole"]),
        external_id="" if external_id.startswith(NEW) else external_id, version=stored["remote_version"],
        raw=orjson.loads(raw or "{}"), attempt=stored["attempt"] + 1,
    )  # fmt: skip


def intended_version(push: str) -> int:
    """Return the record's version that a stored write carries."""
    return int(orjson.loads(push)["version"])


def _placed(connection: Connection, stream: Stream) -> Values:
    """Return where new objects go, for a provider whose owner had to choose one place: its key with the chosen id."""
    chooser = PROVIDERS[connection.provider].chooser
    if chooser is None or chooser.many or not isinstance(stream, SweptStream) or not stream.place:
        return {}
    config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
    chosen = (config.chosen if config else {}).get(chooser.object_type) or []
    return {stream.place: chosen[0]} if chosen else {}


def _clashing(problem: str | None, state: str | None) -> frozenset[str]:
    """Return the paths about which a person has yet to decide: nothing of them is sent."""
    if state != LinkState.CONFLICT or not problem:
        return frozenset()
    return frozenset(clash["path"] for clash in orjson.loads(problem).get("clashes", []))


def _same(ours: Any, theirs: Any) -> bool:
    """Return whether two values are alike; nothing and an empty one are."""
    return ours == theirs or (ours in _EMPTY and theirs in _EMPTY)


_EMPTY: tuple[Any, ...] = (None, "", [], {})


@lru_cache(maxsize=1)
def writable_objects() -> dict[str, tuple[ObjectType, ...]]:
    """Return which objects can be written, by provider."""
    return {
        key: tuple(kind for kind, stream in provider.streams.items() if isinstance(stream, WritableStream))
        for key, provider in PROVIDERS.items()
    }
