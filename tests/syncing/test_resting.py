"""A provider that is down: it gets few calls, its jobs keep their attempts, and go on by themselves when it is back."""

from datetime import timedelta

import pytest

from connections import breaker, sessions
from connections.models import Connection
from integrations import shared
from integrations.providers import http
from integrations.providers.errors import Invalid, Transient
from integrations.providers.types import ObjectType
from syncing import queue, tasks
from syncing.models import Record, SyncJob, Trigger
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short troubles are not bridged inside a call."""
    monkeypatch.setattr(http, "_TRIES", 1)


@pytest.fixture
def down(square: Connection, sandbox: Sandbox) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 503, "times": -1})
    sandbox.clear_log()


def rest_is_over(connection: Connection) -> None:
    shared.store.hset(breaker._key("account", "square", connection.account_id), "until", "1")


def call(connection: Connection) -> str:
    """Return what a call over a session of its own came to."""
    try:
        sessions.open_session(connection).get("/v2/locations")
    except (Transient, Invalid) as error:
        return type(error).__name__
    return "answered"


@pytest.mark.usefixtures("down")
def test_a_dead_provider_gets_few_calls_and_is_called_again_when_it_is_back(
    square: Connection, sandbox: Sandbox
) -> None:
    told = [call(square) for _ in range(40)]
    assert (told.count("Transient"), told.count("Resting"), sandbox.calls()) == (5, 35, 5)
    sandbox.ask("DELETE", "/faults")
    rest_is_over(square)
    assert [call(square) for _ in range(3)] == ["answered"] * 3


def test_a_refusal_is_an_answer(square: Connection, sandbox: Sandbox) -> None:
    fault = {"provider": "square", "kind": "status", "status": 400, "times": -1}
    body = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "INVALID_VALUE"}]}
    sandbox.ask("POST", "/faults", fault | {"body": body})
    assert {call(square) for _ in range(12)} == {"Invalid"}


@pytest.mark.usefixtures("down")
def test_a_job_waits_for_the_end_of_the_rest_and_uses_up_no_attempt(square: Connection, sandbox: Sandbox) -> None:
    queue.enqueue(square, [ObjectType.CUSTOMER], trigger=Trigger.OWNER)
    for _ in range(8):
        SyncJob.objects.update(not_before="2026-01-01T00:00Z")
        tasks.work_once()
    job = SyncJob.objects.get()
    assert (job.status, job.attempts, sandbox.calls()) == ("queued", 5, 5)
    assert job.not_before - job.last_failed_at > timedelta(seconds=20)
    assert (job.failure_class, job.failure_sentence) == ("provider_down", "Square is not answering.")
    sandbox.ask("DELETE", "/faults")
    rest_is_over(square)
    SyncJob.objects.update(not_before="2026-01-01T00:00Z")
    settle()
    assert (SyncJob.objects.get().status, Record.objects.filter(object_type="customer").count()) == ("succeeded", 40)
