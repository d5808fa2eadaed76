"""The shipped rules of the way out: what a venue has, written to Stripe and read again, is what it was."""

from typing import Any

import pytest

from integrations.providers.base import ChoosyOutlet, ComparingOutlet, WritableStream
from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.types import ObjectType, ReadScope
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule
from mappings.outbound import OutboundMapper, Outgoing
from tests.providers.stripe.test_mapping import RULES, mapped
from tests.providers.writing import create, good

CONTEXT = Context("stripe", timezone="America/New_York", country="US")
WRITTEN = [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.INVOICE]


def stream(object_type: ObjectType) -> WritableStream:
    found = STREAMS[object_type]
    assert isinstance(found, WritableStream)
    return found


def rules(object_type: ObjectType) -> list[Rule]:
    listed = [rule for rule in RULES[object_type] if rule.get("direction") == "out"]
    return [Rule(**{name: value for name, value in rule.items() if name != "direction"}) for rule in listed]


def sent(object_type: ObjectType, fields: dict[str, Any]) -> Outgoing:
    return OutboundMapper(rules(object_type), CONTEXT)(fields)


def written(api: ApiSession, object_type: ObjectType, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields as they come back after they were written."""
    outgoing = sent(object_type, fields)
    assert outgoing.remarks == []
    (record,) = good(stream(object_type).write_batch(api, [create(outgoing.values)]))
    return mapped(object_type, record.raw)


def dollars(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


@pytest.mark.parametrize("object_type", WRITTEN)
def test_rules_lead_from_known_fields_to_fields_that_can_be_written(object_type: ObjectType) -> None:
    assert stream(object_type).writable <= {field.id for field in stream(object_type).fields}
    beside = {"name"} if object_type is ObjectType.CUSTOMER else set()  # it is written together with the person's own
    assert {rule.target for rule in rules(object_type)} | beside == stream(object_type).writable
    known = {field.path for field in canonical.OBJECTS[object_type].fields} | {"full_name"}
    assert {rule.source for rule in rules(object_type)} <= known


def test_a_product_comes_back_as_it_was_with_the_keys_of_its_variants(api: ApiSession) -> None:
    fields = {
        "name": "Matinée 🎭", "description": "Doors at two", "kind": "ticket", "category": "Theatre", "archived": False,
        "variants": [
            {"key": "SQ-1", "name": "Stalls", "sku": "S-1", "price": dollars(1250), "available": True},
            {"key": "SQ-2", "name": "Balcony", "price": dollars(900), "available": False},
        ],
    }  # fmt: skip
    found = written(api, ObjectType.PRODUCT, fields)
    prices = [(each["price"].minor, each["price"].currency) for each in found["variants"]]
    assert prices == [(1250, "USD"), (900, "USD")]
    plain = [{name: each[name] for name in each if name != "price"} for each in found["variants"]]
    assert found | {"variants": plain} == fields | {
        "variants": [{name: each[name] for name in each if name != "price"} for each in fields["variants"]]
    }


def hire(**more: Any) -> dict[str, Any]:
    return {
        "number": "H-7", "currency": "USD", "total": dollars(9_500), "issued_on": "2030-11-01", "due_on": "2031-12-01",
        "status": "draft", "customer": {"provider": "stripe", "type": "customer", "record": "0" * 32}, "lines": [
            {"name": "Hall hire", "quantity": "2", "unit_price": dollars(5_000), "gross": dollars(10_000),
             "discount": dollars(500), "total": dollars(9_500),
             "product": {"provider": "stripe", "type": "product", "record": "1" * 32}},
        ],
    } | more  # fmt: skip


def test_an_invoice_comes_back_as_it_was(api: ApiSession) -> None:
    (customer,) = good(stream(ObjectType.CUSTOMER).write_batch(api, [create({"name": "Ottoline"})]))
    fields = hire(customer={"provider": "stripe", "type": "customer", "id": customer.id})
    found = written(api, ObjectType.INVOICE, fields)
    same = ("number", "currency", "due_on", "status", "customer")
    assert {name: found[name] for name in same} == {name: fields[name] for name in same}
    assert found["total"].minor == found["balance"].minor == 9_500
    (line,) = found["lines"]
    assert (line["name"], line["quantity"], line["unit_price"].minor) == ("Hall hire", "2", 5_000)
    assert [line[name].minor for name in ("gross", "discount", "total")] == [10_000, 500, 9_500]


def test_an_invoice_whose_customer_is_not_there_is_left_out_with_a_sentence() -> None:
    outgoing = sent(ObjectType.INVOICE, hire())
    assert [(each.target, each.required) for each in outgoing.remarks] == [("customer", False)]
    invoices = stream(ObjectType.INVOICE)
    assert isinstance(invoices, ChoosyOutlet)
    assert invoices.unfit(create(outgoing.values)).startswith("Its customer is not at Stripe yet")


@pytest.mark.parametrize(
    ("status", "fits"),
    [("draft", True), ("open", True), (None, True), ("partly_paid", False), ("paid", False), ("cancelled", False),
     ("void", False), ("refunded", False), ("failed", False), ("uncollectible", False)],
)  # fmt: skip
def test_only_what_is_still_to_be_paid_is_drafted(status: str | None, fits: bool) -> None:
    customer = {"provider": "stripe", "type": "customer", "id": "cus_1"}
    outgoing = sent(ObjectType.INVOICE, hire(customer=customer, status=status))
    invoices = stream(ObjectType.INVOICE)
    assert isinstance(invoices, ChoosyOutlet)
    assert (invoices.unfit(create(outgoing.values)) == "") is fits


@pytest.mark.parametrize("object_type", [ObjectType.PRODUCT, ObjectType.INVOICE])
def test_what_was_read_from_stripe_is_no_difference_to_it(api: ApiSession, object_type: ObjectType) -> None:
    outlet = stream(object_type)
    assert isinstance(outlet, ComparingOutlet)
    found = [each.raw for page in outlet.read(api, {}, ReadScope()) for each in page.records]
    assert len(found) >= 12
    for raw in found:
        values, theirs = sent(object_type, mapped(object_type, raw)).values, outlet.values(raw)
        values.pop("due_date", None)  # a moment of that day, and only looked at when the day changes
        assert [name for name, ours in values.items() if not outlet.is_same(name, ours, theirs.get(name))] == []
