"""The console's pages where failed work is dealt with: shown, confirmed with its numbers, done, and put back."""

import json
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from connections.breaker import Breaker
from connections.models import Connection
from syncing.models import SyncJob
from tests.factories import ConnectionFactory
from tests.monitoring.conftest import dead_event
from tests.monitoring.test_recovery import scheduled, stale_job, waiting
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db
PAGES = {
    "given-up": "process_dead_letters", "queue": "clear_queue", "stale": "recover_stale", "providers": "recover_stale",
}  # fmt: skip


@pytest.fixture
def connection() -> Connection:
    found: Connection = ConnectionFactory()
    return found


@pytest.fixture
def client(staff: Any) -> Client:
    found = Client()
    found.force_login(staff)
    return found


def page(client: Client, name: str) -> str:
    answer = client.get(f"/admin/console/{name}/")
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, name: str, **given: str) -> str:
    """Return the page that follows."""
    return client.post(f"/admin/console/{name}/", given, follow=True).content.decode()


def hidden(text: str) -> dict[str, str]:
    """Return what a confirmation carries."""
    named = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text)
    return {name: value for name, value in named if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_wants_a_permission_and_holds_nothing_inline(
    client: Client, staff: Any, connection: Connection, name: str
) -> None:
    dead_event(connection)
    stale_job(connection)
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page(client, name))
    staff.is_superuser = False
    staff.save()
    assert client.get(f"/admin/console/{name}/").status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename=PAGES[name]))
    assert client.get(f"/admin/console/{name}/").status_code == 200


def test_others_are_sent_to_sign_in(owner: Any) -> None:
    stranger = Client()
    stranger.force_login(owner)
    assert all(stranger.get(f"/admin/console/{name}/").status_code == 302 for name in PAGES)


def test_the_front_page_leads_to_all_of_them(client: Client) -> None:
    text = client.get("/admin/").content.decode()
    assert all(f"/admin/console/{name}/" in text for name in PAGES)


def test_given_up_work_is_shown_by_cause_and_tried_again(client: Client, connection: Connection) -> None:
    for _ in range(3):
        dead_event(connection)
    text = page(client, "given-up")
    assert "square · ours · KeyError" in text
    assert "We could not work on this event." in text
    cause = hidden(text)["cause"]
    assert "1 tried again." in post(client, "given-up", act="trial", cause=cause)
    assert "2 tried again." in post(client, "given-up", act="retry", cause=cause, reason="mended")
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"queued"}


def test_discarding_is_confirmed_with_its_number_and_can_be_undone(client: Client, connection: Connection) -> None:
    event = dead_event(connection)
    cause = hidden(page(client, "given-up"))["cause"]
    asked = post(client, "given-up", act="discard", cause=cause)
    assert "Set aside: <strong>1</strong>" in asked
    assert WebhookEvent.objects.get(pk=event.pk).status == "dead"
    done = post(client, "given-up", act="discard", reason="of no use", **hidden(asked))
    assert "1 set aside." in done
    batch = json.loads(LogEntry.objects.get().change_message)["batch"]
    assert f'value="{batch}"' in done
    assert "1 put back." in post(client, "queue", act="restore", batch=batch)
    assert WebhookEvent.objects.get(pk=event.pk).status == "dead"


def test_the_queue_is_cleared_only_after_its_numbers_were_seen(client: Client, connection: Connection) -> None:
    waiting(connection, "customer", "order")
    asked = post(client, "queue", act="clear", provider="square")
    assert "job customer: 1" in asked
    assert SyncJob.objects.filter(status="queued").count() == 2
    assert "2 taken out of the queue." in post(client, "queue", act="clear", reason="a storm", **hidden(asked))
    assert SyncJob.objects.filter(status="cancelled").count() == 2


def test_an_empty_filter_is_refused_with_what_to_do(client: Client, connection: Connection) -> None:
    waiting(connection)
    assert "Everything is never meant." in post(client, "queue", act="clear")
    assert SyncJob.objects.get().status == "queued"


def test_syncs_are_forced_for_what_was_seen(client: Client, connection: Connection) -> None:
    scheduled(connection, "customer", "order")
    asked = post(client, "queue", act="force_full", venue=connection.venue.slug)
    assert "Sync everything of: <strong>2</strong>" in asked
    assert "2 queued." in post(client, "queue", act="force_full", reason="asked for", **hidden(asked))
    assert set(SyncJob.objects.values_list("mode", "trigger")) == {("full", "staff")}


def test_stale_work_is_told_with_its_cause_and_goes_on(client: Client, connection: Connection) -> None:
    stale_job(connection)
    text = page(client, "stale")
    assert "Its worker gave no sign of life" in text
    assert "It goes on from the last stored page" in text
    assert "1 go on; 0 had woken up by themselves." in post(client, "stale", reason="seen")


def test_a_provider_that_is_left_alone_is_shown_and_called_again(
    client: Client, settings: Any, connection: Connection
) -> None:
    settings.SANDBOX_URL = f"http://{connection.pk}"
    silent = Breaker("square", "MSILENT")
    for _ in range(5):
        silent.silent()
    assert "MSILENT (open)" in page(client, "providers")
    assert "Square is called again." in post(client, "providers", provider="square", reason="it is back")
    assert "MSILENT" not in page(client, "providers")
    assert json.loads(LogEntry.objects.get().change_message)["action"] == "reset_breaker"
