"""What a connection's page says beside its status: seldom reads, test accounts, sign-ins that are about to end."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.models import Connection, OAuthToken
from integrations.models import IntegrationConfig
from monitoring import figures
from monitoring.models import IntegrationHealth
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

CONNECTION = "/integrations/square/"


def words_of(answer: Any) -> str:
    page = Page(answer.content.decode())
    assert page.faults == []
    return " ".join(page.words.split())


def test_what_is_read_less_often_says_so(connection: Connection, owner: User, as_user: SignedIn) -> None:
    rows.bookmark(connection)
    assert "Invoices are read once an hour." in words_of(as_user(owner).get(CONNECTION))
    IntegrationConfig.objects.update(interval_minutes=60)
    assert "once an hour" not in words_of(as_user(owner).get(CONNECTION))


def test_an_object_that_rests_is_not_late_and_one_switched_off_needs_nobody(
    connection: Connection, viewer: User, as_user: SignedIn
) -> None:
    before = timezone.now() - timedelta(minutes=100)
    Connection.objects.update(connected_at=before - timedelta(days=1))
    IntegrationConfig.objects.update(updated_at=before, directions={"customer": "in", "invoice": "in"})
    rows.bookmark(connection, "customer")
    rows.bookmark(connection, "invoice", last_succeeded_at=before)
    rows.bookmark(connection, "product", last_succeeded_at=before, next_run_at=None)
    given_up = {"status": "dead", "finished_at": before, "failure_class": "ours", "failure_sentence": "Broken."}
    rows.job(connection, "product", lease_until=None, **given_up)
    text = words_of(as_user(viewer).get(CONNECTION))
    assert "Last sync 4 minutes ago" in text
    assert "missed" not in text
    assert "Open problems" not in text
    figures.rebuild()
    assert not [each for each in IntegrationHealth.objects.get().reasons if each.startswith("late")]


def test_an_object_that_rested_too_long_is_late(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    before = timezone.now() - timedelta(hours=4)
    Connection.objects.update(connected_at=before)
    IntegrationConfig.objects.update(updated_at=before)
    rows.bookmark(connection, "invoice", last_succeeded_at=before)
    assert "3 syncs were missed" in words_of(as_user(viewer).get(CONNECTION))
    figures.rebuild()
    assert IntegrationHealth.objects.get().reasons == ["late:1"]


@pytest.mark.parametrize("address", ["/integrations/", CONNECTION])
def test_a_test_account_is_marked(connection: Connection, viewer: User, as_user: SignedIn, address: str) -> None:
    assert "Test mode" not in words_of(as_user(viewer).get(address))
    Connection.objects.update(account_details={"mode": "test"})
    assert "Test mode" in words_of(as_user(viewer).get(address))


@pytest.mark.parametrize("address", ["/integrations/", CONNECTION])
@pytest.mark.parametrize(("days", "told"), [(29, True), (31, False)])
def test_a_sign_in_about_to_end_is_told_in_time(
    connection: Connection, owner: User, as_user: SignedIn, address: str, days: int, told: bool
) -> None:
    rows.bookmark(connection)
    OAuthToken.objects.update(refresh_ends_at=timezone.now() + timedelta(days=days))
    answer = as_user(owner).get(address)
    text = words_of(answer)
    assert ("Square asks you to sign in again by" in text) is told
    assert ("Reconnect" in text) is told
    assert "Connected" in text
