"""What is sent to QuickBooks, by literals."""

from typing import Any

import pytest

from integrations.providers.quickbooks import bodies, bodies_of_invoices
from integrations.providers.types import JSON, Money, Operation, Values, Write


def change(values: Values, raw: JSON | None = None) -> Write:
    return Write("k" * 40, "o" * 32, Operation.UPDATE, values, external_id="7", version="3", raw=raw or {})


HEAD = {"Id": "7", "SyncToken": "3", "sparse": True}


@pytest.mark.parametrize(("values", "raw", "sent"), [
    ({"GivenName": "Ada"}, {"FamilyName": "King", "Notes": "Old"}, {"GivenName": "Ada"}),
    ({"Notes": None}, {"Notes": "Old"}, {"Notes": ""}),
    ({"company_or_display_name": "Engines"}, {}, {"CompanyName": "Engines"}),
    ({"phone": "+441"}, {}, {"PrimaryPhone": {"FreeFormNumber": "+441"}}),
    ({"phone": "+441"}, {"Mobile": {"FreeFormNumber": "0790"}}, {"Mobile": {"FreeFormNumber": "+441"}}),
    ({"phone": None}, {"PrimaryPhone": {"FreeFormNumber": "020"}}, {"PrimaryPhone": {"FreeFormNumber": ""}}),
    ({"BillAddr.City": "Paris"}, {"BillAddr": {"Id": "9", "Line1": "1 Row", "Line3": "Attic", "City": "London"}},
     {"BillAddr": {"Line1": "1 Row", "Line3": "Attic", "City": "Paris"}}),
    ({"PrimaryEmailAddr.Address": "c@x.test"}, {"PrimaryEmailAddr": {"Address": "a@x.test, b@x.test"}},
     {"PrimaryEmailAddr": {"Address": "c@x.test, b@x.test"}}),
    ({"PrimaryEmailAddr.Address": None}, {"PrimaryEmailAddr": {"Address": "a@x.test, b@x.test"}},
     {"PrimaryEmailAddr": {"Address": "b@x.test"}}),
    ({"PrimaryEmailAddr.Address": None}, {"PrimaryEmailAddr": {"Address": "a@x.test"}},
     {"PrimaryEmailAddr": {"Address": ""}}),
])  # fmt: skip
def test_a_change_of_a_customer_names_what_changes_only(values: Values, raw: JSON, sent: JSON) -> None:
    assert bodies.customer(change(values, raw)) == HEAD | sent


def test_a_change_of_nothing_sends_nothing() -> None:
    assert bodies.customer(change({})) == {}


@pytest.mark.parametrize(("values", "name"), [
    ({"GivenName": "Ada", "FamilyName": "King", "CompanyName": "Engines"}, "Ada King"),
    ({"CompanyName": "Engines:\tNorth\nWing "}, "Engines North Wing"),
    ({"PrimaryEmailAddr.Address": "a@x.test"}, "a@x.test"),
    ({"PrimaryPhone.FreeFormNumber": "+441"}, "+441"),
    ({"GivenName": "A" * 150}, "A" * 100),
    ({"GivenName": "A" * 99, "FamilyName": "B"}, "A" * 99),
    ({}, ""),
])  # fmt: skip
def test_a_customer_is_listed_under_a_name_that_quickbooks_takes(values: dict[str, Any], name: str) -> None:
    assert bodies.display_name(values) == name


@pytest.mark.parametrize(("money", "sent"), [
    (Money(1234, "GBP"), 12.34), (Money(1200, "USD"), 12), (Money(500, "JPY"), 500), (Money(-5, "EUR"), -0.05),
])  # fmt: skip
def test_an_amount_is_sent_in_whole_units(money: Money, sent: float) -> None:
    assert bodies.amount(money) == sent


def test_a_request_has_one_id_for_its_writes_and_content_and_another_for_any_other() -> None:
    ids = {
        bodies.request_id(entity, keys, body)
        for entity in ("Customer", "Item") for keys in (["a"], ["a", "b"]) for body in (b"1", b"2")
    }  # fmt: skip
    assert len(ids) == 8
    assert {len(each) for each in ids} == {40}
    assert bodies.request_id("Item", ["a"], b"1") in ids


def test_an_invoice_s_lines_are_sent_in_quickbooks_shape() -> None:
    lines = [
        {"name": "Hall hire", "quantity": "1.5", "unit_price": Money(200, "GBP"), "ItemRef.value": "5"},
        {"name": "Deposit", "amount": Money(500, "GBP")},
        {"name": "Discount", "amount": Money(-50, "GBP")},
    ]
    hire = {"DetailType": "SalesItemLineDetail", "Description": "Hall hire", "Amount": 3,
            "SalesItemLineDetail": {"ItemRef": {"value": "5"}, "Qty": 1.5, "UnitPrice": 2}}  # fmt: skip
    deposit = {
        "DetailType": "SalesItemLineDetail",
        "Description": "Deposit",
        "Amount": 5,
        "SalesItemLineDetail": {"Qty": 1},
    }
    discount = {"DetailType": "DiscountLineDetail", "Amount": 0.5, "DiscountLineDetail": {"PercentBased": False}}
    assert bodies_of_invoices.invoice(change({"lines": lines})) == HEAD | {"Line": [hire, deposit, discount]}


def test_a_new_invoice_bears_our_record_and_a_number_that_fits() -> None:
    write = Write("k" * 40, "0123456789abcdef" * 2, Operation.CREATE, {"currency": "GBP"})
    assert bodies_of_invoices.invoice(write) == {
        "CurrencyRef": {"value": "GBP"},
        "DocNumber": "B-0123456789ABCDEF012",
        "PrivateNote": "Backline record 0123456789abcdef0123456789abcdef",
    }
