"""QuickBooks' JSON as typed values: whole literals, the odd ones, and anything at all."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.providers.errors import BadRecord
from integrations.providers.money import decimals, from_decimal
from integrations.providers.quickbooks import records
from integrations.providers.quickbooks.streams import STREAMS
from integrations.providers.types import Money, ObjectType

TIMES = {"MetaData": {"CreateTime": "2026-03-01T12:00:00-08:00", "LastUpdatedTime": "2026-07-01T12:00:00-07:00"}}
MADE, CHANGED = datetime(2026, 3, 1, 20, tzinfo=UTC), datetime(2026, 7, 1, 19, tzinfo=UTC)
WHEN = {"MetaData.CreateTime": MADE, "MetaData.LastUpdatedTime": CHANGED}
USD = {"CurrencyRef": {"value": "USD", "name": "United States Dollar"}}


def test_a_customer() -> None:
    raw = {
        "Id": "58", "SyncToken": "3", "DisplayName": "Zelda Marsh 🎭", "GivenName": "Zel\x00da", "FamilyName": "Marsh",
        "CompanyName": "", "Notes": None, "PrimaryEmailAddr": {"Address": "z@example.test, box@example.test"},
        "Mobile": {"FreeFormNumber": "(555) 010-0100"}, "BillAddr": {"Id": "9", "City": "Oakland", "Country": "USA"},
        "Active": False, "Balance": 12.5, **USD, **TIMES,
    }  # fmt: skip
    assert records.customer(raw) == {
        "Id": "58", "DisplayName": "Zelda Marsh 🎭", "GivenName": "Zelda", "FamilyName": "Marsh",
        "PrimaryEmailAddr.Address": "z@example.test", "Mobile.FreeFormNumber": "(555) 010-0100",
        "phone": "(555) 010-0100", "BillAddr.City": "Oakland", "BillAddr.Country": "USA", "Active": False,
        "Balance": Money(1250, "USD"), "CurrencyRef.value": "USD", **WHEN,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "company"),
    [
        ({"DisplayName": "The Amber Works"}, "The Amber Works"),
        ({"DisplayName": "Zelda", "CompanyName": "Marsh & Daughters"}, "Marsh & Daughters"),
        ({"DisplayName": "Zelda Marsh", "GivenName": "Zelda"}, None),
        ({}, None),
    ],
)
def test_a_customer_with_a_display_name_only_is_known_by_it(names: dict[str, str], company: str | None) -> None:
    assert records.customer({"Id": "1"} | names).get("company_or_display_name") == company


def test_a_customer_of_no_known_currency_has_no_balance() -> None:
    assert "Balance" not in records.customer({"Id": "1", "Balance": 5})


def test_an_item_is_its_own_only_variant_and_names_its_category() -> None:
    raw = {
        "Id": "19", "Name": "Stalls", "FullyQualifiedName": "Tickets:Spring:Stalls", "Sku": "ST", "Type": "Service",
        "UnitPrice": 45, "Active": True, "home_currency": "GBP", "IncomeAccountRef": {"value": "79"}, **TIMES,
    }  # fmt: skip
    assert records.product(raw) == {
        "Id": "19", "Name": "Stalls", "FullyQualifiedName": "Tickets:Spring:Stalls", "category": "Tickets:Spring",
        "Sku": "ST", "Type": "Service", "UnitPrice": Money(4500, "GBP"), "Active": True, "IncomeAccountRef.value": "79",
        "variants": [
            {"id": "19", "name": "Stalls", "sku": "ST", "price": Money(4500, "GBP"), "available": True},
        ], **WHEN,
    }  # fmt: skip


def test_an_invoice_with_lines_of_every_kind() -> None:
    sold = {"ItemRef": {"value": "19", "name": "Stalls"}, "Qty": 2.50, "UnitPrice": 45, "TaxCodeRef": {"value": "TAX"}}
    ale = {"ItemRef": {"value": "7", "name": "Ale"}, "Qty": 1}
    raw = {
        "Id": "130", "DocNumber": "1037", "TxnDate": "2026-03-01", "DueDate": "2026-03-31",
        "CustomerRef": {"value": "58", "name": "Zelda Marsh"}, "TotalAmt": 107.50, "Balance": 7.5,
        "TxnTaxDetail": {"TotalTax": 5}, "LinkedTxn": [{"TxnId": "200", "TxnType": "Payment"}],
        "Line": [
            {"Id": "1", "Description": "Row A", "Amount": 112.5, "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": sold},
            {"Id": "2", "DetailType": "GroupLineDetail", "Amount": 5, "GroupLineDetail": {"Line": [
                {"Id": "3", "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": ale}]}},
            {"Id": "4", "Description": "See you there", "DetailType": "DescriptionOnly", "DescriptionLineDetail": {}},
            {"Amount": 117.5, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
            {"Id": "5", "Amount": 15, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}},
        ], **USD, **TIMES,
    }  # fmt: skip
    assert records.invoice(raw) == {
        "Id": "130", "DocNumber": "1037", "TxnDate": "2026-03-01", "DueDate": "2026-03-31", "CustomerRef.value": "58",
        "CustomerRef.name": "Zelda Marsh", "currency": "USD", "TotalAmt": Money(10750, "USD"),
        "Balance": Money(750, "USD"), "TxnTaxDetail.TotalTax": Money(500, "USD"), "status": "partly_paid",
        "payment_ids": ["200"],
        "lines": [
            {"Id": "1", "Description": "Row A", "name": "Row A", "quantity": "2.5", "unit_price": Money(4500, "USD"),
             "amount": Money(11250, "USD"), "ItemRef.value": "19", "ItemRef.name": "Stalls", "TaxCodeRef.value": "TAX"},
            {"Id": "3", "name": "Ale", "quantity": "1", "amount": Money(500, "USD"), "ItemRef.value": "7",
             "ItemRef.name": "Ale"},
            {"Id": "4", "Description": "See you there", "name": "See you there"},
            {"Id": "5", "name": "Discount", "amount": Money(-1500, "USD")},
        ], **WHEN,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("amounts", "status"),
    [
        ({"TotalAmt": 10, "Balance": 10}, "open"),
        ({"TotalAmt": 10, "Balance": 4}, "partly_paid"),
        ({"TotalAmt": 10, "Balance": 0}, "paid"),
        ({"TotalAmt": 0, "Balance": 0}, "paid"),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided - twice by mistake"}, "void"),
        ({"TotalAmt": 10}, "open"),
    ],
)
def test_what_became_of_an_invoice_shows_in_what_is_left_to_pay(amounts: dict[str, Any], status: str) -> None:
    assert records.invoice({"Id": "1"} | USD | amounts)["status"] == status


def test_a_payment_of_one_invoice() -> None:
    raw = {
        "Id": "200", "TxnDate": "2026-03-01", "TotalAmt": 100, "UnappliedAmt": 0, "PaymentRefNum": "R7",
        "CustomerRef": {"value": "58"}, "PaymentMethodRef": {"value": "2", "name": "Visa"},
        "Line": [{"Amount": 100, "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}], **USD, **TIMES,
    }  # fmt: skip
    assert records.payment(raw) == {
        "Id": "200", "TxnDate": "2026-03-01", "TotalAmt": Money(10000, "USD"), "UnappliedAmt": Money(0, "USD"),
        "PaymentRefNum": "R7", "CustomerRef.value": "58", "PaymentMethodRef.value": "2",
        "PaymentMethodRef.name": "Visa", "currency": "USD", "paid_at": MADE, "invoice_ids": ["130"],
        "invoice_id": "130", "status": "completed", **WHEN,
    }  # fmt: skip


def test_a_payment_of_several_invoices_belongs_to_none_of_them_alone() -> None:
    links = [{"LinkedTxn": [{"TxnId": each, "TxnType": kind}]} for each, kind in (
        ("1", "Invoice"), ("2", "Invoice"), ("1", "Invoice"), ("3", "CreditMemo"))]  # fmt: skip
    values = records.payment({"Id": "1", "TotalAmt": 5, "Line": links} | USD)
    assert (values["invoice_ids"], "invoice_id" in values) == (["1", "2"], False)


@pytest.mark.parametrize(
    ("day", "entered", "paid_at"),
    [
        ("2026-03-01", "2026-03-01T23:30:00-08:00", datetime(2026, 3, 2, 7, 30, tzinfo=UTC)),
        ("2026-02-27", "2026-03-01T23:30:00-08:00", datetime(2026, 2, 27, 8, tzinfo=UTC)),
        ("2026-02-27", None, datetime(2026, 2, 27, tzinfo=UTC)),
        (None, "2026-03-01T23:30:00-08:00", datetime(2026, 3, 2, 7, 30, tzinfo=UTC)),
        (None, None, None),
    ],
)
def test_a_payment_that_was_entered_later_counts_on_its_own_day_there(
    day: str | None, entered: str | None, paid_at: datetime | None
) -> None:
    raw = {"Id": "1", "TxnDate": day, "MetaData": {"CreateTime": entered}} | USD
    assert records.payment(raw).get("paid_at") == paid_at


def test_names_for_choosing_among() -> None:
    account = {"Id": "79", "Name": "Tickets", "FullyQualifiedName": "Sales:Tickets", "AccountType": "Income",
               "AcctNum": "4010", "ParentRef": {"value": "78"}, "Active": True, **USD}  # fmt: skip
    assert records.account(account) == {
        "Id": "79", "Name": "Tickets", "FullyQualifiedName": "Sales:Tickets", "AccountType": "Income",
        "AcctNum": "4010", "ParentRef.value": "78", "CurrencyRef.value": "USD", "Active": True,
    }  # fmt: skip
    assert records.item_class({"Id": "5", "Name": "Main hall", "Active": False}) == {
        "Id": "5", "Name": "Main hall", "Active": False,
    }  # fmt: skip
    assert records.payment_method({"Id": "2", "Name": "Visa", "Type": "CREDIT_CARD"}) == {
        "Id": "2", "Name": "Visa", "Type": "CREDIT_CARD",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rates", "rate"),
    [([6.25, 1, None], "7.25"), ([20], "20"), ([10.0], "10"), ([0], "0"), ([None], None), (None, None)],
)
def test_the_rate_of_a_tax_code_is_that_of_its_parts_together(rates: Any, rate: str | None) -> None:
    assert records.tax_code({"Id": "3", "Name": "Town", "sales_rates": rates}).get("sales_rate") == rate


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        (12.5, "USD", 1250), (0.29, "GBP", 29), ("19.99", "EUR", 1999), (Decimal("1.005"), "USD", 101),
        (-3, "USD", -300), (1500, "JPY", 1500), (1500.4, "JPY", 1500), (2.5, "KWD", 2500), ("0.0001", "CLF", 1),
        (0, "USD", 0), (1e9, "USD", 10**11), (0.125, "USD", 13), (-0.125, "USD", -13),
    ],
)  # fmt: skip
def test_a_decimal_becomes_minor_units_of_its_currency(value: Any, currency: str, minor: int) -> None:
    assert from_decimal(value, currency) == Money(minor, currency)


def test_the_odd_currencies_are_known() -> None:
    assert [decimals(each) for each in ("USD", "JPY", "BHD", "CLF", "XXX")] == [2, 0, 3, 4, 2]


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("twelve", "USD"), (True, "USD"), (None, "USD"), ([], "USD"), (float("nan"), "USD"), (float("inf"), "USD"),
        (10**20, "USD"), ("1e400", "USD"), (1, "usd"), (1, "US"), (1, 840), (1, None),
    ],
)  # fmt: skip
def test_what_is_no_amount_sets_the_record_aside(value: Any, currency: Any) -> None:
    with pytest.raises(BadRecord):
        from_decimal(value, currency)


@pytest.mark.parametrize(
    "changes",
    [
        {"TotalAmt": "ten"}, {"TotalAmt": [1]}, {"TxnDate": "31/03/2026"}, {"TxnDate": 7}, {"Line": 7}, {"Line": ["x"]},
        {"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": "many"}}]},
        {"MetaData": {"CreateTime": "yesterday"}}, {"CurrencyRef": "USD"},
        {"CurrencyRef": {"value": "dollars"}, "TotalAmt": 1}, {"LinkedTxn": [{"TxnType": "Payment"}]},
        {"CustomerRef": "58"},
    ],
)  # fmt: skip
def test_a_malformed_invoice_is_set_aside(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.INVOICE].values({"Id": "1", "TotalAmt": 5} | USD | changes)


@pytest.mark.parametrize("object_type", [ObjectType.INVOICE, ObjectType.PAYMENT])
def test_a_transaction_of_no_known_currency_is_set_aside(object_type: ObjectType) -> None:
    with pytest.raises(BadRecord, match="names no currency"):
        STREAMS[object_type].values({"Id": "1", "TotalAmt": 5})


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 12, ["x"]])
def test_a_bad_time_sets_the_record_aside(text: Any) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.CUSTOMER].values({"Id": "1", "MetaData": {"CreateTime": text}})


def test_times_carry_an_offset_and_become_utc() -> None:
    assert records.moment("2026-03-01T04:00:00-08:00") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert records.moment("2015-10-05T14:42:19-0700") == datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)
    assert records.moment("2026-03-01T12:00:00") == datetime(2026, 3, 1, 12, tzinfo=UTC)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes().map(str)
_NAMES = st.sampled_from(
    [
        "Id", "Name", "FullyQualifiedName", "CurrencyRef", "value", "home_currency", "TotalAmt", "Balance", "UnitPrice",
        "Line", "DetailType", "SalesItemLineDetail", "GroupLineDetail", "Amount", "Qty", "LinkedTxn", "TxnId",
        "TxnType", "TxnDate", "DueDate", "MetaData", "CreateTime", "LastUpdatedTime", "PrimaryEmailAddr", "Address",
        "PrimaryPhone", "FreeFormNumber", "BillAddr", "City", "Active", "sales_rates", "PrivateNote", "TxnTaxDetail",
        "TotalTax", "ParentRef",
    ]
)  # fmt: skip
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.dictionaries(_NAMES, _ANYTHING, max_size=8), object_type=st.sampled_from(list(STREAMS)))
def test_whatever_comes_has_values_or_is_set_aside(raw: dict[str, Any], object_type: ObjectType) -> None:
    with contextlib.suppress(BadRecord):
        values = STREAMS[object_type].values(raw)
        assert values.keys() <= {field.id for field in STREAMS[object_type].fields}
