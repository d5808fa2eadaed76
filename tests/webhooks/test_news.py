"""News that comes while its stream is being read is never lost: another read follows."""

from typing import Any

import pytest

from connections import keys
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import news, queue, schedule
from syncing.models import Record, SyncJob, Trigger
from syncing.runner import run
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle
from tests.webhooks.conftest import connected
from tests.webhooks.senders import SQUARE

CUSTOMER = ObjectType.CUSTOMER


@pytest.fixture
def read_once(sandbox: Sandbox, venue: Venue, owner: Any) -> Connection:
    merchant = sandbox.merchant(customers=3, products=0, orders=0, refunds=0, payout_days=0)
    connection = keys.connect(PROVIDERS["square"], venue, merchant["personal_token"], user=owner)
    venue.integration_configs.update(directions={"customer": "in"})
    schedule.start(connection, trigger=Trigger.FIRST)
    settle()
    return connection


def told(connection: Connection) -> int:
    return news.arrived([(connection.pk, CUSTOMER)])


@pytest.mark.django_db(transaction=True)
def test_news_that_came_while_a_read_ran_is_read_by_another_after_it(read_once: Connection) -> None:
    queue.enqueue(read_once, [CUSTOMER], trigger=Trigger.SCHEDULE)
    claim = queue.claim()
    assert claim is not None
    assert told(read_once) == 0
    run(claim)
    (after,) = SyncJob.objects.open()
    assert (after.object_type, after.status, after.trigger, after.mode) == (
        "customer",
        "queued",
        "event",
        "incremental",
    )
    settle()
    assert not SyncJob.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_a_read_that_nobody_had_news_for_is_followed_by_none(read_once: Connection) -> None:
    queue.enqueue(read_once, [CUSTOMER], trigger=Trigger.SCHEDULE)
    settle()
    assert not SyncJob.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_news_brings_what_changed(read_once: Connection, sandbox: Sandbox) -> None:
    before = Record.objects.count()
    sandbox.ask("POST", f"/square/{read_once.account_id}/create", {"customers": 1})
    assert told(read_once) == 1
    settle()
    assert Record.objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
def test_news_marks_a_job_that_has_begun_once_and_leaves_one_that_waits(venue: Venue) -> None:
    connection = connected(venue, SQUARE)
    queue.enqueue(connection, [CUSTOMER], trigger=Trigger.SCHEDULE)
    assert (told(connection), SyncJob.objects.get().told_at) == (0, None)
    queue.claim()
    told(connection)
    first = SyncJob.objects.get().told_at
    told(connection)
    assert (first is not None, SyncJob.objects.get().told_at) == (True, first)


@pytest.mark.django_db
def test_no_news_costs_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert news.arrived([]) == 0
