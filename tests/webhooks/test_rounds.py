"""Which connections are reconciled: once a day each, after an outage, and never one that must not be called."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection
from integrations.ids import uuid7
from integrations.models import Venue
from syncing.models import SyncCursor, SyncLog
from tests.factories import VenueFactory
from tests.syncing.test_queue import at_once
from tests.webhooks.conftest import connected
from tests.webhooks.senders import MAILCHIMP, SQUARE, Sender
from webhooks import rounds
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def reconciled(venue: Venue, sender: Sender = SQUARE, *, ago: timedelta, account: str = "") -> Connection:
    """Return a connection that was read a week ago and reconciled some time ago."""
    connection = connected(venue, sender, account=account)
    now = timezone.now()
    SyncCursor.objects.filter(connection=connection).update(
        last_succeeded_at=now - 7 * DAY, last_full_at=now - 7 * DAY, reconciled_at=now - ago
    )
    return connection


def claimed() -> list[Connection]:
    return [Connection.objects.get(pk=each.connection_id) for each in rounds.claim(100)]


def test_a_connection_is_due_once_a_day_with_all_that_is_on_its_schedule(venue: Venue) -> None:
    connection = reconciled(venue, ago=2 * DAY)
    SyncCursor.objects.filter(object_type="order").update(next_run_at=None)
    (mine,) = rounds.claim()
    assert (mine.connection_id, "customer" in mine.objects, "order" in mine.objects) == (connection.pk, True, False)
    assert mine.through()
    assert rounds.claim() == []
    assert set(SyncCursor.objects.values_list("object_type").filter(reconciled_at=mine.began)) == {
        (each,) for each in mine.objects
    }


def test_its_slot_lies_where_its_id_says_and_the_slots_are_spread_over_the_day() -> None:
    for number in range(40):
        reconciled(VenueFactory(), ago=DAY / 2, account=f"M{number}")
    assert 8 <= len(rounds.claim(100)) <= 32


def test_what_was_never_reconciled_begins_with_its_last_day(venue: Venue) -> None:
    reconciled(venue, ago=DAY)
    SyncCursor.objects.update(reconciled_at=None)
    (mine,) = rounds.claim()
    assert mine.since == mine.began - DAY


@pytest.mark.parametrize("why", ["paused", "needs its owner", "has ended", "was never read", "is off the schedule"])
def test_no_connection_is_reconciled_that(venue: Venue, owner: Any, why: str) -> None:
    connection = reconciled(venue, ago=2 * DAY)
    if why == "paused":
        lifecycle.pause(connection, by=owner)
    elif why in ("needs its owner", "has ended"):
        Connection.objects.update(status={"needs its owner": "reauthorise", "has ended": "disconnected"}[why])
    elif why == "was never read":
        SyncCursor.objects.update(last_succeeded_at=None)
    else:
        SyncCursor.objects.update(next_run_at=None)
    assert claimed() == []


def test_five_beats_at_once_claim_each_connection_once() -> None:
    for number in range(30):
        reconciled(VenueFactory(), ago=2 * DAY, account=f"M{number}")
    found: list[Any] = []
    at_once(5, lambda: [found.extend(each.connection_id for each in rounds.claim(7)) for _ in range(5)])
    assert len(found) == len(set(found)) == 30


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_changes_nothing(venue: Venue) -> None:
    reconciled(venue, ago=2 * DAY)
    (slow,) = rounds.claim()
    assert rounds.claim() == []
    SyncCursor.objects.update(reconcile_after=timezone.now() - DAY)
    (other,) = rounds.claim()
    assert (slow.through(), slow.goes_on(), slow.put_off(5)) == (False, False, False)
    assert (other.goes_on(), other.through()) == (True, True)


def test_what_was_put_off_comes_back_when_its_time_is_over(venue: Venue) -> None:
    reconciled(venue, ago=2 * DAY)
    (mine,) = rounds.claim()
    assert mine.put_off(3600)
    assert rounds.claim() == []
    SyncCursor.objects.update(reconcile_after=timezone.now())
    assert len(rounds.claim()) == 1


def heard(connection: Connection, *, ago: timedelta, verdict: str = "accepted") -> None:
    WebhookEvent.objects.create(
        provider=connection.provider, connection=connection, dedupe_key=str(uuid7()), body=b"", verdict=verdict,
        received_at=timezone.now() - ago,
    )  # fmt: skip


def brought(connection: Connection, *, ago: timedelta, trigger: str = "schedule", updated: int = 1) -> None:
    at = timezone.now() - ago
    SyncLog.objects.create(
        run=uuid7(), venue=connection.venue, connection=connection, provider=connection.provider, trigger=trigger,
        object_type="customer", direction="in", mode="incremental", outcome="succeeded", started_at=at,
        finished_at=at + timedelta(seconds=2), updated=updated,
    )  # fmt: skip


def quiet(sender: Sender = SQUARE) -> Connection:
    """Return a connection that was reconciled two hours ago, after its slot, and told something yesterday."""
    for number in range(50):
        connection = reconciled(VenueFactory(), sender, ago=timedelta(hours=2), account=f"Q{number}")
        if not claimed():
            heard(connection, ago=DAY)
            return connection
        Connection.objects.filter(pk=connection.pk).update(status="disconnected")
    raise AssertionError("every slot lay within two hours")


def test_what_the_schedule_brought_and_nobody_told_makes_a_connection_due_at_once() -> None:
    connection = quiet()
    assert claimed() == []
    brought(connection, ago=timedelta(minutes=20))
    (mine,) = rounds.claim()
    assert (mine.connection_id, mine.through()) == (connection.pk, True)
    assert claimed() == []


@pytest.mark.parametrize("why", ["found nothing", "was asked for", "was told of", "has hardly ended"])
def test_it_does_not_when_the_read(why: str) -> None:
    connection = quiet()
    ago = timedelta(minutes=1 if why == "has hardly ended" else 20)
    brought(
        connection, ago=ago, trigger="event" if why == "was asked for" else "schedule",
        updated=0 if why == "found nothing" else 1,
    )  # fmt: skip
    if why == "was told of":
        heard(connection, ago=timedelta(minutes=2))
    assert claimed() == []


def test_what_we_found_ourselves_is_no_sign_that_news_come() -> None:
    connection = quiet()
    heard(connection, ago=timedelta(minutes=2), verdict="found")
    brought(connection, ago=timedelta(minutes=20))
    assert claimed() == [connection]


def test_a_connection_that_was_never_told_anything_waits_for_its_day() -> None:
    connection = quiet()
    WebhookEvent.objects.all().delete()
    brought(connection, ago=timedelta(minutes=20))
    assert claimed() == []


def test_where_there_is_no_list_the_scheduled_read_has_repaired_it_already() -> None:
    connection = quiet(MAILCHIMP)
    brought(connection, ago=timedelta(minutes=20))
    assert claimed() == []


def test_nobody_is_reconciled_twice_within_an_hour_for_that() -> None:
    connection = quiet()
    SyncCursor.objects.update(reconciled_at=timezone.now() - timedelta(minutes=50))
    brought(connection, ago=timedelta(minutes=20))
    assert claimed() == []
