"""A run on a bad day: what is tried again, what is given up, what waits, and that nothing is lost or doubled."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import connections as database_connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import lifecycle, oauth
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS, http
from integrations.providers.types import ObjectType
from mappings.models import FieldMapping
from syncing import ahead, queue, runner, schedule, tasks
from syncing.models import Record, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.queue import Claim
from tests.conftest import forget_limits
from tests.connections.conftest import SESSION, consent
from tests.proofs.house import database_url
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER, ORDER, LOCATION = ObjectType.CUSTOMER, ObjectType.ORDER, ObjectType.LOCATION
SEARCH = "/v2/customers/search"


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short troubles are not bridged inside a call, so that the queue meets them."""
    monkeypatch.setattr(http, "_TRIES", 1)


@pytest.fixture
def page_by_page(settings: Any, sandbox: Sandbox) -> None:
    """Ten customers a page, one page a turn."""
    settings.SYNC_SLICE = timedelta(0)
    sandbox.ask("POST", "/square/settings", {"page_size": 10})


@pytest.fixture
def fail(sandbox: Sandbox) -> Callable[..., None]:
    def add(kind: str = "status", *, path: str = SEARCH, times: int = -1, **more: Any) -> None:
        sandbox.ask("POST", "/faults", {"provider": "square", "kind": kind, "path": path, "times": times, **more})

    return add


def put(connection: Connection, *objects: ObjectType) -> None:
    queue.enqueue(connection, objects or [CUSTOMER], trigger=Trigger.OWNER)


def claimed() -> Claim:
    claim = queue.claim()
    assert claim is not None
    return claim


def at_once(**values: Any) -> SyncJob:
    """Let waiting jobs' time come, and return the only one."""
    SyncJob.objects.filter(status="queued").update(not_before=timezone.now() - timedelta(seconds=1), **values)
    return SyncJob.objects.get()


def lapse() -> None:
    SyncJob.objects.filter(status="running").update(lease_until=timezone.now() - timedelta(seconds=1))


def in_thread(act: Callable[[], object]) -> Callable[[], None]:
    """Return `act` as a thread may do it: its database connection is given back."""

    def run() -> None:
        try:
            act()
        finally:
            database_connections.close_all()

    return run


def customers() -> int:
    return Record.objects.live().filter(object_type=CUSTOMER).count()


def read() -> int:
    return sum(SyncLog.objects.filter(object_type=CUSTOMER).values_list("read", flat=True))


def events(log: SyncLog) -> list[str]:
    return [entry["event"] for entry in log.timeline]


def test_a_long_wish_to_wait_uses_up_no_attempt_and_stands_in_the_history(
    square: Connection, fail: Any, sandbox: Sandbox
) -> None:
    fail("rate_limit", retry_after=120, times=1)
    put(square)
    assert tasks.work_once()
    job, log = SyncJob.objects.get(), SyncLog.objects.get()
    assert (job.status, job.attempts, job.failure_class) == ("queued", 0, "rate_limit")
    assert timedelta(seconds=100) < job.not_before - timezone.now() <= timedelta(seconds=120)
    assert (log.outcome, events(log)) == ("running", ["asked_to_wait"])
    assert log.timeline[0]["detail"].startswith("Square asked us to slow down. Going on")
    at_once()
    forget_limits(sandbox.url)  # two minutes later
    settle()
    assert (SyncLog.objects.get().outcome, customers()) == ("succeeded", 40)


def test_a_provider_that_fails_is_tried_again_and_then_given_up_with_a_reason(
    square: Connection, fail: Any, settings: Any
) -> None:
    settings.SYNC_MAX_ATTEMPTS = 3
    fail(status=503)
    put(square)
    for attempts in (1, 2):
        assert tasks.work_once()
        assert (at_once().attempts, at_once().status) == (attempts, "queued")
    assert tasks.work_once()
    job, log = SyncJob.objects.get(), SyncLog.objects.get()
    assert (job.status, job.failure_class, job.failure_code, job.failure_sentence, job.lease_until) == (
        "dead", "provider_down", "SERVICE_UNAVAILABLE", "Square is not answering.", None,
    )  # fmt: skip
    assert (log.outcome, log.error_sentence, events(log)) == ("failed", "Square is not answering.", ["tried_again"] * 2)


def test_after_a_trouble_that_passed_the_job_holds_no_old_failure(square: Connection, fail: Any) -> None:
    fail(status=500, times=1)
    put(square)
    tasks.work_once()
    at_once()
    settle()
    job = SyncJob.objects.get()
    assert (job.status, job.failure_class, job.failure_code, job.failure_sentence) == ("succeeded", "", "", "")


@pytest.mark.parametrize("kind", ["html", "malformed", "reset"])
def test_an_answer_that_cannot_be_read_is_the_provider_s_trouble(
    square: Connection, fail: Any, settings: Any, kind: str
) -> None:
    settings.SYNC_MAX_ATTEMPTS = 1
    fail(kind)
    put(square)
    tasks.work_once()
    assert (SyncJob.objects.get().status, SyncJob.objects.get().failure_class) == ("dead", "provider_down")
    assert customers() == 0


@pytest.mark.usefixtures("page_by_page")
def test_trouble_in_the_middle_goes_on_from_the_last_stored_page(square: Connection, fail: Any) -> None:
    fail("malformed", times=1, skip=2)
    put(square)
    while SyncJob.objects.workable().exists():
        at_once()
        assert tasks.work_once()
    assert (customers(), read(), RecordLink.objects.filter(external_type=CUSTOMER).count()) == (40, 40, 40)
    assert events(SyncLog.objects.get()) == ["tried_again"]


@pytest.mark.usefixtures("page_by_page")
def test_what_was_stored_gives_the_attempts_back(square: Connection, fail: Any) -> None:
    put(square)
    SyncJob.objects.update(attempts=6)
    tasks.work_once()
    assert SyncJob.objects.get().attempts == 1


def test_a_page_stored_in_the_same_turn_counts_before_giving_up(
    square: Connection, fail: Any, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.ask("POST", "/square/settings", {"page_size": 10})
    fail(status=500, skip=2, path="/v2/customers/search")
    put(square)
    SyncJob.objects.update(attempts=settings.SYNC_MAX_ATTEMPTS - 1)
    tasks.work_once()
    assert (SyncJob.objects.get().status, SyncJob.objects.get().attempts, customers()) == ("queued", 1, 20)


def test_a_sign_of_life_alone_does_not_give_the_attempts_back(square: Connection, fail: Any, sandbox: Sandbox) -> None:
    sandbox.ask("POST", f"/square/{square.account_id}/create", {"payouts": 3})
    put(square, LOCATION)
    settle()
    put(square, ObjectType.PAYOUT)
    SyncJob.objects.filter(status="queued").update(attempts=4)
    fail(path="/v2/payouts/", status=500, skip=1)  # the first payout's parts are fetched, the second's are not
    tasks.work_once()
    job = SyncJob.objects.get(object_type="payout")
    assert (job.status, job.attempts) == ("queued", 5)


@pytest.mark.usefixtures("page_by_page")
def test_a_worker_that_fell_silent_is_taken_over_from_the_last_stored_page(square: Connection) -> None:
    put(square)
    tasks.work_once()
    claimed()
    lapse()
    settle()
    assert (customers(), read()) == (40, 40)
    assert events(SyncLog.objects.get()) == ["taken_over"]


def test_a_slow_provider_does_not_cost_the_job_its_worker(
    square: Connection, fail: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SYNC_LEASE = timedelta(seconds=1)
    monkeypatch.setattr(ahead, "_SIGN_OF_LIFE_SECONDS", 0.2)
    fail("delay", seconds=3, times=1)
    put(square)
    other: list[Claim | None] = []
    late = threading.Timer(2, in_thread(lambda: other.append(queue.claim())))
    late.start()
    assert tasks.work_once()
    late.join()
    assert (other, SyncJob.objects.get().status, customers()) == ([None], "succeeded", 40)


@pytest.mark.usefixtures("page_by_page")
def test_a_worker_that_wakes_late_stores_nothing(square: Connection) -> None:
    put(square)
    tasks.work_once()
    old = claimed()
    lapse()
    claimed()
    before = SyncJob.objects.values().get(), SyncCursor.objects.values().get(), customers()
    runner.run(old)
    assert (SyncJob.objects.values().get(), SyncCursor.objects.values().get(), customers()) == before


def test_a_job_that_ends_its_worker_again_and_again_is_given_up(square: Connection, settings: Any) -> None:
    settings.SYNC_MAX_ATTEMPTS = 3
    put(square)
    for _ in range(3):
        claimed()
        lapse()
    tasks.work_once()
    job = SyncJob.objects.get()
    assert (job.status, job.failure_class, job.failure_code) == ("dead", "ours", "crash_loop")
    assert job.failure_sentence.startswith("This sync ended its worker several times in a row.")
    assert SyncLog.objects.get().outcome == "failed"


@pytest.mark.usefixtures("page_by_page")
def test_a_stop_ends_at_the_next_page_and_the_next_sync_goes_on_from_there(square: Connection, owner: User) -> None:
    put(square)
    tasks.work_once()
    bookmark, running = SyncCursor.objects.get().position, claimed()
    assert queue.stop(square, by=owner) == 1
    runner.run(running)
    assert (SyncJob.objects.get().status, SyncLog.objects.get().outcome) == ("cancelled", "stopped")
    assert (SyncCursor.objects.get().position, customers()) == (bookmark, 10)
    put(square)
    settle()
    assert (customers(), read()) == (40, 40)


def test_a_connection_that_ended_meanwhile_gets_nothing_more(square: Connection, owner: User) -> None:
    put(square)
    running = claimed()
    Connection.objects.update(status="disconnected")
    runner.run(running)
    assert (SyncJob.objects.get().status, customers()) == ("cancelled", 0)


@pytest.mark.usefixtures("page_by_page")
def test_a_worker_that_is_told_to_go_leaves_the_rest_for_another(
    square: Connection, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SYNC_SLICE = timedelta(minutes=1)
    put(square)
    monkeypatch.setattr(runner.Shutdown, "requested", True)
    tasks.work_once()
    assert (SyncJob.objects.get().status, customers()) == ("queued", 10)
    monkeypatch.setattr(runner.Shutdown, "requested", False)
    settle()
    assert customers() == 40
    assert 40 <= read() < 50, "a window begins at the last time seen"


@pytest.fixture
def signed_in(venue: Venue, owner: User, merchant: dict[str, Any]) -> Connection:
    return _sign_in(venue, owner, merchant["id"])


def _sign_in(venue: Venue, owner: User, account: str, reconnect: Connection | None = None) -> Connection:
    square = PROVIDERS["square"]
    trip = oauth.begin(user=owner, venue=venue, provider=square, session_key=SESSION, reconnect=reconnect)
    return oauth.complete(provider=square, query=consent(trip, account), user=owner, session_key=SESSION)[0]


@pytest.mark.usefixtures("page_by_page")
def test_work_waits_while_the_owner_must_reconnect_and_then_goes_on_with_nothing_lost(
    signed_in: Connection, sandbox: Sandbox, venue: Venue, owner: User
) -> None:
    put(signed_in)
    tasks.work_once()
    sandbox.ask("POST", f"/square/{signed_in.account_id}/tokens", {"action": "revoke"})
    tasks.work_once()
    job = SyncJob.objects.get()
    assert Connection.objects.get().status == "reauthorise"
    assert (job.status, job.failure_class, job.failure_sentence) == (
        "queued", "auth", "Square no longer accepts our access.",
    )  # fmt: skip
    assert queue.claim() is None
    _sign_in(venue, owner, signed_in.account_id, reconnect=signed_in)
    settle()
    assert (customers(), read()) == (40, 40)
    assert list(SyncLog.objects.order_by("started_at").values_list("outcome", flat=True)) == ["failed", "succeeded"]


@pytest.mark.usefixtures("page_by_page")
def test_access_that_ends_in_the_middle_is_renewed_without_a_trace(signed_in: Connection, sandbox: Sandbox) -> None:
    put(signed_in)
    tasks.work_once()
    sandbox.ask("POST", f"/square/{signed_in.account_id}/tokens", {"action": "expire"})
    settle()
    assert (customers(), read(), events(SyncLog.objects.get())) == (40, 40, [])


def test_a_lost_master_key_asks_for_a_reconnect_and_does_not_crash(square: Connection, settings: Any) -> None:
    put(square)
    settings.FIELD_ENCRYPTION_KEYS = "other:" + settings.FIELD_ENCRYPTION_KEYS.split(":", 1)[1].split(",")[0]
    tasks.work_once()
    assert (Connection.objects.get().status, SyncJob.objects.get().status) == ("reauthorise", "queued")


def drop(sandbox: Sandbox, connection: Connection, scope: str) -> None:
    wish = {"action": "drop_scope", "scope": scope, "include_personal": True}
    sandbox.ask("POST", f"/square/{connection.account_id}/tokens", wish)


def test_a_missing_permission_is_named_and_stops_only_its_object(square: Connection, sandbox: Sandbox) -> None:
    drop(sandbox, square, "CUSTOMERS_READ")
    put(square, CUSTOMER, ObjectType.PRODUCT)
    settle()
    assert dict(SyncJob.objects.values_list("object_type", "status")) == {"customer": "dead", "product": "succeeded"}
    assert SyncJob.objects.get(object_type=CUSTOMER).failure_sentence == (
        "Square does not allow us to read customers. It needs the permission “See your customers”."
    )
    assert Connection.objects.get().status == "connected"


def test_a_restricted_account_pauses_the_connection_and_loses_nothing(square: Connection, sandbox: Sandbox) -> None:
    body = {"errors": [{"category": "AUTHENTICATION_ERROR", "code": "CLIENT_DISABLED", "detail": "Disabled."}]}
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 403, "body": body, "times": -1})
    put(square, CUSTOMER)
    tasks.work_once()
    config = square.venue.integration_configs.get()
    assert (config.is_paused, config.pause_reason) == (True, "Your Square account is restricted.")
    assert SyncJob.objects.get().status == "queued"
    sandbox.ask("DELETE", "/faults")
    lifecycle.resume(square, by=None)
    settle()
    assert SyncJob.objects.get().status == "succeeded"


def test_orders_wait_for_the_locations_they_are_searched_by(square: Connection) -> None:
    put(square, ORDER)
    settle()
    assert dict(SyncJob.objects.values_list("object_type", "status")) == {"order": "succeeded", "location": "succeeded"}
    assert Record.objects.filter(object_type=ORDER).count() == 12
    assert SyncLog.objects.filter(object_type=ORDER).count() == 1


def test_orders_do_not_wait_for_ever_for_locations_that_were_given_up(square: Connection, sandbox: Sandbox) -> None:
    drop(sandbox, square, "MERCHANT_PROFILE_READ")
    put(square, ORDER, ObjectType.PAYMENT)
    settle(20)
    assert set(SyncJob.objects.values_list("status", "failure_class")) == {("dead", "permission")}
    assert SyncJob.objects.count() == 3
    assert "“Your business profile”" in SyncJob.objects.get(object_type=ORDER).failure_sentence


def test_a_rule_that_makes_no_sense_is_given_up_with_its_name(square: Connection) -> None:
    FieldMapping.objects.create(
        connection=square, version=1, object_type=CUSTOMER, direction="in", position=1,
        source="note", target="note", transforms=[{"name": "shout"}],
    )  # fmt: skip
    put(square)
    tasks.work_once()
    job = SyncJob.objects.get()
    assert (job.status, job.failure_class, job.failure_code) == ("dead", "ours", "BadRule")
    assert "The rule for note uses “shout”" in job.failure_sentence


def test_a_database_that_is_busy_is_tried_again(square: Connection, sandbox: Sandbox) -> None:
    sandbox.clear_log()
    put(square)
    SyncCursor.objects.create(connection=square, object_type=CUSTOMER)
    with psycopg.connect(database_url()) as other, database.cursor() as cursor:
        other.execute("SELECT * FROM sync_cursors FOR UPDATE")
        cursor.execute("SET lock_timeout = '200ms'")
        tasks.work_once()
        cursor.execute("SET lock_timeout = '3s'")
    job = SyncJob.objects.get()
    assert (job.status, job.failure_class, job.failure_code) == ("queued", "ours", "LockNotAvailable")
    assert SyncLog.objects.get().call_count == sandbox.calls()  # what the rolled-back page had cost, too
    at_once()
    settle()
    assert customers() == 40
    assert SyncLog.objects.get().call_count == sandbox.calls()


def test_a_page_costs_the_same_number_of_statements_however_many_records_it_has(
    square: Connection, sandbox: Sandbox
) -> None:
    put(square)
    settle()
    found = []
    for size in (10, 40):
        sandbox.ask("POST", "/clock", {"advance_seconds": 3600})
        sandbox.ask("POST", f"/square/{square.account_id}/change", {"customers": size})
        put(square)
        with CaptureQueriesContext(database) as queries:
            assert tasks.work_once()
        found.append(len(queries))
    assert found[0] == found[1]
    assert set(SyncLog.objects.values_list("updated", flat=True)) >= {10}


def test_ending_a_connection_ends_its_work(square: Connection, owner: User) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    lifecycle.disconnect(square, by=owner)
    assert not tasks.work_once()
    schedule.sweep()
    assert set(SyncJob.objects.values_list("status", flat=True)) == {"cancelled"}
