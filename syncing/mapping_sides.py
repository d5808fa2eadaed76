"""Which fields there are on either side of a rule, whichever way it goes."""

from collections.abc import Mapping
from dataclasses import dataclass

from connections.models import Connection
from integrations.providers.base import Provider
from integrations.providers.types import FieldType as T
from integrations.providers.types import ObjectType
from mappings import canonical, field_list
from mappings.models import Direction
from mappings.outbound import DERIVED

_DERIVED_LABELS = {"full_name": "Whole name"}


@dataclass(frozen=True, slots=True)
class Side:
    """A field on one side. `longest` is in characters, 0 where no limit is known."""

    id: str
    label: str
    type: T
    is_required: bool = False
    longest: int = 0


def targets(connection: Connection, provider: Provider, kind: ObjectType, direction: Direction) -> dict[str, Side]:
    """Return what can be filled, by its id, in the order of its side."""
    if direction == Direction.IN:
        return dict(ours(kind))
    theirs = field_list.of(provider, connection).get(kind, [])
    return {
        each.id: Side(each.id, each.label, each.type, each.required, each.longest) for each in theirs if each.writable
    }


def sources(connection: Connection, provider: Provider, kind: ObjectType, direction: Direction) -> dict[str, Side]:
    """Return what a field can be filled from, by its id."""
    if direction == Direction.OUT:
        derived = {
            path: Side(path, _DERIVED_LABELS[path], T.TEXT)
            for path, parts in DERIVED.items()
            if set(parts) <= ours(kind).keys()
        }
        return dict(ours(kind)) | derived
    return {each.id: Side(each.id, each.label, each.type) for each in field_list.of(provider, connection).get(kind, [])}


def ours(kind: ObjectType) -> Mapping[str, Side]:
    """Return our own fields."""
    return {each.path: Side(each.path, each.label, each.type, each.required) for each in canonical.OBJECTS[kind].fields}
