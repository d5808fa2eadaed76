"""The doors to recovery: our team over all venues, a venue's operators over its own events."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from syncing.models import SyncJob
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.rows import dead_job
from tests.factories import ConnectionFactory
from tests.monitoring.conftest import dead_event, failing_record
from tests.monitoring.test_recovery import scheduled, stale_job, waiting
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/integrations/admin"
RETRY = "/api/v1/integrations/webhooks/retry"
EVENTS = "/api/v1/integrations/webhooks/square/events"
SQUARE = {"filter": {"provider": "square"}}


@pytest.fixture
def connection(venue: Any) -> Connection:
    found: Connection = ConnectionFactory(venue=venue)
    return found


def allowed(staff: Any, *names: str) -> Any:
    """Return staff with these permissions and no other."""
    staff.is_superuser = False
    staff.save(update_fields=["is_superuser"])
    staff.user_permissions.set(Permission.objects.filter(codename__in=names))
    return type(staff).objects.get(pk=staff.pk)


@pytest.mark.parametrize(
    ("route", "permission"),
    [
        ("force-sync", "force_sync"), ("clear-queue", "clear_queue"), ("restore", "clear_queue"),
        ("process-dead-letter", "process_dead_letters"), ("recover-stale", "recover_stale"),
    ],
)  # fmt: skip
def test_each_action_wants_a_permission_of_its_own(
    as_user: SignedIn, staff: Any, connection: Connection, route: str, permission: str
) -> None:
    assert as_user(allowed(staff)).post(f"{ADMIN}/{route}", {}).status_code == 403
    assert as_user(allowed(staff, permission)).post(f"{ADMIN}/{route}", {}).status_code in (200, 400)


def test_a_sync_is_forced_after_a_look(
    as_user: SignedIn, staff: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    scheduled(connection, "customer", "order")
    client = as_user(allowed(staff, "force_sync"))
    seen = client.post(f"{ADMIN}/force-sync", SQUARE | {"dry_run": True})
    assert (seen.status_code, seen.json()["count"], SyncJob.objects.count()) == (200, 2, 0)
    done = client.post(f"{ADMIN}/force-sync", SQUARE | {"mode": "full", "reason": "asked for"})
    assert (done.status_code, done.json()["counts"], SyncJob.objects.count()) == (202, {"job": 2}, 2)
    assert_as_described(openapi, seen, "/api/v1/integrations/admin/force-sync/", "post")
    assert_as_described(openapi, done, "/api/v1/integrations/admin/force-sync/", "post")


def test_the_queue_is_cleared_as_it_was_seen_and_put_back(
    as_user: SignedIn, staff: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    waiting(connection, "customer", "order")
    client = as_user(allowed(staff, "clear_queue"))
    unseen = client.post(f"{ADMIN}/clear-queue", SQUARE)
    assert (unseen.status_code, unseen.json()["code"]) == (409, "confirm_mismatch")
    seen = client.post(f"{ADMIN}/clear-queue", SQUARE | {"dry_run": True}).json()
    done = client.post(f"{ADMIN}/clear-queue", SQUARE | {"confirm": seen["confirm"]})
    assert (done.status_code, done.json()["count"]) == (202, 2)
    back = client.post(f"{ADMIN}/restore", {"batch": done.json()["batch"]})
    assert (back.status_code, back.json()["counts"]["job"]) == (202, 2)
    assert client.post(f"{ADMIN}/restore", {"batch": done.json()["batch"]}).json()["code"] == "not_found"
    assert_as_described(openapi, back, "/api/v1/integrations/admin/restore/", "post")


def test_an_empty_filter_is_refused(as_user: SignedIn, staff: Any, connection: Connection) -> None:
    client = as_user(staff)
    for route, more in (("force-sync", {}), ("clear-queue", {}), ("process-dead-letter", {"action": "retry"})):
        answer = client.post(f"{ADMIN}/{route}", {"filter": {}} | more)
        assert (answer.status_code, answer.json()["code"]) == (400, "filter_required")


def test_dead_letters_are_listed_by_cause_retried_and_discarded(
    as_user: SignedIn, staff: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    dead_job(connection)
    failing_record(connection)
    for _ in range(3):
        dead_event(connection)
    client = as_user(allowed(staff, "process_dead_letters"))
    listed = client.get(f"{ADMIN}/dead-letters")
    cause = listed.json()["causes"][0]
    assert (cause["size"], cause["events"], cause["code"]) == (3, 3, "KeyError")
    assert_as_described(openapi, listed, "/api/v1/integrations/admin/dead-letters/", "get")
    trial = {"filter": {"cause": cause["cause"]}, "action": "retry", "canary": True}
    assert client.post(f"{ADMIN}/process-dead-letter", trial).json()["counts"]["event"] == 1
    meant = SQUARE | {"action": "discard"}
    seen = client.post(f"{ADMIN}/process-dead-letter", meant | {"dry_run": True}).json()
    assert seen["by"] == {"event": 2, "job": 1, "record": 1}
    gone = client.post(f"{ADMIN}/process-dead-letter", meant | {"confirm": seen["confirm"], "reason": "of no use"})
    assert gone.json()["counts"] == {"job": 1, "event": 2, "record": 1}
    assert client.get(f"{ADMIN}/dead-letters").json() == {"causes": []}


def test_stale_work_is_told_and_goes_on(
    as_user: SignedIn, staff: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    job = stale_job(connection)
    client = as_user(allowed(staff, "recover_stale"))
    seen = client.post(f"{ADMIN}/recover-stale", {"dry_run": True})
    assert [each["cause"] for each in seen.json()["stale"]] == ["worker_lost"]
    done = client.post(f"{ADMIN}/recover-stale", {})
    assert ([each["id"] for each in done.json()["recovered"]], done.json()["awake"]) == ([str(job.pk)], [])
    assert_as_described(openapi, done, "/api/v1/integrations/admin/recover-stale/", "post")


def test_an_operator_retries_the_events_of_the_venue_and_no_others(
    as_user: SignedIn, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    mine, foreign = dead_event(connection), dead_event(ConnectionFactory())
    client = as_user(operator)
    asked = {"ids": [str(mine.pk), str(foreign.pk)]}
    assert client.post(RETRY, asked | {"dry_run": True}).json() == {"matched": 1, "requeued": 0}
    answer = client.post(RETRY, asked)
    assert (answer.status_code, answer.json()) == (202, {"matched": 1, "requeued": 1})
    assert set(WebhookEvent.objects.values_list("pk", "status")) == {(mine.pk, "queued"), (foreign.pk, "dead")}
    assert_as_described(openapi, answer, "/api/v1/integrations/webhooks/retry/", "post")


def test_refetching_reads_the_whole_stream(as_user: SignedIn, operator: Any, connection: Connection) -> None:
    dead_event(connection)
    as_user(operator).post(RETRY, {"mode": "refetch"})
    assert list(SyncJob.objects.values_list("object_type", "mode", "trigger")) == [("customer", "full", "retry")]


def test_our_team_retries_events_of_all_venues_that_it_names(as_user: SignedIn, staff: Any) -> None:
    dead_event(ConnectionFactory())
    client = as_user(staff)
    assert client.post(RETRY, {}).json()["code"] == "filter_required"
    assert client.post(RETRY, SQUARE).json() == {"matched": 1, "requeued": 1}


def test_events_are_listed_with_what_became_of_them(
    as_user: SignedIn, viewer: Any, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    dead_event(connection, external_id="7G3KABCDEF")
    dead_event(ConnectionFactory())
    answer = as_user(viewer).get(EVENTS)
    (event,) = answer.json()["results"]
    assert (event["external_id"], event["status"], event["error"]["code"]) == ("7G3K…", "dead", "KeyError")
    assert as_user(operator).get(EVENTS).json()["results"][0]["external_id"] == "7G3KABCDEF"
    assert as_user(operator).get(EVENTS, {"status": "succeeded"}).json()["results"] == []
    assert_as_described(openapi, answer, "/api/v1/integrations/webhooks/{provider}/events/", "get")


def test_a_list_of_events_costs_the_same_however_long_it_is(
    as_user: SignedIn, viewer: Any, connection: Connection
) -> None:
    client, found = as_user(viewer), []
    for number in (1, 30):
        for _ in range(number):
            dead_event(connection)
        with CaptureQueriesContext(database) as queries:
            client.get(EVENTS)
        found.append(len(queries))
    assert found[0] == found[1]
