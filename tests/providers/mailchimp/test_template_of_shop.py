"""The shipped rules for our store: what a venue has sold, as it stands at Mailchimp afterwards.

What the rules take out of the pointer to a customer is given here by hand.
"""

from datetime import datetime
from typing import Any

import orjson
import pytest

from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.outlets import OUTLETS
from integrations.providers.types import Money, ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule
from mappings.outbound import OutboundMapper
from tests.providers.mailchimp.conftest import Account
from tests.providers.mailchimp.shopping import make, sale
from tests.providers.mailchimp.test_records import _SHIPPED
from tests.providers.writing import good

CONTEXT = Context("mailchimp", timezone="Europe/London", country="GB")
NIGHT: dict[str, Any] = {
    "name": "Jazz night 🎷", "description": "Two sets.", "kind": "food_and_drink", "variants": [
        {"key": "FULL", "name": "Full price", "sku": "JN-F", "price": {"minor": 1850, "currency": "GBP"}},
        {"name": "Concession", "available": True},
    ],
}  # fmt: skip
SALE: dict[str, Any] = {
    "placed_at": "2026-11-22T18:30:00Z", "currency": "GBP", "total": {"minor": 1110, "currency": "GBP"},
    "refunded": {"minor": 110, "currency": "GBP"}, "state": "completed",
    "taxes": [{"name": "VAT", "rate": "20", "amount": {"minor": 185, "currency": "GBP"}}],
    "discounts": [{"name": "Member", "amount": {"minor": 740, "currency": "GBP"}}],
    "lines": [{
        "name": "Full price", "quantity": "1.0", "gross": {"minor": 1850, "currency": "GBP"},
        "discount": {"minor": 740, "currency": "GBP"}, "product": {"provider": "square", "type": "variant", "id": "S1"},
    }],
}  # fmt: skip


def rules(object_type: ObjectType) -> list[Rule]:
    templates = orjson.loads((_SHIPPED / "mailchimp.json").read_bytes())
    found = next(each["rules"] for each in templates if each["object_type"] == object_type)
    assert {rule["direction"] for rule in found} == {"out"}
    return [Rule(**{name: value for name, value in rule.items() if name != "direction"}) for rule in found]


@pytest.mark.parametrize("object_type", OUTLETS)
def test_rules_lead_from_known_fields_to_fields_that_can_be_written(object_type: ObjectType) -> None:
    outlet = OUTLETS[object_type]
    assert outlet.created_only <= outlet.writable <= {field.id for field in outlet.fields}
    assert {rule.target for rule in rules(object_type)} == outlet.writable - {"list_id"}
    known = {field.path for field in canonical.OBJECTS[object_type].fields}
    assert {rule.source for rule in rules(object_type)} <= known


def test_a_product_is_there_as_the_venue_has_it(api: ApiSession, account: Account) -> None:
    outgoing = OutboundMapper(rules(ObjectType.PRODUCT), CONTEXT)(NIGHT)
    outlet, write = OUTLETS[ObjectType.PRODUCT], make(outgoing.values, list_id=account["lists"][0]["id"])
    values = outlet.values(good(outlet.write_batch(api, [write]))[0].raw)
    assert (outgoing.remarks, values.pop("id")) == ([], write.ours)
    assert values == {
        "title": "Jazz night 🎷", "description": "Two sets.", "type": "Food and drink", "currency_code": "GBP",
        "variants": [
            {"id": "FULL", "title": "Full price", "sku": "JN-F", "price": Money(1850, "GBP")},
            {"id": "2", "title": "Concession", "price": Money(0, "GBP")},
        ],
    }  # fmt: skip


def test_an_order_is_there_as_it_was_sold(api: ApiSession, account: Account) -> None:
    plain = [rule for rule in rules(ObjectType.ORDER) if rule.source != "customer"]
    buyer = {name: value for name, value in sale().items() if name.startswith("customer.")}
    outgoing = OutboundMapper(plain, CONTEXT)(SALE)
    outlet, write = OUTLETS[ObjectType.ORDER], make(outgoing.values | buyer, list_id=account["lists"][0]["id"])
    raw = good(outlet.write_batch(api, [write]))[0].raw
    assert (outgoing.remarks, raw["financial_status"]) == ([], "partially_refunded")
    assert outlet.values(raw) == buyer | {
        "id": write.ours, "currency_code": "GBP", "financial_status": "paid", "order_total": Money(1110, "GBP"),
        "tax_total": Money(185, "GBP"), "discount_total": Money(740, "GBP"),
        "processed_at_foreign": datetime.fromisoformat("2026-11-22T18:30:00Z"),
        "lines": [{
            "id": "1", "product_id": "other", "product_variant_id": "other", "quantity": 1,
            "price": Money(1850, "GBP"), "discount": Money(740, "GBP"),
        }],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "status"),
    [("completed", "paid"), (None, "paid"), ("cancelled", "cancelled"), ("open", "pending"), ("draft", "draft")],
)
def test_the_state_of_an_order_is_told_in_mailchimps_words(state: str | None, status: str) -> None:
    plain = [rule for rule in rules(ObjectType.ORDER) if rule.source != "customer"]
    assert OutboundMapper(plain, CONTEXT)(SALE | {"state": state}).values["financial_status"] == status
