"""A provider that is slow, busy, broken or silent: we wait as long as asked, and lose and invent nothing."""

import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import pytest

from connections.models import Connection
from integrations.providers import http
from integrations.providers.types import JSON, ObjectType
from syncing import retry, tasks
from tests.contract.account import Account, assert_exact, stored
from tests.contract.between import between
from tests.contract.conftest import Pages, forget_waits
from tests.contract.marks import each_provider, each_stream
from tests.contract.working import events, hurry, job_of, log_of, prepare, put, read, settle
from tests.providers.wire import endless, wire

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER


def at(call: JSON) -> datetime:
    return datetime.fromisoformat(call["at"])


@pytest.fixture
def ready(account: Account, connection: Connection) -> Connection:
    """Connected, and what customers need is read."""
    prepare(connection, CUSTOMER)
    account.sandbox.clear_log()
    return connection


@each_provider()
def test_a_short_wish_to_wait_is_met_before_the_next_call(account: Account, ready: Connection) -> None:
    account.fail("rate_limit", CUSTOMER, retry_after=1, times=1)
    read(ready, CUSTOMER)
    refused, repeated, *_ = account.calls(CUSTOMER)
    assert refused["status"] in (403, 429)
    assert at(repeated) - at(refused) >= timedelta(seconds=1)
    assert_exact(account, ready, CUSTOMER)


@each_provider()
@pytest.mark.parametrize("asked", [120, None], ids=["two minutes", "no time told"])
def test_a_long_wish_to_wait_frees_the_worker_and_holds_back_all_others(
    account: Account, ready: Connection, one_try: None, asked: int | None
) -> None:
    wish = {} if asked is None else {"retry_after": asked}
    account.fail("rate_limit", CUSTOMER, times=1, **wish)
    put(ready, CUSTOMER)
    tasks.work_once()
    job, (refused,) = job_of(ready, CUSTOMER), account.calls()
    assert (job.status, job.attempts, job.failure_class) == ("queued", 0, "rate_limit")
    assert job.not_before - at(refused) >= timedelta(seconds=asked or retry.DEFAULT_RATE_WAIT)
    assert events(log_of(ready, CUSTOMER)) == ["asked_to_wait"]
    hurry()
    tasks.work_once()
    early = account.calls()[1:]  # whoever comes too early does not even ask
    assert all(at(call) - at(refused) >= timedelta(seconds=asked or http._HOLD_SECONDS) for call in early)
    forget_waits(account.sandbox)
    settle()
    assert_exact(account, ready, CUSTOMER)


@each_provider()
def test_a_short_trouble_is_bridged_inside_the_call(account: Account, ready: Connection) -> None:
    account.fail("status", CUSTOMER, status=503, times=2)
    put(ready, CUSTOMER)
    tasks.work_once()
    assert [each["status"] for each in account.calls(CUSTOMER)][:3] == [503, 503, 200]
    assert job_of(ready, CUSTOMER).status == "succeeded"
    assert_exact(account, ready, CUSTOMER)


@each_provider()
@pytest.mark.parametrize("kind", ["status", "reset", "html", "malformed"])
def test_an_answer_that_is_none_stores_nothing_and_is_asked_for_again(
    account: Account, ready: Connection, one_try: None, pages_of: Pages, kind: str
) -> None:
    pages_of(4)
    account.fail(kind, CUSTOMER, times=1, skip=2)
    put(ready, CUSTOMER)
    tasks.work_once()
    job, live = job_of(ready, CUSTOMER), account.truth(CUSTOMER)[0]
    assert (job.status, job.failure_class) == ("queued", "provider_down")
    assert stored(ready, CUSTOMER).keys() <= live.keys()  # all of them where the empty end of a window was refused
    settle()
    assert_exact(account, ready, CUSTOMER)
    assert events(log_of(ready, CUSTOMER)) == ["tried_again"]


@each_provider()
def test_an_answer_that_breaks_off_stores_nothing_and_is_asked_for_again(
    account: Account, ready: Connection, one_try: None, settings: Any
) -> None:
    with between(account, CUSTOMER, settings, cuts=1):
        put(ready, CUSTOMER)
        tasks.work_once()
        assert (job_of(ready, CUSTOMER).failure_code, stored(ready, CUSTOMER)) == ("broken_answer", {})
        settle()
    assert_exact(account, ready, CUSTOMER)


@each_provider()
@pytest.mark.parametrize(
    ("kind", "codes"), [("drip", {"deadline", "broken_answer", "no_answer"}), ("delay", {"no_answer"})],
    ids=["drip", "black hole"],
)  # fmt: skip
def test_an_answer_that_does_not_come_ends_with_the_deadline(
    account: Account, ready: Connection, one_try: None, kind: str, codes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account.fail(kind, CUSTOMER, times=1, **({"seconds": 25} if kind == "delay" else {}))
    put(ready, CUSTOMER)
    with monkeypatch.context() as hurried:
        hurried.setattr(http, "TOTAL_SECONDS", 1.0)
        tasks.work_once()
    job = job_of(ready, CUSTOMER)
    assert (job.status, job.failure_class, job.failure_code in codes) == ("queued", "provider_down", True)
    settle()
    assert_exact(account, ready, CUSTOMER)


@each_provider()
def test_an_answer_without_end_is_refused_at_the_size_cap_with_flat_memory(
    account: Account, ready: Connection, one_try: None, settings: Any
) -> None:
    put(ready, CUSTOMER)
    with wire(endless) as server:
        settings.SANDBOX_URL = server.url
        tracemalloc.start()
        tasks.work_once()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    job = job_of(ready, CUSTOMER)
    assert (job.status, job.failure_class, job.failure_code) == ("queued", "provider_down", "too_large")
    assert peak < 6 * http.MAX_BYTES, "a provider may ask for less a few times"
    assert stored(ready, CUSTOMER) == {}


@each_stream()
def test_one_unreadable_record_is_set_aside_alone_until_it_can_be_read(
    account: Account, connection: Connection, object_type: ObjectType, settings: Any
) -> None:
    watched, spoiled = account.stage.streams[object_type], list[str]()
    prepare(connection, object_type)

    def spoil(records: list[JSON], body: JSON) -> None:
        ours = [each for each in records if watched.of_ours(each)]
        if not spoiled and ours:
            spoiled.append(account.stage.id_of(ours[0]))
            for name, value in watched.spoiled.items():
                ours[0][name] = ours[0][name] | value if isinstance(value, dict) else value

    with between(account, object_type, settings, spoil):
        (log,) = read(connection, object_type)
    live = account.truth(object_type)[0]
    problem = connection.record_links.get(external_type=object_type, state="failing")
    assert (problem.external_id, (problem.problem or {})["class"]) == (spoiled[0], "invalid_value")
    assert (log.outcome, log.failed, log.created) == ("partly_succeeded", 1, len(live) - 1)
    read(connection, object_type, full=True)
    assert_exact(account, connection, object_type)
