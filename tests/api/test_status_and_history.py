"""How things stand and what was done, in whole answers."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from integrations.csv_file import guarded
from integrations.models import IntegrationConfig
from syncing.models import RecordLink, SyncCursor, SyncJob
from syncing.status import CSV_HEADER
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.rows import NOON, RUN, dead_job, log_of

pytestmark = pytest.mark.django_db
STATUS = "/api/v1/integrations/square/sync/status"
HISTORY = "/api/v1/integrations/square/sync/history"
STATUS_PATH = "/api/v1/integrations/{provider}/sync/status/"
HISTORY_PATH = "/api/v1/integrations/{provider}/sync/history/"
NO_COUNTS = {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "deleted": 0, "left_out": 0, "failed": 0}


def test_the_status_of_what_was_never_connected(as_user: SignedIn, viewer: Any, openapi: dict[str, Any]) -> None:
    answer = as_user(viewer).get(STATUS)
    assert answer.json() == {
        "provider": "square",
        "connected": False,
        "status": "disconnected",
        "running": [],
        "waiting": [],
        "last_succeeded": None,
        "last_failed": None,
        "streams": [],
        "next_run_at": None,
        "backpressure": {"paused": False, "paused_until": None, "provider_asked_to_wait_until": None},
        "poll_after_seconds": 60,
    }
    assert_as_described(openapi, answer, STATUS_PATH, "get")


@time_machine.travel(NOON, tick=False)
def test_the_status_while_one_object_runs_and_another_waits(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    running = dead_job(
        connection, "customer", status="running", failure_class="", failure_sentence="", finished_at=None, attempts=1,
        lease_until=NOON + timedelta(seconds=30), heartbeat_at=NOON - timedelta(seconds=2),
        queued_at=NOON - timedelta(seconds=25), started_at=NOON - timedelta(seconds=20),
    )  # fmt: skip
    log = log_of(
        connection, job=running, outcome="running", finished_at=None, started_at=NOON - timedelta(seconds=20), read=400,
        total=1000, created=400, pages=4, calls={"read": 4},
    )  # fmt: skip
    SyncJob.objects.filter(pk=running.pk).update(log=log)
    waiting = dead_job(
        connection, "order", status="queued", failure_class="rate_limit", failure_code="RATE_LIMITED", finished_at=None,
        failure_sentence="Square asked us to slow down.", attempts=0, not_before=NOON + timedelta(seconds=40),
        mode="full", trigger="owner",
    )  # fmt: skip
    SyncCursor.objects.create(
        connection=connection, object_type="customer", last_succeeded_at=NOON - timedelta(minutes=14),
        next_run_at=NOON + timedelta(minutes=1),
    )  # fmt: skip
    IntegrationConfig.objects.update(paused_at=NOON - timedelta(hours=1), paused_until=NOON + timedelta(days=1))
    answer = as_user(viewer).get(STATUS)
    assert answer.json() == {
        "provider": "square",
        "connected": True,
        "status": "connected",
        "running": [
            {
                "id": str(running.pk),
                "run": str(RUN),
                "object": "customer",
                "status": "running",
                "mode": "incremental",
                "trigger": "schedule",
                "queued_at": "2026-11-20T11:59:35Z",
                "reference": log.reference,
                "started_at": "2026-11-20T11:59:40Z",
                "finished_at": None,
                "done": 400,
                "total": 1000,
                "rate_per_second": 20.0,
                "eta_seconds": 30,
                "heartbeat_age_seconds": 2,
                "stopping": False,
            }
        ],
        "waiting": [
            {
                "id": str(waiting.pk),
                "run": str(RUN),
                "object": "order",
                "status": "queued",
                "mode": "full",
                "trigger": "owner",
                "queued_at": "2026-11-20T12:00:00Z",
                "not_before": "2026-11-20T12:00:40Z",
                "attempts": 0,
                "error": {
                    "class": "rate_limit",
                    "code": "RATE_LIMITED",
                    "sentence": "Square asked us to slow down.",
                },
            }
        ],
        "last_succeeded": None,
        "last_failed": None,
        "streams": [
            {
                "object": "customer",
                "label": "Customers",
                "direction": "in",
                "last_succeeded_at": "2026-11-20T11:46:00Z",
                "age_seconds": 840,
                "last_full_at": None,
                "next_run_at": "2026-11-20T12:01:00Z",
            }
        ],
        "next_run_at": "2026-11-20T12:01:00Z",
        "backpressure": {
            "paused": True,
            "paused_until": "2026-11-21T12:00:00Z",
            "provider_asked_to_wait_until": "2026-11-20T12:00:40Z",
        },
        "poll_after_seconds": 3,
    }
    assert_as_described(openapi, answer, STATUS_PATH, "get")


def test_the_history_is_a_page_of_attempts(
    as_user: SignedIn, viewer: Any, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    log = log_of(
        connection, "payment", trigger="owner", actor=operator, outcome="failed", read=100, created=60, updated=5,
        unchanged=30, deleted=1, left_out=3, failed=1, calls={"read": 2, "detail": 5}, bytes_in=20_480, pages=1,
        total=120, error_class="permission", error_code="INSUFFICIENT_SCOPES",
        error_sentence="Square does not allow us to read payments.",
    )  # fmt: skip
    answer = as_user(viewer).get(HISTORY)
    assert answer.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": str(log.pk),
                "reference": log.reference,
                "run": str(RUN),
                "object": "payment",
                "label": "Payments",
                "direction": "in",
                "mode": "incremental",
                "trigger": "owner",
                "trigger_label": "a person",
                "actor": "operator@example.test",
                "outcome": "failed",
                "outcome_label": "Failed",
                "started_at": "2026-11-20T12:00:00Z",
                "finished_at": "2026-11-20T12:00:30Z",
                "duration_seconds": 30.0,
                "total": 120,
                "counts": {
                    "read": 100, "created": 60, "updated": 5, "unchanged": 30, "deleted": 1, "left_out": 3, "failed": 1,
                },
                "calls": 7,
                "bytes_in": 20480,
                "error": {
                    "class": "permission",
                    "code": "INSUFFICIENT_SCOPES",
                    "sentence": "Square does not allow us to read payments.",
                },
            }
        ],
    }  # fmt: skip
    assert_as_described(openapi, answer, HISTORY_PATH, "get")


def test_the_history_comes_in_pages_that_follow_each_other(
    as_user: SignedIn, viewer: Any, connection: Connection
) -> None:
    made = [log_of(connection, started_at=NOON - timedelta(minutes=each // 2)) for each in range(7)]
    client, seen, address = as_user(viewer), [], f"{HISTORY}?limit=3"
    while address:
        page = client.get(address).json()
        assert len(page["results"]) <= 3
        seen += [each["id"] for each in page["results"]]
        address = page["next"]
    assert sorted(seen) == sorted(str(each.pk) for each in made)
    assert client.get(f"{HISTORY}?limit=200").status_code == 200
    assert client.get(f"{HISTORY}?limit=201").status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"object": "order"}, ["order"]),
        ({"outcome": "failed"}, ["order"]),
        ({"trigger": "owner"}, ["product"]),
        ({"since": "2026-11-20T11:00:00Z"}, ["customer"]),
        ({"until": "2026-11-19T00:00:00Z"}, ["product"]),
        ({}, ["customer", "order", "product"]),
    ],
)
def test_the_history_can_be_narrowed(
    as_user: SignedIn, viewer: Any, connection: Connection, query: dict[str, str], expected: list[str]
) -> None:
    log_of(connection, "customer")
    log_of(connection, "order", outcome="failed", error_class="ours", started_at=NOON - timedelta(days=1))
    log_of(connection, "product", trigger="owner", started_at=NOON - timedelta(days=2))
    assert [each["object"] for each in as_user(viewer).get(HISTORY, query).json()["results"]] == expected


@pytest.mark.parametrize("query", [{"object": "unicorn"}, {"since": "yesterday"}, {"format": "xml"}, {"run": "7"}])
def test_a_filter_that_makes_no_sense_is_refused_by_name(as_user: SignedIn, viewer: Any, query: dict[str, str]) -> None:
    answer = as_user(viewer).get(HISTORY, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}" for name in query]


def test_one_run_is_told_with_the_records_that_have_a_problem(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    entry = {"at": "2026-11-20T12:00:09+00:00", "event": "asked_to_wait", "detail": "Waited 8.0 seconds."}
    log = log_of(connection, outcome="partly_succeeded", read=3, created=2, left_out=1, timeline=[entry])
    problem = {
        "class": "missing_value", "code": "", "field": "email", "sentence": "This customer has no e-mail.",
        "since": "2026-11-20T12:00:10+00:00",
    }  # fmt: skip
    values = {"connection": connection, "external_type": "customer", "state": "left_out", "problem": problem}
    RecordLink.objects.create(external_id="C1", pulled_at=NOON + timedelta(seconds=10), **values)
    RecordLink.objects.create(external_id="OF-ANOTHER-RUN", pulled_at=NOON - timedelta(days=1), **values)
    answer = as_user(viewer).get(HISTORY, {"run": str(RUN)})
    body = answer.json()
    attempt = body["attempts"].pop()
    assert (attempt["id"], attempt["timeline"]) == (str(log.pk), [entry])
    assert body == {
        "run": str(RUN),
        "outcome": "partly_succeeded",
        "outcome_label": "Partly succeeded",
        "started_at": "2026-11-20T12:00:00Z",
        "finished_at": "2026-11-20T12:00:30Z",
        "counts": NO_COUNTS | {"read": 3, "created": 2, "left_out": 1},
        "attempts": [],
        "problem_count": 1,
        "problems": [
            {
                "object": "customer",
                "external_id": "C1",
                "record": None,
                "state": "left_out",
                "state_label": "Left out",
                "class": "missing_value",
                "code": "",
                "field": "email",
                "sentence": "This customer has no e-mail.",
                "since": "2026-11-20T12:00:10+00:00",
            }
        ],
    }
    assert_as_described(openapi, answer, HISTORY_PATH, "get")


@pytest.mark.parametrize("address", [STATUS, HISTORY])
def test_a_run_of_another_venue_is_not_found(
    as_user: SignedIn, stranger: Any, connection: Connection, address: str
) -> None:
    log_of(connection)
    dead_job(connection)
    assert as_user(stranger).get(address, {"run": str(RUN)}).status_code == 404


def test_the_history_as_a_file_is_safe_to_open_in_a_spreadsheet(
    as_user: SignedIn, viewer: Any, connection: Connection
) -> None:
    log_of(connection, outcome="failed", error_class="ours", error_code="=1+1", error_sentence='=HYPERLINK("http://x")')
    answer = as_user(viewer).get(HISTORY, {"format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="square-history-lantern-room.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert list(rows[0]) == list(CSV_HEADER)
    assert (rows[0]["object"], rows[0]["started_at"]) == ("customer", "2026-11-20T12:00:00+00:00")
    assert (rows[0]["error_code"], rows[0]["error_sentence"]) == ("'=1+1", '\'=HYPERLINK("http://x")')


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\n=1"])
def test_text_that_looks_like_a_formula_is_made_plain(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_the_history_stays_after_a_disconnect(as_user: SignedIn, viewer: Any, connection: Connection) -> None:
    log_of(connection)
    Connection.objects.update(status="disconnected")
    assert len(as_user(viewer).get(HISTORY).json()["results"]) == 1


def test_the_history_costs_the_same_however_long_it_is(
    as_user: SignedIn,
    viewer: Any,
    operator: Any,
    connection: Connection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(30):
        log_of(connection, actor=operator)
    client = as_user(viewer)
    with django_assert_max_num_queries(4):  # session, person, membership, page
        assert len(client.get(HISTORY).json()["results"]) == 30


def test_the_status_costs_the_same_however_much_runs(
    as_user: SignedIn, viewer: Any, connection: Connection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for each in ("customer", "order", "payment", "refund"):
        dead_job(connection, each, status="queued", failure_class="", finished_at=None, log=log_of(connection, each))
        SyncCursor.objects.create(connection=connection, object_type=each)
    client = as_user(viewer)
    with django_assert_max_num_queries(10):
        assert len(client.get(STATUS).json()["waiting"]) == 4
