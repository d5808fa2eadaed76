"""What runs by itself: once, whoever looks how often; spread out; and nothing left behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections import lifecycle
from connections.models import Connection, OAuthState
from integrations.models import IntegrationConfig
from integrations.providers.types import ObjectType
from syncing import history, queue, schedule
from syncing.models import SyncCursor, SyncJob, SyncLog, Trigger
from tests.factories import ConnectionFactory
from tests.syncing.test_queue import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def bookmark(connection: Connection, object_type: str = "customer", *, hours_late: float = 1) -> SyncCursor:
    due = timezone.now() - timedelta(hours=hours_late)
    return SyncCursor.objects.create(connection=connection, object_type=object_type, next_run_at=due)


def wishes(connection: Connection) -> IntegrationConfig:
    return IntegrationConfig.objects.get(venue=connection.venue_id)


def test_five_beats_at_once_queue_a_due_slot_once(connection: Connection) -> None:
    for object_type in ("customer", "order"):
        bookmark(connection, object_type)
    made: list[int] = []
    at_once(5, lambda: made.append(schedule.enqueue_due()))
    assert (sum(made), SyncJob.objects.count()) == (2, 2)
    assert set(SyncJob.objects.values_list("trigger", flat=True)) == {"schedule"}


def test_slots_that_were_missed_are_not_made_up_one_by_one(connection: Connection) -> None:
    bookmark(connection, hours_late=72)
    assert [schedule.enqueue_due(), schedule.enqueue_due()] == [1, 0]
    wait = SyncCursor.objects.get().next_run_at - timezone.now()
    assert timedelta(0) < wait <= timedelta(minutes=15)


def test_every_connection_has_a_slot_of_its_own_and_keeps_it() -> None:
    for _ in range(12):
        bookmark(ConnectionFactory())
    schedule.enqueue_due()
    first = dict(SyncCursor.objects.values_list("pk", "next_run_at"))
    assert len({at.timestamp() % 900 for at in first.values()}) > 6
    SyncCursor.objects.update(next_run_at=timezone.now() - timedelta(hours=5))
    schedule.enqueue_due()
    again = dict(SyncCursor.objects.values_list("pk", "next_run_at"))
    assert {pk: at.timestamp() % 900 for pk, at in first.items()} == {
        pk: at.timestamp() % 900 for pk, at in again.items()
    }


def test_a_slot_comes_round_as_often_as_the_venue_wishes(connection: Connection) -> None:
    IntegrationConfig.objects.update(interval_minutes=1440)
    bookmark(connection)
    schedule.enqueue_due()
    first = SyncCursor.objects.get().next_run_at
    SyncCursor.objects.update(next_run_at=first - timedelta(days=30))
    schedule.enqueue_due()
    assert SyncCursor.objects.get().next_run_at == first


def test_what_cannot_run_keeps_its_slot(connection: Connection, owner: User) -> None:
    kept = bookmark(connection).next_run_at
    lifecycle.pause(connection, by=owner)
    assert schedule.enqueue_due() == 0
    lifecycle.resume(connection, by=owner)
    Connection.objects.update(status="reauthorise")
    assert schedule.enqueue_due() == 0
    assert SyncCursor.objects.get().next_run_at == kept
    Connection.objects.update(status="connected")
    assert schedule.enqueue_due() == 1


def test_a_due_slot_joins_the_sync_that_waits_already(connection: Connection) -> None:
    bookmark(connection)
    queue.enqueue(connection, [ObjectType.CUSTOMER], trigger=Trigger.OWNER)
    assert schedule.enqueue_due() == 0
    assert SyncJob.objects.get().trigger == "owner"


def test_a_limit_leaves_the_rest_for_the_next_look(connection: Connection) -> None:
    for object_type in ("customer", "order", "payment"):
        bookmark(connection, object_type)
    assert [schedule.enqueue_due(limit=2), schedule.enqueue_due(limit=2)] == [2, 1]


@pytest.mark.parametrize(
    ("directions", "expected"),
    [
        ({"order": "in"}, ["location", "order"]),
        ({"payout": "both", "customer": "in"}, ["location", "customer", "payout"]),
        ({"customer": "out"}, []), ({"spaceship": "in"}, []), ({}, []),
    ],
)  # fmt: skip
def test_wished_objects_bring_those_they_need(
    connection: Connection, directions: dict[str, str], expected: list[str]
) -> None:
    IntegrationConfig.objects.update(directions=directions)
    assert schedule.wished(connection, wishes(connection)) == expected


def test_a_start_queues_now_and_puts_on_the_schedule(connection: Connection, owner: User) -> None:
    IntegrationConfig.objects.update(directions={"order": "in"}, interval_minutes=60)
    started = schedule.start(connection, trigger=Trigger.FIRST, actor=owner)
    assert [(job.object_type, job.trigger, job.priority) for job in started.jobs] == [
        ("location", "first", 1), ("order", "first", 1),
    ]  # fmt: skip
    waits = [each.next_run_at - timezone.now() for each in SyncCursor.objects.all()]
    assert len(waits) == 2
    assert all(timedelta(minutes=59) < wait <= timedelta(minutes=60) for wait in waits)


def test_a_second_start_moves_no_slot(connection: Connection) -> None:
    schedule.start(connection, trigger=Trigger.FIRST)
    before = list(SyncCursor.objects.order_by("pk").values())
    assert schedule.start(connection, trigger=Trigger.OWNER).joined
    assert list(SyncCursor.objects.order_by("pk").values()) == before


def test_changed_wishes_change_the_timetable_and_keep_the_bookmarks(connection: Connection) -> None:
    schedule.start(connection, trigger=Trigger.FIRST)
    SyncCursor.objects.update(position={"since": "x"})
    IntegrationConfig.objects.update(directions={"customer": "in"}, interval_minutes=5)
    schedule.follow(connection, wishes(connection))
    planned = SyncCursor.objects.filter(next_run_at__isnull=False).get()
    assert (planned.object_type, planned.next_run_at - timezone.now() <= timedelta(minutes=5)) == ("customer", True)
    assert set(SyncCursor.objects.values_list("position__since", flat=True)) == {"x"}


def test_the_sweep_ends_the_work_of_an_ended_connection_with_its_logs(connection: Connection, owner: User) -> None:
    queue.enqueue(connection, [ObjectType.CUSTOMER, ObjectType.ORDER], trigger=Trigger.OWNER)
    for job in SyncJob.objects.select_related("connection", "log"):
        history.open_log(job, taken_over=False)
    queue.claim()
    lifecycle.disconnect(connection, by=owner, revoke=False)
    SyncJob.objects.filter(status="running").update(lease_until=timezone.now() - timedelta(seconds=1))
    assert schedule.sweep()["ended"] == 2
    assert set(SyncJob.objects.values_list("status", flat=True)) == {"cancelled"}
    assert set(SyncLog.objects.values_list("outcome", flat=True)) == {"stopped"}


def test_the_sweep_leaves_a_worker_that_still_works_alone(connection: Connection, owner: User) -> None:
    queue.enqueue(connection, [ObjectType.CUSTOMER], trigger=Trigger.OWNER)
    queue.claim()
    lifecycle.disconnect(connection, by=owner, revoke=False)
    assert schedule.sweep()["ended"] == 0
    assert schedule.stale() == []


def test_the_sweep_forgets_old_trips(connection: Connection, owner: User) -> None:
    common: dict[str, Any] = {"venue": connection.venue, "user": owner, "provider": "square", "session_hash": "s"}
    now = timezone.now()
    for number, days in enumerate((2, 0)):
        began = now - timedelta(days=days, minutes=5)
        OAuthState.objects.create(
            state_hash=str(number), created_at=began, expires_at=began + timedelta(minutes=10), **common
        )
    assert schedule.sweep()["states"] == 1
    assert OAuthState.objects.get().state_hash == "1"


def test_silent_workers_are_told_of(connection: Connection) -> None:
    queue.enqueue(connection, [ObjectType.CUSTOMER], trigger=Trigger.OWNER)
    queue.claim()
    SyncJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert [job.object_type for job in schedule.stale()] == ["customer"]


@pytest.mark.parametrize("many", [1, 5])
def test_queuing_what_is_due_is_one_statement_however_many(many: int, django_assert_num_queries: Any) -> None:
    for _ in range(many):
        bookmark(ConnectionFactory(), hours_late=1)
    with django_assert_num_queries(1):
        assert schedule.enqueue_due() == many
