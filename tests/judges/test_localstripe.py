"""Our reads of Stripe, at a Stripe that others wrote: localstripe, with Stripe's own SDK beside us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from connections import sessions
from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.stripe import STRIPE, bodies_of_invoices, lines, writes
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.stripe.streams.objects import Products
from integrations.providers.stripe.webhooks import StripeWebhooks
from integrations.providers.types import ExternalRecord, Money, ObjectType, Position, RawDelivery, ReadScope
from integrations.sealing import Secret
from tests.judges.elsewhere import CUSTOMERS, KEY, Shop, open_shop
from tests.providers.writing import create, delete, good, update
from tests.sandbox.stripe.conftest import Inbox

# What the SDK lists, and how, for each stream that localstripe can serve.
JUDGED: dict[ObjectType, tuple[str, dict[str, Any]]] = {
    ObjectType.CUSTOMER: ("customers", {}),
    ObjectType.PAYMENT: ("charges", {"expand": ["data.balance_transaction"]}),
    ObjectType.REFUND: ("refunds", {"expand": ["data.balance_transaction"]}),
    ObjectType.PAYOUT: ("payouts", {}),
    ObjectType.INVOICE: ("invoices", {}),
}
# What localstripe cannot do, how it refuses, and what of ours it therefore does not judge.
UNSUPPORTED = [
    ("/v1/account", 404, "the check of a key"),
    ("/v1/prices", 404, "products, which are read with their prices"),
    ("/v1/checkout/sessions?status=complete", 404, "orders"),
    ("/v1/customers?created[gte]=1700000000", 400, "windows, and three or more new ones in a catch-up"),
    ("/v1/charges?created[gte]=1700000000", 500, "windows and a first day: it knows created[gt] alone"),
    ("/v1/refunds?created[gte]=1700000000", 500, "windows and a first day"),
    ("/v1/payouts?created[gte]=1700000000", 400, "windows and a first day"),
    ("/v1/invoices?created[gte]=1700000000", 500, "windows and a first day"),
    ("/v1/events?types[]=customer.updated", 400, "nothing: we ask for events of all kinds"),
]
NOT_JUDGED = {ObjectType.PRODUCT, ObjectType.ORDER}


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def session(shop: Shop, settings: Any, key: str = KEY) -> ApiSession:
    """Return a session as a pasted key opens it, with localstripe where Stripe would be."""
    settings.SANDBOX_URL = ""
    there = replace(STRIPE.spec, urls=dict.fromkeys(STRIPE.spec.urls, shop.url))
    return sessions.with_key(replace(STRIPE, spec=there), Secret(key))


@pytest.fixture
def api(shop: Shop, settings: Any) -> ApiSession:
    return session(shop, settings)


def read(api: ApiSession, kind: ObjectType, position: Position | None = None) -> tuple[list[ExternalRecord], Position]:
    pages = list(STREAMS[kind].read(api, position or {}, ReadScope()))
    assert pages[-1].last
    return [record for page in pages for record in page.records], pages[-1].position


def values(api: ApiSession, kind: ObjectType, external_id: str) -> dict[str, Any]:
    """Return the typed values of one object, without its times."""
    (raw,) = [each.raw for each in read(api, kind)[0] if each.id == external_id]
    found = STREAMS[kind].values(raw)
    return {name: value for name, value in found.items() if name not in ("id", "created", "arrival_date")}


@pytest.mark.parametrize("kind", JUDGED)
def test_a_full_read_brings_what_the_official_sdk_lists(shop: Shop, api: ApiSession, kind: ObjectType) -> None:
    name, params = JUDGED[kind]
    records, _ = read(api, kind)
    assert {record.id: record.raw for record in records} == shop.listed(name, **params)
    assert len({record.id for record in records}) == len(records) > 0
    for record in records:
        assert STREAMS[kind].values(record.raw)["id"] == record.id


def test_more_than_a_hundred_customers_are_paged(api: ApiSession) -> None:
    records, _ = read(api, ObjectType.CUSTOMER)
    calls = api.meter.seen().calls
    assert len(records) >= CUSTOMERS > 100
    assert calls == {"api": 2}


def test_a_customer_is_understood(shop: Shop, api: ApiSession) -> None:
    assert values(api, ObjectType.CUSTOMER, shop.made["customer"]) == {
        "name": "Ottoline 🦉 0", "individual_name": "Ottoline 🦉 0", "email": "ottoline+0@example.org",
        "phone": "+442079460018", "address.line1": "1 Stage Door", "address.city": "York", "address.country": "GB",
        "preferred_locale": "en-GB",
    }  # fmt: skip


def test_payments_are_understood(shop: Shop, api: ApiSession) -> None:
    paid = values(api, ObjectType.PAYMENT, shop.made["charge"])
    assert (paid["amount"], paid["outcome"], paid["customer"]) == (
        Money(2400, "GBP"),
        "succeeded",
        shop.made["customer"],
    )
    assert (paid["amount_refunded"], paid["balance_transaction.net"]) == (Money(1200, "GBP"), Money(2400, "GBP"))
    assert paid["description"] == "Two for the late show"
    assert values(api, ObjectType.PAYMENT, shop.made["held"])["outcome"] == "held"
    assert values(api, ObjectType.PAYMENT, shop.made["yen"])["amount"] == Money(700, "JPY")


def test_refunds_and_payouts_are_understood(shop: Shop, api: ApiSession) -> None:
    refund = values(api, ObjectType.REFUND, shop.made["refund"])
    assert (refund["amount"], refund["charge"]) == (Money(1200, "GBP"), shop.made["charge"])
    assert refund["balance_transaction.net"] == Money(-1200, "GBP")
    payout = values(api, ObjectType.PAYOUT, shop.made["payout"])
    assert (payout["amount"], payout["status"], payout["automatic"]) == (Money(5000, "EUR"), "paid", False)


def test_an_invoice_is_understood_with_its_lines(shop: Shop, api: ApiSession) -> None:
    invoice = values(api, ObjectType.INVOICE, shop.made["invoice"])
    assert (invoice["total"], invoice["status"], invoice["customer"]) == (
        Money(3200, "EUR"),
        "paid",
        shop.made["customer"],
    )
    assert sorted(line["amount"].minor for line in invoice["lines"]) == [700, 2500]


def test_a_product_is_understood_but_for_its_prices(shop: Shop) -> None:
    made = shop.sdk.v1.products.create(params={"name": "Matinée", "url": "https://example.org/matinee"}).to_dict()
    found = STREAMS[ObjectType.PRODUCT].values(made)
    assert (found["name"], found["archived"], found["url"]) == ("Matinée", False, "https://example.org/matinee")


def test_events_tell_what_changed_since_the_last_look(shop: Shop, api: ApiSession) -> None:
    people = list(shop.listed("customers"))
    # The bookmark as the catch-up after the first full read leaves it: all that was told so far is done.
    done = {"done": list(shop.listed("events"))}
    after_customers = read(api, ObjectType.CUSTOMER)[1] | done
    after_payouts = read(api, ObjectType.PAYOUT)[1] | done

    changed = shop.sdk.v1.customers.update(people[5], params={"name": "Renamed"}).id
    shop.sdk.v1.customers.delete(people[6])
    new = shop.sdk.v1.customers.create(params={"name": "New"}).id
    payout = shop.sdk.v1.payouts.create(params={"amount": 100, "currency": "eur"}).id

    found, bookmark = read(api, ObjectType.CUSTOMER, after_customers)
    assert {each.id: each.raw.get("name") for each in found} == {changed: "Renamed", new: "New", people[6]: None}
    assert [each.id for each in found if each.deleted] == [people[6]]
    assert [each.id for each in read(api, ObjectType.PAYOUT, after_payouts)[0]] == [payout]
    api.memory.clear()
    api.meter.noted(api.meter.seen())
    assert read(api, ObjectType.CUSTOMER, bookmark)[0] == []
    assert api.meter.seen().calls["api"] <= 2  # the events of a few minutes, nothing else


def test_what_was_deleted_is_known_to_be_gone(shop: Shop, api: ApiSession) -> None:
    there = shop.sdk.v1.customers.create(params={"name": "Stays"}).id
    gone = shop.sdk.v1.customers.create(params={"name": "Goes"}).id
    shop.sdk.v1.customers.delete(gone)
    stream: Any = STREAMS[ObjectType.CUSTOMER]
    assert (stream.gone(api, [there]), stream.gone(api, [gone])) == ([], [gone])


def test_a_product_of_ours_is_made_changed_and_deleted(shop: Shop, api: ApiSession) -> None:
    stream = Products()
    wish = create({"name": "Matinée 🎭", "description": "Doors at two", "archived": False, "metadata.kind": "ticket"})
    (made,) = good(stream.write_batch(api, [wish]))
    there = shop.sdk.v1.products.retrieve(made.id).to_dict()
    assert (made.id, there["name"], there["active"]) == (f"backline_{wish.ours}", "Matinée 🎭", True)
    assert there["metadata"] == {"kind": "ticket", "backline_record": wish.ours}
    (changed,) = good(stream.write_batch(api, [update(made, {"name": "Soirée", "archived": True})]))
    there = shop.sdk.v1.products.retrieve(made.id).to_dict()
    assert (there["name"], there["metadata"]["kind"]) == ("Soirée", "ticket")
    assert there["active"] == "false"  # it keeps what it is sent as a text, where Stripe reads it as a word for no
    good(stream.write_batch(api, [delete(changed)]))
    assert made.id not in shop.listed("products")


def test_an_item_of_ours_is_taken_as_it_is_sent(shop: Shop, api: ApiSession) -> None:
    draft = {"id": shop.made["invoice"], "customer": shop.made["customer"], "currency": "eur"}
    write = create({"lines": [{"description": "Hall 🏛", "total": Money(-700, "EUR")}]})
    (item,) = bodies_of_invoices.items(write)
    answer = writes.add(api, write, "/v1/invoiceitems", bodies_of_invoices.item(write, draft, item)).body
    told = shop.sdk.v1.invoice_items.retrieve(answer["id"]).to_dict()
    assert (told["amount"], told["description"], told["invoice"]) == (-700, "Hall 🏛", draft["id"])
    assert lines.item_of(told) == item


def test_a_key_it_does_not_know_means_that_the_access_is_over(shop: Shop, settings: Any) -> None:
    with pytest.raises(errors.AuthRevoked):
        read(session(shop, settings, key="rk_test_TheLanternRoom"), ObjectType.CUSTOMER)  # it takes secret keys only


def test_we_accept_its_signature(shop: Shop) -> None:
    inbox, secret = Inbox(), "whsec_TheLanternRoom"
    told = {"url": inbox.url, "secret": secret, "events": ["payout.updated"]}
    assert requests.post(f"{shop.url}/_config/webhooks/ours", json=told, timeout=10).ok
    shop.sdk.v1.payouts.update(shop.made["payout"], params={"metadata": {"hub_id": "7"}})
    inbox.wait(1)
    ((signature, body),) = inbox.got
    inbox.server.shutdown()
    delivery, receiver = RawDelivery(body, {"stripe-signature": signature}), StripeWebhooks()
    assert receiver.verify(delivery, url="", secrets=[secret])
    assert not receiver.verify(delivery, url="", secrets=["whsec_another"])
    (event,) = receiver.parse(delivery)
    about = (event.type, event.object_type, event.external_id)
    assert about == ("payout.updated", ObjectType.PAYOUT, shop.made["payout"])


@pytest.mark.parametrize(("path", "status", "unjudged"), UNSUPPORTED, ids=[path for path, _, _ in UNSUPPORTED])
def test_what_it_cannot_do_it_still_cannot(shop: Shop, path: str, status: int, unjudged: str) -> None:
    answer = requests.get(f"{shop.url}{path}", headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert answer.status_code == status, f"localstripe has learnt something, so it can judge: {unjudged}"


def test_its_lists_still_begin_with_the_oldest_where_stripes_begin_with_the_newest(shop: Shop) -> None:
    assert next(iter(shop.listed("customers"))) == shop.made["customer"]  # once it is otherwise, we can judge our order


def test_a_deleted_customer_still_is_unknown_to_it_where_stripe_keeps_a_stub(shop: Shop) -> None:
    gone = shop.sdk.v1.customers.create(params={"name": "Goes"}).id
    shop.sdk.v1.customers.delete(gone)
    answer = requests.get(f"{shop.url}/v1/customers/{gone}", headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert answer.status_code == 404


def test_every_stream_is_judged_or_said_not_to_be() -> None:
    assert JUDGED.keys() | NOT_JUDGED == STREAMS.keys()
