"""Both sides' fields as the API tells them: ours, the provider's, and what is known of when they were seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.providers.types import JSON, Field, ObjectType
from mappings import canonical, catalogue
from mappings.canonical import CanonicalField
from mappings.catalogue import Fields
from mappings.models import SchemaWatch

# One record of an object as plain JSON: ours by path, theirs by field id. Empty where there is none.
Example: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
Examples: TypeAlias = Callable[[Connection, ObjectType], Example]


def present(
    provider: Provider, connection: Connection | None, examples: Examples, *, refreshing: bool, only: str = ""
) -> JSON:
    """Return the answer: what is stored of the account's fields, what all accounts have where nothing is.

    `only` names the one object that is wanted.
    """
    watch = SchemaWatch.objects.filter(connection=connection).first() if connection else None
    fields = _ordered(provider, watch)
    return {
        "provider": provider.spec.key,
        "seen_at": watch.taken_at if watch else None,
        "refreshing": refreshing,
        "problem": watch.problem if watch else "",
        "objects": [
            _both(kind, found, examples(connection, kind) if connection else ({}, {}))
            for kind, found in fields.items()
            if only in ("", kind)
        ],
        "changes": [each for each in (watch.changes if watch else []) if only in ("", each["object"])],
    }


def of(provider: Provider, connection: Connection) -> Fields:
    """Return all fields of a connection's account, as last seen; what was not seen yet as all accounts have it."""
    return _ordered(provider, SchemaWatch.objects.filter(connection=connection).first())


def labels_of(connection: Connection) -> dict[tuple[str, str], str]:
    """Return what the account calls its fields, by object and field id. One query."""
    found = of(PROVIDERS[connection.provider], connection)
    return {(str(kind), each.id): each.label for kind, fields in found.items() for each in fields}


def _ordered(provider: Provider, watch: SchemaWatch | None) -> Fields:
    """Return all fields in reading order; what was not seen yet as all accounts have it."""
    known = catalogue.static(provider) | (catalogue.from_json(watch.fields) if watch else {})
    return {kind: known[kind] for kind in ObjectType if kind in known}


def _both(kind: ObjectType, fields: Sequence[Field], example: Example) -> JSON:
    ours, theirs = example
    return {
        "object": kind,
        "ours": [_our(each, ours) for each in canonical.OBJECTS[kind].fields],
        "theirs": [_their(each, theirs) for each in fields],
    }


def _our(field: CanonicalField, example: Mapping[str, Any]) -> JSON:
    value: Any = example
    for name in field.path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return {
        "path": field.path, "label": field.label, "type": field.type, "required": field.required, "sample": value,
    }  # fmt: skip


def _their(field: Field, example: Mapping[str, Any]) -> JSON:
    return {
        "id": field.id, "label": field.label, "type": field.type, "required": field.required,
        "writable": field.writable, "max_length": field.longest or None, "enum": list(field.choices),
        "sample": example.get(field.id),
    }  # fmt: skip
