"""Whether fields that the venue's own side sends are canonical, and the form in which they are kept. Pure.

A field that is named replaces the one that is there, as a whole; null, or nothing but white space, empties it; what is
not named stays. Every fault names its place by a JSON pointer and says what would be right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from integrations.providers.types import FieldType, ObjectType
from mappings import canonical, canonical_values
from mappings.canonical_values import CHOICES, Unusable

Reader: TypeAlias = Callable[[Any], Any]
# A name in the JSON to what reads its value, or to the names below it.
Shape: TypeAlias = dict[str, "Reader | Shape"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field: its JSON pointer below the fields, a code for programs, a sentence for people."""

    pointer: str
    code: str
    detail: str


@dataclass(slots=True)
class Checked:
    """The given fields as they are kept, None for those to be emptied, and every fault."""

    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def check(object_type: ObjectType, given: object, *, country: str) -> Checked:
    """Return what was given as it is kept, by top-level name, with every fault.

    `country` is the venue's: a phone number without a country is one of that country.
    """
    found = Checked()
    if not isinstance(given, Mapping):
        found.faults.append(Fault("", "invalid", "Send an object with the record's fields."))
        return found
    values = _read(_shape(object_type, country), given, "", found.faults)
    found.fields = {name: values.get(name) for name in given if name in values}
    return found


def merged(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields after the change; what is empty is left out."""
    return {name: value for name, value in {**current, **changes}.items() if value not in (None, "", [], {})}


def whole(object_type: ObjectType, fields: Mapping[str, Any]) -> list[Fault]:
    """Return what keeps a record's fields, taken together, from being a record."""
    shape = canonical.OBJECTS[object_type]
    faults = [
        Fault(f"/{each.path}", "required", f"{each.label} is missing; every {shape.singular} needs it.")
        for each in shape.fields
        if each.required and fields.get(each.path) is None
    ]
    if shape.one_of and not any(fields.get(path) for path in shape.one_of):
        faults.append(Fault("", "required", f"A {shape.singular} needs an {shape.one_of_label}."))
    return faults or _currencies(fields)


def _currencies(fields: Mapping[str, Any]) -> list[Fault]:
    """Return the amounts that are in another currency than the record says."""
    currency = fields.get("currency")
    return [
        Fault(f"/{name}/currency", "invalid", f"This amount is in {value['currency']}, but the currency is {currency}.")
        for name, value in fields.items()
        if currency and isinstance(value, Mapping) and "minor" in value and value.get("currency") != currency
    ]


def _read(shape: Shape, given: Mapping[str, Any], above: str, faults: list[Fault]) -> dict[str, Any]:
    """Return the readable values by name; those of a nested object without its empty ones."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        pointer, reads = f"{above}/{canonical_values.step(name)}", shape.get(name)
        if reads is None:
            faults.append(Fault(pointer, "unknown", f"There is no such field. Known are {', '.join(shape)}."))
        elif value is None:
            values[name] = None
        elif isinstance(reads, dict):
            values[name] = _nested(reads, value, pointer, faults)
        else:
            try:
                values[name] = reads(value)
            except Unusable as unusable:
                faults.append(Fault(f"{pointer}{unusable.pointer}", "invalid", unusable.sentence))
    return values


def _nested(shape: Shape, value: Any, pointer: str, faults: list[Fault]) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        faults.append(Fault(pointer, "invalid", f"Send an object with {', '.join(shape)}."))
        return None
    found = _read(shape, value, pointer, faults)
    return {name: each for name, each in found.items() if each not in (None, "", [], {})} or None


@lru_cache(maxsize=256)
def _shape(object_type: ObjectType, country: str) -> Shape:
    shape: Shape = {}
    for each in canonical.OBJECTS[object_type].fields:
        *above, name = each.path.split(".")
        place: Any = shape
        for part in above:
            place = place.setdefault(part, {})
        place[name] = _reader(object_type, each.path, each.type, country)
    return shape


def _reader(object_type: ObjectType, path: str, kind: FieldType, country: str) -> Reader:
    if (object_type, path) in CHOICES:
        return canonical_values.choice(CHOICES[object_type, path])
    if path in canonical_values.BY_PATH:
        return canonical_values.BY_PATH[path]
    if kind is FieldType.PHONE:
        return canonical_values.phone(country)
    return canonical_values.BY_TYPE[kind]
