"""What the provider told and we never received is found once, and never at the wrong time or at anybody's cost."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
import requests
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.types import RawDelivery
from syncing.models import SyncCursor, SyncJob, SyncLog
from syncing.runner import Shutdown
from tests.contract.account import Account, assert_exact, connect, open_account, sign_in
from tests.contract.sending import CUSTOMER
from tests.contract.stage import MAILCHIMP, QUICKBOOKS, SQUARE, STRIPE, Stage
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox
from webhooks import intake, rounds, tasks
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)
each_list = pytest.mark.parametrize("stage", [SQUARE, STRIPE], ids=str)
each_read = pytest.mark.parametrize("stage", [MAILCHIMP, QUICKBOOKS], ids=str)


def opened(stage: Stage, sandbox: Sandbox, *, is_listed: bool = True) -> tuple[Account, Connection]:
    """Return an account and its connection, whose customers were read and are on the schedule."""
    account = open_account(stage, sandbox)
    if stage is SQUARE and is_listed:
        switch_on(account)
    connection = connect(account)
    read(connection, *stage.stream(CUSTOMER).needs, CUSTOMER)
    SyncCursor.objects.filter(connection=connection).update(next_run_at=timezone.now() + timedelta(hours=1))
    sandbox.clear_log()
    return account, connection


def switch_on(account: Account) -> None:
    """Let Square keep its list of events, as the application's owner does."""
    headers = {"Authorization": f"Bearer {account.key}", "Square-Version": "2026-09-16"}
    requests.put(f"{account.sandbox.url}/square/v2/events/enable", json={}, headers=headers, timeout=10)


def a_day_later() -> None:
    """Let every connection be due."""
    SyncCursor.objects.update(reconciled_at=timezone.now() - timedelta(days=1, minutes=1), reconcile_after=None)


def reconcile() -> bool:
    a_day_later()
    return tasks.reconcile_once()


def log_of(connection: Connection) -> SyncLog:
    return SyncLog.objects.filter(connection=connection, object_type="event").latest("started_at")


@each_list
def test_what_was_never_delivered_is_found_worked_off_and_read(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    account.act("change", **{stage.streams[CUSTOMER].changes: 12})
    assert reconcile()
    found = WebhookEvent.objects.filter(connection=connection)
    assert set(found.values_list("verdict", "status", "object_type")) == {("found", "queued", "customer")}
    assert found.count() == 12
    assert {bytes(row.body)[:1] for row in found} == {b"{"}
    while tasks.work_once():
        settle()
    assert_exact(account, connection, CUSTOMER)


@each_list
def test_a_quiet_round_costs_one_call_and_stands_in_the_history(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    account.act("change", **{stage.streams[CUSTOMER].changes: 3})
    reconcile()
    sandbox.clear_log()
    reconcile()
    log = log_of(connection)
    assert (len(account.calls()), log.call_count, log.outcome, log.created) == (1, 1, "nothing_to_do", 0)
    assert WebhookEvent.objects.count() == 3


@each_list
def test_a_delivery_that_comes_after_all_is_known_already(stage: Stage, sandbox: Sandbox) -> None:
    account, _ = opened(stage, sandbox)
    account.act("change", **{stage.streams[CUSTOMER].changes: 2})
    reconcile()
    provider = PROVIDERS[stage.key]
    assert provider.webhooks is not None
    for row in WebhookEvent.objects.all():
        told = orjson.loads(bytes(row.body)) | ({"account": account.id} if stage is STRIPE else {})
        late = RawDelivery(orjson.dumps(told), {})
        assert intake.store(provider, late, intake.read(provider, provider.webhooks, late), None) == 0
    assert WebhookEvent.objects.count() == 2


@each_list
def test_a_long_list_is_taken_page_by_page(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    for _ in range(9):
        account.act("change", **{stage.streams[CUSTOMER].changes: 25})
    reconcile()
    log = log_of(connection)
    assert (log.read, log.created, log.pages, log.call_count) == (225, 225, 3, 3)


@each_list
def test_what_nobody_here_is_interested_in_leaves_no_row(stage: Stage, sandbox: Sandbox) -> None:
    account, _ = opened(stage, sandbox)
    account.act("create", **({"charges": 3} if stage is STRIPE else {"orders": 3}))
    reconcile()
    assert not WebhookEvent.objects.filter(object_type="").exists()
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"queued"}


def test_a_list_that_is_off_is_replaced_by_a_read_of_what_changed(sandbox: Sandbox) -> None:
    account, connection = opened(SQUARE, sandbox, is_listed=False)
    account.act("change", customers=4)
    reconcile()
    log = log_of(connection)
    assert (log.outcome, log.call_count, [entry["event"] for entry in log.timeline]) == (
        "nothing_to_do", 1, ["not_listed"],
    )  # fmt: skip
    assert set(SyncJob.objects.filter(status="queued").values_list("trigger", "mode")) == {("event", "incremental")}
    settle()
    assert_exact(account, connection, CUSTOMER)
    assert SyncCursor.objects.filter(connection=connection, reconciled_at__gt=timezone.now() - timedelta(1)).exists()


@each_read
def test_without_a_list_each_stream_on_the_schedule_is_read_once(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    account.act("change", **{stage.streams[CUSTOMER].changes: 4})
    reconcile()
    assert account.calls() == []
    waiting = SyncJob.objects.filter(connection=connection, status="queued").values_list("object_type", "trigger")
    assert set(waiting) == {("customer", "event")}
    reconcile()
    assert waiting.count() == 1
    settle()
    assert_exact(account, connection, CUSTOMER)


def test_no_look_is_taken_while_the_venue_has_paused(sandbox: Sandbox) -> None:
    account, connection = opened(STRIPE, sandbox)
    lifecycle.pause(connection, by=account.owner)
    assert (reconcile(), account.calls()) == (False, [])


def test_what_rests_is_read_as_well_when_it_rested_too_long(sandbox: Sandbox) -> None:
    _, connection = opened(MAILCHIMP, sandbox)
    SyncCursor.objects.filter(object_type="audience").update(last_succeeded_at=timezone.now() - timedelta(hours=7))
    reconcile()
    waiting = SyncJob.objects.filter(connection=connection, status="queued").values_list("object_type", flat=True)
    assert set(waiting) == {"audience", "customer"}


@each_list
def test_what_went_wrong_is_tried_again_later_from_where_it_was(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    account.act("change", **{stage.streams[CUSTOMER].changes: 2})
    account.fail("status", status=503, times=3)
    reconcile()
    log = log_of(connection)
    assert (log.outcome, log.error_class, log.call_count) == ("failed", "provider_down", 3)
    assert not SyncCursor.objects.filter(reconciled_at__gt=timezone.now() - timedelta(days=1)).exists()
    SyncCursor.objects.update(reconcile_after=timezone.now())
    tasks.reconcile_once()
    assert WebhookEvent.objects.count() == 2


def test_who_asks_us_to_wait_is_left_alone_for_that_time(sandbox: Sandbox) -> None:
    account, _ = opened(STRIPE, sandbox)
    account.fail("rate_limit", retry_after=900, times=1)
    reconcile()
    wait = SyncCursor.objects.get(object_type="customer", direction="in").reconcile_after - timezone.now()
    assert timedelta(minutes=14) < wait <= timedelta(minutes=15)
    assert rounds.claim() == []


@each_list
def test_an_access_that_was_revoked_needs_its_owner(stage: Stage, sandbox: Sandbox) -> None:
    account, connection = opened(stage, sandbox)
    account.act("tokens", **(stage.revoke_key or stage.revoke))
    reconcile()
    connection.refresh_from_db()
    assert (connection.status, log_of(connection).error_class) == ("reauthorise", "auth")
    a_day_later()
    sandbox.clear_log()
    assert (tasks.reconcile_once(), account.calls()) == (False, [])


def test_a_list_that_only_says_unauthorised_does_not_end_the_access(sandbox: Sandbox) -> None:
    _, connection = opened(SQUARE, sandbox)
    body = {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "UNAUTHORIZED"}]}
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "path": "/v2/events", "status": 401,
                                    "body": body, "times": -1})  # fmt: skip
    reconcile()
    connection.refresh_from_db()
    assert (connection.status, SyncJob.objects.filter(status="queued").exists()) == ("connected", True)


def test_a_key_that_may_not_see_events_reads_what_changed(sandbox: Sandbox) -> None:
    account, connection = opened(STRIPE, sandbox)
    account.act("tokens", action="drop_scope", scope="rak_event_read")
    reconcile()
    assert log_of(connection).timeline[0]["event"] == "not_listed"
    assert SyncJob.objects.filter(status="queued", object_type="customer").exists()


def test_a_connected_account_is_found_by_the_platforms_access(sandbox: Sandbox) -> None:
    account = open_account(STRIPE, sandbox)
    connection = sign_in(account)
    read(connection, CUSTOMER)
    SyncCursor.objects.filter(connection=connection).update(next_run_at=timezone.now())
    account.act("change", customers=5)
    reconcile()
    assert set(WebhookEvent.objects.values_list("connection", "account_id", "verdict")) == {
        (connection.pk, account.id, "found")
    }


def test_a_silence_longer_than_the_list_reads_what_changed_as_well(sandbox: Sandbox) -> None:
    _, connection = opened(STRIPE, sandbox)
    SyncCursor.objects.update(reconciled_at=timezone.now() - timedelta(days=40))
    tasks.reconcile_once()
    assert "out_of_reach" in [entry["event"] for entry in log_of(connection).timeline]
    assert SyncJob.objects.filter(status="queued", object_type="customer").exists()


def test_a_worker_that_has_to_end_leaves_what_it_claimed_to_the_next(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, _ = opened(STRIPE, sandbox)
    account.act("change", customers=2)
    monkeypatch.setattr(Shutdown, "requested", True)
    reconcile()
    assert account.calls() == []
    monkeypatch.setattr(Shutdown, "requested", False)
    tasks.reconcile_once()
    assert WebhookEvent.objects.count() == 2


def test_staff_see_what_was_found(sandbox: Sandbox, client: Any, staff: Any) -> None:
    account, _ = opened(STRIPE, sandbox)
    account.act("change", customers=1)
    reconcile()
    client.force_login(staff)
    page = client.get("/admin/webhooks/webhookevent/?verdict=found").content.decode()
    assert "Found by reconciling" in page


def test_owners_find_the_look_in_their_history(sandbox: Sandbox, client: Any) -> None:
    account, connection = opened(STRIPE, sandbox)
    account.act("change", customers=2)
    reconcile()
    client.force_login(account.owner)
    log = log_of(connection)
    assert client.get("/integrations/stripe/history/").status_code == 200
    run = client.get(f"/integrations/stripe/history/{log.reference}/").content.decode()
    assert "2 checked, 2 new" in run
    assert "2 had not arrived; what they are about is read now." in run
    told = client.get("/api/v1/integrations/stripe/sync/history/").json()["results"][0]
    assert (told["object"], told["label"], told["counts"]["created"], told["calls"]) == ("event", "Events", 2, 1)
