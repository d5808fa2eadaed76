"""One connection in every state that there is: the list of all venues uses the same word as its owner’s card."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from connections.models import Connection
from integrations.models import IntegrationConfig
from monitoring import all_venues, overview
from monitoring.all_venues import Narrowed
from syncing.models import SyncCursor, SyncJob
from tests.api.rows import dead_job
from tests.monitoring.conftest import failing_record
from tests.monitoring.test_recovery import waiting

pytestmark = pytest.mark.django_db


def wish(connection: Connection, **values: Any) -> None:
    IntegrationConfig.objects.filter(venue=connection.venue).update(**values)


def bookmark(connection: Connection, minutes: float, object_type: str = "customer") -> SyncCursor:
    """Return a scheduled bookmark that last succeeded so many minutes ago; the clock began long before."""
    Connection.objects.filter(pk=connection.pk).update(connected_at=now() - timedelta(days=9))
    wish(connection, updated_at=now() - timedelta(days=9))
    return SyncCursor.objects.create(
        connection=connection, object_type=object_type, next_run_at=now(),
        last_succeeded_at=now() - timedelta(minutes=minutes),
    )  # fmt: skip


def queued(connection: Connection, minutes: float) -> None:
    waiting(connection, "customer")
    SyncJob.objects.update(not_before=now() + timedelta(minutes=minutes))


def running(connection: Connection) -> None:
    waiting(connection, "customer")
    SyncJob.objects.update(status="running", lease_until=now() + timedelta(seconds=30))


def given_up(connection: Connection, **more: Any) -> None:
    object_type = more.pop("object_type", "order")
    bookmark(connection, 1, object_type)
    dead_job(connection, object_type, **({"queued_at": now(), "finished_at": now()} | more))


def paused(connection: Connection, **more: Any) -> None:
    wish(connection, paused_at=now() - timedelta(hours=1), **more)


HOUR = timedelta(hours=1)
SITUATIONS: dict[str, tuple[str, Any]] = {
    "fresh": ("connected", lambda each: bookmark(each, 1)),
    "nothing scheduled": ("connected", lambda each: None),
    "one interval missed": ("connected", lambda each: bookmark(each, 35)),
    "two intervals missed": ("needs_attention", lambda each: bookmark(each, 46)),
    "invoices rest an hour": ("connected", lambda each: bookmark(each, 100, "invoice")),
    "late, but connected just now": (
        "connected",
        lambda each: (bookmark(each, 500), Connection.objects.filter(pk=each.pk).update(connected_at=now())),
    ),
    "late, but the history has moved on": (
        "connected",
        lambda each: (
            bookmark(each, 500),
            Connection.objects.filter(pk=each.pk).update(history=[{"at": now().isoformat(), "event": "resumed"}]),
        ),
    ),
    "an object that nobody reads any more": ("connected", lambda each: bookmark(each, 500, "ticket")),
    "waits its turn": ("syncing", lambda each: (bookmark(each, 500), queued(each, 0))),
    "waits for a provider": ("connected", lambda each: (bookmark(each, 1), queued(each, 20))),
    "runs": ("syncing", lambda each: (bookmark(each, 1), running(each))),
    "given up": ("needs_attention", lambda each: given_up(each)),
    "given up, and queued again": ("syncing", lambda each: (given_up(each, object_type="customer"), queued(each, 0))),
    "given up before it was reconnected": (
        "connected", lambda each: (given_up(each), Connection.objects.filter(pk=each.pk).update(connected_at=now()))
    ),
    "given up, and not wanted any more": (
        "connected", lambda each: (given_up(each), wish(each, directions={"customer": "in"}))
    ),
    "given up, and needed by another": (
        "needs_attention",
        lambda each: (given_up(each, object_type="location"), wish(each, directions={"order": "in"})),
    ),
    "a failing record": ("needs_attention", lambda each: failing_record(each)),
    "paused": ("paused", lambda each: (paused(each), failing_record(each))),
    "paused until an hour ago": ("connected", lambda each: paused(each, paused_until=now() - HOUR / 2)),
    "paused, and access lost": (
        "reauthorise", lambda each: (paused(each), Connection.objects.filter(pk=each.pk).update(status="reauthorise"))
    ),
    "ended": ("disconnected", lambda each: Connection.objects.filter(pk=each.pk).update(status="disconnected")),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_list_and_the_card_use_the_same_word(connection: Connection, situation: str) -> None:
    word, arrange = SITUATIONS[situation]
    arrange(connection)
    (row,) = all_venues.page(Narrowed(venue=connection.venue_id, provider="square"), limit=5)["results"]
    card = overview.for_venue(connection.venue).card("square")
    assert (row["status"], str(card.status), row["status_label"]) == (word, word, card.status_label)
