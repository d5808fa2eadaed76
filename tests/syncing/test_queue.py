"""Putting work in, taking it out under a lease, and what a worker that wakes late can no longer do."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db import connections as database_connections
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection
from integrations import walls
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import history, queue
from syncing.models import Mode, Priority, SyncJob, SyncLog, Trigger
from syncing.queue import Claim, LostLease
from syncing.work import Failure
from tests.factories import ConnectionFactory, VenueFactory

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER, ORDER, PRODUCT = ObjectType.CUSTOMER, ObjectType.ORDER, ObjectType.PRODUCT


def put(connection: Connection, *objects: ObjectType, **more: Any) -> list[SyncJob]:
    return queue.enqueue(connection, objects or [CUSTOMER], trigger=Trigger.OWNER, **more).jobs


def taken() -> SyncJob:
    claim = queue.claim()
    assert claim is not None
    return SyncJob.objects.get(pk=claim.job_id)


def lapse(job: SyncJob) -> None:
    """Let the lease of a running job run out."""
    SyncJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_objects_are_queued_in_reading_order_under_one_run(connection: Connection) -> None:
    started = queue.enqueue(connection, [ORDER, CUSTOMER, PRODUCT], trigger=Trigger.OWNER, mode=Mode.FULL)
    assert [job.object_type for job in started.jobs] == [CUSTOMER, PRODUCT, ORDER]
    assert {(job.run, job.mode, job.status) for job in started.jobs} == {(started.run, "full", "queued")}
    assert not started.joined


def test_what_waits_already_is_joined(connection: Connection) -> None:
    first = queue.enqueue(connection, [CUSTOMER], trigger=Trigger.SCHEDULE)
    second = queue.enqueue(connection, [CUSTOMER], trigger=Trigger.OWNER)
    third = queue.enqueue(connection, [CUSTOMER, ORDER], trigger=Trigger.OWNER)
    assert (second.joined, second.run, second.jobs) == (True, first.run, first.jobs)
    assert (third.joined, third.run == first.run, SyncJob.objects.count()) == (False, False, 2)


def test_what_runs_already_is_joined(connection: Connection) -> None:
    put(connection)
    running = taken()
    assert put(connection) == [running]


def test_ten_requests_at_once_make_one_job(connection: Connection) -> None:
    at_once(10, lambda: put(connection, CUSTOMER, ORDER))
    assert SyncJob.objects.count() == 2


def test_higher_priority_goes_first_then_the_one_that_waits_longest(connection: Connection) -> None:
    low, normal = put(connection, PRODUCT, priority=Priority.LOW), put(connection, ORDER)
    critical = put(connection, CUSTOMER, priority=Priority.CRITICAL)
    older = put(ConnectionFactory())
    SyncJob.objects.filter(pk=older[0].pk).update(not_before=timezone.now() - timedelta(hours=1))
    assert [taken() for _ in range(4)] == [*critical, *older, *normal, *low]


@pytest.mark.parametrize("waits_already", [True, False])
def test_what_a_job_waits_for_is_never_behind_the_job_itself(connection: Connection, waits_already: bool) -> None:
    if waits_already:
        put(connection, CUSTOMER)
    (urgent,) = put(connection, ORDER, priority=Priority.CRITICAL)
    put(ConnectionFactory(), priority=Priority.HIGH)
    queue.enqueue_before(urgent, [CUSTOMER])
    assert {taken().object_type for _ in range(2)} == {ORDER, CUSTOMER}


def test_a_large_venue_does_not_make_a_small_one_wait(connection: Connection) -> None:
    put(connection, CUSTOMER, PRODUCT, ORDER, ObjectType.PAYMENT)
    small = ConnectionFactory()
    put(small)
    assert [taken().venue_id for _ in range(5)].index(small.venue_id) == 1


def test_a_venue_with_work_under_way_lets_others_go_first(connection: Connection) -> None:
    put(connection, CUSTOMER, PRODUCT)
    taken()
    small = ConnectionFactory()
    put(small)
    assert taken().connection_id == small.pk


def test_nothing_is_taken_before_its_time(connection: Connection) -> None:
    put(connection)
    SyncJob.objects.update(not_before=timezone.now() + timedelta(seconds=30))
    assert queue.claim() is None


@pytest.mark.parametrize("status", ["reauthorise", "disconnected"])
def test_work_of_a_connection_that_cannot_be_used_waits(connection: Connection, status: str) -> None:
    put(connection)
    Connection.objects.update(status=status)
    assert queue.claim() is None
    Connection.objects.update(status="connected")
    assert queue.claim() is not None


def test_work_of_a_paused_connection_waits_until_the_pause_ends(connection: Connection, owner: User) -> None:
    put(connection)
    lifecycle.pause(connection, by=owner)
    assert queue.claim() is None
    lifecycle.pause(connection, by=owner, until=timezone.now() + timedelta(minutes=5))
    assert queue.claim() is None
    lifecycle.pause(connection, by=owner, until=timezone.now() - timedelta(seconds=1))
    assert queue.claim() is not None


def test_a_claim_counts_the_attempt_and_sets_the_lease(connection: Connection) -> None:
    put(connection)
    job = taken()
    assert (job.status, job.attempts, job.fence, bool(job.lease_owner)) == ("running", 1, 1, True)
    assert timedelta(seconds=20) < job.lease_until - timezone.now() < timedelta(seconds=40)


def test_a_lease_that_ran_out_is_taken_over_under_a_higher_fence(connection: Connection) -> None:
    put(connection)
    first = queue.claim()
    assert queue.claim() is None
    lapse(taken_job := SyncJob.objects.get())
    second = queue.claim()
    assert (first, second) == (
        Claim(taken_job.pk, 1, taken_over=False, provider="square"),
        Claim(taken_job.pk, 2, taken_over=True, provider="square"),
    )


def test_the_old_worker_changes_nothing_after_a_take_over(connection: Connection) -> None:
    put(connection)
    old = queue.claim()
    lapse(SyncJob.objects.get())
    queue.claim()
    before = SyncJob.objects.values().get()
    assert old is not None
    assert not queue.requeue(old)
    assert not queue.succeed(old)
    with pytest.raises(LostLease):
        queue.hand_on(old)
    assert SyncJob.objects.values().get() == before


def test_a_job_that_ended_is_not_ended_again(connection: Connection) -> None:
    put(connection)
    claim = queue.claim()
    assert claim is not None
    assert queue.succeed(claim)
    assert not queue.give_up(claim, Failure("ours"))
    assert not queue.requeue(claim)
    assert SyncJob.objects.get().status == "succeeded"


def test_workers_at_once_never_get_the_same_job(connection: Connection, settings: Any) -> None:
    settings.SYNC_PLACES_PER_VENUE = 100
    put(connection, *PROVIDERS["square"].streams)
    got: list[Claim | None] = []
    at_once(12, lambda: got.append(queue.claim()))
    claims = [claim.job_id for claim in got if claim]
    assert len(claims) == len(set(claims)) == len(PROVIDERS["square"].streams)
    assert set(SyncJob.objects.values_list("fence", flat=True)) == {1}


def test_two_jobs_of_one_stream_never_run_at_once(connection: Connection) -> None:
    put(connection)
    queue.claim()
    waiting(connection)
    assert queue.claim() is None


def test_a_job_put_back_keeps_its_attempts_or_gives_one_back(connection: Connection) -> None:
    put(connection)
    for counts, attempts in ((True, 1), (False, 1), (True, 2)):
        claim = queue.claim()
        assert claim is not None
        assert queue.requeue(claim, counts=counts, failure=Failure("provider_down"))
        job = SyncJob.objects.get()
        assert (job.status, job.attempts, job.failure_class) == ("queued", attempts, "provider_down")
        assert job.lease_until is None


def test_every_failure_stays_on_the_row_the_first_and_the_latest(connection: Connection) -> None:
    put(connection)
    for number in range(25):
        claim = queue.claim()
        assert claim is not None
        assert queue.requeue(claim, failure=Failure("provider_down", f"{number}", "Square is not answering."))
    job = SyncJob.objects.get()
    assert [each["code"] for each in job.failures] == ["0", *map(str, range(6, 25))]
    assert {"attempt": 25, "class": "provider_down", "worker": queue.owner()}.items() <= job.failures[-1].items()
    assert job.first_failed_at is not None
    assert job.last_failed_at is not None
    assert job.first_failed_at < job.last_failed_at


def test_a_worker_that_fell_silent_stands_among_the_failures(connection: Connection) -> None:
    put(connection)
    queue.claim()
    lapse(SyncJob.objects.get())
    queue.claim()
    job = SyncJob.objects.get()
    (failure,) = job.failures
    assert (failure["code"], failure["attempt"], failure["worker"]) == ("worker_lost", 1, queue.owner())
    assert job.first_failed_at == job.last_failed_at is not None


def test_a_job_put_back_makes_room_for_one_that_was_queued_meanwhile(connection: Connection) -> None:
    put(connection)
    claim = queue.claim()
    newer = waiting(connection)
    assert claim is not None
    assert queue.requeue(claim)
    job = SyncJob.objects.get(pk=claim.job_id)
    assert (job.status, job.failure_sentence) == (
        "cancelled", "The sync that was asked for meanwhile goes on in its place.",
    )  # fmt: skip
    assert taken() == newer


def test_a_stop_cancels_what_waits_and_asks_what_runs_to_end(connection: Connection, owner: User) -> None:
    (customers, products) = put(connection, CUSTOMER, PRODUCT)
    log = history.open_log(SyncJob.objects.select_related("connection", "log").get(pk=products.pk), taken_over=False)
    SyncJob.objects.filter(pk=products.pk).update(not_before=timezone.now() + timedelta(hours=1))
    assert taken() == customers
    assert queue.stop(connection, by=owner) == 2
    asked = SyncJob.objects.get(pk=customers.pk)
    assert (asked.status, asked.stop_requested_by) == ("running", owner)
    assert SyncJob.objects.get(pk=products.pk).status == "cancelled"
    assert SyncLog.objects.get(pk=log.pk).outcome == "stopped"
    assert queue.stop(connection, by=owner) == 0


def test_an_endless_queue_is_looked_at_with_one_query(
    connection: Connection, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(3):
        put(ConnectionFactory(venue=VenueFactory()), *list(PROVIDERS["square"].streams)[:7])
    with django_assert_num_queries(1):
        queue.claim()


def waiting(connection: Connection) -> SyncJob:
    return SyncJob.objects.create(venue_id=connection.venue_id, connection=connection, object_type=CUSTOMER)


def at_once(number: int, act: Callable[[], object]) -> None:
    """Do it in that many threads at the same moment; raise what any of them met."""
    start, failed = threading.Barrier(number), list[BaseException]()

    def run() -> None:
        start.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=walls.carried(run)) for _ in range(number)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    if failed:
        raise failed[0]


def test_the_promises_of_the_queue_are_the_database_s_own(connection: Connection) -> None:
    names = {constraint.name for constraint in SyncJob._meta.constraints}
    assert {"one_waiting_job_per_stream", "one_running_job_per_stream"} <= names
    waiting(connection)
    with pytest.raises(IntegrityError):
        waiting(connection)
