"""Reading to the end: everything once and as it is now, whatever happens between two pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from connections.models import Connection
from integrations.providers.base import CountedStream, SplitStream, SweptStream
from integrations.providers.types import JSON, ObjectType
from syncing import tasks
from syncing.models import Record, RecordLink
from tests.contract.account import Account, assert_exact, stored
from tests.contract.between import Tamper, between
from tests.contract.conftest import Pages, Windows
from tests.contract.marks import each_provider, each_stream
from tests.contract.working import hurry, job_of, later, prepare, put, read, settle

pytestmark = pytest.mark.django_db(transaction=True)


@each_stream()
def test_paging_to_the_end_brings_the_truth_exactly(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages
) -> None:
    pages_of(4)
    prepare(connection, object_type)
    (log,) = read(connection, object_type)
    assert (log.outcome, log.failed, log.left_out) == ("succeeded", 0, 0), log.error_sentence
    assert_exact(account, connection, object_type)


@each_stream(lambda stage, stream, watched: watched.pages and (watched.changes or watched.creates))
def test_what_changes_or_appears_while_it_is_read_is_seen_by_this_read_or_the_next(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, settings: Any
) -> None:
    pages_of(4)
    prepare(connection, object_type)
    settings.SYNC_SLICE = timedelta(0)
    put(connection, object_type)
    tasks.work_once()
    assert job_of(connection, object_type).status == "queued"
    watched = account.stage.streams[object_type]
    if watched.changes:
        account.act("change", **{watched.changes: 4})
    if watched.creates:
        account.act("create", **{watched.creates: 3})
    settle()
    read(connection, object_type)
    assert_exact(account, connection, object_type)


@each_stream(lambda stage, stream, watched: watched.changes or watched.creates)
def test_what_changes_or_appears_between_two_reads_is_stored_by_the_next_one(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    prepare(connection, object_type)
    read(connection, object_type)
    before = stored(connection, object_type).keys()
    later(account)
    watched = account.stage.streams[object_type]
    if watched.creates:
        account.act("create", **{watched.creates: 2})
    if watched.changes:
        account.act("change", **{watched.changes: 2})
    (log,) = read(connection, object_type)
    assert_exact(account, connection, object_type)
    assert log.created == len(stored(connection, object_type).keys() - before)


@each_stream(lambda stage, stream, watched: watched.deletes)
def test_what_is_deleted_there_becomes_a_tombstone_here(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    watched = account.stage.streams[object_type]
    if watched.creates == watched.deletes:
        account.act("create", **{watched.creates: 2})
    prepare(connection, object_type)
    read(connection, object_type)
    before = stored(connection, object_type).keys()
    later(account)
    assert len(account.act("delete", **{watched.deletes: 2})[watched.deletes]) == 2
    gone = before - account.truth(object_type)[0].keys()
    read(connection, object_type)
    if gone & stored(connection, object_type).keys():  # nothing tells of it: a whole read asks
        assert not isinstance(account.stage.stream(object_type), CountedStream)
        read(connection, object_type, full=True)
    assert len(gone) == 2
    assert_exact(account, connection, object_type)
    links = RecordLink.objects.filter(connection=connection, external_type=object_type, external_id__in=gone)
    assert set(links.values_list("state", flat=True)) == {"deleted"}
    assert not Record.objects.live().filter(links__in=links).exists()


@each_stream(lambda stage, stream, watched: watched.pages)
def test_a_record_that_comes_on_two_pages_is_one_record(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, windows_of: Windows,
    settings: Any,
) -> None:  # fmt: skip
    pages_of(4)
    windows_of(1)
    prepare(connection, object_type)
    seen: list[JSON] = []

    def repeat(records: list[JSON], body: JSON) -> None:
        if len(seen) == 1 and not account.stage.overlaps:
            records[:0] = seen
        seen.extend(records[-1:])

    with between(account, object_type, settings, repeat):
        (log,) = read(connection, object_type)
    assert (len(seen) > 1, log.outcome) == (True, "succeeded")
    assert_exact(account, connection, object_type)


@each_stream(lambda stage, stream, watched: watched.pages)
def test_a_page_that_leads_back_to_itself_ends_the_run_as_the_provider_s_trouble(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, windows_of: Windows,
    settings: Any,
) -> None:  # fmt: skip
    pages_of(2)
    windows_of(1)
    prepare(connection, object_type)
    put(connection, object_type)
    with between(account, object_type, settings, the_first_again()):
        tasks.work_once()
    job = job_of(connection, object_type)
    assert (job.status, job.failure_class, job.failure_code) == ("queued", "provider_down", "cursor_loop")
    settle()
    assert_exact(account, connection, object_type)


@each_provider()
def test_a_page_that_leads_back_to_itself_for_ever_is_given_up(
    account: Account, connection: Connection, pages_of: Pages, windows_of: Windows, settings: Any
) -> None:
    settings.SYNC_MAX_ATTEMPTS = 3
    pages_of(2)
    windows_of(1)
    prepare(connection, ObjectType.CUSTOMER)
    put(connection, ObjectType.CUSTOMER)
    with between(account, ObjectType.CUSTOMER, settings, the_first_again()):
        for _ in range(settings.SYNC_MAX_ATTEMPTS + 1):
            hurry()
            tasks.work_once()
    assert job_of(connection, ObjectType.CUSTOMER).status == "dead"


def the_first_again() -> Tamper:
    """Return what gives the first page for every other one."""
    first: JSON = {}

    def again(records: list[JSON], body: JSON) -> None:
        if not first:
            first.update(body)
        body.clear()
        body.update(first)

    return again


@each_stream(lambda stage, stream, watched: isinstance(stream, SplitStream))
def test_a_read_in_windows_equals_a_read_in_one(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, windows_of: Windows
) -> None:
    pages_of(3)
    prepare(connection, object_type)
    account.sandbox.ask("POST", f"/{account.stage.key}/settings", {"latency_ms": 20})
    account.sandbox.clear_log()
    read(connection, object_type)
    assert account.sandbox.ask("GET", "/log/counts")["max_in_flight"] > 1
    assert_exact(account, connection, object_type)
    windows_of(1)
    (log,) = read(connection, object_type, full=True)
    assert (log.created, log.updated, log.deleted) == (0, 0, 0)
    assert stored(connection, object_type).keys() == account.truth(object_type)[0].keys()


@each_stream()
def test_reading_everything_again_writes_rows_only_where_somebody_asks_what_was_not_met(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    prepare(connection, object_type)
    read(connection, object_type)
    before = _as_written(connection, object_type)
    (log,) = read(connection, object_type, full=True)
    assert (log.created, log.updated, log.failed) == (0, 0, 0)
    is_swept = isinstance(account.stage.stream(object_type), SweptStream)
    assert (_as_written(connection, object_type) != before) is (is_swept and bool(before))


def _as_written(connection: Connection, object_type: ObjectType) -> set[tuple[int, str]]:
    """Return each counterpart's id and the transaction that wrote its row."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT id, xmin::text FROM record_links WHERE connection_id = %s AND external_type = %s",
            [connection.pk, object_type],
        )
        return set(cursor.fetchall())


@each_stream()
def test_a_round_in_which_nothing_happened_costs_no_more_calls_than_declared(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    prepare(connection, object_type)
    read(connection, object_type)
    later(account)
    (log,) = read(connection, object_type)
    calls = account.calls()
    assert len(calls) <= account.stage.streams[object_type].idle, [
        (each["path"], each["query"], each["status"]) for each in calls
    ]
    assert (log.outcome, sum(log.calls.values())) == ("nothing_to_do", len(calls))
