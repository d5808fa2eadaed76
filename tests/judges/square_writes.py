"""Everything that our client ever writes to Square: each kind of object made, changed, ended, and looked up again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from integrations.providers.base import WritableStream
from integrations.providers.errors import Conflict, Invalid
from integrations.providers.http import ApiSession
from integrations.providers.square.streams import STREAMS
from integrations.providers.types import ExternalRecord, Money, ObjectType, ReadScope, Values, Write
from tests.providers.writing import again, create, delete, good, key_of, update

CUSTOMER: Values = {
    "given_name": "Ada", "family_name": "Løvelace 🎟", "email_address": "ada@example.net", "birthday": "0000-12-10",
    "phone_number": "+447700900123", "address.address_line_1": "1 Quay Street", "address.country": "GB",
}  # fmt: skip
ITEM: Values = {
    "name": "Jazz 🎷", "description": "Doors at seven", "product_type": "EVENT", "is_archived": False,
    "variations": [{"name": "Early bird", "sku": "J-1", "price_money": Money(1200, "GBP"), "sellable": True}, {}],
}  # fmt: skip
LINES: list[Values] = [
    {"name": "Hire", "variation_name": "Evening", "quantity": "1.5", "base_price_money": Money(60_000, "GBP"),
     "total_discount_money": Money(9_000, "GBP"), "total_tax_money": Money(16_200, "GBP")},
    {"name": "Bar", "quantity": "40", "base_price_money": Money(1200, "GBP"), "total_tax_money": Money(8000, "GBP"),
     "total_money": Money(48_000, "GBP")},
]  # fmt: skip


def write_everything(api: ApiSession) -> None:
    """Write all of it once, each write also as if answers had been lost, and with what Square refuses."""
    customers = _customers(api)
    _items(api)
    _invoices(api, customers)


def _stream(object_type: ObjectType) -> WritableStream:
    found = STREAMS[object_type]
    assert isinstance(found, WritableStream)
    return found


def _write(api: ApiSession, object_type: ObjectType, *writes: Write) -> list[ExternalRecord]:
    return good(_stream(object_type).write_batch(api, list(writes)))


def _late(write: Write) -> Write:
    """Return a write as its third attempt, whose key is forgotten."""
    return replace(write, key=key_of(f"late {write.key}"), attempt=3)


def _customers(api: ApiSession) -> list[ExternalRecord]:
    kind, writes = ObjectType.CUSTOMER, [create(CUSTOMER, number=each) for each in range(3)]
    first, other, third = _write(api, kind, *writes)
    _write(api, kind, _late(writes[0]), delete(third))
    change = update(first, {"note": "Balcony", "address.address_line_1": None})
    (changed,) = _write(api, kind, change)
    (same,) = _write(api, kind, change)
    assert same == changed
    return [changed, other]


def _items(api: ApiSession) -> None:
    """Items of every shape that the account begins with are changed, too."""
    kind = ObjectType.PRODUCT
    there = [record for page in _stream(kind).read(api, {}, ReadScope()) for record in page.records]
    writes = [create(ITEM), *(update(each, {"description": f"New {each.id}"}) for each in there if not each.deleted)]
    made, *changed = _write(api, kind, *writes)
    _write(api, kind, *again(writes))
    stale = _stream(kind).write_batch(api, [update(there[0], {"name": "Late"})])
    assert isinstance(stale[0].error, Conflict)
    sold: Any = _stream(kind).values(made.raw)["variations"]
    (fewer,) = _write(api, kind, update(made, {"variations": [sold[1], {"name": "New", "sku": "N"}]}))
    _write(api, kind, delete(fewer), delete(changed[0]))


def _invoices(api: ApiSession, customers: list[ExternalRecord]) -> None:
    kind, who = ObjectType.INVOICE, [each.id for each in customers]
    values: Values = {
        "primary_recipient.customer_id": who[0], "due_date": "2999-01-31", "invoice_number": "H-1", "status": "UNPAID",
        "line_items": LINES, "total_money": Money(145_200, "GBP"),
    }  # fmt: skip
    write, draft = create(values), create(values | {"invoice_number": None, "status": "DRAFT"})
    made, drafted = _write(api, kind, write, draft)
    _write(api, kind, _late(write))
    change = update(made, {"due_date": "2999-02-28", "invoice_number": "H-2"})
    (moved,) = _write(api, kind, change)
    _write(api, kind, *again([change]))
    _write(api, kind, update(moved, {"status": "CANCELED"}))
    (published,) = _write(api, kind, update(drafted, {"primary_recipient.customer_id": who[1], "status": "UNPAID"}))
    _write(api, kind, delete(published))
    (unsent,) = _write(api, kind, create(values | {"invoice_number": "H-3", "status": "DRAFT"}))
    _write(api, kind, delete(unsent))
    refused = _stream(kind).write_batch(api, [create(values | {"due_date": "2001-01-01"})])
    assert isinstance(refused[0].error, Invalid)
