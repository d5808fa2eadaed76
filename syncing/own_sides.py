"""One record as it is here and as each provider has it, side by side. Reads; calls nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.errors import BadRecord
from integrations.providers.types import FieldType, ObjectType
from mappings import canonical, versions
from mappings.canonical import CanonicalField
from syncing import columns, drafts, merge
from syncing.columns import Cell
from syncing.models import NEW, Record, RecordLink


@dataclass(frozen=True, slots=True)
class Side:
    """One provider: its counterpart, None where it has none, and our fields as it has them.

    `covers` are the paths that it keeps at all; `fields` is None when what it sent cannot be read.
    """

    connection: Connection
    name: str
    link: RecordLink | None
    fields: dict[str, Any] | None
    covers: frozenset[str]

    @property
    def is_sent_there(self) -> bool:
        """Return whether the provider has it under an id of its own."""
        return self.link is not None and not self.link.external_id.startswith(NEW)


@dataclass(frozen=True, slots=True)
class There:
    """A field's value at one provider. `differs` from ours; not `kept`: the provider has no place for it."""

    provider: str
    cell: Cell
    kept: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A field: its value here, and at each provider."""

    cell: Cell
    there: list[There]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to the record."""

    at: Any
    words: str


def sides(record: Record) -> list[Side]:
    """Return the connected providers that take part in records of this kind."""
    object_type = ObjectType(record.object_type)
    links = {link.connection_id: link for link in RecordLink.objects.filter(record=record, external_type=object_type)}
    connected = Connection.objects.live().filter(venue=record.venue_id).select_related("venue").order_by("provider")
    return [
        _side(connection, object_type, links.get(connection.pk))
        for connection in connected
        if object_type in PROVIDERS[connection.provider].streams
    ]


def lines(record: Record, found: Iterable[Side]) -> list[Line]:
    """Return every simple field that has a value here or at a provider, in reading order."""
    shown = [side for side in found if side.link is not None]
    fields = [each for each in canonical.OBJECTS[ObjectType(record.object_type)].fields if each.type != FieldType.LIST]
    every = [
        Line(columns.cell(field, record.fields), [_there(field, record.fields, side) for side in shown])
        for field in fields
    ]
    return [line for line in every if _has_value(line.cell) or any(_has_value(each.cell) for each in line.there)]


def lists(record: Record) -> list[Cell]:
    """Return the lists of a record, such as an order's lines."""
    return [cell for cell in columns.details(ObjectType(record.object_type), record.fields) if cell.kind == "list"]


def history(record: Record, found: Iterable[Side]) -> list[Moment]:
    """Return what is known to have happened to the record, the newest first."""
    told = [Moment(record.first_seen_at, "First kept here")]
    if record.deleted_at:
        told.append(Moment(record.deleted_at, "Deleted here"))
    elif record.version > 1:
        told.append(Moment(record.changed_at, f"Changed here to version {record.version}"))
    for side in found:
        if side.link is not None and side.link.pulled_at:
            told.append(Moment(side.link.pulled_at, f"Last read from {side.name}"))
        if side.link is not None and side.link.remote_updated_at:
            told.append(Moment(side.link.remote_updated_at, f"Last changed in {side.name}"))
        if side.link is not None and side.link.push_started_at:
            told.append(Moment(side.link.push_started_at, f"Last sent to {side.name}"))
    return sorted(told, key=lambda each: each.at, reverse=True)


def _side(connection: Connection, object_type: ObjectType, link: RecordLink | None) -> Side:
    name = PROVIDERS[connection.provider].spec.name
    if link is None:
        return Side(connection, name, None, {}, frozenset())
    fields = _fields(connection, object_type, link)
    return Side(connection, name, link, fields, frozenset(versions.inbound_rules(connection, object_type)))


def _fields(connection: Connection, object_type: ObjectType, link: RecordLink) -> dict[str, Any] | None:
    """Return what the provider sent last as our fields, None when it cannot be read."""
    mapper = versions.mapper_for(connection, object_type)
    stream = PROVIDERS[connection.provider].streams[object_type]
    try:
        mapped = mapper(stream.values(link.raw)).fields if link.raw else {}
    except BadRecord:
        return None
    return drafts.as_stored(mapped)


def _there(field: CanonicalField, ours: Mapping[str, Any], side: Side) -> There:
    kept = any(field.path == cover or field.path.startswith(f"{cover}.") for cover in side.covers)
    cell = columns.cell(field, side.fields or {})
    here, theirs = merge.flat(ours).get(field.path), merge.flat(side.fields or {}).get(field.path)
    return There(side.name, cell, kept, kept and side.fields is not None and here != theirs)


def _has_value(cell: Cell) -> bool:
    return cell.value not in (None, "", [], {})
