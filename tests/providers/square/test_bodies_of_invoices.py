"""What Square is sent for an invoice, and which invoices are not sent at all."""

from typing import Any

import pytest

from integrations.providers.square import bodies_of_invoices as bodies
from integrations.providers.types import JSON, ExternalRecord, Money, Operation, Values
from tests.providers.writing import create, delete, update

CUSTOMER = "primary_recipient.customer_id"
LINES = [{"name": "Hire", "quantity": "1", "base_price_money": Money(12_000, "GBP")}]
NEW: Values = {CUSTOMER: "C1", "due_date": "2999-01-31", "line_items": LINES, "total_money": Money(12_000, "GBP")}
RAW: JSON = {
    "id": "inv:0-1", "version": 3, "location_id": "L1", "order_id": "O1", "status": "UNPAID", "invoice_number": "H-1",
    "primary_recipient": {"customer_id": "C1", "given_name": "Ada"},
    "payment_requests": [{"uid": "p1", "due_date": "2999-01-10"}, {"uid": "p2", "due_date": "2999-01-31"}],
}  # fmt: skip


def held(status: str = "UNPAID", **more: Any) -> ExternalRecord:
    return ExternalRecord(RAW["id"], RAW | {"status": status} | more, version="3")


def test_an_order_bears_our_records_id_and_names_who_gets_it() -> None:
    write = create(NEW)
    assert bodies.order(write, "L1") == {
        "location_id": "L1", "reference_id": write.ours, "customer_id": "C1",
        "line_items": [{"uid": "line-0", "name": "Hire", "quantity": "1",
                        "base_price_money": {"amount": 12_000, "currency": "GBP"}}],
    }  # fmt: skip
    assert len(write.ours) <= 40


def test_a_draft_is_shared_by_hand_and_asks_for_everything_until_its_day() -> None:
    draft = bodies.draft(create(NEW | {"invoice_number": "H-7"}), {"id": "O1", "location_id": "L1"})
    assert draft == {
        "order_id": "O1", "location_id": "L1", "delivery_method": "SHARE_MANUALLY", "invoice_number": "H-7",
        "primary_recipient": {"customer_id": "C1"}, "accepted_payment_methods": {"card": True},
        "payment_requests": [{"request_type": "BALANCE", "due_date": "2999-01-31"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "is_new", "expected"),
    [({}, True, True), ({"status": "DRAFT"}, True, False), ({"status": "UNPAID"}, True, True), ({}, False, False),
     ({"status": None}, False, False), ({"status": "UNPAID"}, False, True)],
)  # fmt: skip
def test_what_is_new_is_published_unless_it_is_a_draft(values: Values, is_new: bool, expected: bool) -> None:
    assert bodies.wants_publishing(create(values) if is_new else update(held(), values)) is expected


def test_a_change_names_only_what_changes_and_moves_the_last_due_date() -> None:
    write = update(held(), {"invoice_number": "H-2", "due_date": "2999-02-28"})
    assert bodies.changes(write, write.raw) == [{
        "invoice_number": "H-2", "payment_requests": [{"uid": "p2", "due_date": "2999-02-28"}],
    }]  # fmt: skip
    same = update(held(), {"invoice_number": "H-1", "due_date": "2999-01-31", CUSTOMER: "C1"})
    assert bodies.changes(same, same.raw) == []


def test_another_customer_is_set_once_the_first_was_cleared() -> None:
    write = update(held("DRAFT"), {CUSTOMER: "C2", "invoice_number": "H-2"})
    both = {"primary_recipient": {"customer_id": "C2"}, "invoice_number": "H-2"}
    assert bodies.changes(write, write.raw) == [{"primary_recipient": None}, both]
    assert bodies.changes(write, RAW | {"primary_recipient": None}) == [both]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, None),
        ({"status": "DRAFT"}, None),
        ({"status": "UNPAID"}, None),
        ({"status": "PAID"}, "status"),
        ({"status": "CANCELED"}, "status"),
        ({CUSTOMER: None}, CUSTOMER),
        ({"due_date": None}, "due_date"),
        ({"line_items": []}, "line_items"),
        ({"total_money": Money(12_001, "GBP")}, "line_items"),
    ],
)
def test_what_cannot_be_made_is_told_beforehand(more: Values, field: str | None) -> None:
    found = bodies.refusal(create(NEW | more))
    assert (found.field if found else None) == field


@pytest.mark.parametrize(
    ("status", "values", "field"),
    [
        ("UNPAID", {"due_date": "2999-02-01", "invoice_number": "H-3"}, None),
        ("PARTIALLY_PAID", {"status": "CANCELED"}, None),
        ("DRAFT", {CUSTOMER: "C2", "status": "UNPAID"}, None),
        ("PAID", {"due_date": "2999-02-01"}, "status"),
        ("CANCELED", {"status": "UNPAID"}, "status"),
        ("PAYMENT_PENDING", {"invoice_number": "H-3"}, "status"),
        ("DRAFT", {"line_items": LINES}, "line_items"),
        ("UNPAID", {"total_money": Money(1, "GBP")}, "line_items"),
        ("UNPAID", {CUSTOMER: "C2"}, CUSTOMER),
        ("UNPAID", {"status": "DRAFT"}, "status"),
        ("UNPAID", {"status": "PAID"}, "status"),
        ("UNPAID", {"due_date": None}, "due_date"),
    ],
)
def test_what_stays_as_it_is_in_square_is_told_beforehand(status: str, values: Values, field: str | None) -> None:
    found = bodies.refusal(update(held(status), values))
    assert (found.field if found else None) == field


@pytest.mark.parametrize(("status", "stays"), [
    ("DRAFT", False), ("UNPAID", False), ("PARTIALLY_PAID", False), ("CANCELED", False), ("PAID", True),
    ("REFUNDED", True), ("PAYMENT_PENDING", True),
])  # fmt: skip
def test_what_was_paid_is_not_removed(status: str, stays: bool) -> None:
    write = delete(held(status))
    assert write.operation is Operation.DELETE
    assert (bodies.refusal(write) is not None) is stays


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (None, "PAID", True), ("UNPAID", "SCHEDULED", True), ("UNPAID", "PARTIALLY_PAID", True),
        ("PAID", "PARTIALLY_REFUNDED", True), ("CANCELED", "CANCELED", True), ("DRAFT", "DRAFT", True),
        ("UNPAID", "DRAFT", False), ("PAID", "UNPAID", False), ("CANCELED", "UNPAID", False),
    ],
)  # fmt: skip
def test_a_state_says_what_square_says_more_exactly(ours: str | None, theirs: str, expected: bool) -> None:
    assert bodies.says_status(ours, theirs) is expected


def test_the_path_of_a_refusal_becomes_our_field() -> None:
    paths = {
        "invoice.payment_requests[0].due_date": "due_date",
        "invoice.primary_recipient.customer_id": CUSTOMER,
        "invoice.invoice_number": "invoice_number",
        "order.line_items[0].base_price_money.currency": "line_items",
        "order.taxes[0].percentage": "line_items",
        "order.location_id": "location_id",
        "line_items": "line_items",
        "total_money": "total_money",
        "status": "status",
        "invoice.title": "invoice.title",
    }
    assert {path: bodies.field_of(path) for path in paths} == paths
