"""The official client as an independent judge: it must find its way around without special treatment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from tests.sandbox.stripe.conftest import CALLBACK, CLIENT_ID, PLATFORM, Inbox, Sandbox


def client_of(sandbox: Sandbox, key: str, **options: Any) -> stripe.StripeClient:
    addresses: Any = {"api": sandbox.url, "connect": sandbox.url, "files": sandbox.url}
    return stripe.StripeClient(key, base_addresses=addresses, client_id=CLIENT_ID, **options)


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return client_of(sandbox, sandbox.account["secret_key"])


def test_it_pages_through_everything_by_itself(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    for service, kind in (
        (client.v1.customers, "customers"), (client.v1.products, "products"), (client.v1.prices, "prices"),
        (client.v1.charges, "charges"), (client.v1.payment_intents, "payment_intents"),
        (client.v1.refunds, "refunds"), (client.v1.balance_transactions, "balance_transactions"),
        (client.v1.payouts, "payouts"), (client.v1.invoices, "invoices"),
        (client.v1.checkout.sessions, "checkout_sessions"), (client.v1.invoice_payments, "invoice_payments"),
    ):  # fmt: skip
        read: Any = service
        seen = {one["id"] for one in read.list(params={"limit": 100}).auto_paging_iter()}
        assert seen == set(sandbox.truth(kind)), kind


def test_it_reads_single_records_and_expands_them(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    paid = next(one for one in sandbox.truth("charges").values() if one["paid"] and one["customer"])
    charge: Any = client.v1.charges.retrieve(
        paid["id"], params={"expand": ["customer", "balance_transaction", "payment_intent.latest_charge"]}
    )
    assert charge.balance_transaction.net == charge.amount - charge.balance_transaction.fee
    assert (charge.customer.id, charge.payment_intent.latest_charge.id) == (paid["customer"], paid["id"])
    account: Any = client.v1.accounts.retrieve_current()
    assert (account.id, client.v1.balance.retrieve().available[0].currency) == (sandbox.account_id, "gbp")
    sessions: Any = client.v1.checkout.sessions.list(params={"expand": ["data.line_items"], "limit": 3})
    for session in sessions.data:
        assert sum(item.amount_total for item in session.line_items.data) == session.amount_total
    found: Any = client.v1.customers.search(params={"query": f"email:'{charge.customer.email}'"})
    assert [one.id for one in found.data] == ([paid["customer"]] if charge.customer.email else [])


def test_it_writes_reads_back_and_deletes(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        params={
            "name": "Ottoline 🦉",
            "email": "o@example.org",
            "metadata": {"hub_id": "7"},
            "address": {"city": "York"},
        }
    )
    changed: Any = client.v1.customers.update(customer.id, params={"name": "", "metadata": {"hub_id": "", "row": "A"}})
    assert (changed.name, changed.metadata.to_dict(), changed.address.city) == (None, {"row": "A"}, "York")
    product = client.v1.products.create(
        params={"name": "Matinée", "default_price_data": {"currency": "gbp", "unit_amount": 1200}}
    )
    prices = client.v1.prices.list(params={"product": product.id}).data
    assert [(one.id, one.unit_amount) for one in prices] == [(product.default_price, 1200)]
    gone: Any = client.v1.customers.delete(customer.id)
    assert gone.deleted
    again: Any = client.v1.customers.retrieve(customer.id)
    assert again.deleted


def test_it_drafts_an_invoice_with_its_lines_and_takes_it_back(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={"name": "Ottoline 🦉"}).id
    draft = client.v1.invoices.create(
        params={"customer": customer, "collection_method": "send_invoice", "days_until_due": 30, "discounts": ""}
    )
    hall: Any = client.v1.invoice_items.create(
        params={
            "customer": customer, "invoice": draft.id, "currency": "gbp", "unit_amount_decimal": Decimal("12050"),
            "quantity": 3, "metadata": {"line": "1"},
        }
    )  # fmt: skip
    client.v1.invoice_items.create(params={"customer": customer, "invoice": draft.id, "amount": -1000})
    assert (hall.amount, hall.pricing.unit_amount_decimal) == (36_150, Decimal(12_050))
    assert client.v1.invoices.retrieve(draft.id).total == 35_150
    assert len(client.v1.invoice_items.list(params={"invoice": draft.id}).data) == 2
    gone: Any = client.v1.invoice_items.delete(hall.id)
    assert (gone.deleted, client.v1.invoices.retrieve(draft.id).total) == (True, -1000)
    assert client.v1.invoices.delete(draft.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.retrieve(draft.id)


def test_it_knows_the_errors_by_their_classes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(sandbox, "sk_test_nobody_has_this_key").v1.balance.retrieve()
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.customers.retrieve("cus_nobody")
    assert (missing.value.code, missing.value.param) == ("resource_missing", "id")
    sandbox.act(f"{sandbox.account_id}/tokens", action="drop_scope", scope="rak_customer_read")
    with pytest.raises(stripe.PermissionError, match="'rak_customer_read'"):
        client_of(sandbox, sandbox.account["restricted_key"]).v1.customers.list()
    client.v1.customers.create(params={"name": "A"}, options={"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create(params={"name": "B"}, options={"idempotency_key": "k"})
    sandbox.fault(kind="rate_limit")
    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.customers.list()
    headers: Any = limited.value.headers
    assert (headers["Stripe-Rate-Limited-Reason"], "Retry-After" in headers) == ("global-rate", False)


def test_it_repeats_a_write_whose_answer_was_lost_without_doing_it_twice(sandbox: Sandbox) -> None:
    before = len(sandbox.truth("customers"))
    sandbox.fault(kind="lost_answer", method="POST", path="/v1/customers")
    patient = client_of(sandbox, sandbox.account["secret_key"], max_network_retries=2)
    made = patient.v1.customers.create(params={"name": "Once"})
    known = sandbox.truth("customers")
    assert (made.id in known, len(known)) == (True, before + 1)


def test_it_connects_an_account_acts_for_it_and_lets_it_go(sandbox: Sandbox) -> None:
    platform = client_of(sandbox, PLATFORM)
    url = platform.oauth.authorize_url(
        params={
            "scope": "read_write",
            "redirect_uri": CALLBACK,
            "state": "s-1",
            "stripe_user": {"email": "a@b.example"},
        }
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    granted: Any = platform.oauth.token(params={"grant_type": "authorization_code", "code": sandbox.code(**query)})
    assert (granted.stripe_user_id, granted.scope, granted.livemode) == (sandbox.account_id, "read_write", False)
    options: Any = {"stripe_account": granted.stripe_user_id}
    page = platform.v1.customers.list(params={"limit": 2}, options=options)
    assert {one.id for one in page.data} <= set(sandbox.truth("customers"))
    own: Any = client_of(sandbox, granted.access_token).v1.accounts.retrieve_current()
    assert own.id == sandbox.account_id
    assert platform.oauth.deauthorize(params={"stripe_user_id": sandbox.account_id}).stripe_user_id == own.id
    with pytest.raises(stripe.PermissionError) as refused:
        platform.v1.customers.list(options=options)
    error: Any = refused.value.error
    assert error.code == "account_invalid"
    with pytest.raises(stripe.oauth_error.InvalidClientError):
        platform.oauth.deauthorize(params={"stripe_user_id": sandbox.account_id})
    with pytest.raises(stripe.oauth_error.InvalidGrantError):
        platform.oauth.token(params={"grant_type": "authorization_code", "code": "ac_never"})


def test_it_accepts_our_signatures_and_reads_events(
    sandbox: Sandbox, client: stripe.StripeClient, inbox: Inbox
) -> None:
    endpoint: Any = client.v1.webhook_endpoints.create(
        params={"url": inbox.url, "enabled_events": ["customer.updated"]}
    )
    changed = sandbox.edit("change", customers=1)["customers"][0]
    inbox.wait(1)
    signed, body = inbox.got[0]
    event: Any = stripe.Webhook.construct_event(body, signed, endpoint.secret)
    assert (event.type, event.data.object.id) == ("customer.updated", changed)
    fetched: Any = client.v1.events.retrieve(event.id)
    listed = client.v1.events.list(params={"types": ["customer.updated"], "limit": 1}).data[0]
    assert fetched.data.previous_attributes.to_dict() == event.data.previous_attributes.to_dict()
    assert listed.id == event.id
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signed, "whsec_wrong")
