"""Starting, stopping and retrying syncs."""

from typing import Any

import pytest
from django.utils import timezone

from connections import keys
from connections.models import Connection
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from syncing.models import SyncCursor, SyncJob, SyncLog
from syncing.work import WorkStatus
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.rows import RUN, dead_job, log_of
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db
SYNC = "/api/v1/integrations/square/sync"
RETRY = f"{SYNC}/retry"


def test_a_sync_is_queued_and_the_answer_says_where_to_look(
    as_user: SignedIn, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    answer = as_user(operator).post(SYNC, {"objects": ["customer"], "mode": "full"})
    job = SyncJob.objects.get()
    queued = answer.json()["jobs"][0].pop("queued_at")
    assert queued
    assert (answer.status_code, answer.json()["joined"]) == (202, False)
    assert answer.json()["run"] == str(job.run)
    assert [each["object"] for each in answer.json()["jobs"]] == ["customer"]
    assert (job.mode, job.trigger, job.actor, job.status) == ("full", "owner", operator, "queued")
    assert answer["Location"] == f"{SYNC}/status?venue=lantern-room&run={job.run}"
    assert answer["Retry-After"] == "3"
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/sync/", "post")
    assert as_user(operator).get(answer["Location"]).status_code == 200


def test_a_sync_without_objects_takes_all_that_the_venue_chose(
    as_user: SignedIn, operator: Any, connection: Connection
) -> None:
    IntegrationConfig.objects.update(directions={"customer": "in", "product": "in"})
    answer = as_user(operator).post(SYNC, {})
    assert [each["object"] for each in answer.json()["jobs"]] == ["customer", "product"]
    assert SyncCursor.objects.filter(next_run_at__isnull=False).count() == 2


def test_a_second_request_joins_the_first(as_user: SignedIn, operator: Any, connection: Connection) -> None:
    first = as_user(operator).post(SYNC, {"objects": ["customer"]})
    second = as_user(operator).post(SYNC, {"objects": ["customer"]})
    assert (second.status_code, second.json()["joined"]) == (200, True)
    assert second.json()["run"] == first.json()["run"]
    assert SyncJob.objects.count() == 1


def test_nothing_chosen_is_said_rather_than_queued(as_user: SignedIn, operator: Any, connection: Connection) -> None:
    IntegrationConfig.objects.update(directions={})
    answer = as_user(operator).post(SYNC, {})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_stopping_cancels_what_waits_and_closes_its_history(
    as_user: SignedIn, owner: Any, connection: Connection
) -> None:
    as_user(owner).post(SYNC, {"objects": ["customer", "product"]})
    begun = SyncJob.objects.get(object_type="customer")
    SyncJob.objects.filter(pk=begun.pk).update(log=log_of(connection, job=begun, outcome="running", finished_at=None))
    answer = as_user(owner).post(f"{SYNC}/stop", {})
    assert (answer.status_code, answer.json()) == (202, {"stopping": 2})
    assert set(SyncJob.objects.values_list("status", flat=True)) == {WorkStatus.CANCELLED}
    assert SyncLog.objects.get().outcome == "stopped"


def test_stopping_when_nothing_runs_is_no_fault(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    answer = as_user(owner).post(f"{SYNC}/stop", {})
    assert (answer.status_code, answer.json()) == (200, {"stopping": 0})


def test_a_retry_makes_a_new_job_and_keeps_the_failed_one(
    as_user: SignedIn, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    failed = dead_job(connection, mode="full")
    answer = as_user(operator).post(RETRY, {})
    made = SyncJob.objects.get(status="queued")
    assert (answer.status_code, answer.json()["requeued"], answer.json()["skipped"]) == (202, 1, [])
    assert (made.object_type, made.mode, made.trigger, made.actor) == ("order", "full", "retry", operator)
    failed.refresh_from_db()
    assert failed.status == WorkStatus.DEAD
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/sync/retry/", "post")


def test_a_retry_can_be_narrowed_to_a_class_or_a_run(as_user: SignedIn, operator: Any, connection: Connection) -> None:
    dead_job(connection, "order")
    dead_job(connection, "refund", failure_class="permission", run="019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e01")
    client = as_user(operator)
    assert [each["object"] for each in client.post(RETRY, {"error_class": "permission"}).json()["jobs"]] == ["refund"]
    assert [each["object"] for each in client.post(RETRY, {"run": str(RUN)}).json()["jobs"]] == ["order"]


def test_a_retry_leaves_alone_what_was_settled_since(
    as_user: SignedIn, operator: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    order, refund = dead_job(connection, "order"), dead_job(connection, "refund")
    now = timezone.now()
    dead_job(connection, "order", status="succeeded", failure_class="", queued_at=now, run=RUN)
    as_user(operator).post(SYNC, {"objects": ["refund"]})
    answer = as_user(operator).post(RETRY, {})
    assert (answer.status_code, answer.json()["requeued"]) == (200, 0)
    assert {(each["id"], each["reason"]) for each in answer.json()["skipped"]} == {
        (str(order.pk), "succeeded_since"),
        (str(refund.pk), "already_queued"),
    }
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/sync/retry/", "post")


def test_a_retry_never_touches_another_venue(as_user: SignedIn, stranger: Any, connection: Connection) -> None:
    dead_job(connection)
    assert as_user(stranger).post(RETRY, {}).json()["code"] == "not_connected"
    assert not SyncJob.objects.filter(status="queued").exists()


@pytest.mark.django_db(transaction=True)
def test_a_sync_asked_for_here_brings_the_records_and_its_run_tells_so(
    as_user: SignedIn, owner: Any, venue: Venue, sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    seller = sandbox.merchant(customers=7, products=3, orders=2, refunds=0, payout_days=1)
    keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)
    client = as_user(owner)
    started = client.post(SYNC, {"objects": ["customer"]})
    settle()
    status = client.get(started["Location"])
    assert (status.json()["ended"], [job["done"] for job in status.json()["jobs"]]) == (True, [7])
    assert_as_described(openapi, status, "/api/v1/integrations/{provider}/sync/status/", "get")
    run = client.get(f"{SYNC}/history", {"run": started.json()["run"]})
    assert (run.json()["outcome"], run.json()["counts"]["created"]) == ("succeeded", 7)
    assert_as_described(openapi, run, "/api/v1/integrations/{provider}/sync/history/", "get")
    whole = client.get("/api/v1/integrations/square")
    assert whole.json()["counts"]["up_to_date"] == 7
    assert_as_described(openapi, whole, "/api/v1/integrations/{provider}/", "get")
