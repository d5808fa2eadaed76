"""Whether the books add up: sales, refunds, fees, payouts, invoices and the balance."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stripe.conftest import Sandbox


def parts_of(sandbox: Sandbox, payout: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    return sandbox.all("balance_transactions", payout=payout["id"], **asked)


def test_a_sale_is_a_session_an_intent_a_charge_and_a_movement(sandbox: Sandbox) -> None:
    intents, charges = sandbox.truth("payment_intents"), sandbox.truth("charges")
    movements = sandbox.truth("balance_transactions")
    paid = [one for one in sandbox.truth("checkout_sessions").values() if one["payment_status"] == "paid"]
    assert len(paid) > 200
    for session in paid:
        charge = charges[intents[session["payment_intent"]]["latest_charge"]]
        movement = movements[charge["balance_transaction"]]
        assert session["amount_total"] == charge["amount"] == movement["amount"] > 0
        assert movement["net"] == movement["amount"] - movement["fee"]
        assert sum(fee["amount"] for fee in movement["fee_details"]) == movement["fee"]


def test_some_sales_came_to_nothing(sandbox: Sandbox) -> None:
    assert {one["status"] for one in sandbox.truth("checkout_sessions").values()} == {"complete", "expired"}
    failed = [one for one in sandbox.truth("charges").values() if one["status"] == "failed"]
    assert failed
    assert all((one["balance_transaction"], one["failure_code"]) == (None, "card_declined") for one in failed)


def test_every_payout_is_the_sum_of_what_it_is_made_of(sandbox: Sandbox) -> None:
    payouts = sandbox.found("payouts", limit=25)["data"]
    seen: set[str] = set()
    for payout in payouts:
        parts = parts_of(sandbox, payout)
        sold = [one for one in parts if one["type"] != "payout"]
        own = [one for one in parts if one["type"] == "payout"]
        assert sum(one["net"] for one in sold) == payout["amount"]
        assert [(one["id"], one["amount"]) for one in own] == [(payout["balance_transaction"], -payout["amount"])]
        assert all(one["available_on"] <= payout["arrival_date"] for one in sold)
        assert not seen & {one["id"] for one in parts}
        seen |= {one["id"] for one in parts}


def test_a_weekly_account_is_paid_on_mondays(sandbox: Sandbox) -> None:
    weekly = sandbox.accounts[1]
    payouts = sandbox.all("payouts", weekly["secret_key"])
    assert {(one["arrival_date"] // 86400) % 7 for one in payouts} == {4}
    assert sandbox.found("account", weekly["secret_key"])["settings"]["payouts"]["schedule"]["interval"] == "weekly"


@pytest.mark.parametrize("place", [0, 1])
def test_the_balance_is_what_no_payout_has_taken(sandbox: Sandbox, place: int) -> None:
    account = sandbox.accounts[place]
    movements = sandbox.truth("balance_transactions", account["id"]).values()
    balance = sandbox.found("balance", account["secret_key"])
    held = balance["pending"][0]["amount"] + balance["available"][0]["amount"]
    assert held == sum(one["net"] for one in movements)


def test_new_sales_refunds_and_payouts_keep_the_books_straight(sandbox: Sandbox) -> None:
    sold = sandbox.edit("create", charges=3)["charges"]
    refunded = sandbox.edit("create", refunds=1)["refunds"][0]
    payout = sandbox.found(f"payouts/{sandbox.edit('create', payouts=1)['payouts'][0]}")
    parts = parts_of(sandbox, payout)
    assert {one["source"] for one in parts} == {*sold, refunded, payout["id"]}
    assert sum(one["net"] for one in parts) == 0
    balance = sandbox.found("balance")
    movements = sandbox.truth("balance_transactions").values()
    assert balance["available"][0]["amount"] == 0
    assert balance["pending"][0]["amount"] == sum(one["net"] for one in movements)
    session = next(iter(sandbox.found("checkout/sessions", limit=1)["data"]))
    items = sandbox.all(f"checkout/sessions/{session['id']}/line_items")
    assert sum(one["amount_total"] for one in items) == session["amount_total"]


def test_invoices_add_up_and_embed_only_their_first_lines(sandbox: Sandbox) -> None:
    invoices = sandbox.truth("invoices").values()
    assert {one["status"] for one in invoices} >= {"open", "paid"}
    assert any(one["lines"]["has_more"] for one in invoices)
    for invoice in invoices:
        lines = sandbox.all(f"invoices/{invoice['id']}/lines", limit=5)
        assert sum(line["amount"] for line in lines) == invoice["total"]
        assert lines[:10] == invoice["lines"]["data"]
    paid = {one["id"] for one in invoices if one["status"] == "paid"}
    assert {one["invoice"] for one in sandbox.truth("invoice_payments").values()} == paid


def test_money_without_cents_stays_without_cents(sandbox: Sandbox) -> None:
    wish = {"name": "Tokyo Basement", "currency": "jpy", "sizes": {"customers": 5, "products": 6, "charges": 30}}
    opened = sandbox.act("accounts", **wish)
    charges = sandbox.all("charges", opened["secret_key"])
    assert {one["currency"] for one in charges} == {"jpy"}
    for movement in sandbox.all("balance_transactions", opened["secret_key"], type="charge"):
        assert movement["fee"] == movement["amount"] * 360 // 10_000


def test_the_same_person_is_known_at_square_under_the_same_address(sandbox: Sandbox) -> None:
    state = sandbox.control.get("state").json()
    seller = next(one for one in state["square"]["merchants"] if one["name"] == sandbox.account["name"])
    lines = sandbox.control.get(f"square/{seller['id']}/truth", params={"kind": "customers"}).text
    shared = [one for one in sandbox.truth("customers").values() if one["email"] and f'"{one["email"]}"' in lines]
    assert len(shared) > 90
