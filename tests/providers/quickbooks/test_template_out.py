"""The shipped rules of the way out: what a venue has, written to QuickBooks and read again, is what it was."""

from typing import Any

import pytest

from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType
from mappings import canonical
from mappings.engine import Rule
from mappings.outbound import OutboundMapper
from mappings.transforms import Context
from tests.providers.quickbooks.test_template import TEMPLATES, mapped
from tests.providers.quickbooks.writing import create, good, known, stream

CONTEXT = Context("quickbooks", timezone="Europe/London", country="GB")
WRITTEN = [ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.INVOICE]
CUSTOMERS: list[dict[str, Any]] = [
    {"given_name": "Ada", "family_name": "Lovelace 🏮", "company": "Engines & Co", "email": "ada@example.com",
     "phone": "+442079460123", "note": "Likes the balcony", "address": {
         "line1": "12 Lantern Row", "line2": "Flat 2", "city": "London", "region": "Greater London",
         "postal_code": "N1 1AA", "country": "GB"}},
    {"company": "Nobody's Arms: Bar"},
    {"email": "someone@example.com"},
    {"phone": "+442079460124"},
    {"given_name": "Cher"},
]  # fmt: skip


def rules(object_type: ObjectType) -> list[Rule]:
    listed = [rule for rule in TEMPLATES[object_type] if rule.get("direction") == "out"]
    return [Rule(**{name: value for name, value in rule.items() if name != "direction"}) for rule in listed]


def written(api: ApiSession, object_type: ObjectType, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the fields as they come back after they were written."""
    outgoing = OutboundMapper(rules(object_type), CONTEXT)(fields)
    assert outgoing.remarks == []
    record = good(stream(object_type).write_batch(api, [create(outgoing.values | more)]))[0]
    return mapped(object_type, record.raw)


@pytest.mark.parametrize("object_type", WRITTEN)
def test_rules_lead_from_known_fields_to_fields_that_can_be_written(object_type: ObjectType) -> None:
    assert stream(object_type).writable <= {field.id for field in stream(object_type).fields}
    assert {rule.target for rule in rules(object_type)} <= stream(object_type).writable
    assert {rule.source for rule in rules(object_type)} <= {
        field.path for field in canonical.OBJECTS[object_type].fields
    }


@pytest.mark.parametrize("fields", CUSTOMERS, ids=["all", "company", "email", "phone", "given name"])
def test_a_customer_comes_back_as_it_was(api: ApiSession, fields: dict[str, Any]) -> None:
    assert written(api, ObjectType.CUSTOMER, fields) == fields


def test_an_item_comes_back_as_it_was(api: ApiSession) -> None:
    account = next(each.id for each in known(api, ObjectType.ACCOUNT).values() if each.raw["AccountType"] == "Income")
    price = {"minor": 595, "currency": api.account["currency"]}
    fields = {"name": "Tote bag", "description": "Blue", "kind": "merchandise", "archived": False,
              "variants": [{"name": "Tote bag", "sku": "T-1", "price": price}]}  # fmt: skip
    found = written(api, ObjectType.PRODUCT, fields, **{"IncomeAccountRef.value": account})
    assert {name: found[name] for name in ("name", "description", "kind", "archived")} == {
        name: fields[name] for name in ("name", "description", "kind", "archived")
    }
    assert [(each["sku"], each["price"].minor) for each in found["variants"]] == [("T-1", 595)]


def test_an_item_of_several_prices_is_left_out() -> None:
    fields = {"name": "Tote bag", "variants": [{"sku": "T-1"}, {"sku": "T-2"}]}
    outgoing = OutboundMapper(rules(ObjectType.PRODUCT), CONTEXT)(fields)
    assert [remark.target for remark in outgoing.remarks if remark.required] == ["variants"]


def test_an_invoice_comes_back_as_it_was(api: ApiSession) -> None:
    customer, item = (
        next(each.id for each in known(api, kind).values() if each.raw.get("Active"))
        for kind in (ObjectType.CUSTOMER, ObjectType.PRODUCT)
    )
    currency = api.account["currency"]
    line = {"name": "Hall hire", "quantity": "2", "unit_price": {"minor": 5000, "currency": currency},
            "total": {"minor": 10_000, "currency": currency},
            "product": {"provider": "quickbooks", "type": "product", "id": item}}  # fmt: skip
    fields = {"number": "H-7", "currency": currency, "issued_on": "2026-11-01", "due_on": "2026-12-01",
              "customer": {"provider": "quickbooks", "type": "customer", "id": customer}, "lines": [line]}  # fmt: skip
    found = written(api, ObjectType.INVOICE, fields)
    assert {name: found[name] for name in fields if name != "lines"} == {
        name: value for name, value in fields.items() if name != "lines"
    }
    assert [(each["name"], each["quantity"], each["total"].minor, each["product"]) for each in found["lines"]] == [
        ("Hall hire", "2", 10_000, line["product"])
    ]
