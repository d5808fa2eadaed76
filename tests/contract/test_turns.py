"""Streams that share a turn, bookmarks that a provider forgot, and streams that rest."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.providers.base import RestingStream, SharedStream, SweptStream
from integrations.providers.types import ObjectType
from syncing import schedule, tasks
from syncing.models import RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from tests.contract.account import Account, assert_exact, stored
from tests.contract.marks import each_provider, each_stream
from tests.contract.stage import Stage
from tests.contract.working import events, later, prepare, put, read, settle

pytestmark = pytest.mark.django_db(transaction=True)


def company(stage: Stage) -> list[ObjectType]:
    """Return the streams that share a turn."""
    return [kind for kind, stream in stage.provider.streams.items() if isinstance(stream, SharedStream)]


share_turns = each_provider(lambda stage: len(company(stage)) > 1)


@pytest.fixture
def idle(account: Account, connection: Connection) -> Connection:
    """All that share a turn have been read, and wait for their next one."""
    read(connection, *company(account.stage))
    later(account)
    put(connection, *company(account.stage))
    return connection


@share_turns
def test_one_call_serves_all_that_share_it_and_each_log_ends(account: Account, idle: Connection) -> None:
    tasks.work_once()
    assert len(account.calls()) == 1
    logs = SyncLog.objects.filter(mode="incremental").order_by("-started_at")[: len(company(account.stage))]
    assert {log.object_type for log in logs} == set(company(account.stage))
    assert {log.outcome for log in logs} == {"nothing_to_do"}
    assert sum(log.call_count for log in logs) == 1
    assert not SyncJob.objects.open().exists()


@share_turns
def test_what_changed_in_several_of_them_is_brought_by_the_same_turn(account: Account, idle: Connection) -> None:
    watched = {kind: account.stage.streams[kind] for kind in company(account.stage)}
    for kind in [kind for kind, each in watched.items() if each.changes]:
        account.act("change", **{watched[kind].changes: 2})
    tasks.work_once()
    assert not SyncJob.objects.open().exists()
    for kind in company(account.stage):
        assert_exact(account, idle, kind)


@share_turns
def test_a_first_one_that_fails_gives_the_others_back_uncounted(
    account: Account, idle: Connection, one_try: None
) -> None:
    account.fail("status", status=500, times=1)
    tasks.work_once()
    jobs = SyncJob.objects.filter(status="queued").order_by("-attempts", "not_before")
    assert [job.attempts for job in jobs] == [1, *[0] * (len(company(account.stage)) - 1)]
    assert [job.failure_class for job in jobs] == ["provider_down", *[""] * (len(jobs) - 1)]
    assert len(account.calls()) == 1
    settle()
    assert set(SyncJob.objects.values_list("status", flat=True)) == {"succeeded"}


@each_stream(lambda stage, stream, watched: stage.forgets and isinstance(stream, SharedStream) and watched.changes)
def test_a_bookmark_that_the_provider_forgot_leads_to_a_read_of_everything(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    watched, stage = account.stage.streams[object_type], account.stage
    prepare(connection, object_type)
    read(connection, object_type)
    before = stored(connection, object_type).keys()
    account.act("change", **{watched.changes: 2})
    if watched.deletes and isinstance(stage.stream(object_type), SweptStream):
        account.act("delete", **{watched.deletes: 1})
    later(account, (stage.forgets or timedelta()).total_seconds() + 86_400)
    (log,) = read(connection, object_type)
    assert events(log) == ["everything_again"]
    assert log.timeline[0]["detail"]
    assert_exact(account, connection, object_type)
    gone = before - stored(connection, object_type).keys()
    links = RecordLink.objects.filter(external_type=object_type, external_id__in=gone)
    assert set(links.values_list("state", flat=True)) <= {"deleted"}
    assert read(connection, object_type)[-1].timeline == []


@each_provider(lambda stage: any(isinstance(each, RestingStream) for each in stage.provider.streams.values()))
def test_a_stream_that_rests_has_slots_that_lie_as_far_apart_as_it_rests(
    account: Account, connection: Connection
) -> None:
    schedule.start(connection, trigger=Trigger.FIRST)
    SyncJob.objects.all().delete()
    SyncCursor.objects.update(next_run_at=timezone.now() - timedelta(hours=1))
    IntegrationConfig.objects.update(interval_minutes=15)
    assert schedule.enqueue_due() == len(account.stage.provider.streams)
    with database.cursor() as cursor:
        cursor.execute("SELECT abs(hashtext(%s)::bigint)", [str(connection.pk)])
        (spread,) = cursor.fetchone()
    for bookmark in SyncCursor.objects.all():
        stream = account.stage.stream(ObjectType(bookmark.object_type))
        every = max(timedelta(minutes=15), stream.rests if isinstance(stream, RestingStream) else timedelta())
        assert bookmark.next_run_at is not None
        off = (bookmark.next_run_at.timestamp() - spread) % every.total_seconds()
        assert off == pytest.approx(0, abs=0.001) or off == pytest.approx(every.total_seconds(), abs=0.001)
