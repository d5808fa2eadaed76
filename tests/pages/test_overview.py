"""How a venue's integrations stand: the six words, their precedence, their sentences, and what it costs to know."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection, Status
from integrations.models import IntegrationConfig, Venue
from integrations.providers.errors import AuthRevoked
from monitoring import figures, overview
from monitoring.card import Card, Health
from monitoring.models import IntegrationHealth
from syncing.models import LinkState
from syncing.work import WorkStatus
from tests.factories import ConnectionFactory, VenueFactory
from tests.pages import rows


def _card(venue: Venue) -> Card:
    return overview.for_venue(venue).card("square")


def test_a_provider_that_was_never_connected_says_what_connecting_would_do(venue: Venue) -> None:
    card = _card(venue)
    assert (card.status, card.status_label, card.tone) == ("disconnected", "Not connected", "neutral")
    assert card.message == "Connect to bring in customers, sales, refunds and payouts from your tills."
    assert (card.action.label, card.action.href) == ("Connect", "/integrations/square/connect/?venue=lantern-room")


def test_a_fresh_connection_asks_what_to_sync(connection: Connection) -> None:
    card = _card(connection.venue)
    assert (card.status, card.action.code) == ("connected", "start")
    assert card.message == "Nothing has been synced yet. Choose what to bring in, then start the first sync."


def test_a_connection_in_step_says_when_and_how_much(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.record(connection)
    rows.record(connection, "product", name="Lager")
    rows.left_out(connection)
    card = _card(connection.venue)
    assert card.status == "connected"
    assert card.message == "Last sync 4 minutes ago · 1 customer, 1 product up to date"
    assert (card.counts.up_to_date, card.counts.left_out, card.counts.failing) == (2, 1, 0)


def test_deleted_records_are_neither_up_to_date_nor_left_out(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.record(connection)
    rows.record(connection, state=LinkState.DELETED)
    assert [(each.object, each.up_to_date, each.left_out) for each in _card(connection.venue).objects] == [
        ("customer", 1, 0)
    ]


def test_a_running_read_tells_how_far_it_is(connection: Connection) -> None:
    rows.bookmark(connection)
    began = timezone.now() - timedelta(seconds=40)
    rows.job(connection, log=rows.log(connection, read=620, total=1900, started_at=began))
    card = _card(connection.venue)
    assert (card.status, card.action.label) == ("syncing", "View progress")
    assert card.message == "Customers: 620 of about 1,900 · started 40 seconds ago"
    assert card.progress is not None
    assert (card.progress.done, card.progress.total, card.progress.percent) == (620, 1900, 32)
    assert card.progress.eta_seconds is not None
    assert 75 <= card.progress.eta_seconds <= 90


def test_a_read_of_unknown_length_claims_no_percentage(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.job(connection, log=rows.log(connection, read=620, started_at=timezone.now() - timedelta(seconds=40)))
    card = _card(connection.venue)
    assert card.message == "Customers: 620 so far · started 40 seconds ago"
    assert card.progress is not None
    assert (card.progress.total, card.progress.percent, card.progress.eta_seconds) == (None, None, None)


def test_a_run_whose_worker_fell_silent_says_that_it_goes_on(connection: Connection) -> None:
    rows.bookmark(connection)
    over = timezone.now() - timedelta(seconds=5)
    rows.job(connection, lease_until=over, log=rows.log(connection, read=400))
    assert _card(connection.venue).message == (
        "Customers: interrupted after 400. It goes on by itself from there in a moment; nothing is lost."
    )


def test_a_job_that_waits_for_the_provider_to_recover_is_not_syncing(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.job(
        connection, status=WorkStatus.QUEUED, lease_until=None, failure_class="provider_down",
        failure_sentence="Square is not answering.", not_before=timezone.now() + timedelta(minutes=20),
    )  # fmt: skip
    card = _card(connection.venue)
    assert card.status == "connected"
    assert card.message.startswith("Square is not answering. We go on at ")


def test_records_that_fail_need_the_owner(connection: Connection) -> None:
    rows.bookmark(connection)
    for _ in range(2):
        rows.record(connection, state=LinkState.FAILING)
    card = _card(connection.venue)
    assert (card.status, card.action.label) == ("needs_attention", "Fix 2 problems")
    assert card.message == "2 customers could not be read as Square sent them. Everything else still syncs."
    assert [(group.error_class, group.count) for group in card.problems] == [("invalid_value", 2)]


def test_a_missing_permission_asks_for_it(connection: Connection) -> None:
    rows.bookmark(connection, "payout")
    rows.job(
        connection, "payout", status=WorkStatus.DEAD, lease_until=None, failure_class="permission",
        failure_sentence="Square does not allow us to read payouts.", finished_at=timezone.now(),
    )  # fmt: skip
    card = _card(connection.venue)
    assert (card.status, card.action.label) == ("needs_attention", "Grant permission")
    assert card.message == "Square does not allow us to read payouts. Everything else still syncs."


def test_a_later_success_closes_the_problem(connection: Connection) -> None:
    rows.bookmark(connection)
    past = timezone.now() - timedelta(minutes=10)
    rows.job(
        connection, status=WorkStatus.DEAD, lease_until=None, failure_class="ours", failure_sentence="Ours.",
        finished_at=timezone.now(), queued_at=past,
    )  # fmt: skip
    assert _card(connection.venue).status == "needs_attention"
    rows.job(connection, status=WorkStatus.SUCCEEDED, lease_until=None, finished_at=timezone.now())
    assert _card(connection.venue).status == "connected"


@pytest.mark.parametrize(
    ("minutes", "status", "late"), [(20, "connected", False), (35, "connected", True), (50, "needs_attention", True)]
)
def test_one_missed_interval_is_told_and_two_need_attention(
    connection: Connection, minutes: int, status: str, late: bool
) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    IntegrationConfig.objects.update(updated_at=long_ago)
    Connection.objects.update(connected_at=long_ago)
    rows.bookmark(connection, last_succeeded_at=timezone.now() - timedelta(minutes=minutes))
    card = _card(connection.venue)
    assert (card.status, card.late) == (status, late)
    assert ("missed" in card.message) is late


def test_lost_access_outranks_pause_and_sync(connection: Connection, owner: User) -> None:
    rows.bookmark(connection)
    rows.job(connection, log=rows.log(connection))
    lifecycle.pause(connection, by=owner)
    assert _card(connection.venue).status == "paused"
    lifecycle.lost(connection, AuthRevoked())
    card = _card(connection.venue)
    assert (card.status, card.tone, card.action.label) == ("reauthorise", "danger", "Reconnect")
    assert card.message.startswith("Square stopped accepting our access on ")
    assert card.message.endswith("Nothing is lost.")
    assert card.next_run_at is None


def test_disconnected_outranks_everything_and_keeps_the_history(connection: Connection, owner: User) -> None:
    rows.bookmark(connection)
    lifecycle.pause(connection, by=owner)
    Connection.objects.update(status=Status.DISCONNECTED, disconnected_at=timezone.now())
    card = _card(connection.venue)
    assert (card.status, card.action.label) == ("disconnected", "Connect again")
    assert card.message.endswith("Your history is kept.")


def test_a_pause_says_who_until_when_and_why(connection: Connection, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(first_name="Mia")
    until = timezone.now() + timedelta(days=1)
    lifecycle.pause(connection, by=owner, until=until, reason="Stocktaking")
    card = _card(connection.venue)
    assert card.message.startswith("Paused by Mia until ")
    assert card.message.endswith(": Stocktaking. Nothing is lost.")
    assert (card.action.label, card.action.method) == ("Resume", "POST")


def test_a_pause_that_is_over_is_over(connection: Connection, owner: User) -> None:
    rows.bookmark(connection)
    lifecycle.pause(connection, by=owner, until=timezone.now() - timedelta(minutes=1))
    assert _card(connection.venue).status == "connected"


def test_syncing_outranks_problems_but_still_shows_them(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.record(connection, state=LinkState.FAILING)
    rows.job(connection, log=rows.log(connection))
    card = _card(connection.venue)
    assert (card.status, card.problem_count) == ("syncing", 1)


def test_the_verdict_counts_who_needs_the_owner(connection: Connection) -> None:
    lifecycle.lost(connection, AuthRevoked())
    found = overview.for_venue(connection.venue)
    assert found.summary.text == "1 of 1 needs you"
    assert (found.summary.needs_you, found.summary.connected, found.poll_after_seconds) == (1, 0, 60)


def test_it_asks_for_a_quick_return_while_syncing(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.job(connection, log=rows.log(connection))
    found = overview.for_venue(connection.venue)
    assert (found.poll_after_seconds, found.summary.text) == (3, "Syncing now.")


@pytest.mark.parametrize("venues", [1, 20])
def test_it_takes_three_queries_however_many_venues(db: None, venues: int) -> None:
    houses = [VenueFactory() for _ in range(venues)]
    for house in houses:
        held = ConnectionFactory(venue=house)
        rows.bookmark(held)
        rows.record(held)
    with CaptureQueriesContext(
        database,
    ) as queries:
        found = overview.for_venues(Venue.objects.all())
    assert len(queries) == 3
    assert [each.venue for each in found] == list(Venue.objects.order_by("name"))
    assert {each.card("square").counts.up_to_date for each in found} == {1}


def test_one_venue_sees_nothing_of_another(connection: Connection) -> None:
    elsewhere = ConnectionFactory()
    rows.record(elsewhere)
    rows.bookmark(elsewhere)
    assert _card(connection.venue).counts.up_to_date == 0


def test_the_health_is_the_last_days_as_it_was_derived(connection: Connection) -> None:
    rows.finished(connection)
    rows.finished(connection, outcome="failed")
    rows.finished(connection, outcome="failed", started_at=timezone.now() - timedelta(days=3))
    rows.log(connection)
    assert _card(connection.venue).health == Health(None, None)
    figures.rebuild()
    assert _card(connection.venue).health == Health(0.5, 31_000)


def test_figures_that_nobody_derived_for_an_hour_are_not_told(connection: Connection) -> None:
    rows.finished(connection)
    figures.rebuild()
    IntegrationHealth.objects.update(computed_at=timezone.now() - timedelta(minutes=61))
    assert _card(connection.venue).health == Health(None, None)


def test_the_log_of_runs_is_asked_for_nothing_but_the_run_under_way(connection: Connection) -> None:
    rows.bookmark(connection)
    with CaptureQueriesContext(
        database,
    ) as queries:
        overview.for_venue(connection.venue)
    about_the_log = [line for each in queries for line in each["sql"].splitlines() if "sync_logs" in line]
    assert about_the_log == ["LEFT JOIN sync_logs log ON log.id = job.log_id AND log.outcome = 'running'"]


def test_as_json_has_the_shape_that_widget_and_api_share(connection: Connection) -> None:
    rows.bookmark(connection)
    rows.record(connection)
    said: dict[str, Any] = overview.as_json(overview.for_venue(connection.venue))
    assert set(said) == {"venue", "summary", "poll_after_seconds", "integrations"}
    card = said["integrations"][0]
    assert set(card) == {
        "provider", "name", "status", "status_label", "tone", "since", "message", "account", "action",
        "last_success_at", "next_run_at", "late", "test_mode", "notice", "counts", "progress", "problems", "objects",
        "health", "links",
    }  # fmt: skip
    assert card["action"] == {
        "code": "manage", "label": "Manage", "method": "GET", "href": "/integrations/square/?venue=lantern-room",
    }  # fmt: skip
