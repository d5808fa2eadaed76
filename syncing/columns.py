"""How records read in a list and on their own page: which canonical fields stand where, and their values in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from integrations.providers.types import FieldType, ObjectType
from mappings import canonical
from mappings.canonical import CanonicalField


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with what is needed to write it: its label and its kind, one of `FieldType`."""

    label: str
    kind: str
    value: Any


# Title first: the paths whose values are joined; then the columns.
_COLUMNS: dict[ObjectType, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ObjectType.LOCATION: (("name",), ("status", "timezone", "currency", "country")),
    ObjectType.AUDIENCE: (("name",), ("size", "language")),
    ObjectType.MERGE_FIELD: (("name",), ("code", "kind", "required")),
    ObjectType.ACCOUNT: (("name",), ("number", "kind", "currency", "archived")),
    ObjectType.TAX_CODE: (("name",), ("rate", "kind", "archived")),
    ObjectType.CLASS: (("name",), ("archived",)),
    ObjectType.PAYMENT_METHOD: (("name",), ("kind", "archived")),
    ObjectType.CUSTOMER: (("given_name", "family_name"), ("email", "phone", "company")),
    ObjectType.PRODUCT: (("name",), ("kind", "category", "archived")),
    ObjectType.ORDER: (("number",), ("total", "placed_at", "channel", "state")),
    ObjectType.PAYMENT: (("method", "card.brand"), ("amount", "at", "fee", "status")),
    ObjectType.REFUND: (("reason",), ("amount", "at", "status")),
    ObjectType.PAYOUT: (("method",), ("amount", "arrival_date", "status")),
    ObjectType.INVOICE: (("number",), ("total", "due_on", "balance", "status")),
}
# The columns of small lists in reading order, and what tells a reader nothing.
_ORDER = (
    "name", "type", "variant", "sku", "quantity", "rate", "price", "unit_price", "gross", "discount", "fee", "tax",
    "net", "total", "amount",
)  # fmt: skip
_UNTOLD = frozenset({"key", "source"})
# Objects whose title is a choice such as CARD or bank_account, which reads better as words.
_NAMED_BY_CHOICE = (ObjectType.PAYMENT, ObjectType.PAYOUT)
_SEARCHED: dict[ObjectType, tuple[str, ...]] = {
    ObjectType.CUSTOMER: ("given_name", "family_name", "email", "phone", "company"),
    ObjectType.PRODUCT: ("name", "category"),
    ObjectType.ORDER: ("number", "channel", "state"),
    ObjectType.REFUND: ("reason", "status"),
}
_SEARCHED_OTHERWISE = ("status", "method", "number")
_SEARCHED_BY_NAME = ("name",)


def headings(object_type: ObjectType) -> list[tuple[str, bool]]:
    """Return the heading of each column after the title, and whether it holds amounts."""
    fields = _fields(object_type)
    return [(fields[path].label, fields[path].type == FieldType.MONEY) for path in _COLUMNS[object_type][1]]


def title(object_type: ObjectType, fields: Mapping[str, Any], external_id: str) -> str:
    """Return what to call a record: its name where it has one, else what tells it apart."""
    words = [str(value) for path in _COLUMNS[object_type][0] if (value := _at(fields, path))]
    text = " ".join(words) or str(fields.get("company") or fields.get("email") or fields.get("phone") or "")
    if not text:
        return f"{_capital(canonical.OBJECTS[object_type].singular)} …{external_id[-6:]}"
    return _capital(text.replace("_", " ")) if object_type in _NAMED_BY_CHOICE else text


def cells(object_type: ObjectType, fields: Mapping[str, Any]) -> list[Cell]:
    """Return the columns of a record after its title."""
    known = _fields(object_type)
    return [cell(known[path], fields) for path in _COLUMNS[object_type][1]]


def details(object_type: ObjectType, fields: Mapping[str, Any]) -> list[Cell]:
    """Return every canonical field that has a value, in reading order."""
    found = [cell(field, fields) for field in canonical.OBJECTS[object_type].fields]
    return [each for each in found if each.value not in (None, "", [], {})]


def cell(field: CanonicalField, fields: Mapping[str, Any]) -> Cell:
    """Return one canonical field of a record with its value."""
    value = _at(fields, field.path)
    kind = str(field.type)
    if field.type in (FieldType.DATETIME, FieldType.DATE) and isinstance(value, str):
        value = _moment(value) or value
        kind = kind if not isinstance(value, str) else "text"
    return Cell(field.label, kind, value)


def searched(object_type: ObjectType) -> tuple[str, ...]:
    """Return the fields that a search looks into."""
    by_default = _SEARCHED_BY_NAME if object_type in canonical.SET_UP else _SEARCHED_OTHERWISE
    return _SEARCHED.get(object_type, by_default)


def table(entries: Iterable[Mapping[str, Any]]) -> tuple[list[tuple[str, bool]], list[list[Cell]]]:
    """Return headings, each with whether it holds amounts, and rows for small objects such as an order's lines."""
    rows = list(entries)
    found = {name for row in rows for name, value in row.items() if not _is_reference(value)} - _UNTOLD
    names = sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    shown = [[Cell(_heading(name), _kind_of(row.get(name)), row.get(name)) for name in names] for row in rows]
    amounts = {name for name in names for row in rows if _kind_of(row.get(name)) == FieldType.MONEY}
    return [(_heading(name), name in amounts) for name in names], shown


def _moment(text: str) -> datetime | date | None:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return None


def _at(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _fields(object_type: ObjectType) -> dict[str, CanonicalField]:
    return {field.path: field for field in canonical.OBJECTS[object_type].fields}


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and "id" in value


def _kind_of(value: Any) -> str:
    if isinstance(value, Mapping) and "minor" in value:
        return FieldType.MONEY
    return FieldType.BOOLEAN if isinstance(value, bool) else FieldType.TEXT


def _heading(name: str) -> str:
    return _capital(name.replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:].lower() if text.isupper() else text[:1].upper() + text[1:]
