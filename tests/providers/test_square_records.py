"""Square's JSON as typed values: whole literals, the odd ones, and anything at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.providers.errors import BadRecord
from integrations.providers.square import records
from integrations.providers.square.streams import STREAMS
from integrations.providers.types import Money, ObjectType

GBP = {"amount": 1250, "currency": "GBP"}
FIVE = {"amount": 500, "currency": "GBP"}
NOON = "2026-03-01T12:00:00Z"
AT_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_customer() -> None:
    raw = {
        "id": "C1", "given_name": "Ottoline 🎭", "family_name": "Nu\x00ll", "email_address": "o@example.test",
        "nickname": "", "note": None, "address": {"locality": "Leeds", "country": "GB", "address_line_2": ""},
        "group_ids": ["G1", "G2"], "preferences": {"email_unsubscribed": False}, "version": 3,
        "created_at": "2026-03-01T13:00:00+01:00", "updated_at": NOON,
    }  # fmt: skip
    assert records.customer(raw) == {
        "id": "C1", "given_name": "Ottoline 🎭", "family_name": "Null", "email_address": "o@example.test",
        "address.locality": "Leeds", "address.country": "GB", "group_ids": ["G1", "G2"],
        "preferences.email_unsubscribed": False, "created_at": AT_NOON, "updated_at": AT_NOON,
    }  # fmt: skip


def test_a_customer_who_gave_nothing_has_nothing() -> None:
    assert records.customer({"id": "C1"}) == {"id": "C1"}


def test_an_order_with_lines_taxes_and_what_was_given_back() -> None:
    raw = {
        "id": "O1", "location_id": "L1", "state": "COMPLETED", "source": {"name": "Box office"}, "total_money": GBP,
        "line_items": [{"uid": "1", "name": "Stalls", "quantity": "2", "base_price_money": FIVE}],
        "taxes": [{"uid": "t", "name": "VAT", "percentage": "20", "applied_money": {"amount": 0, "currency": "GBP"}}],
        "refunds": [{"amount_money": FIVE}, {"amount_money": {"amount": 50, "currency": "GBP"}}],
        "closed_at": NOON,
    }  # fmt: skip
    assert records.order(raw) == {
        "id": "O1", "location_id": "L1", "state": "COMPLETED", "source.name": "Box office",
        "total_money": Money(1250, "GBP"), "refunded_money": Money(550, "GBP"),
        "line_items": [{"uid": "1", "name": "Stalls", "quantity": "2", "base_price_money": Money(500, "GBP")}],
        "taxes": [{"uid": "t", "name": "VAT", "percentage": "20", "applied_money": Money(0, "GBP")}],
        "discounts": [], "closed_at": AT_NOON,
    }  # fmt: skip


def test_a_payment_knows_its_fee_and_what_is_left() -> None:
    raw = {
        "id": "P1", "order_id": "O1", "status": "COMPLETED", "amount_money": GBP, "total_money": GBP,
        "card_details": {"card": {"card_brand": "VISA", "last_4": "1111", "bin": "411111"}},
        "processing_fee": [{"amount_money": FIVE}, {"amount_money": {"amount": 7, "currency": "GBP"}}],
    }  # fmt: skip
    assert records.payment(raw) == {
        "id": "P1", "order_id": "O1", "status": "COMPLETED", "amount_money": Money(1250, "GBP"),
        "total_money": Money(1250, "GBP"), "card.card_brand": "VISA", "card.last_4": "1111",
        "processing_fee": Money(507, "GBP"), "net_money": Money(743, "GBP"),
    }  # fmt: skip


def test_a_refund_turns_the_sign_of_the_fee_that_came_back() -> None:
    raw = {"id": "R1", "amount_money": GBP, "processing_fee": [{"amount_money": {"amount": -12, "currency": "GBP"}}]}
    assert records.refund(raw) == {
        "id": "R1", "amount_money": Money(1250, "GBP"), "fee_returned": Money(12, "GBP"),
    }  # fmt: skip


def test_a_payout_with_entries_in_both_spellings_of_a_currency() -> None:
    raw = {
        "id": "PO1", "status": "PAID", "amount_money": {"amount": 900, "currency_code": "JPY"},
        "destination": {"type": "BANK_ACCOUNT", "id": "x"}, "arrival_date": "2026-03-02",
        "payout_entries": [
            {"id": "E1", "type": "CHARGE", "effective_at": NOON, "type_charge_details": {"payment_id": "P1"},
             "gross_amount_money": {"amount": 1000, "currency": "JPY"},
             "fee_amount_money": {"amount": -100, "currency_code": "JPY"}},
            {"id": "E2", "type": "REFUND", "type_refund_details": {"refund_id": "R1"}},
        ],
    }  # fmt: skip
    assert records.payout(raw) == {
        "id": "PO1", "status": "PAID", "amount_money": Money(900, "JPY"), "destination.type": "BANK_ACCOUNT",
        "arrival_date": "2026-03-02",
        "entries": [
            {"id": "E1", "type": "CHARGE", "effective_at": AT_NOON, "source_id": "P1",
             "gross_amount_money": Money(1000, "JPY"), "fee_amount_money": Money(-100, "JPY")},
            {"id": "E2", "type": "REFUND", "source_id": "R1"},
        ],
    }  # fmt: skip


def test_an_item_without_its_deleted_variations() -> None:
    raw = {
        "id": "I1", "category_name": "Bar",
        "item_data": {"name": "Ale", "is_archived": False, "variations": [
            {"id": "V1", "item_variation_data": {"name": "Pint", "sku": "A1", "price_money": GBP}},
            {"id": "V2", "is_deleted": True}]},
    }  # fmt: skip
    assert records.product(raw) == {
        "id": "I1", "name": "Ale", "is_archived": False, "category_name": "Bar",
        "variations": [{"id": "V1", "name": "Pint", "sku": "A1", "price_money": Money(1250, "GBP")}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "money",
    [
        {"amount": 1.5, "currency": "GBP"}, {"amount": "12", "currency": "GBP"}, {"amount": 12},
        {"amount": True, "currency": "GBP"}, {"amount": 12, "currency": 826}, {"amount": 2**60, "currency": "GBP"},
        "£12", [],
    ],
)  # fmt: skip
def test_bad_money_sets_the_record_aside(money: Any) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.PAYMENT].values({"id": "P1", "amount_money": money})


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 12, ["x"]])
def test_a_bad_time_sets_the_record_aside(text: Any) -> None:
    with pytest.raises(BadRecord):
        STREAMS[ObjectType.CUSTOMER].values({"id": "C1", "created_at": text})


def test_a_time_without_a_zone_is_utc() -> None:
    assert records.moment("2026-03-01T12:00:00") == AT_NOON


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes().map(str)
_NAMES = st.sampled_from(
    [
        "id", "address", "locality", "group_ids", "preferences", "email_unsubscribed", "item_data", "variations",
        "item_variation_data", "price_money", "amount", "currency", "currency_code", "source", "name", "line_items",
        "taxes", "discounts", "refunds", "amount_money", "total_money", "processing_fee", "card_details", "card",
        "card_brand", "payout_entries", "type", "type_charge_details", "payment_id", "destination", "created_at",
        "updated_at", "effective_at", "is_deleted",
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
