"""Which fields a provider's object has: those that every account has, and over them what this account decides. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from integrations.providers.base import Outlet, Provider
from integrations.providers.types import JSON, Field, FieldType, ObjectType

Fields: TypeAlias = dict[ObjectType, list[Field]]


def static(provider: Provider) -> Fields:
    """Return the fields that all accounts have, by object, with what may be written."""
    return {kind: _with_writable(part.fields, provider.writers.get(kind)) for kind, part in provider.parts.items()}


def merged(provider: Provider, own: Mapping[ObjectType, Iterable[Field]]) -> Fields:
    """Return all fields by object. `own` are those that the account decides, as far as it could be asked.

    Of an object that is missing there, everything stays as all accounts have it.
    """
    decided = provider.schema.decided if provider.schema else {}
    fields = static(provider)
    for kind, found in own.items():
        told = {each.id: each for each in found}
        kept = [
            each for each in fields.get(kind, ()) if each.id in told or not each.id.startswith(decided.get(kind, ()))
        ]
        known = {each.id for each in kept}
        fields[kind] = [
            *(_over(each, told[each.id]) if each.id in told else each for each in kept),
            *(each for each in told.values() if each.id not in known),
        ]
    return fields


def as_json(fields: Mapping[ObjectType, Iterable[Field]]) -> JSON:
    """Return fields as they are stored."""
    return {str(kind): [_told(each) for each in found] for kind, found in fields.items()}


def field_of(stored: Mapping[str, Any]) -> Field:
    """Return a stored field."""
    given = dict(stored) | {"type": FieldType(stored["type"])}
    return Field(**given | {name: tuple(given.get(name, ())) for name in ("choices", "aliases")})


def from_json(stored: JSON) -> Fields:
    """Return stored fields."""
    return {ObjectType(kind): [field_of(each) for each in found] for kind, found in stored.items()}


def _told(field: Field) -> JSON:
    """Return a field without what it does not have."""
    return {name: value for name, value in asdict(field).items() if value or name in ("id", "label", "type")}


def _with_writable(fields: Iterable[Field], outlet: Outlet | None) -> list[Field]:
    writable = outlet.writable if outlet else frozenset()
    return [replace(each, writable=each.id in writable) for each in fields]


def _over(static_one: Field, own: Field) -> Field:
    return replace(own, writable=own.writable or static_one.writable, aliases=static_one.aliases or own.aliases)
