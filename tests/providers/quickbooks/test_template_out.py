"""The shipped rules of the way out: what a venue has, written to QuickBooks and read again, is what it was."""

from typing import Any

import pytest

from integrations.providers import PROVIDERS
from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType
from mappings import canonical
from mappings.change import Context
from mappings.engine import Rule
from mappings.outbound import OutboundMapper
from tests.providers.quickbooks.test_template import TEMPLATES, mapped
from tests.providers.quickbooks.writing import create, good, known, outlet, stream

CONTEXT = Context("quickbooks", timezone="Europe/London", country="GB")
WRITTEN = list(PROVIDERS["quickbooks"].writers)
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
    assert outlet(object_type).writable <= {field.id for field in outlet(object_type).fields}
    assert {rule.target for rule in rules(object_type)} <= outlet(object_type).writable
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


def pounds(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "GBP"}


def order(**more: Any) -> dict[str, Any]:
    """Two pints with tax inside and a poster, a tip: 20.50, placed when it was the next day already at the venue."""
    pints = {"name": "House Lager", "variant": "Pint", "quantity": "2", "unit_price": pounds(600),
             "gross": pounds(1200), "discount": pounds(0), "tax": pounds(200), "total": pounds(1200)}  # fmt: skip
    poster = {"name": "Poster", "quantity": "1", "total": pounds(600),
              "product": {"provider": "square", "type": "variant", "id": "V7"}}  # fmt: skip
    return {
        "number": "41", "placed_at": "2026-06-30T23:30:00+00:00", "state": "completed", "currency": "GBP",
        "customer": {"provider": "quickbooks", "type": "customer", "record": "c" * 32, "name": "Ada"},
        "total": pounds(2050), "lines": [pints, poster], "taxes": [{"name": "VAT", "amount": pounds(200)}],
        "discounts": [], "tip": pounds(250),
    } | more  # fmt: skip


def outgoing(object_type: ObjectType, fields: dict[str, Any]) -> dict[str, Any]:
    chosen = rules(object_type)
    found = OutboundMapper(chosen, CONTEXT)(fields)
    assert [remark for remark in found.remarks if remark.required] == []
    return found.values


def test_an_order_becomes_a_receipt_of_its_total_on_its_day_at_the_venue(api: ApiSession) -> None:
    values = outgoing(ObjectType.ORDER, order())
    raw = good(outlet(ObjectType.ORDER).write_batch(api, [create(values)]))[0].raw
    assert (raw["DocNumber"], raw["TxnDate"], raw["TotalAmt"]) == ("41", "2026-07-01", 20.5)
    assert [(each.get("Description"), each["Amount"]) for each in raw["Line"][:3]] == [
        ("House Lager (Pint)", 10), ("Poster", 6), ("Tip", 2.5),
    ]  # fmt: skip
    assert "CustomerRef" not in raw
    assert outgoing(ObjectType.ORDER, order(business_date="2026-06-30"))["TxnDate"] == "2026-06-30"


def test_an_order_names_the_customer_and_the_products_that_quickbooks_has(api: ApiSession) -> None:
    customer, item = (
        {"provider": "quickbooks", "type": str(kind), "record": "c" * 32,
         "id": next(each.id for each in known(api, kind).values() if each.raw.get("Active"))}
        for kind in (ObjectType.CUSTOMER, ObjectType.PRODUCT)
    )  # fmt: skip
    lines = [each | {"product": item} for each in order()["lines"]]
    values = outgoing(ObjectType.ORDER, order(customer=customer, lines=lines))
    raw = good(outlet(ObjectType.ORDER).write_batch(api, [create(values)]))[0].raw
    items = [each["SalesItemLineDetail"]["ItemRef"]["value"] for each in raw["Line"][:2]]
    assert (raw["CustomerRef"]["value"], items) == (customer["id"], [item["id"]] * 2)


@pytest.mark.parametrize(
    ("state", "status"),
    [("completed", "completed"), ("cancelled", "void"), ("open", "open"), ("draft", "open")],
)
def test_an_order_s_state_is_said_in_quickbooks_terms(state: str, status: str) -> None:
    assert outgoing(ObjectType.ORDER, order(state=state))["status"] == status


def test_a_refund_becomes_a_receipt_of_its_amount_on_its_day_at_the_venue(api: ApiSession) -> None:
    fields = {"amount": pounds(1250), "currency": "GBP", "at": "2026-06-30T23:30:00+00:00", "status": "completed",
              "reason": "Rained off", "payment": {"type": "payment", "record": "ab" * 16}}  # fmt: skip
    values = outgoing(ObjectType.REFUND, fields)
    raw = good(outlet(ObjectType.REFUND).write_batch(api, [create(values)]))[0].raw
    assert (raw["TxnDate"], raw["TotalAmt"], raw["Line"][0]["Description"]) == ("2026-07-01", 12.5, "Rained off")
    assert raw["PrivateNote"].endswith(f", refund of payment {'ab' * 16}")


@pytest.mark.parametrize("status", ["failed", "cancelled", "rejected"])
def test_a_refund_that_failed_is_void_in_quickbooks_terms(status: str) -> None:
    fields = {"amount": pounds(1), "currency": "GBP", "at": "2026-06-30T23:30:00+00:00", "status": status}
    assert outgoing(ObjectType.REFUND, fields)["status"] == "void"
