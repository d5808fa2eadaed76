"""How stored events become syncs, and what is left when something goes wrong on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import RawDelivery
from syncing.models import SyncCursor, SyncJob
from tests.factories import VenueFactory
from tests.webhooks.conftest import connected, ripe, subscribed
from tests.webhooks.senders import QUICKBOOKS, SQUARE, Sender, square_event
from webhooks import drain, intake
from webhooks.models import WebhookEvent, WebhookSubscription

pytestmark = pytest.mark.django_db
KINDS = ("customer.updated", "order.created", "payment.created", "refund.updated")


def take_in(sender: Sender, *bodies: bytes) -> None:
    """Store deliveries as the view does once their signature has held."""
    provider = PROVIDERS[sender.key]
    for body in bodies:
        delivery = RawDelivery(body, {})
        assert provider.webhooks is not None
        intake.store(provider, delivery, intake.read(provider, provider.webhooks, delivery), None)


def all_worked_off() -> int:
    """Work until there is nothing, and return how many syncs were queued."""
    jobs = 0
    while (done := drain.work_off()).events:
        jobs += done.jobs
    return jobs


def jobs() -> list[tuple[str, str, str]]:
    found = SyncJob.objects.order_by("connection__account_id", "object_type")
    return list(found.values_list("object_type", "status", "trigger"))


def statuses() -> set[str]:
    return set(WebhookEvent.objects.values_list("status", flat=True))


@contextmanager
def failing(condition: str = "true") -> Iterator[None]:
    """Let the database refuse jobs for which the condition holds."""
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {condition} THEN RAISE 'refused'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON sync_queue FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    yield
    with database.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse ON sync_queue; DROP FUNCTION refuse()")


def silent() -> None:
    """Let the leases be over: the worker that had these events is gone."""
    found = WebhookEvent.objects.filter(status="running")
    found.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_thousand_events_become_one_job_for_each_stream(square: Connection) -> None:
    take_in(SQUARE, *(square_event(number, kind=KINDS[number % 4]) for number in range(1000)))
    assert all_worked_off() == 4
    assert jobs() == [(kind, "queued", "event") for kind in ("customer", "order", "payment", "refund")]
    assert statuses() == {"succeeded"}


def test_a_batch_costs_the_same_few_statements_however_many_events_and_connections_it_holds(square: Connection) -> None:
    def cost(first: int, number: int, accounts: int) -> int:
        for account in range(accounts):
            if not Connection.objects.filter(account_id=f"A{account}").exists():
                connected(VenueFactory(), SQUARE, account=f"A{account}")
        take_in(
            SQUARE,
            *(
                square_event(first + each, account=f"A{each % accounts}", kind=KINDS[each % 4])
                for each in range(number)
            ),
        )
        with CaptureQueriesContext(database) as queries:
            assert drain.work_off().events == number
        return len(queries)

    assert cost(0, 4, 1) == cost(1000, 400, 40) <= 9


def test_events_of_what_nobody_wants_to_be_read_lead_to_nothing(square: Connection) -> None:
    SyncCursor.objects.filter(object_type="order").update(next_run_at=None)
    take_in(SQUARE, square_event(1, kind="order.created"), square_event(2))
    assert all_worked_off() == 1
    assert jobs() == [("customer", "queued", "event")]
    assert statuses() == {"succeeded"}


def test_what_can_only_be_read_whole_is_read_once_for_half_a_minutes_news(square: Connection) -> None:
    take_in(SQUARE, square_event(1, kind="invoice.updated"), square_event(2))
    assert all_worked_off() == 2
    waits = {job.object_type: round((job.not_before - job.queued_at).total_seconds()) for job in SyncJob.objects.all()}
    assert waits == {"invoice": 30, "customer": 0}


def test_a_job_that_waits_already_serves(square: Connection) -> None:
    SyncJob.objects.create(venue=square.venue, connection=square, object_type="customer")
    take_in(SQUARE, square_event())
    assert all_worked_off() == 0
    assert jobs() == [("customer", "queued", "schedule")]
    assert SyncJob.objects.get().told_at is None


@pytest.mark.parametrize("status", ["running", "queued"])
def test_a_job_that_has_begun_is_marked_so_that_another_follows_it(square: Connection, status: str) -> None:
    now = timezone.now()
    SyncJob.objects.create(
        venue=square.venue, connection=square, object_type="customer", status=status, started_at=now,
        lease_until=now + timedelta(minutes=1) if status == "running" else None,
    )  # fmt: skip
    take_in(SQUARE, square_event())
    assert all_worked_off() == 0
    assert SyncJob.objects.get().told_at is not None


def test_what_waits_for_more_is_worked_off_together_with_the_first_that_is_due(venue: Venue) -> None:
    connected(venue, QUICKBOOKS)
    take_in(QUICKBOOKS, QUICKBOOKS.event(1), QUICKBOOKS.event(2, kind="item"))
    assert drain.work_off().events == 0
    WebhookEvent.objects.filter(external_id="1").update(not_before=timezone.now() - timedelta(seconds=5))
    assert drain.work_off() == drain.Done(events=2, jobs=2)


def test_a_flood_of_one_venue_does_not_make_another_wait(square: Connection) -> None:
    small = connected(VenueFactory(), SQUARE, account="M2")
    take_in(SQUARE, *(square_event(number) for number in range(600)), square_event(999, account="M2"))
    drain.work_off()
    assert WebhookEvent.objects.get(connection=small).status == "succeeded"
    assert WebhookEvent.objects.filter(status="queued").count() == 101


def test_news_of_an_ended_connection_leads_to_nothing(square: Connection) -> None:
    take_in(SQUARE, square_event())
    Connection.objects.update(status="disconnected")
    assert all_worked_off() == 0
    assert statuses() == {"succeeded"}


def revoked(number: int, at: datetime) -> bytes:
    return square_event(number, kind="oauth.authorization.revoked", created_at=at.isoformat(), data={})


def test_a_revocation_needs_the_owner_once_however_often_it_is_told(square: Connection) -> None:
    take_in(SQUARE, *(revoked(number, timezone.now()) for number in range(3)), square_event(9))
    all_worked_off()
    square.refresh_from_db()
    assert (square.status, square.status_class) == ("reauthorise", "auth")
    assert [entry["event"] for entry in square.history] == ["access_lost"]


def test_a_revocation_that_is_older_than_the_access_says_nothing(square: Connection) -> None:
    take_in(SQUARE, revoked(1, square.connected_at - timedelta(minutes=1)))
    all_worked_off()
    square.refresh_from_db()
    assert square.status == "connected"


def test_a_revocation_of_an_account_that_nobody_has_is_not_of_interest(db: None) -> None:
    take_in(SQUARE, revoked(1, timezone.now()))
    assert WebhookEvent.objects.get().verdict == "ignored"


def test_a_worker_that_dies_between_claim_and_end_loses_nothing(square: Connection) -> None:
    take_in(SQUARE, *(square_event(number) for number in range(60)))
    assert len(drain.claim_fresh()) == 60
    assert drain.work_off().events == 0
    silent()
    assert all_worked_off() == 1
    assert statuses() == {"succeeded"}


def test_a_worker_that_wakes_up_late_changes_nothing(square: Connection) -> None:
    take_in(SQUARE, square_event())
    stale = drain.claim_fresh()
    silent()
    (taken,) = drain.claim_again(least=1)
    assert drain.settle(stale) == 0
    assert WebhookEvent.objects.get().fence == taken.fence
    assert WebhookEvent.objects.get().status == "running"
    assert not SyncJob.objects.exists()


def test_what_fails_leaves_nothing_half_done_and_is_tried_again(square: Connection, settings: Any) -> None:
    take_in(SQUARE, square_event())
    with failing():
        assert drain.work_off() == drain.Done(events=1, jobs=0)
        row = WebhookEvent.objects.get()
        assert (row.status, row.attempts, row.failure_class) == ("queued", 1, "ours")
    ripe()
    assert all_worked_off() == 1
    assert WebhookEvent.objects.get().failure_class == ""


def test_what_can_be_done_of_a_batch_is_done_in_the_same_turn(square: Connection) -> None:
    take_in(SQUARE, *(square_event(number, kind=KINDS[number % 10 == 7]) for number in range(100)))
    with failing("NEW.object_type = 'order'"):
        assert drain.work_off() == drain.Done(events=100, jobs=1)
    found = WebhookEvent.objects.values_list("object_type", "status", "attempts").distinct().order_by("object_type")
    assert list(found) == [("customer", "succeeded", 1), ("order", "queued", 1)]


@pytest.mark.parametrize("attempts", [1, 4])
def test_one_event_that_never_works_is_given_up_and_takes_no_other_with_it(
    square: Connection, settings: Any, attempts: int
) -> None:
    settings.SYNC_MAX_ATTEMPTS = attempts
    take_in(SQUARE, *(square_event(number, kind=KINDS[number % 2]) for number in range(40)))
    with failing("NEW.object_type = 'order'"):
        for _ in range(100):
            ripe()
            drain.work_off()
    dead = WebhookEvent.objects.filter(status="dead")
    assert {row.object_type for row in dead} == {"order"}
    assert (dead.count(), {row.failure_class for row in dead}) == (20, {"ours"})
    assert WebhookEvent.objects.filter(object_type="customer", status="succeeded").count() == 20


def test_an_event_that_kills_its_worker_again_and_again_is_given_up_as_that(square: Connection, settings: Any) -> None:
    settings.SYNC_MAX_ATTEMPTS = 3
    take_in(SQUARE, square_event())
    drain.claim_fresh()
    for _ in range(2):
        silent()
        assert drain.claim_again(least=1)
    silent()
    all_worked_off()
    row = WebhookEvent.objects.get()
    assert (row.status, row.failure_code, row.attempts) == ("dead", "crash_loop", 4)


def test_a_subscription_tells_when_it_was_last_heard_of(square: Connection) -> None:
    subscribed(square)
    take_in(SQUARE, square_event())
    all_worked_off()
    assert WebhookSubscription.objects.get().last_received_at is not None


def test_in_whatever_order_and_however_often_news_comes_the_result_is_the_same(square: Connection) -> None:
    bodies = [square_event(number, kind=KINDS[number % 4]) for number in range(40)]
    take_in(SQUARE, *reversed(bodies), *bodies[::3], *bodies)
    assert (all_worked_off(), WebhookEvent.objects.count()) == (4, 40)
