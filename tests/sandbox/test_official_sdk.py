"""The official client as an independent judge: it must find its way around without special treatment."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from tests.sandbox.conftest import CALLBACK, CLIENT, Sandbox

ONCE: Any = {"max_retries": 0}


@pytest.fixture
def client(sandbox: Sandbox) -> Square:
    return Square(base_url=sandbox.square_url, token=sandbox.merchant["personal_token"])


def consent(sandbox: Sandbox) -> str:
    query = {"client_id": CLIENT["client_id"], "scope": "CUSTOMERS_READ", "redirect_uri": CALLBACK}
    page = httpx.get(f"{sandbox.square_url}/oauth2/authorize", params=query).text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket is not None
    form = {"ticket": ticket[1], "account": sandbox.merchant_id, "decision": "allow"}
    reply = httpx.post(f"{sandbox.square_url}/oauth2/authorize/decision", data=form)
    return httpx.URL(reply.headers["Location"]).params["code"]


def test_it_obtains_refreshes_shows_and_revokes_a_token(sandbox: Sandbox, client: Square) -> None:
    asked: Any = {**CLIENT, "request_options": ONCE}
    granted = client.o_auth.obtain_token(
        grant_type="authorization_code", code=consent(sandbox), redirect_uri=CALLBACK, **asked
    )
    again = client.o_auth.obtain_token(grant_type="refresh_token", refresh_token=granted.refresh_token, **asked)
    assert (again.refresh_token, again.merchant_id) == (granted.refresh_token, sandbox.merchant_id)
    theirs = Square(base_url=sandbox.square_url, token=again.access_token)
    assert theirs.o_auth.retrieve_token_status().scopes == ["CUSTOMERS_READ"]
    header: Any = {"additional_headers": {"Authorization": f"Client {CLIENT['client_secret']}"}, **ONCE}
    revoked = client.o_auth.revoke_token(
        client_id=CLIENT["client_id"], merchant_id=sandbox.merchant_id, request_options=header
    )
    assert revoked.success
    with pytest.raises(ApiError) as refused:
        theirs.customers.search(request_options=ONCE)
    assert (refused.value.status_code, refused.value.errors[0].code) == (401, "ACCESS_TOKEN_REVOKED")


def test_it_reads_customers_catalogue_and_orders(sandbox: Sandbox, client: Square) -> None:
    found = client.customers.search(query={"filter": {"updated_at": {"start_at": "2026-01-01T00:00:00Z"}}}, limit=5)
    items = client.catalog.search(object_types=["ITEM"], limit=5)
    orders = client.orders.search(
        location_ids=sandbox.location_ids, limit=5, query={"sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"}}
    )
    assert {one.id for one in found.customers or []} <= set(sandbox.truth("customers"))
    assert {one.id for one in items.objects or []} <= set(sandbox.truth("products"))
    assert {one.id for one in orders.orders or []} <= set(sandbox.truth("orders"))
    assert (len(found.customers or []), len(items.objects or []), len(orders.orders or [])) == (5, 5, 5)
    assert found.cursor
    assert items.cursor
    assert orders.cursor


def test_it_pages_through_payments_and_payout_entries(sandbox: Sandbox, client: Square) -> None:
    payments = list(client.payments.list(sort_field="UPDATED_AT", sort_order="ASC", begin_time="2000-01-01T00:00:00Z"))
    main = [one for one in sandbox.truth("payments").values() if one["location_id"] == sandbox.location_ids[0]]
    assert {payment.id for payment in payments} == {payment["id"] for payment in main}
    payout = next(iter(client.payouts.list()))
    entries = list(client.payouts.list_entries(payout_id=payout.id))
    assert payout.amount_money is not None
    assert sum(entry.net_amount_money.amount for entry in entries) == payout.amount_money.amount


def test_it_writes_and_learns_of_conflicts(sandbox: Sandbox, client: Square) -> None:
    made = client.customers.create(given_name="Ottoline", idempotency_key="k").customer
    assert made is not None
    assert made.id is not None
    changed = client.customers.update(made.id, note="Balcony", version=0, request_options=ONCE).customer
    assert changed is not None
    assert (changed.note, changed.version) == ("Balcony", 1)
    with pytest.raises(ApiError) as refused:
        client.customers.update(made.id, note="Stalls", version=0, request_options=ONCE)
    assert refused.value.errors[0].code == "VERSION_MISMATCH"


def test_it_bills_somebody_and_takes_it_back(sandbox: Sandbox, client: Square) -> None:
    place = sandbox.location_ids[0]
    line: Any = {"name": "Hire", "quantity": "2", "base_price_money": {"amount": 5000, "currency": "GBP"}}
    order = client.orders.create(order={"location_id": place, "line_items": [line]}, idempotency_key="o").order
    person = client.customers.create(given_name="Ottoline", email_address="o@example.com").customer
    wish: Any = {
        "order_id": order.id, "delivery_method": "SHARE_MANUALLY", "accepted_payment_methods": {"card": True},
        "primary_recipient": {"customer_id": person.id},
        "payment_requests": [{"request_type": "BALANCE", "due_date": "2999-01-31"}],
    }  # fmt: skip
    draft = client.invoices.create(invoice=wish, idempotency_key="i").invoice
    published = client.invoices.publish(draft.id, version=draft.version, idempotency_key="p").invoice
    changed = client.invoices.update(draft.id, invoice={"version": published.version, "title": "Hire"}).invoice
    cancelled = client.invoices.cancel(draft.id, version=changed.version).invoice
    assert [each.status for each in (draft, published, changed, cancelled)] == ["DRAFT", "UNPAID", "UNPAID", "CANCELED"]
    assert published.payment_requests[0].computed_amount_money.amount == 10_000


def test_it_pages_through_everything_else_that_it_lists(sandbox: Sandbox, client: Square) -> None:
    assert client.merchants.get(merchant_id="me").merchant.id == sandbox.merchant_id
    assert [place.id for place in client.locations.list().locations or []] == sandbox.location_ids
    assert {one.id for one in client.customers.list(limit=100)} == set(sandbox.truth("customers"))
    assert {one.id for one in client.catalog.list(types="ITEM")} == set(sandbox.truth("products"))
    refunds = client.refunds.list(begin_time="2000-01-01T00:00:00Z", limit=5)
    assert {one.id for one in refunds} == set(sandbox.truth("refunds"))
    invoices = [one.id for place in sandbox.location_ids for one in client.invoices.list(location_id=place, limit=5)]
    assert sorted(invoices) == sorted(sandbox.truth("invoices"))


def test_it_searches_to_the_end_by_cursor(sandbox: Sandbox, client: Square) -> None:
    found: list[Any] = []
    page = client.customers.search(limit=100)
    while page.cursor:
        found += page.customers or []
        page = client.customers.search(limit=100, cursor=page.cursor)
    found += page.customers or []
    assert sorted(one.id for one in found) == sorted(sandbox.truth("customers"))


def test_it_is_told_of_what_is_missing_of_old_cursors_and_of_limits(sandbox: Sandbox, client: Square) -> None:
    cursor = client.customers.search(limit=5).cursor
    with pytest.raises(ApiError) as missing:
        client.customers.get("nobody", request_options=ONCE)
    sandbox.advance(301)
    with pytest.raises(ApiError) as old:
        client.customers.search(limit=5, cursor=cursor, request_options=ONCE)
    sandbox.fault(kind="rate_limit")
    with pytest.raises(ApiError) as limited:
        client.customers.search(limit=5, request_options=ONCE)
    told = [(each.value.status_code, each.value.errors[0].code) for each in (missing, old, limited)]
    assert told == [(404, "NOT_FOUND"), (400, "INVALID_CURSOR"), (429, "RATE_LIMITED")]
