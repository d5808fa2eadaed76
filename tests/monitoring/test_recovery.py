"""Recovery: what staff do with work that went wrong, previewed, done once, and put back exactly as it was."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections.models import Connection
from integrations import catalogue
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings.models import Direction
from monitoring import dead_letters, recovery
from monitoring.dead_letters import Filter
from syncing import queue
from syncing.models import Mode, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from tests.api.rows import dead_job, log_of
from tests.factories import ConnectionFactory
from tests.monitoring.conftest import dead_event, failing_record
from tests.webhooks.conftest import ripe
from tests.webhooks.test_drain import failing
from webhooks import drain
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db
SQUARE = Filter(provider="square")


def waiting(connection: Connection, *objects: str) -> list[SyncJob]:
    wanted = [ObjectType(each) for each in objects or ("customer",)]
    return queue.enqueue(connection, wanted, trigger=Trigger.SCHEDULE).jobs


def scheduled(connection: Connection, *objects: str) -> None:
    for each in objects:
        SyncCursor.objects.create(connection=connection, object_type=each, next_run_at=timezone.now())


def rows(model: Any) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


def audit() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(LogEntry.objects.get().change_message)
    return told


# --- forcing ----------------------------------------------------------------------------------------------------------


def test_forcing_queues_every_scheduled_stream_that_is_meant(connection: Connection, staff: Any) -> None:
    scheduled(connection, "customer", "order")
    scheduled(ConnectionFactory(), "customer")
    waiting(connection, "order")
    which = Filter(venue=connection.venue_id)
    assert recovery.preview_sync(which).by == {"customer": 1, "order": 1}
    done = recovery.force_sync(which, mode=Mode.FULL, by=staff, reason="asked on the telephone")
    made = SyncJob.objects.get(object_type="customer")
    assert (made.trigger, made.mode, made.actor, made.batch) == ("staff", "full", staff, done.batch)
    assert (done.counts, done.skipped) == ({"job": 1}, [{"reason": "already_queued"}])
    assert SyncJob.objects.get(object_type="order").mode == "full"
    assert {"action": "force_sync", "count": 1, "reason": "asked on the telephone"}.items() <= audit().items()


def test_forcing_leaves_alone_what_ran_just_now(connection: Connection, staff: Any) -> None:
    scheduled(connection, "customer", "order")
    SyncCursor.objects.filter(object_type="order").update(last_succeeded_at=timezone.now() - timedelta(minutes=4))
    recovery.force_sync(SQUARE, mode=Mode.INCREMENTAL, by=staff, reason="", unless_within=5)
    assert SyncJob.objects.get().object_type == "customer"


def test_forcing_costs_the_same_for_a_hundred_venues(staff: Any) -> None:
    for each in [ConnectionFactory() for _ in range(20)]:
        scheduled(each, "customer", "order")
    with CaptureQueriesContext(database) as queries:
        done = recovery.force_sync(SQUARE, mode=Mode.INCREMENTAL, by=staff, reason="")
    assert (done.count, len(queries) <= 8) == (40, True)


@pytest.mark.parametrize(
    "act",
    [
        lambda by: recovery.force_sync(Filter(), mode=Mode.FULL, by=by, reason=""),
        lambda by: recovery.preview_clear(Filter()),
        lambda by: recovery.clear_queue(Filter(), confirm="", by=by, reason=""),
        lambda by: recovery.retry_dead_letters(Filter(), by=by),
        lambda by: recovery.discard_dead_letters(Filter(), confirm="", by=by, reason=""),
    ],
    ids=["force", "look at the queue", "clear", "retry", "discard"],
)
def test_everything_at_once_is_never_meant(act: Any, connection: Connection, staff: Any) -> None:
    waiting(connection)
    dead_event(connection)
    with pytest.raises(Problem) as met:
        act(staff)
    assert met.value.code == "filter_required"


# --- clearing ---------------------------------------------------------------------------------------------------------


def test_what_is_cleared_comes_back_byte_for_byte(connection: Connection, staff: Any) -> None:
    waiting(connection, "customer", "order", "payment")
    dead_event(connection, status="queued", finished_at=None)
    before = rows(SyncJob), rows(WebhookEvent)
    seen = recovery.preview_clear(SQUARE)
    assert seen.by == {"job customer": 1, "job order": 1, "job payment": 1, "event customer": 1}
    cleared = recovery.clear_queue(SQUARE, confirm=seen.confirm, by=staff, reason="a storm")
    assert (cleared.counts, queue.claim()) == ({"job": 3, "event": 1}, None)
    assert {each["status"] for each in rows(SyncJob) + rows(WebhookEvent)} == {"cancelled"}
    recovery.restore(cleared.batch, by=staff)
    assert (rows(SyncJob), rows(WebhookEvent)) == before


def test_clearing_touches_nothing_that_runs_and_no_other_venue(connection: Connection, staff: Any) -> None:
    other, running = waiting(ConnectionFactory())[0], waiting(connection, "order")[0]
    SyncJob.objects.filter(pk=running.pk).update(status="running", lease_until=timezone.now() + timedelta(minutes=1))
    waiting(connection)
    which = Filter(venue=connection.venue_id)
    recovery.clear_queue(which, confirm=recovery.preview_clear(which).confirm, by=staff, reason="")
    assert {each.pk for each in SyncJob.objects.exclude(status="cancelled")} == {other.pk, running.pk}


def test_clearing_closes_the_history_of_what_had_begun(connection: Connection, staff: Any) -> None:
    (job,) = waiting(connection)
    log = log_of(connection, outcome="running", finished_at=None, job=job)
    recovery.clear_queue(SQUARE, confirm=recovery.preview_clear(SQUARE).confirm, by=staff, reason="")
    assert SyncLog.objects.get(pk=log.pk).outcome == "stopped"


def test_only_what_was_seen_is_cleared(connection: Connection, staff: Any) -> None:
    waiting(connection)
    seen = recovery.preview_clear(SQUARE)
    waiting(connection, "order", "payment")
    for which, confirm in ((SQUARE, seen.confirm), (SQUARE, "forged"), (Filter(kind="job"), seen.confirm)):
        with pytest.raises(Problem) as met:
            recovery.clear_queue(which, confirm=confirm, by=staff, reason="")
        assert met.value.code == "confirm_mismatch"
    assert SyncJob.objects.filter(status="queued").count() == 3


def test_what_waits_again_meanwhile_is_not_doubled_by_putting_back(connection: Connection, staff: Any) -> None:
    waiting(connection, "customer", "order")
    done = recovery.clear_queue(SQUARE, confirm=recovery.preview_clear(SQUARE).confirm, by=staff, reason="")
    waiting(connection, "order")
    back = recovery.restore(done.batch, by=staff)
    assert (back.counts["job"], back.skipped) == (1, [{"reason": "already_queued"}])
    assert SyncJob.objects.filter(status="queued").count() == 2


def test_nothing_is_put_back_twice(connection: Connection, staff: Any) -> None:
    waiting(connection)
    done = recovery.clear_queue(SQUARE, confirm=recovery.preview_clear(SQUARE).confirm, by=staff, reason="")
    recovery.restore(done.batch, by=staff)
    for batch in (done.batch, uuid4()):
        with pytest.raises(Problem) as met:
            recovery.restore(batch, by=staff)
        assert met.value.code == "not_found"


# --- given-up work ----------------------------------------------------------------------------------------------------


def test_failures_of_one_cause_are_one_group_whatever_differs_in_their_sentences(connection: Connection) -> None:
    for number in range(5):
        failing_record(connection, number)
    failing_record(connection, 9, field="email_address", code="INVALID_EMAIL_ADDRESS")
    dead_event(connection)
    dead_event(ConnectionFactory(), failure_sentence="We could not work on this event.")
    for each, reference in ((connection, "8F3K-2QPX"), (ConnectionFactory(), "ABCD-EFGH")):
        sentence = f"Something went wrong on our side. Our team has been told (reference {reference})."
        dead_job(each, failure_class="ours", failure_code="KeyError", failure_sentence=sentence)
    assert sorted((each.error_class, each.code, each.size, each.venues) for each in dead_letters.groups()) == [
        ("invalid_value", "INVALID_EMAIL_ADDRESS", 1, 1), ("invalid_value", "INVALID_PHONE_NUMBER", 5, 1),
        ("ours", "KeyError", 2, 2), ("ours", "KeyError", 2, 2),
    ]  # fmt: skip


def test_two_permissions_that_are_missing_are_two_causes(connection: Connection) -> None:
    for scope in ("Read items", "Read prices", "Read prices"):
        sentence = f"Stripe does not allow us to read products. It needs the permission “{scope}”."
        dead_job(ConnectionFactory(), failure_class="permission", failure_code="", failure_sentence=sentence)
    assert [each.size for each in dead_letters.groups()] == [2, 1]


def test_a_failure_that_a_newer_job_has_settled_is_none_any_more(connection: Connection) -> None:
    dead_job(connection)
    assert [each.jobs for each in dead_letters.groups()] == [1]
    waiting(connection, "order")
    assert dead_letters.groups() == []


def test_a_retry_tries_each_kind_once(connection: Connection, staff: Any) -> None:
    dead_job(connection, direction="in", mode="full")
    event, link = dead_event(connection), failing_record(connection)
    done = recovery.retry_dead_letters(SQUARE, by=staff, reason="mended")
    assert done.counts == {"job": 1, "event": 1, "record": 1}
    made = {(each.object_type, each.direction, each.mode) for each in SyncJob.objects.filter(status="queued")}
    assert made == {("order", "in", "full"), ("customer", "out", "incremental")}
    event.refresh_from_db()
    link.refresh_from_db()
    assert (event.status, event.failure_class, event.batch) == ("queued", "ours", done.batch)
    assert (link.state, link.pushed_version, link.problem["class"]) == ("waiting", 2, "invalid_value")
    assert recovery.retry_dead_letters(SQUARE, by=staff).count == 0


def test_a_trial_tries_one_of_each_cause_and_the_rest_can_follow(connection: Connection, staff: Any) -> None:
    for _ in range(4):
        dead_event(connection)
        dead_event(connection, failure_code="ValueError")
    assert recovery.retry_dead_letters(SQUARE, by=staff, trial=True).counts["event"] == 2
    assert sorted(WebhookEvent.objects.filter(status="queued").values_list("failure_code", flat=True)) == [
        "KeyError", "ValueError",
    ]  # fmt: skip
    assert recovery.retry_dead_letters(SQUARE, by=staff).counts["event"] == 6


def test_a_retry_of_events_that_fail_again_stops_after_five(connection: Connection, staff: Any) -> None:
    scheduled(connection, "customer")
    for _ in range(12):
        dead_event(connection)
    recovery.retry_dead_letters(SQUARE, by=staff)
    with failing():
        while WebhookEvent.objects.filter(status="queued").exists():
            ripe()
            drain.work_off()
    failed_again = WebhookEvent.objects.exclude(failures=[])
    assert (failed_again.count(), WebhookEvent.objects.filter(status="dead").count()) == (5, 12)
    assert set(WebhookEvent.objects.difference(failed_again).values_list("failure_code", flat=True)) == {"KeyError"}


def test_an_event_that_reached_nobody_is_tried_when_somebody_is_there(venue: Any, staff: Any) -> None:
    lost = dead_event(None, verdict="unroutable", failure_class="not_found", account_id="MLATER")
    assert recovery.retry_dead_letters(SQUARE, by=staff).counts["event"] == 0
    later = ConnectionFactory(venue=venue, account_id="MLATER", environment=catalogue.environment())
    assert recovery.retry_dead_letters(SQUARE, by=staff).counts["event"] == 1
    lost.refresh_from_db()
    assert (lost.status, lost.verdict, lost.connection) == ("queued", "accepted", later)


def test_refetching_reads_everything_of_the_streams_once(connection: Connection, staff: Any) -> None:
    for _ in range(3):
        dead_event(connection)
    recovery.retry_dead_letters(SQUARE, by=staff, how=recovery.How.REFETCH)
    job = SyncJob.objects.get()
    assert (job.object_type, job.direction, job.mode) == ("customer", Direction.IN, "full")


def test_what_is_discarded_comes_back_byte_for_byte(connection: Connection, staff: Any) -> None:
    dead_job(connection)
    dead_event(connection)
    failing_record(connection)
    before = rows(SyncJob), rows(WebhookEvent), rows(RecordLink)
    seen = recovery.preview_dead_letters(SQUARE)
    assert seen.by == {"job": 1, "event": 1, "record": 1}
    done = recovery.discard_dead_letters(SQUARE, confirm=seen.confirm, by=staff, reason="of no use")
    assert (done.count, dead_letters.groups()) == (3, [])
    assert RecordLink.objects.get().state == "left_out"
    recovery.restore(done.batch, by=staff)
    assert (rows(SyncJob), rows(WebhookEvent), rows(RecordLink)) == before


def test_each_action_leaves_one_entry_that_says_who_what_and_why(connection: Connection, staff: Any) -> None:
    dead_event(connection)
    done = recovery.retry_dead_letters(Filter(cause=dead_letters.groups()[0].cause), by=staff, reason="release 1.4.3")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr, UUID(entry.object_id)) == (staff, "retry dead letters: 1", done.batch)
    assert {"reason": "release 1.4.3", "count": 1}.items() <= audit().items()
    assert set(audit()["filter"]) == {"cause"}


# --- stale work -------------------------------------------------------------------------------------------------------


def stale_job(connection: Connection, **more: Any) -> SyncJob:
    (job,) = waiting(connection)
    over = timezone.now() - timedelta(seconds=5)
    values = {
        "status": "running", "lease_until": over, "heartbeat_at": over, "lease_owner": "elsewhere:1:1", "attempts": 1,
        "fence": 1,
    } | more  # fmt: skip
    SyncJob.objects.filter(pk=job.pk).update(**values)
    return job


def test_stale_work_goes_on_and_is_told_with_its_cause(connection: Connection, staff: Any) -> None:
    job = stale_job(connection)
    done = recovery.recover_stale(by=staff)
    (item,) = done.again
    assert (item.id, item.cause, item.worker) == (job.pk, "worker_lost", "elsewhere:1:1")
    assert item.next_said == "It goes on from the last stored page; 0 records are stored."
    job.refresh_from_db()
    assert (job.status, job.attempts, job.failures[-1]["code"], job.fell_silent) == ("queued", 1, "worker_lost", True)
    assert recovery.recover_stale(by=staff).again == []


def test_a_process_of_this_machine_that_is_gone_is_told_as_gone(connection: Connection) -> None:
    stale_job(connection, lease_owner=f"{queue.owner().split(':')[0]}:4194304:1")
    assert [each.cause for each in recovery.stale.found()] == ["worker_gone"]


def test_one_that_hangs_beside_others_that_live_is_told_as_hanging(connection: Connection) -> None:
    stale_job(connection, lease_owner="elsewhere:7:1")
    (other,) = waiting(ConnectionFactory())
    SyncJob.objects.filter(pk=other.pk).update(
        status="running", lease_until=timezone.now() + timedelta(minutes=1), lease_owner="elsewhere:7:2"
    )
    assert [each.cause for each in recovery.stale.found()] == ["hangs"]


def test_one_that_woke_up_meanwhile_is_left_alone(connection: Connection) -> None:
    job = stale_job(connection)
    seen = recovery.stale.found()
    SyncJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    assert recovery.stale.take_up(seen) == set()
    assert SyncJob.objects.get().status == "running"


def test_a_stale_stream_that_somebody_queued_meanwhile_goes_on_by_that_job(connection: Connection, staff: Any) -> None:
    stale_job(connection)
    SyncJob.objects.create(venue=connection.venue, connection=connection, object_type="customer")
    recovery.recover_stale(by=staff)
    assert sorted(SyncJob.objects.values_list("status", flat=True)) == ["cancelled", "queued"]


def test_stale_events_go_on_as_well(connection: Connection) -> None:
    dead_event(
        connection, status="running", finished_at=None, lease_until=timezone.now() - timedelta(seconds=1), attempts=1
    )
    assert [each.kind for each in recovery.recover_stale(by=None).again] == ["event"]
    assert WebhookEvent.objects.get().status == "queued"


def test_looking_for_stale_work_costs_one_query_however_much_there_is() -> None:
    for _ in range(6):
        stale_job(ConnectionFactory())
    with CaptureQueriesContext(database) as queries:
        assert len(recovery.stale.found()) == 6
    assert len(queries) == 1
