"""Drafts of invoices: made, filled, changed, deleted and finalised, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stripe.conftest import Sandbox, error_of

Raw = dict[str, Any]


@pytest.fixture
def customer(sandbox: Sandbox) -> str:
    return str(sandbox.made("customers", name="Ottoline 🦉", email="o@example.org")["id"])


@pytest.fixture
def draft(sandbox: Sandbox, customer: str) -> Raw:
    return sandbox.made("invoices", customer=customer, collection_method="send_invoice", days_until_due=30)


def bill(sandbox: Sandbox, draft: Raw, **form: Any) -> Raw:
    return sandbox.made("invoiceitems", customer=draft["customer"], invoice=draft["id"], currency="gbp", **form)


def now(sandbox: Sandbox, draft: Raw) -> Raw:
    return sandbox.found(f"invoices/{draft['id']}")


def gone(sandbox: Sandbox, path: str) -> Raw:
    answer = sandbox.api.delete(f"v1/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_draft_begins_empty_and_is_nobodys_business_yet(sandbox: Sandbox, draft: Raw, customer: str) -> None:
    assert (draft["status"], draft["number"], draft["total"], draft["lines"]["data"]) == ("draft", None, 0, [])
    assert (draft["auto_advance"], draft["effective_at"], draft["hosted_invoice_url"]) == (False, None, None)
    assert (draft["customer_email"], draft["due_date"]) == ("o@example.org", draft["created"] + 30 * 86400)
    assert sandbox.all("invoices", customer=customer, status="draft") == [draft]
    assert sandbox.truth("invoices")[draft["id"]] == draft


def test_its_lines_are_its_items_the_newest_first(sandbox: Sandbox, draft: Raw) -> None:
    hall = bill(sandbox, draft, unit_amount_decimal="12050", quantity=3, description="Hall 🏛")
    less = bill(sandbox, draft, amount=-1000, **{"metadata[part]": "discount"})
    assert (hall["amount"], hall["quantity"], hall["quantity_decimal"]) == (36_150, 3, "3")
    found = now(sandbox, draft)
    assert [line["amount"] for line in found["lines"]["data"]] == [-1000, 36_150]
    assert (found["total"], found["subtotal"], found["amount_due"], found["amount_remaining"]) == (35_150,) * 4
    newest = found["lines"]["data"][0]
    assert newest["parent"]["invoice_item_details"]["invoice_item"] == less["id"]
    assert (newest["metadata"], newest["pricing"]["unit_amount_decimal"]) == ({"part": "discount"}, "-1000")
    assert sandbox.all("invoiceitems", invoice=draft["id"]) == [less, hall]


def test_more_than_ten_lines_are_read_page_by_page(sandbox: Sandbox, draft: Raw) -> None:
    for number in range(12):
        bill(sandbox, draft, amount=number)
    shown = now(sandbox, draft)["lines"]
    assert (len(shown["data"]), shown["has_more"], shown["total_count"]) == (10, True, 12)
    assert [each["amount"] for each in sandbox.all(f"invoices/{draft['id']}/lines")] == list(range(11, -1, -1))


def test_an_item_is_changed_and_taken_away_as_long_as_the_draft_is_one(sandbox: Sandbox, draft: Raw) -> None:
    item = bill(sandbox, draft, amount=500, description="Hall", **{"metadata[a]": "1"})
    path = f"invoiceitems/{item['id']}"
    changed = sandbox.made(path, unit_amount_decimal="250.5", quantity_decimal="1.5", **{"metadata[b]": "2"})
    assert (changed["amount"], changed["quantity"], changed["quantity_decimal"]) == (376, 1, "1.5")
    assert (changed["description"], changed["metadata"]) == ("Hall", {"a": "1", "b": "2"})
    assert now(sandbox, draft)["total"] == 376
    assert gone(sandbox, path) == {"id": item["id"], "object": "invoiceitem", "deleted": True}
    assert (now(sandbox, draft)["total"], sandbox.all("invoiceitems", invoice=draft["id"])) == (0, [])
    assert error_of(sandbox.get(path)) == (404, "resource_missing", "id")


def test_an_item_without_an_invoice_waits_for_one_that_asks(sandbox: Sandbox, customer: str) -> None:
    waiting = sandbox.made("invoiceitems", customer=customer, amount=700)
    form = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 1}
    assert sandbox.made("invoices", **form)["total"] == 0
    assert [each["id"] for each in sandbox.all("invoiceitems", customer=customer, pending="true")] == [waiting["id"]]
    swept = sandbox.made("invoices", **form, pending_invoice_items_behavior="include")
    assert (swept["total"], len(swept["lines"]["data"])) == (700, 1)
    assert sandbox.all("invoiceitems", customer=customer, pending="true") == []


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"collection_method": "send_invoice"}, None, None),
        ({"days_until_due": 3}, None, None),
        ({"collection_method": "send_invoice", "days_until_due": 3, "due_date": 4102444800}, None, "due_date"),
        ({"collection_method": "send_invoice", "due_date": 1000}, None, "due_date"),
        ({"collection_method": "by_letter"}, None, "collection_method"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"lines": "1"}, "parameter_unknown", "lines"),
        ({"description": "x" * 1501}, None, "description"),
        ({"discounts[0][coupon]": "SPRING"}, "resource_missing", "discounts"),
        ({"currency": "zzz"}, None, "currency"),
    ],
)
def test_what_an_invoice_cannot_be_is_refused(
    sandbox: Sandbox, customer: str, form: Raw, code: str | None, param: str | None
) -> None:
    assert error_of(sandbox.post("invoices", **({"customer": customer} | form))) == (400, code, param)
    assert len(sandbox.truth("invoices")) == 24


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_missing", "amount"),
        ({"amount": 5, "quantity": 2}, None, "amount"),
        ({"amount": 5, "unit_amount_decimal": "5"}, None, "amount"),
        ({"unit_amount_decimal": "5", "quantity": 2, "quantity_decimal": "2"}, None, "quantity"),
        ({"unit_amount": 5}, "parameter_unknown", "unit_amount"),
        ({"price": "price_1"}, "parameter_unknown", "price"),
        ({"amount": "1.5"}, "parameter_invalid_integer", "amount"),
        ({"unit_amount_decimal": "five"}, None, "unit_amount_decimal"),
        ({"unit_amount_decimal": "5", "quantity_decimal": "-1"}, None, "quantity_decimal"),
        ({"amount": 5, "currency": "eur"}, None, "currency"),
        ({"amount": 5, "invoice": "in_none"}, "resource_missing", "invoice"),
    ],
)
def test_what_an_item_cannot_be_is_refused(
    sandbox: Sandbox, draft: Raw, form: Raw, code: str | None, param: str
) -> None:
    whole = {"customer": draft["customer"], "invoice": draft["id"], "currency": "gbp"} | form
    assert error_of(sandbox.post("invoiceitems", **whole)) == (400, code, param)
    assert now(sandbox, draft) == draft


def test_an_item_is_billed_to_the_invoices_own_customer(sandbox: Sandbox, draft: Raw) -> None:
    other = sandbox.made("customers", name="Somebody else")["id"]
    assert error_of(sandbox.post("invoiceitems", customer=other, invoice=draft["id"], amount=1))[2] == "customer"


def test_a_draft_is_changed_and_deleted_and_nothing_of_it_is_left(sandbox: Sandbox, draft: Raw) -> None:
    item, path = bill(sandbox, draft, amount=500), f"invoices/{draft['id']}"
    changed = sandbox.made(path, number="B-7", due_date=draft["created"] + 999_999, **{"metadata[a]": "1"})
    assert (changed["number"], changed["due_date"], changed["metadata"]) == (
        "B-7",
        draft["created"] + 999_999,
        {"a": "1"},
    )
    assert gone(sandbox, path) == {"id": draft["id"], "object": "invoice", "deleted": True}
    assert error_of(sandbox.get(path)) == (404, "resource_missing", "id")
    assert sandbox.truth("invoices")[draft["id"]] == {"id": draft["id"], "is_deleted": True}
    assert sandbox.api.delete(f"v1/invoiceitems/{item['id']}").status_code == 400
    assert (
        error_of(sandbox.post("invoiceitems", customer=draft["customer"], invoice=draft["id"], amount=1))[2]
        == "invoice"
    )


def test_what_is_finalised_stands(sandbox: Sandbox, draft: Raw) -> None:
    item, path = bill(sandbox, draft, amount=500), f"invoices/{draft['id']}"
    final = sandbox.made(f"{path}/finalize")
    assert (final["status"], final["effective_at"] > 0, final["number"].endswith("-0001")) == ("open", True, True)
    assert error_of(sandbox.post(path, due_date=4102444800)) == (400, None, "due_date")
    assert sandbox.made(path, **{"metadata[a]": "1"})["metadata"] == {"a": "1"}
    assert error_of(sandbox.api.delete(f"v1/{path}"))[0] == 400
    assert "no longer editable" in sandbox.api.delete(f"v1/invoiceitems/{item['id']}").text
    assert error_of(sandbox.post(f"invoiceitems/{item['id']}", amount=1))[:2] == (400, "invoice_not_editable")
    whole = {"customer": draft["customer"], "invoice": draft["id"], "amount": 1}
    assert error_of(sandbox.post("invoiceitems", **whole))[:2] == (400, "invoice_not_editable")
    assert error_of(sandbox.post(f"{path}/finalize"))[0] == 400
    assert now(sandbox, draft)["total"] == 500


def test_an_invoice_over_nothing_is_paid_when_it_is_finalised(sandbox: Sandbox, draft: Raw) -> None:
    assert sandbox.made(f"invoices/{draft['id']}/finalize")["status"] == "paid"


def test_a_draft_that_advances_by_itself_says_when(sandbox: Sandbox, draft: Raw) -> None:
    changed = sandbox.made(f"invoices/{draft['id']}", auto_advance="true")
    assert changed["automatically_finalizes_at"] == draft["created"] + 3600
    assert sandbox.made(f"invoices/{draft['id']}", auto_advance="false")["automatically_finalizes_at"] is None


def test_everything_about_a_draft_is_told_in_events(sandbox: Sandbox, draft: Raw) -> None:
    item = bill(sandbox, draft, amount=500)
    sandbox.made(f"invoiceitems/{item['id']}", amount=600)
    gone(sandbox, f"invoiceitems/{item['id']}")
    gone(sandbox, f"invoices/{draft['id']}")
    told = sandbox.found("events", limit=7)["data"]
    assert [one["type"] for one in reversed(told)] == [
        "invoice.created", "invoiceitem.created", "invoice.updated", "invoice.updated", "invoiceitem.deleted",
        "invoice.updated", "invoice.deleted",
    ]  # fmt: skip
    assert told[3]["data"]["previous_attributes"]["total"] == 500
    assert told[5]["data"]["object"]["invoice"] == draft["id"]


def test_the_same_key_makes_one_item(sandbox: Sandbox, draft: Raw) -> None:
    form = {"customer": draft["customer"], "invoice": draft["id"], "amount": 500}
    first, second = (sandbox.post("invoiceitems", headers={"Idempotency-Key": "i-1"}, **form) for _ in range(2))
    assert first.json() == second.json()
    assert now(sandbox, draft)["total"] == 500


def test_who_may_only_read_invoices_makes_none(sandbox: Sandbox, draft: Raw) -> None:
    key = sandbox.account["restricted_key"]
    assert sandbox.post(f"invoices/{draft['id']}", key, footer="Thank you").status_code == 200
    sandbox.act(f"{sandbox.account_id}/tokens", action="drop_scope", scope="rak_invoice_write")
    for path in ("invoices", "invoiceitems", f"invoices/{draft['id']}/finalize"):
        refused = sandbox.post(path, key, customer=draft["customer"], amount=5)
        assert "'rak_invoice_write'" in refused.json()["error"]["message"]
    assert sandbox.get("invoiceitems", key).status_code == 200
