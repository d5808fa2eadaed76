"""Events come in: nothing forged passes, nothing true is lost, each point that was promised seen working.

`./backline prove events` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any

import pytest
import requests
from django.db import transaction

from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import RawDelivery
from syncing.models import SyncJob, SyncLog
from tests.contract.stage import MAILCHIMP as MAILCHIMP_STAGE
from tests.contract.stage import QUICKBOOKS as QUICKBOOKS_STAGE
from tests.contract.stage import SQUARE as SQUARE_STAGE
from tests.contract.stage import STRIPE as STRIPE_STAGE
from tests.contract.stage import Stage
from tests.factories import VenueFactory
from tests.proofs import losing
from tests.provider_sandbox import Sandbox
from tests.webhooks.conftest import connected
from tests.webhooks.forging import KINDS, Forger, Sent
from tests.webhooks.senders import MAILCHIMP, PATH, PUBLIC_URL, SECRETS, SENDERS, SQUARE, Sender, square_event, url
from webhooks import drain, intake
from webhooks.models import WebhookEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
FULL = os.environ.get("PROOFS") == "full"
DELIVERIES = 10_000 if FULL else 500
OVER_HTTP = 1_000 if FULL else 80
CUSTOMERS, ROUNDS, FEW = (505, 5, 60) if FULL else (45, 2, 24)
each_sender = pytest.mark.parametrize("sender", SENDERS, ids=str)
Point = Callable[[str], None]


@pytest.fixture
def point(request: pytest.FixtureRequest) -> Point:
    """Print a point's figure."""

    def told(figure: str) -> None:
        name = request.node.name.removeprefix("test_").replace("_", " ")
        print(f"\n  ✔ {name}: {figure}", flush=True)

    return told


@pytest.fixture(autouse=True)
def _our_secrets(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    settings.WEBHOOK_SECRETS = {key: list(known) for key, known in SECRETS.items()}
    settings.SANDBOX_URL = "http://127.0.0.1:9"


def passes(sender: Sender, sent: Sent) -> bool:
    receiver = PROVIDERS[sender.key].webhooks
    assert receiver is not None
    return receiver.verify(RawDelivery(sent.body, sent.headers), url=url(sender.key), secrets=SECRETS[sender.key])


def post(server: Any, sender: Sender, sent: Sent) -> int:
    headers = {name: value.encode("latin-1") for name, value in sent.headers.items()}
    address = f"{server.url}{PATH}/{sender.key}"
    return requests.post(
        address, data=sent.body, headers=headers | {"Content-Type": sender.content_type}, timeout=30
    ).status_code


def at_once(work: Callable[[Sent], int], sent: list[Sent]) -> Counter[int]:
    with ThreadPoolExecutor(4) as threads:
        return Counter(threads.map(work, sent))


@each_sender
def test_nothing_forged_passes(sender: Sender, point: Point) -> None:
    forger, kinds = Forger(sender, Random(sender.key)), list(KINDS[sender.key])
    assert len(kinds) >= 14
    for number in range(DELIVERIES):
        kind = kinds[number % len(kinds)]
        sent = forger.forged(kind)
        assert not passes(sender, sent), (kind, sent)
    point(f"{DELIVERIES:,} of {len(kinds)} kinds: 0 accepted, 0 raised")


@each_sender
def test_everything_true_passes_and_is_read(sender: Sender, point: Point) -> None:
    forger, receiver = Forger(sender, Random(sender.key)), PROVIDERS[sender.key].webhooks
    assert receiver is not None
    for _ in range(DELIVERIES):
        sent = forger.true()
        assert passes(sender, sent), sent
        (event,) = receiver.parse(RawDelivery(sent.body, sent.headers))
        assert event.object_type == "customer"
    point(f"{DELIVERIES:,} with odd spacing and letters of all kinds: all accepted")


@each_sender
def test_nothing_forged_passes_over_http_or_leaves_a_row(
    sender: Sender, venue: Venue, live_server: Any, point: Point
) -> None:
    connected(venue, sender)
    forger, kinds = Forger(sender, Random(sender.key)), list(KINDS[sender.key])
    sent = [forger.forged(kinds[number % len(kinds)]) for number in range(OVER_HTTP)]
    answers = at_once(lambda each: post(live_server, sender, each), sent)
    assert answers == {401: OVER_HTTP}
    rows = WebhookEvent.objects.exclude(verdict="refused")
    assert (rows.count(), SyncJob.objects.count()) == (0, 0)
    samples = WebhookEvent.objects.filter(verdict="refused")
    assert samples.count() <= 3
    assert not any(row.body for row in samples)
    point(f"{OVER_HTTP:,}: all 401, 0 rows but {samples.count()} sample")


@each_sender
def test_everything_true_is_stored_once_over_http_however_often_it_comes(
    sender: Sender, venue: Venue, live_server: Any, point: Point
) -> None:
    connected(venue, sender)
    forger, rng = Forger(sender, Random(sender.key)), Random("again")
    true = [forger.true() for _ in range(OVER_HTTP)]
    sent = true + rng.choices(true, k=OVER_HTTP // 10)
    rng.shuffle(sent)
    assert at_once(lambda each: post(live_server, sender, each), sent) == {200: len(sent)}
    assert WebhookEvent.objects.count() == OVER_HTTP
    verdicts = set(WebhookEvent.objects.values_list("verdict", flat=True))
    assert verdicts == {"unroutable" if sender is MAILCHIMP else "accepted"}  # Mailchimp names no account
    point(f"{len(sent):,} deliveries of {OVER_HTTP:,} events: {OVER_HTTP:,} rows")


class Killed(Exception):
    """The drain's process ended here."""


def test_a_drain_that_dies_again_and_again_loses_and_doubles_nothing(venue: Venue, settings: Any, point: Point) -> None:
    connected(venue, SQUARE)
    settings.SYNC_MAX_ATTEMPTS = 1_000  # deaths here say nothing about the events
    total = take_in_events(2_000 if FULL else 400)
    rng, deaths = Random(7), Counter[str]()
    while WebhookEvent.objects.filter(status__in=["queued", "running"]).exists():
        batch = drain.claim_fresh(limit=rng.randrange(1, 60)) or drain.claim_again(least=1, limit=rng.randrange(1, 60))
        fate = rng.choice(["claimed", "settled", "lives", "lives"])
        if fate == "settled":
            with suppress(Killed), transaction.atomic():
                drain.settle(batch)
                raise Killed
        elif fate == "lives":
            drain.settle(batch)
        deaths[fate] += 1
        WebhookEvent.objects.filter(status="running").update(lease_until="2026-01-01T00:00:00Z")
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"succeeded"}
    assert sorted(SyncJob.objects.values_list("object_type", "status")) == [("customer", "queued"), ("order", "queued")]
    point(
        f"{total:,} events, {deaths['claimed']} deaths after the claim and {deaths['settled']} before the commit: "
        "all settled, one job for each stream"
    )


def take_in_events(number: int) -> int:
    """Store so many events of two streams."""
    square = PROVIDERS["square"]
    assert square.webhooks is not None
    for each in range(number):
        delivery = RawDelivery(square_event(each, kind=("customer.updated", "order.updated")[each % 2]), {})
        intake.store(square, delivery, intake.read(square, square.webhooks, delivery), None)
    return number


def test_every_event_finds_its_own_venue(venue: Venue, live_server: Any, point: Point) -> None:
    own: dict[str, Connection] = {}
    for number in range(10):
        own[f"M{number}"] = connected(VenueFactory(), SQUARE, account=f"M{number}")
    bodies = [square_event(number, account=f"M{number % 12}") for number in range(OVER_HTTP)]
    sent = [Sent(body, SQUARE.sign(body)) for body in bodies]
    assert at_once(lambda each: post(live_server, SQUARE, each), sent) == {200: OVER_HTTP}
    for row in WebhookEvent.objects.all():
        assert row.connection == own.get(row.account_id), row
    lost = WebhookEvent.objects.filter(verdict="unroutable").count()
    point(f"{OVER_HTTP:,} events of 12 accounts: each with its own of 10 venues, {lost} with none")


@pytest.mark.parametrize("stage", [SQUARE_STAGE, STRIPE_STAGE], ids=str)
def test_what_is_never_delivered_is_here_once_after_one_reconcile(
    stage: Stage, sandbox: Sandbox, live_server: Any, settings: Any, point: Point
) -> None:
    told = losing.opened(stage, sandbox, live_server, settings, customers=CUSTOMERS)
    told.disturb(drop=0.05, duplicate=0.05, reorder=20, seed=23)
    for _ in range(ROUNDS):
        told.change(CUSTOMERS - 5)
    told.delivered()
    losing.work_off()
    told.disturb(drop=1.0)
    told.change(5)
    counts = told.delivered()
    before, stale = told.rows(), told.stale()
    assert before == counts["announced"] - counts["dropped"]
    assert 0 < stale <= 5
    losing.reconcile()
    assert told.rows() == counts["announced"]
    assert told.rows(verdict="found", status="succeeded") == counts["dropped"]
    assert told.stale() == 0
    calls = SyncLog.objects.get(object_type="event").call_count
    point(
        f"{counts['announced']:,} events, {counts['dropped']:,} never delivered, {counts['duplicated']:,} twice: "
        f"after one reconcile 0 missing, 0 doubled, {stale} stale records are 0 (calls for the list: {calls:,})"
    )


@pytest.mark.parametrize("stage", [MAILCHIMP_STAGE, QUICKBOOKS_STAGE], ids=str)
def test_where_there_is_no_list_of_events_the_records_are_right_after_one_reconcile(
    stage: Stage, sandbox: Sandbox, live_server: Any, settings: Any, point: Point
) -> None:
    told = losing.opened(stage, sandbox, live_server, settings, customers=FEW)
    told.disturb(drop=0.3, seed=23)
    told.change(FEW)
    told.delivered()
    losing.work_off()
    told.disturb(drop=1.0)
    told.change(FEW // 2)
    counts = told.delivered()
    stale = told.stale()
    assert stale >= FEW // 3
    sandbox.clear_log()
    losing.reconcile()
    assert told.stale() == 0
    point(
        f"{counts['dropped']:,} of {counts['announced']:,} never delivered: {stale} stale records are 0 after one "
        f"reconcile (calls: {sandbox.calls()})"
    )
