"""How invoices come to be, change and end: for an order of their own, with their version, and never out of turn."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Sandbox, error_of

DUE = "2999-01-31"


def order(sandbox: Sandbox, amount: int = 12_000, **more: Any) -> dict[str, Any]:
    line = {"name": "Private hire 🎪", "quantity": "1", "base_price_money": {"amount": amount, "currency": "GBP"}}
    wish = {"location_id": sandbox.location_ids[0], "line_items": [line], **more}
    return dict(sandbox.square.post("v2/orders", json={"order": wish}).json()["order"])


def guest(sandbox: Sandbox, **more: Any) -> str:
    wish = {"given_name": "Ottoline", "email_address": "ottoline@example.com", **more}
    return str(sandbox.square.post("v2/customers", json=wish).json()["customer"]["id"])


def draft(sandbox: Sandbox, *, key: str = "", **more: Any) -> httpx.Response:
    wish: dict[str, Any] = {
        "payment_requests": [{"request_type": "BALANCE", "due_date": DUE}], "delivery_method": "SHARE_MANUALLY",
        "accepted_payment_methods": {"card": True}, **more,
    }  # fmt: skip
    if "order_id" not in wish:
        wish |= {"order_id": order(sandbox)["id"], "primary_recipient": {"customer_id": guest(sandbox)}}
    return sandbox.square.post("v2/invoices", json={"invoice": wish, "idempotency_key": key})


def put(sandbox: Sandbox, invoice: dict[str, Any], **more: Any) -> httpx.Response:
    wish = {"version": invoice["version"], **more}
    return sandbox.square.put(f"v2/invoices/{invoice['id']}", json={"invoice": wish})


def turn(sandbox: Sandbox, invoice: dict[str, Any], verb: str, **more: Any) -> httpx.Response:
    body = {"version": invoice["version"], **more}
    return sandbox.square.post(f"v2/invoices/{invoice['id']}/{verb}", json=body)


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["invoice"])


def test_a_draft_asks_for_what_its_order_comes_to_and_shows_who_gets_it(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox))
    (request,) = invoice["payment_requests"]
    assert (request["computed_amount_money"]["amount"], request["due_date"]) == (12_000, DUE)
    assert (invoice["status"], invoice["version"], invoice["timezone"]) == ("DRAFT", 0, "Europe/London")
    assert invoice["primary_recipient"]["email_address"] == "ottoline@example.com"
    assert sandbox.truth("invoices")[invoice["id"]] == invoice
    assert made(sandbox.square.get(f"v2/invoices/{invoice['id']}")) == invoice


def test_the_same_key_drafts_one_invoice_and_other_content_is_refused(sandbox: Sandbox) -> None:
    wish = {"order_id": order(sandbox)["id"], "title": "Hire"}
    first = draft(sandbox, key="k", **wish).json()
    assert draft(sandbox, key="k", **wish).json() == first
    reused = draft(sandbox, key="k", **wish | {"title": "Higher"})
    assert error_of(reused) == (400, "IDEMPOTENCY_KEY_REUSED", "idempotency_key")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"order_id": "nobody"}, "invoice.order_id"),
        ({"payment_requests": []}, "invoice.payment_requests"),
        ({"delivery_method": None}, "invoice.delivery_method"),
        ({"delivery_method": "SMS"}, "invoice.delivery_method"),
        ({"accepted_payment_methods": {"card": False}}, "invoice.accepted_payment_methods"),
        ({"primary_recipient": {"customer_id": "nobody"}}, "invoice.primary_recipient.customer_id"),
        ({"payment_requests": [{"request_type": "BALANCE"}]}, "invoice.payment_requests[0].due_date"),
        ({"payment_requests": [{"request_type": "BALANCE", "due_date": "1.2.2030"}]},
         "invoice.payment_requests[0].due_date"),
        ({"payment_requests": [{"request_type": "BALANCE", "due_date": "2001-01-01"}]},
         "invoice.payment_requests[0].due_date"),
        ({"location_id": "elsewhere"}, "invoice.location_id"),
        ({"status": "PAID"}, "invoice.status"),
        ({"payment_conditions": "at once"}, "invoice.payment_conditions"),
    ],
)  # fmt: skip
def test_a_wrong_draft_is_refused_by_field(sandbox: Sandbox, wish: dict[str, Any], field: str) -> None:
    status, _, found = error_of(draft(sandbox, **{"order_id": order(sandbox)["id"]} | wish))
    assert (status in (400, 404), found) == (True, field)


def test_an_order_has_one_invoice_and_keeps_its_lines(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox))
    assert error_of(draft(sandbox, order_id=invoice["order_id"]))[2] == "invoice.order_id"
    path = f"v2/orders/{invoice['order_id']}"
    assert error_of(sandbox.square.put(path, json={"order": {"version": 1, "line_items": []}}))[:2] == (
        400, "BAD_REQUEST",
    )  # fmt: skip
    assert sandbox.square.put(path, json={"order": {"version": 1, "ticket_name": "Hall"}}).status_code == 200


def test_an_order_of_the_venues_history_with_an_invoice_gets_no_second_one(sandbox: Sandbox) -> None:
    orders = sandbox.truth("orders")
    taken = {each["order_id"] for each in sandbox.truth("invoices").values()}
    of_both = [key for key in taken if orders[key]["state"] == "OPEN" and "version" in orders[key]]
    refusals = {error_of(draft(sandbox, order_id=key)) for key in of_both}
    assert refusals <= {(400, "BAD_REQUEST", "invoice.order_id")}
    free = next(each for key, each in orders.items()
                if key not in taken and each["state"] == "OPEN" and "version" in each)  # fmt: skip
    assert made(draft(sandbox, order_id=free["id"]))["order_id"] == free["id"]


def test_a_number_is_given_once_within_a_location(sandbox: Sandbox) -> None:
    first = made(draft(sandbox, invoice_number="H-1"))
    refused = draft(sandbox, order_id=order(sandbox)["id"], invoice_number="H-1")
    assert error_of(refused) == (400, "BAD_REQUEST", "invoice.invoice_number")
    assert made(put(sandbox, first, invoice_number="H-1"))["invoice_number"] == "H-1"
    elsewhere = order(sandbox, location_id=sandbox.location_ids[1])["id"]
    assert made(draft(sandbox, order_id=elsewhere, invoice_number="H-1"))["location_id"] == sandbox.location_ids[1]


def test_an_update_is_sparse_and_needs_the_present_version(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox, title="Hire", description="All evening"))
    (request,) = invoice["payment_requests"]
    asked = [{"uid": request["uid"], "due_date": "2999-02-28"}]
    changed = made(put(sandbox, invoice, title=None, payment_requests=asked))
    expected = {name: value for name, value in invoice.items() if name != "title"}
    assert changed == expected | {
        "payment_requests": [request | {"due_date": "2999-02-28"}], "version": 1, "updated_at": changed["updated_at"],
    }  # fmt: skip
    assert error_of(put(sandbox, invoice, title="Late"))[:2] == (409, "VERSION_MISMATCH")
    assert error_of(put(sandbox, changed, order_id="x"))[2] == "invoice.order_id"
    assert error_of(put(sandbox, changed, payment_requests=[{"uid": "x"}]))[2] == "invoice.payment_requests[0].uid"


def test_another_recipient_is_set_on_a_draft_and_only_after_the_first_was_cleared(sandbox: Sandbox) -> None:
    invoice, other = made(draft(sandbox)), {"customer_id": guest(sandbox)}
    assert error_of(put(sandbox, invoice, primary_recipient=other))[2] == "invoice.primary_recipient"
    cleared = made(put(sandbox, invoice, primary_recipient=None))
    changed = made(put(sandbox, cleared, primary_recipient=other))
    assert ("primary_recipient" in cleared, changed["primary_recipient"]["customer_id"]) == (
        False, other["customer_id"],
    )  # fmt: skip
    published = made(turn(sandbox, changed, "publish"))
    assert error_of(put(sandbox, published, primary_recipient=None))[2] == "invoice.primary_recipient"


def test_publishing_makes_it_payable_once(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox))
    published = made(turn(sandbox, invoice, "publish", idempotency_key="p"))
    assert (published["status"], published["version"]) == ("UNPAID", 1)
    assert published["public_url"].startswith("https://")
    assert made(turn(sandbox, invoice, "publish", idempotency_key="p")) == published
    assert error_of(turn(sandbox, invoice, "publish"))[1] == "VERSION_MISMATCH"
    assert error_of(turn(sandbox, published, "publish"))[:2] == (400, "BAD_REQUEST")


def test_an_invoice_for_later_is_scheduled(sandbox: Sandbox) -> None:
    published = made(turn(sandbox, made(draft(sandbox, scheduled_at="2998-12-31T10:00:00Z")), "publish"))
    assert (published["status"], "public_url" in published) == ("SCHEDULED", False)


def test_nothing_is_published_to_nobody_or_to_somebody_who_cannot_be_reached(sandbox: Sandbox) -> None:
    alone = made(draft(sandbox, order_id=order(sandbox)["id"]))
    assert error_of(turn(sandbox, alone, "publish"))[2] == "invoice.primary_recipient"
    silent = {"customer_id": guest(sandbox, email_address=None)}
    unreached = made(draft(sandbox, order_id=order(sandbox)["id"], primary_recipient=silent))
    assert error_of(turn(sandbox, unreached, "publish"))[2] == "invoice.primary_recipient.customer_id"


def test_cancelling_ends_invoice_and_order_but_no_draft(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox))
    assert error_of(turn(sandbox, invoice, "cancel"))[:2] == (400, "BAD_REQUEST")
    published = made(turn(sandbox, invoice, "publish"))
    cancelled = made(turn(sandbox, published, "cancel"))
    assert (cancelled["status"], "next_payment_amount_money" in cancelled) == ("CANCELED", False)
    assert sandbox.truth("orders")[invoice["order_id"]]["state"] == "CANCELED"
    assert error_of(turn(sandbox, cancelled, "cancel"))[:2] == (400, "BAD_REQUEST")
    assert error_of(put(sandbox, cancelled, title="Late"))[:2] == (400, "BAD_REQUEST")


def test_a_draft_is_deleted_and_its_order_cancelled_and_nothing_else_can_be(sandbox: Sandbox) -> None:
    invoice, published = made(draft(sandbox)), made(turn(sandbox, made(draft(sandbox)), "publish"))
    path = f"v2/invoices/{invoice['id']}"
    assert error_of(sandbox.square.delete(path, params={"version": 7}))[:2] == (409, "VERSION_MISMATCH")
    assert sandbox.square.delete(path, params={"version": 0}).json() == {}
    assert error_of(sandbox.square.get(path))[:2] == (404, "NOT_FOUND")
    assert sandbox.truth("orders")[invoice["order_id"]]["state"] == "CANCELED"
    assert error_of(sandbox.square.delete(f"v2/invoices/{published['id']}"))[:2] == (400, "BAD_REQUEST")


def test_what_a_client_wrote_is_listed_and_found_by_its_customer(sandbox: Sandbox) -> None:
    invoice = made(draft(sandbox))
    place, person = invoice["location_id"], invoice["primary_recipient"]["customer_id"]
    assert invoice in sandbox.all("GET", "v2/invoices", "invoices", location_id=place)
    wish = {"filter": {"location_ids": [place], "customer_ids": [person]}}
    assert sandbox.square.post("v2/invoices/search", json={"query": wish}).json() == {"invoices": [invoice]}
    found = sandbox.all("POST", "v2/orders/search", "orders", location_ids=[place],
                        query={"filter": {"state_filter": {"states": ["OPEN"]}}})  # fmt: skip
    assert invoice["order_id"] in {each["id"] for each in found}


def test_every_turn_is_announced_by_its_own_name(sandbox: Sandbox) -> None:
    sandbox.square.put("v2/events/enable")
    published = made(turn(sandbox, made(draft(sandbox)), "publish"))
    made(turn(sandbox, made(put(sandbox, published, title="Hire")), "cancel"))
    sandbox.square.delete(f"v2/invoices/{made(draft(sandbox))['id']}")
    told = [each["type"] for each in sandbox.all("POST", "v2/events", "events")]
    assert sorted(each for each in told if each.startswith("invoice.")) == [
        "invoice.canceled", "invoice.created", "invoice.created", "invoice.deleted", "invoice.published",
        "invoice.updated",
    ]  # fmt: skip
