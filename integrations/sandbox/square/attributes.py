"""What a seller keeps on its customers besides: definitions of custom attributes, listed, made and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import invalid, not_found
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.shapes import CURSOR, anything, choice, integer, record, text
from integrations.sandbox.store import Entry, Key

MOST = 100
_KEY = re.compile(r"[a-zA-Z0-9._-]{1,60}")
_COMMON = "https://developer-production-s.squarecdn.com/schemas/v1/common.json#squareup.common."
_TYPES = ("String", "Email", "PhoneNumber", "Address", "Date", "DateTime", "Duration", "Boolean", "Number")
_HIDDEN = "VISIBILITY_HIDDEN"


def list_definitions(call: Call) -> Document:
    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        for place, definition in enumerate(call.merchant.attributes.values()):
            if after is None or place > after[0]:
                yield (place,), Entry(place, 0, 0, definition)

    page = page_of(call, rows, limit=call.query.get("limit", 20))
    return present(custom_attribute_definitions=page.documents, cursor=page.cursor)


def create(call: Call) -> Document:
    wishes = call.asked["custom_attribute_definition"]
    return once(call, call.asked.get("idempotency_key"), lambda: _create(call, wishes))


def delete(call: Call) -> Document:
    if call.merchant.attributes.pop(call.ids["key"], None) is None:
        raise not_found("Custom attribute definition", call.ids["key"])
    return {}


def _create(call: Call, wishes: Document) -> Document:
    known, field = call.merchant.attributes, "custom_attribute_definition"
    if not _KEY.fullmatch(wishes["key"]):
        raise invalid("INVALID_VALUE", "A key has up to 60 letters, digits, points and hyphens.", f"{field}.key")
    if wishes["key"] in known:
        raise invalid("BAD_REQUEST", "A definition with this key exists.", f"{field}.key")
    if len(known) >= MOST:
        raise invalid("BAD_REQUEST", f"A seller has at most {MOST} definitions.", field)
    if wishes.get("visibility", _HIDDEN) != _HIDDEN and not wishes.get("name"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "What others see needs a name.", f"{field}.name")
    now = rfc3339(call.now)
    known[wishes["key"]] = {"visibility": _HIDDEN, "version": 1, "created_at": now, "updated_at": now} | wishes
    return {"custom_attribute_definition": known[wishes["key"]]}


def _schema(value: Any, field: str) -> Document:
    """A named type, or a list of choices with their names."""
    value = anything(value, field)
    if isinstance(value, dict):
        if value.get("$ref") in {f"{_COMMON}{name}" for name in _TYPES}:
            return value
        items = value.get("items")
        if value.get("type") == "array" and isinstance(items, dict) and items.get("names"):
            return value
    raise invalid("INVALID_VALUE", "The schema must be one of the common types or a selection.", field)


_DEFINITION = record(
    {
        "key": text(at_least=1),
        "schema": _schema,
        "name": text(at_least=1, at_most=255),
        "description": text(at_most=255),
        "visibility": choice(_HIDDEN, "VISIBILITY_READ_ONLY", "VISIBILITY_READ_WRITE_VALUES"),
    },
    required=["key", "schema"],
)
_BODY = record(
    {"custom_attribute_definition": _DEFINITION, "idempotency_key": text(at_most=45)},
    required=["custom_attribute_definition"],
)
_ALL = "/v2/customers/custom-attribute-definitions"
ROUTES = [
    Route(
        "GET", _ALL, ("CUSTOMERS_READ",), list_definitions,
        query={"cursor": CURSOR, "limit": integer(1, 100, written=True)},
    ),
    Route("POST", _ALL, ("CUSTOMERS_WRITE",), create, body=_BODY),
    Route("DELETE", f"{_ALL}/{{key}}", ("CUSTOMERS_WRITE",), delete),
]  # fmt: skip
