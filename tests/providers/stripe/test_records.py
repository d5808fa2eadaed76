"""Stripe's JSON as typed values: whole literals, the odd ones, and anything at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.providers.errors import BadRecord
from integrations.providers.stripe import records
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.types import Money, ObjectType

NOON = 1772366400
AT_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


def test_a_customer() -> None:
    raw = {
        "id": "cus_1", "object": "customer", "name": "Ottoline 🎭 Nu\x00ll", "email": "o@example.test", "phone": "",
        "description": None, "address": {"city": "Leeds", "country": "GB", "line1": None}, "shipping": None,
        "preferred_locales": ["en-GB", "fr"], "currency": "gbp", "balance": -500, "created": NOON,
    }  # fmt: skip
    assert records.customer(raw) == {
        "id": "cus_1", "name": "Ottoline 🎭 Null", "individual_name": "Ottoline 🎭 Null", "email": "o@example.test",
        "address.city": "Leeds", "address.country": "GB", "preferred_locale": "en-GB", "balance": pounds(-500),
        "created": AT_NOON,
    }  # fmt: skip


def test_a_customer_who_gave_nothing_has_nothing() -> None:
    assert records.customer({"id": "cus_1", "balance": 0, "currency": None, "address": None}) == {"id": "cus_1"}


@pytest.mark.parametrize(
    ("names", "person"),
    [
        ({"name": "Nell Hart"}, "Nell Hart"),
        ({"name": "Hart & Co", "business_name": "Hart & Co"}, None),
        ({"name": "Nell Hart", "business_name": "Hart & Co"}, "Nell Hart"),
        ({"name": "Hart & Co", "business_name": "Hart & Co", "individual_name": "Nell Hart"}, "Nell Hart"),
    ],
)
def test_a_companys_name_is_not_a_persons(names: dict[str, str], person: str | None) -> None:
    assert records.customer({"id": "cus_1", **names}).get("individual_name") == person


def test_a_product_with_its_prices() -> None:
    raw = {
        "id": "prod_1", "name": "Stalls", "active": False, "metadata": {"kind": "ticket", "other": "x"},
        "created": NOON, "updated": NOON,
        "prices": [
            {"id": "price_1", "nickname": "Early bird", "lookup_key": "EB", "active": True, "type": "one_time",
             "currency": "gbp", "unit_amount": 1250, "recurring": None},
            {"id": "price_2", "active": False, "type": "recurring", "currency": "gbp", "unit_amount": None,
             "unit_amount_decimal": "0.5", "recurring": {"interval": "month", "interval_count": 1}},
        ],
    }  # fmt: skip
    assert records.product(raw) == {
        "id": "prod_1", "name": "Stalls", "archived": True, "metadata.kind": "ticket", "metadata.other": "x",
        "created": AT_NOON,
        "updated": AT_NOON,
        "prices": [
            {"id": "price_1", "key": "price_1", "nickname": "Early bird", "lookup_key": "EB", "sku": "EB",
             "active": True, "type": "one_time", "unit_amount": pounds(1250)},
            {"id": "price_2", "key": "price_2", "active": False, "type": "recurring", "recurring.interval": "month"},
        ],
    }  # fmt: skip


def test_a_price_of_ours_is_its_variant_and_one_that_we_put_away_is_none() -> None:
    ours = {"backline_variant": "stalls", "sku": "S-1"}
    raw = {"id": "prod_1", "prices": [
        {"id": "price_1", "active": False, "metadata": {**ours, "backline_retired": "yes"}},
        {"id": "price_2", "active": True, "metadata": ours, "lookup_key": "EB"},
        {"id": "price_3", "active": True, "metadata": {"backline_retired": "yes"}},
    ]}  # fmt: skip
    assert records.product(raw)["prices"] == [
        {"id": "price_2", "key": "stalls", "lookup_key": "EB", "sku": "S-1", "active": True},
        {"id": "price_3", "key": "price_3", "active": True},
    ]


def test_an_order_with_its_lines() -> None:
    line = {
        "id": "li_1", "description": "Stalls", "quantity": 2, "currency": "gbp", "amount_subtotal": 2500,
        "amount_discount": 500, "amount_tax": 400, "amount_total": 2400,
        "price": {"id": "price_1", "product": "prod_1", "unit_amount": 1250, "currency": "gbp"},
    }  # fmt: skip
    raw = {
        "id": "cs_1", "status": "complete", "payment_status": "paid", "mode": "payment", "currency": "gbp",
        "amount_subtotal": 2500, "amount_total": 2400, "customer": None, "payment_intent": {"id": "pi_1"},
        "customer_details": {"email": "o@example.test", "name": None, "address": {}}, "created": NOON,
        "total_details": {"amount_discount": 500, "amount_shipping": None, "amount_tax": 400},
        "line_items": {"object": "list", "data": [line], "has_more": False},
    }  # fmt: skip
    assert records.order(raw) == {
        "id": "cs_1", "status": "complete", "payment_status": "paid", "mode": "payment", "payment_intent": "pi_1",
        "amount_subtotal": pounds(2500), "amount_total": pounds(2400), "customer_details.email": "o@example.test",
        "total_details.amount_discount": pounds(500), "total_details.amount_tax": pounds(400),
        "taxes": [{"name": "Tax", "amount": pounds(400)}], "discounts": [{"name": "Discount", "amount": pounds(500)}],
        "line_items": [
            {"id": "li_1", "description": "Stalls", "quantity": 2, "unit_amount": pounds(1250), "product": "prod_1",
             "amount_subtotal": pounds(2500), "amount_discount": pounds(500), "amount_tax": pounds(400),
             "amount_total": pounds(2400)}],
        "created": AT_NOON,
    }  # fmt: skip


def test_a_price_in_another_currency_than_the_sale_is_no_unit_price() -> None:
    price = {"product": "prod_1", "unit_amount": 1250, "currency": "eur"}
    line = {"id": "li_1", "currency": "gbp", "amount_total": 1100, "price": price}
    found = records.order({"id": "cs_1", "line_items": {"data": [line]}})["line_items"]
    assert found == [{"id": "li_1", "amount_total": pounds(1100), "product": "prod_1"}]


def test_lines_that_were_fetched_stand_for_those_that_were_shown() -> None:
    shown, rest = {"id": "li_1", "currency": "gbp"}, {"id": "li_2", "currency": "gbp"}
    cut = {"data": [shown], "has_more": True}
    order = records.order({"id": "cs_1", "line_items": cut, "all_line_items": [shown, rest]})
    invoice = records.invoice({"id": "in_1", "lines": cut, "all_lines": [shown, rest]})
    assert [each["id"] for each in order["line_items"]] == ["li_1", "li_2"]
    assert [each["id"] for each in invoice["lines"]] == ["li_1", "li_2"]


def test_a_payment_knows_its_fee_in_the_currency_it_was_settled_in() -> None:
    raw = {
        "id": "ch_1", "amount": 5000, "amount_captured": 5000, "amount_refunded": 0, "currency": "jpy",
        "status": "succeeded", "captured": True, "disputed": False, "refunded": False, "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "network": "visa"}},
        "billing_details": {"email": None, "name": "Nell", "address": {}}, "receipt_url": "https://r", "created": NOON,
        "balance_transaction": {"id": "txn_1", "amount": 2611, "fee": 96, "net": 2515, "currency": "gbp"},
    }  # fmt: skip
    assert records.payment(raw) == {
        "id": "ch_1", "amount": Money(5000, "JPY"), "amount_captured": Money(5000, "JPY"),
        "amount_refunded": Money(0, "JPY"), "status": "succeeded", "outcome": "succeeded", "captured": True,
        "disputed": False, "payment_intent": "pi_1", "method": "card", "card.brand": "visa", "card.last4": "4242",
        "billing_details.name": "Nell", "receipt_url": "https://r", "created": AT_NOON,
        "balance_transaction.id": "txn_1", "balance_transaction.fee": pounds(96),
        "balance_transaction.net": pounds(2515),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ({"status": "succeeded"}, "succeeded"), ({"status": "succeeded", "captured": True}, "succeeded"),
        ({"status": "succeeded", "captured": False}, "held"), ({"status": "failed", "captured": False}, "failed"),
        ({"status": "succeeded", "captured": False, "refunded": True}, "released"), ({"status": "pending"}, "pending"),
    ],
)  # fmt: skip
def test_a_payment_that_is_only_held_is_not_one_that_was_taken(state: dict[str, Any], outcome: str) -> None:
    assert records.payment({"id": "ch_1", **state})["outcome"] == outcome


def test_a_payment_at_the_door_has_a_card_too() -> None:
    present = {"type": "card_present", "card_present": {"brand": "mastercard", "last4": "4444"}}
    found = records.payment({"id": "ch_1", "payment_method_details": present})
    assert (found["method"], found["card.brand"], found["card.last4"]) == ("card_present", "mastercard", "4444")


@pytest.mark.parametrize("movement", ["txn_1", {"id": "txn_1"}])
def test_a_balance_transaction_that_was_not_expanded_is_but_an_id(movement: Any) -> None:
    found = records.payment({"id": "ch_1", "balance_transaction": movement})
    assert found == {"id": "ch_1", "balance_transaction.id": "txn_1"}


def test_a_refund_turns_the_sign_of_the_fee_that_came_back() -> None:
    raw = {
        "id": "re_1", "amount": 1250, "currency": "gbp", "charge": "ch_1", "status": "succeeded", "reason": None,
        "balance_transaction": {"id": "txn_2", "fee": -12, "net": -1238, "currency": "gbp"},
    }  # fmt: skip
    assert records.refund(raw) == {
        "id": "re_1", "amount": pounds(1250), "charge": "ch_1", "status": "succeeded", "fee_returned": pounds(12),
        "balance_transaction.id": "txn_2", "balance_transaction.net": pounds(-1238),
    }  # fmt: skip


def test_a_payouts_own_movement_is_none_of_its_entries() -> None:
    raw = {
        "id": "po_1", "amount": 900, "currency": "gbp", "status": "paid", "automatic": True, "arrival_date": NOON,
        "trace_id": {"status": "supported", "value": "T1"},
        "balance_transactions": [
            {"id": "txn_0", "type": "payout", "amount": -900, "fee": 0, "net": -900, "currency": "gbp",
             "source": "po_1"},
            {"id": "txn_1", "type": "charge", "reporting_category": "charge", "amount": 1000, "fee": 100, "net": 900,
             "currency": "gbp", "source": {"id": "ch_1"}, "created": NOON},
        ],
    }  # fmt: skip
    assert records.payout(raw) == {
        "id": "po_1", "amount": pounds(900), "status": "paid", "automatic": True, "arrival_date": "2026-03-01",
        "trace_id": "T1",
        "entries": [{"id": "txn_1", "type": "charge", "reporting_category": "charge", "amount": pounds(1000),
                     "fee": pounds(100), "net": pounds(900), "source": "ch_1", "created": AT_NOON}],
    }  # fmt: skip


def test_an_invoice_with_its_lines() -> None:
    line = {
        "id": "il_1", "description": "Hire", "quantity": 1, "amount": 10000, "currency": "gbp",
        "discount_amounts": [{"amount": 1000, "discount": "di_1"}],
        "taxes": [{"amount": 1800, "tax_behavior": "exclusive"}, {"amount": 5, "tax_behavior": "inclusive"}],
        "pricing": {"unit_amount_decimal": "10000", "price_details": {"price": "price_1", "product": "prod_1"}},
    }  # fmt: skip
    raw = {
        "id": "in_1", "number": "A-1", "customer": {"id": "cus_1", "deleted": True}, "status": "open",
        "currency": "gbp", "total": 10800, "amount_remaining": 800, "lines": {"data": [line]}, "created": NOON - 9,
        "effective_at": NOON, "due_date": NOON + 86_400, "status_transitions": {"finalized_at": NOON, "paid_at": None},
    }  # fmt: skip
    assert records.invoice(raw) == {
        "id": "in_1", "number": "A-1", "customer": "cus_1", "status": "open", "total": pounds(10800),
        "amount_remaining": pounds(800), "issued_at": AT_NOON, "created": datetime(2026, 3, 1, 11, 59, 51, tzinfo=UTC),
        "due_date": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "lines": [{"id": "il_1", "description": "Hire", "quantity": 1, "amount": pounds(10000),
                   "discount": pounds(1000), "tax": pounds(1805), "total": pounds(10800),
                   "unit_amount": pounds(10000), "product": "prod_1"}],
    }  # fmt: skip


def test_lines_of_ours_come_in_our_order_with_what_is_taken_off_them() -> None:
    def line(number: str, amount: int, **more: str) -> dict[str, Any]:
        marks = {"backline_line": number} if number else {}
        return {"id": f"il_{amount}", "amount": amount, "currency": "gbp", "metadata": marks | more}

    shown = [line("", 7), line("2", -50, backline_part="discount"), line("2", 500), line("1", 100),
             line("9", -3, backline_part="discount")]  # fmt: skip
    found = records.invoice({"id": "in_1", "lines": {"data": shown}})["lines"]
    assert [(each["amount"].minor, each["discount"].minor, each["total"].minor) for each in found] == [
        (100, 0, 100), (500, 50, 450), (-3, 0, -3), (7, 0, 7),
    ]  # fmt: skip


def test_a_part_of_a_quantity_is_not_cut_off() -> None:
    parts = [{"quantity": 1, "quantity_decimal": "1.5"}, {"quantity": 2, "quantity_decimal": "2"}]
    lines = [part | {"id": "il_1", "amount": 5, "currency": "gbp"} for part in parts]
    found = records.invoice({"id": "in_1", "lines": {"data": lines}})["lines"]
    assert [each["quantity"] for each in found] == ["1.5", 2]


def test_a_draft_has_not_been_issued() -> None:
    raw = {"id": "in_1", "status": "draft", "effective_at": NOON, "status_transitions": {"finalized_at": None}}
    assert "issued_at" not in records.invoice(raw)


@pytest.mark.parametrize("text", ["12.5", "", None, "many", "NaN", "1e30"])
def test_a_part_of_a_penny_is_no_unit_price(text: Any) -> None:
    line = {"id": "il_1", "currency": "gbp", "pricing": {"unit_amount_decimal": text}}
    assert "unit_amount" not in records.invoice({"id": "in_1", "lines": {"data": [line]}})["lines"][0]


@pytest.mark.parametrize(
    ("sent", "currency", "minor"),
    [
        (1250, "gbp", 1250), (1250, "jpy", 1250), (1250, "krw", 1250), (1250, "kwd", 1250), (1250, "huf", 1250),
        (1200, "isk", 12), (1200, "ugx", 12), (12, "mga", 1200), (4010, "isk", 40), (-500, "ugx", -5),
    ],
)  # fmt: skip
def test_amounts_are_counted_as_iso_counts_them(sent: int, currency: str, minor: int) -> None:
    found = records.refund({"id": "re_1", "amount": sent, "currency": currency})
    assert found["amount"] == Money(minor, currency.upper())


@pytest.mark.parametrize(
    "money",
    [
        {"amount": 1.5, "currency": "gbp"}, {"amount": "12", "currency": "gbp"}, {"amount": 12},
        {"amount": True, "currency": "gbp"}, {"amount": 12, "currency": 826}, {"amount": 2**60, "currency": "gbp"},
        {"amount": [], "currency": "gbp"},
    ],
)  # fmt: skip
def test_bad_money_sets_the_record_aside(money: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.PAYMENT].values({"id": "ch_1", **money})


@pytest.mark.parametrize("at", ["2026-03-01T12:00:00Z", 1e9, 10**15, -(10**15), True, [1]])
def test_a_bad_time_sets_the_record_aside(at: Any) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.CUSTOMER].values({"id": "cus_1", "created": at})


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("gbp")
_NAMES = st.sampled_from(
    [
        "id", "name", "business_name", "address", "city", "shipping", "preferred_locales", "currency", "balance",
        "active", "metadata", "prices", "unit_amount", "recurring", "customer_details", "total_details", "amount_tax",
        "line_items", "all_line_items", "data", "price", "product", "amount", "status", "captured",
        "payment_method_details", "type", "card", "brand", "balance_transaction", "fee", "net", "billing_details",
        "arrival_date", "trace_id", "value", "balance_transactions", "source", "lines", "taxes", "tax_amounts",
        "discount_amounts", "pricing", "unit_amount_decimal", "price_details", "status_transitions", "finalized_at",
        "effective_at", "created", "updated", "due_date",
    ]
)  # fmt: skip
_ANYTHING = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.dictionaries(_NAMES, _ANYTHING, max_size=8), object_type=st.sampled_from(list(STREAMS)))
def test_any_shape_is_read_or_set_aside_and_nothing_else(raw: dict[str, Any], object_type: ObjectType) -> None:
    try:
        values = STREAMS[object_type].values(raw)
    except BadRecord:
        return
    assert isinstance(values, dict)
