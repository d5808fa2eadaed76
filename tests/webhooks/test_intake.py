"""What becomes of a delivery before it is answered."""

import time
from datetime import timedelta

import orjson
import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue
from tests.factories import VenueFactory
from tests.webhooks.conftest import Deliver, connected, subscribed
from tests.webhooks.senders import (
    MAILCHIMP,
    PATH,
    PUBLIC_URL,
    QUICKBOOKS,
    SENDERS,
    SQUARE,
    STRIPE,
    Sender,
    cloud_event,
    mailchimp_event,
    quickbooks_event,
    square_event,
    stripe_event,
    url,
)  # fmt: skip
from tests.webhooks.working import until
from webhooks import refusals
from webhooks.models import WebhookEvent, WebhookSubscription

pytestmark = pytest.mark.django_db
each_sender = pytest.mark.parametrize("sender", SENDERS, ids=str)
APP_WIDE = (SQUARE, STRIPE, QUICKBOOKS)


def with_room_in_the_minute() -> None:
    """Wait for the next minute where this one is nearly over: a sample is kept for each."""
    left = 60 - time.time() % 60
    time.sleep(left if left < 5 else 0)


def rows() -> list[tuple[str, str, str, str, str]]:
    found = WebhookEvent.objects.order_by("received_at", "dedupe_key")
    return [(row.verdict, row.status, row.object_type, row.external_id, row.failure_code) for row in found]


@pytest.mark.parametrize("sender", APP_WIDE, ids=str)
def test_a_signed_event_is_stored_for_the_one_connection_of_its_account(
    venue: Venue, deliver: Deliver, sender: Sender
) -> None:
    connection = connected(venue, sender)
    connected(VenueFactory(), sender, account="another")
    answer = deliver(sender, sender.event(7))
    row = WebhookEvent.objects.get()
    assert (answer.status_code, answer.content) == (200, b"")
    assert (row.connection, row.account_id, row.object_type, row.status) == (
        connection, sender.account, "customer", "queued",
    )  # fmt: skip
    assert bytes(row.body) == sender.event(7)
    assert row.happened_at is not None


def test_what_comes_again_is_stored_once(square: Connection, deliver: Deliver) -> None:
    for number in (1, 2, 1, 1, 2):
        assert deliver(SQUARE, square_event(number)).status_code == 200
    assert WebhookEvent.objects.count() == 2


def test_a_delivery_asks_the_database_for_nothing_beside_its_one_insert(square: Connection, deliver: Deliver) -> None:
    with CaptureQueriesContext(database) as queries:  # which does not see what is prepared: the INSERT
        deliver(SQUARE, square_event(2))
    assert (len(queries), WebhookEvent.objects.count()) == (0, 1)


def test_a_forged_delivery_costs_none_but_the_minutes_sample(square: Connection, deliver: Deliver) -> None:
    with_room_in_the_minute()
    deliver(SQUARE, square_event(1), {"x-square-hmacsha256-signature": "forged"})
    with CaptureQueriesContext(database) as queries:
        answer = deliver(SQUARE, square_event(1), {"x-square-hmacsha256-signature": "forged"})
    assert (answer.status_code, answer.json()["code"], len(queries)) == (401, "signature_invalid", 0)


@each_sender
def test_an_unsigned_delivery_leaves_a_sample_without_its_bytes_and_a_count(
    deliver: Deliver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setattr(refusals, "_tally", refusals._Tally())
    monkeypatch.setattr(refusals, "_quiet_until", 0.0)  # as after a test whose cache was away
    with_room_in_the_minute()
    for _ in range(3):
        answer = deliver(sender, sender.event(), {})
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    row = WebhookEvent.objects.filter(verdict="refused").get()
    assert (bytes(row.body), row.status, row.connection) == (b"", "cancelled", None)
    assert until(lambda: refusals.count(sender.key) == 3)


def test_the_address_is_taken_from_settings_and_never_from_the_request(square: Connection, deliver: Deliver) -> None:
    body = square_event()
    elsewhere = SQUARE.sign(body, to="https://evil.example/api/v1/integrations/webhooks/square")
    assert deliver(SQUARE, body, elsewhere, HTTP_HOST="evil.example").status_code == 401
    assert deliver(SQUARE, body, HTTP_HOST="evil.example").status_code == 200


@pytest.mark.parametrize("sender", APP_WIDE, ids=str)
def test_an_account_that_nobody_connected_is_stored_and_accepted(deliver: Deliver, sender: Sender) -> None:
    assert deliver(sender, sender.event(3)).status_code == 200
    assert [row[0] for row in rows()] == ["unroutable"]
    assert (
        WebhookEvent.objects.filter(status="dead").get().failure_sentence
        == "No venue here is connected to this account."
    )


def test_an_ended_connection_gets_nothing(square: Connection, deliver: Deliver) -> None:
    Connection.objects.update(status="disconnected")
    deliver(SQUARE, square_event())
    assert WebhookEvent.objects.get().connection is None


@pytest.mark.parametrize(
    ("sender", "kind"), [(SQUARE, "dispute.created"), (STRIPE, "balance.available"), (QUICKBOOKS, "vendor")], ids=str
)
def test_what_is_not_of_interest_is_ignored(venue: Venue, deliver: Deliver, sender: Sender, kind: str) -> None:
    connected(venue, sender)
    assert deliver(sender, sender.event(kind=kind)).status_code == 200
    assert [row[:3] for row in rows()] == [("ignored", "succeeded", "")]


@pytest.mark.parametrize(("livemode", "verdict"), [(True, "ignored"), (False, "accepted")])
def test_live_and_test_mode_never_mix(venue: Venue, deliver: Deliver, livemode: bool, verdict: str) -> None:
    connected(venue, STRIPE, mode="test")
    deliver(STRIPE, stripe_event(livemode=livemode))
    assert [row[0] for row in rows()] == [verdict]


@pytest.mark.parametrize(
    ("sender", "body"),
    [(SQUARE, b'{"type":"customer.updated"}'), (STRIPE, b"[1]"), (QUICKBOOKS, b'{"stuff":"5"}'), (SQUARE, b"\xff\xfe")],
    ids=str,
)
def test_what_is_signed_and_cannot_be_read_is_kept_once_and_accepted(
    deliver: Deliver, sender: Sender, body: bytes
) -> None:
    assert [deliver(sender, body).status_code for _ in range(2)] == [200, 200]
    row = WebhookEvent.objects.get()
    assert (row.verdict, row.status, row.failure_code, bytes(row.body)) == ("unreadable", "dead", "unreadable", body)
    assert "cannot read" in row.failure_sentence


def test_several_companies_in_one_delivery_are_routed_apart_and_the_bytes_kept_once(
    venue: Venue, deliver: Deliver
) -> None:
    ours = connected(venue, QUICKBOOKS, account="1")
    theirs = connected(VenueFactory(), QUICKBOOKS, account="2")
    body = orjson.dumps([cloud_event(number, account=realm) for number, realm in enumerate("1123")])
    assert deliver(QUICKBOOKS, body).status_code == 200
    found = WebhookEvent.objects.order_by("dedupe_key")
    assert [row.connection for row in found] == [ours, ours, theirs, None]
    assert [bool(row.body) for row in found] == [True, False, False, False]
    assert len({row.delivery for row in found}) == 1


def test_quickbooks_news_waits_for_more_of_it(venue: Venue, deliver: Deliver) -> None:
    connected(venue, QUICKBOOKS)
    deliver(QUICKBOOKS, quickbooks_event())
    row = WebhookEvent.objects.get()
    assert row.not_before - row.received_at == timedelta(seconds=10)


def test_the_same_event_twice_in_one_delivery_is_one_row(venue: Venue, deliver: Deliver) -> None:
    connected(venue, QUICKBOOKS)
    deliver(QUICKBOOKS, orjson.dumps([cloud_event(1, account="9130350")] * 2))
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("sender", [SQUARE, STRIPE, MAILCHIMP], ids=str)
def test_an_address_of_its_own_reaches_its_connection_with_its_secrets_old_and_new(
    venue: Venue, deliver: Deliver, sender: Sender
) -> None:
    connection = connected(venue, sender)
    token = subscribed(connection, secret="new-secret", former="old-secret")
    for number, secret in enumerate(("new-secret", "old-secret", sender.secret)):
        body = sender.event(number, account=sender.account if sender is SQUARE else "")
        signed = sender.sign(body, secret=secret, to=url(sender.key, token))
        assert deliver(sender, body, signed, token=token).status_code == 200
    assert list(WebhookEvent.objects.values_list("connection", "account_id").distinct()) == [
        (connection.pk, sender.account)
    ]


def test_a_secret_of_one_venue_opens_nothing_of_another(venue: Venue, deliver: Deliver) -> None:
    connected(venue, STRIPE)
    theirs = connected(VenueFactory(), STRIPE, account="acct_2")
    token = subscribed(theirs, secret="theirs")
    body = stripe_event(account="acct_1")
    assert deliver(STRIPE, body, STRIPE.sign(body, secret="theirs")).status_code == 401
    assert deliver(STRIPE, body, STRIPE.sign(body, secret="theirs"), token=token).status_code == 200
    assert [row[0] for row in rows() if row[0] != "refused"] == ["unroutable"]


def test_an_unknown_ended_or_switched_off_address_is_not_found(square: Connection, deliver: Deliver) -> None:
    token = subscribed(square)
    assert deliver(SQUARE, square_event(), token=token).status_code == 200
    WebhookSubscription.objects.update(active=False)
    for unknown in (token, "x" * 43, "short", "é" * 43):
        assert deliver(SQUARE, square_event(), {}, token=unknown).status_code == 404
    WebhookSubscription.objects.update(active=True)
    Connection.objects.update(status="disconnected")
    assert deliver(SQUARE, square_event(), token=token).status_code == 404
    assert deliver(STRIPE, stripe_event(), token=token).status_code == 404


def test_mailchimp_finds_somebody_at_an_address_that_is_known(venue: Venue, client: Client) -> None:
    token = subscribed(connected(venue, MAILCHIMP))
    assert client.get(f"{PATH}/mailchimp/{token}").status_code == 200
    assert client.head(f"{PATH}/mailchimp/{token}/").status_code == 200
    assert client.get(f"{PATH}/mailchimp/{token[:-1]}x").status_code == 404
    answer = client.get(f"{PATH}/mailchimp")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_an_unsigned_mailchimp_event_passes_only_where_there_is_no_secret(venue: Venue, deliver: Deliver) -> None:
    connection = connected(venue, MAILCHIMP)
    old, new = subscribed(connection), subscribed(connection, secret="its-secret")
    assert deliver(MAILCHIMP, mailchimp_event(1), {}, token=old).status_code == 200
    assert deliver(MAILCHIMP, mailchimp_event(2), {}, token=new).status_code == 401
    assert deliver(MAILCHIMP, mailchimp_event(3), {}).status_code == 401
    assert [row[0] for row in rows() if row[0] != "refused"] == ["accepted"]


def test_an_unsigned_square_event_passes_nowhere(square: Connection, deliver: Deliver) -> None:
    assert deliver(SQUARE, square_event(), {}, token=subscribed(square)).status_code == 401


@pytest.mark.parametrize("off", [-301, 301, 86_400])
@pytest.mark.parametrize("sender", [STRIPE, MAILCHIMP], ids=str)
def test_a_moment_more_than_five_minutes_off_is_refused(deliver: Deliver, sender: Sender, off: int) -> None:
    body = sender.event()
    at = int(timezone.now().timestamp()) + off
    assert deliver(sender, body, sender.sign(body, at=at)).status_code == 401


def test_what_text_cannot_hold_and_what_is_too_long_is_made_to_fit(square: Connection, deliver: Deliver) -> None:
    told = {"event_id": "e\x00" + "x" * 500, "data": {"id": "\x00C1" + "y" * 500, "object": {}}}
    assert deliver(SQUARE, square_event(**told)).status_code == 200
    row = WebhookEvent.objects.get()
    assert (len(row.dedupe_key), row.external_id[:2], len(row.external_id)) == (64, "C1", 255)


def test_no_signature_is_stored(square: Connection, deliver: Deliver) -> None:
    deliver(SQUARE, square_event(), SQUARE.sign(square_event()) | {"square-version": "2026-10-21", "cookie": "a=b"})
    headers = WebhookEvent.objects.get().headers
    assert headers["square-version"] == "2026-10-21"
    assert not any("signature" in name or "cookie" in name for name in headers)


def test_a_cookie_makes_nobody_read_a_session(square: Connection, client: Client, deliver: Deliver) -> None:
    client.cookies["session"] = "a" * 32
    deliver(SQUARE, square_event(1))
    with CaptureQueriesContext(database) as queries:
        answer = deliver(SQUARE, square_event(2))
    assert (answer.status_code, len(queries), answer.cookies) == (200, 0, {})


def test_a_browsers_form_guard_does_not_stand_in_the_way(square: Connection) -> None:
    strict = Client(enforce_csrf_checks=True)
    body = square_event()
    answer = strict.post(f"{PATH}/square/", data=body, content_type="application/json", headers=SQUARE.sign(body))
    assert answer.status_code == 200


def test_a_secret_that_cannot_be_opened_asks_for_another_delivery(square: Connection, deliver: Deliver) -> None:
    token = subscribed(square, secret="s")
    WebhookSubscription.objects.update(connection=connected(VenueFactory(), SQUARE, account="M2"))
    answer = deliver(SQUARE, square_event(), token=token)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_what_the_database_cannot_store_is_never_accepted(square: Connection, deliver: Deliver) -> None:
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL default_transaction_read_only = on; SET LOCAL transaction_read_only = on")
    answer = deliver(SQUARE, square_event())
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "30")


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert url("square") == f"{PUBLIC_URL}/api/v1/integrations/webhooks/square"
