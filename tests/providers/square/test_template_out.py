"""The shipped rules of the way out: what a venue has, written to Square and read again, is what it was."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.providers.base import WritableStream
from integrations.providers.http import ApiSession
from integrations.providers.square.streams import STREAMS
from integrations.providers.types import JSON, Money, ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule, compile_rules
from mappings.outbound import OutboundMapper, Outgoing
from tests.providers.writing import create, good, update

CONTEXT = Context("square", timezone="Europe/London", country="GB")
SHIPPED = orjson.loads((Path(canonical.__file__).parent / "shipped" / "square.json").read_bytes())
WRITTEN = [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.INVOICE]
TICKET: JSON = {
    "name": "Jazz im Café 🎷", "description": "Doors at seven", "kind": "ticket", "archived": False,
    "variants": [
        {"key": "of our own", "name": "Early bird", "sku": "J-1", "price": {"minor": 1200, "currency": "GBP"},
         "available": True},
        {"name": "Full price", "sku": "J-2", "price": {"minor": 1800, "currency": "GBP"}, "available": False},
    ],
}  # fmt: skip


def stream(object_type: ObjectType) -> WritableStream:
    found = STREAMS[object_type]
    assert isinstance(found, WritableStream)
    return found


def rules(object_type: ObjectType, *, out: bool) -> list[Rule]:
    (listed,) = [each["rules"] for each in SHIPPED if each["object_type"] == object_type]
    return [
        Rule(**{name: value for name, value in rule.items() if name != "direction"})
        for rule in listed
        if (rule.get("direction") == "out") is out
    ]


def outgoing(object_type: ObjectType, fields: JSON) -> Outgoing:
    return OutboundMapper(rules(object_type, out=True), CONTEXT)(fields)


def written(api: ApiSession, object_type: ObjectType, fields: JSON) -> JSON:
    """Return the fields as they come back after they were written."""
    sent = outgoing(object_type, fields)
    assert sent.remarks == []
    (record,) = good(stream(object_type).write_batch(api, [create(sent.values)]))
    return compile_rules(rules(object_type, out=False), CONTEXT)(stream(object_type).values(record.raw)).fields


def stored(value: Any) -> Any:
    """Return fields as they are stored: amounts as plain JSON."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, dict):
        return {name: stored(each) for name, each in value.items()}
    return [stored(each) for each in value] if isinstance(value, list) else value


def bill(api: ApiSession, **more: Any) -> JSON:
    body = {"given_name": "Ada", "email_address": "ada@example.net"}
    made = api.post("/v2/customers", body, repeatable=False).body["customer"]
    hire = {"name": "Hire", "variant": "Evening", "quantity": "2", "unit_price": {"minor": 60_000, "currency": "GBP"},
            "discount": {"minor": 10_000, "currency": "GBP"}, "tax": {"minor": 22_000, "currency": "GBP"},
            "total": {"minor": 132_000, "currency": "GBP"}}  # fmt: skip
    return {
        "number": "H-1", "currency": "GBP", "total": {"minor": 132_000, "currency": "GBP"}, "due_on": "2999-01-31",
        "customer": {"provider": "square", "type": "customer", "id": made["id"]}, "lines": [hire], "status": "open",
        "balance": {"minor": 132_000, "currency": "GBP"}, **more,
    }  # fmt: skip


@pytest.mark.parametrize("object_type", WRITTEN)
def test_rules_lead_from_known_fields_to_fields_that_can_be_written(object_type: ObjectType) -> None:
    assert stream(object_type).writable <= {field.id for field in stream(object_type).fields}
    assert {rule.target for rule in rules(object_type, out=True)} <= stream(object_type).writable
    assert {rule.source for rule in rules(object_type, out=True)} <= {
        field.path for field in canonical.OBJECTS[object_type].fields
    }


def test_an_item_comes_back_as_it_was(api: ApiSession) -> None:
    found = stored(written(api, ObjectType.PRODUCT, TICKET))
    keys = [each.pop("key") for each in found["variants"]]
    expected = TICKET | {
        "variants": [{name: each[name] for name in each if name != "key"} for each in TICKET["variants"]]
    }
    assert found == expected
    assert len(set(keys)) == 2


@pytest.mark.parametrize("kind", ["ticket", "food_and_drink", "merchandise", "donation"])
def test_what_kind_of_thing_it_is_comes_back(api: ApiSession, kind: str) -> None:
    assert written(api, ObjectType.PRODUCT, TICKET | {"kind": kind})["kind"] == kind


@pytest.mark.parametrize("kind", ["fee", "membership", None])
def test_what_square_has_no_kind_for_is_an_ordinary_item(kind: str | None) -> None:
    assert outgoing(ObjectType.PRODUCT, TICKET | {"kind": kind}).values["product_type"] == "REGULAR"


def test_what_came_back_differs_in_nothing_that_is_sent(api: ApiSession) -> None:
    items: Any = stream(ObjectType.PRODUCT)
    sent = outgoing(ObjectType.PRODUCT, TICKET).values
    (record,) = good(items.write_batch(api, [create(sent)]))
    there = items.values(record.raw)
    assert [name for name, value in sent.items() if not items.is_same(name, value, there.get(name))] == []


def test_an_invoice_comes_back_as_it_was(api: ApiSession) -> None:
    invoice = bill(api)
    found = stored(written(api, ObjectType.INVOICE, invoice))
    gross = {"minor": 120_000, "currency": "GBP"}
    given_there = ("issued_on", "order")  # by Square: the day, and the order that holds the lines
    assert {name: value for name, value in found.items() if name not in given_there} == invoice | {
        "lines": [invoice["lines"][0] | {"gross": gross}]
    }


def test_an_invoice_that_came_back_differs_in_nothing_that_is_sent(api: ApiSession) -> None:
    invoices: Any = stream(ObjectType.INVOICE)
    sent = outgoing(ObjectType.INVOICE, bill(api) | {"number": None}).values
    (record,) = good(invoices.write_batch(api, [create(sent)]))
    there = invoices.values(record.raw)
    assert [name for name, value in sent.items() if not invoices.is_same(name, value, there.get(name))] == []


@pytest.mark.parametrize(("status", "expected"), [("draft", "draft"), ("open", "open"), (None, "open")])
def test_an_invoice_is_open_unless_it_is_a_draft(api: ApiSession, status: str | None, expected: str) -> None:
    assert written(api, ObjectType.INVOICE, bill(api) | {"status": status})["status"] == expected


@pytest.mark.parametrize("status", ["partly_paid", "paid", "refunded", "cancelled", "void", "uncollectible", "failed"])
def test_an_invoice_that_is_past_being_open_is_not_made(api: ApiSession, status: str) -> None:
    sent = outgoing(ObjectType.INVOICE, bill(api) | {"status": status})
    invoices: Any = stream(ObjectType.INVOICE)
    assert invoices.unfit(create(sent.values)) == (
        "Only drafts and open invoices are made in Square; this one is past that."
    )


@pytest.mark.parametrize("status", ["cancelled", "void"])
def test_an_invoice_that_is_cancelled_here_is_cancelled_there(api: ApiSession, status: str) -> None:
    invoice, invoices = bill(api), stream(ObjectType.INVOICE)
    (made,) = good(invoices.write_batch(api, [create(outgoing(ObjectType.INVOICE, invoice).values)]))
    change = {"status": outgoing(ObjectType.INVOICE, invoice | {"status": status}).values["status"]}
    (ended,) = good(invoices.write_batch(api, [update(made, change)]))
    assert ended.raw["status"] == "CANCELED"


def test_an_invoice_for_nobody_there_is_left_out(api: ApiSession) -> None:
    sent = outgoing(ObjectType.INVOICE, bill(api) | {"customer": {"provider": "square", "type": "customer"}})
    assert [remark.target for remark in sent.remarks if remark.required] == ["customer"]
