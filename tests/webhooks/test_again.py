"""Events that were given up come back exactly once, and find an account that was connected meanwhile."""

import pytest

from connections.models import Connection
from integrations.models import Venue
from syncing.models import SyncJob
from tests.webhooks.conftest import connected, ripe
from tests.webhooks.senders import SQUARE, square_event
from tests.webhooks.test_drain import all_worked_off, take_in
from webhooks import again
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db


def test_a_dead_letter_is_worked_on_again_and_once(square: Connection) -> None:
    take_in(SQUARE, square_event())
    WebhookEvent.objects.update(status="dead", failure_class="ours", attempts=9)
    assert again.requeue(WebhookEvent.objects.all()) == 1
    assert again.requeue(WebhookEvent.objects.all()) == 0
    ripe()
    assert all_worked_off() == 1
    assert WebhookEvent.objects.get().status == "succeeded"


def test_what_came_before_its_account_was_connected_is_routed_anew(venue: Venue) -> None:
    take_in(SQUARE, square_event(1), square_event(2, account="M2"))
    connection = connected(venue, SQUARE)
    assert again.requeue(WebhookEvent.objects.order_by("-received_at")) == 1
    row = WebhookEvent.objects.get(account_id="M1")
    assert (row.connection, row.verdict, row.status) == (connection, "accepted", "queued")
    ripe()
    assert all_worked_off() == SyncJob.objects.count() == 1


def test_what_cannot_be_read_or_was_not_asked_for_stays(square: Connection) -> None:
    take_in(SQUARE, b"{}", square_event())
    WebhookEvent.objects.filter(verdict="accepted").update(status="dead", failure_class="ours")
    assert again.requeue(WebhookEvent.objects.filter(verdict="unreadable")) == 0
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"dead"}
