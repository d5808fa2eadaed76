"""What our team sees over all venues: every row true, every question answered by the same number of statements."""

import base64
import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from connections.breaker import Breaker
from connections.models import Connection
from integrations import shared
from integrations.ids import uuid7
from monitoring import all_venues, beat, figures
from monitoring.models import IntegrationCost
from syncing import presence
from syncing.models import SyncCursor, SyncJob
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.rows import dead_job, log_of
from tests.connections.test_pacing import nobody_listens
from tests.factories import ConnectionFactory, VenueFactory
from tests.monitoring.conftest import dead_event, failing_record
from tests.monitoring.test_recovery import scheduled, waiting
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/integrations/admin"
VENUES, HEALTH, COSTS, QUEUE = (
    f"{ADMIN}/{each}" for each in ("all-venues", "health-summary", "costs", "queue-metrics")
)
NOBODY = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
RIGHTS = {
    VENUES: "view_connection", HEALTH: "view_integrationhealth", COSTS: "view_integrationcost", QUEUE: "view_syncjob",
}  # fmt: skip


@pytest.fixture
def client(as_user: SignedIn, staff: Any) -> Any:
    """A client of somebody of our team who may see everything."""
    return as_user(staff)


def now() -> datetime:
    return timezone.now()


def described(openapi: dict[str, Any], answer: Any, address: str) -> None:
    assert_as_described(openapi, answer, f"{address}/", "get")


def lines(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def statements(client: Any, address: str, **query: Any) -> int:
    with CaptureQueriesContext(database) as found:
        assert client.get(address, query).status_code == 200
    return len(found)


# --- who, and how it is asked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", RIGHTS)
def test_each_view_wants_a_permission_of_its_own(as_user: SignedIn, staff: Any, address: str) -> None:
    staff.is_superuser = False
    staff.save(update_fields=["is_superuser"])
    assert as_user(staff).get(address).status_code == 403
    staff.user_permissions.set(Permission.objects.filter(codename=RIGHTS[address]))
    assert as_user(type(staff).objects.get(pk=staff.pk)).get(address).status_code == 200


@pytest.mark.parametrize(
    ("address", "query", "name"),
    [
        (VENUES, "limit=201", "limit"), (VENUES, "limit=ten", "limit"), (VENUES, "status=broken", "status"),
        (VENUES, "provider=paypal", "provider"), (VENUES, "venue=no-such-venue", "venue"), (VENUES, "page=2", "page"),
        (VENUES, f"venue={NOBODY}", "venue"), (VENUES, "venue=", "venue"),
        (VENUES, "status=paused&status=syncing", "status"), (VENUES, "format=xml", "format"),
        (HEALTH, "since=1", "since"), (QUEUE, "format=csv", "format"),
        (COSTS, "from=yesterday", "from"), (COSTS, "from=2026-11-02&to=2026-11-01", "from"),
        (COSTS, "from=2020-01-01&to=2026-11-01", "from"), (COSTS, "group=month", "group"),
        (COSTS, "to=9999-12-31", "from"), (COSTS, "compare=perhaps", "compare"), (COSTS, "venue=books", "venue"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_unknown_or_malformed_is_named(
    client: Any, openapi: dict[str, Any], address: str, query: str, name: str
) -> None:
    answer = client.get(f"{address}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}"]
    described(openapi, answer, address)


@pytest.mark.parametrize(
    "place",
    ["nothing", "12", "[1, 2, 3]", '["a", "b"]', '["a", "b", true]', '["a\\u0000", "b", 1]', '["a", "b", -1]', "{}"],
)
def test_a_cursor_that_was_never_answered_is_refused(client: Any, place: str) -> None:
    answer = client.get(VENUES, {"cursor": base64.urlsafe_b64encode(place.encode()).decode()})
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (400, ["/cursor"])
    assert client.get(VENUES, {"cursor": "!!"}).status_code == 400


@pytest.mark.parametrize(("address", "most"), [(VENUES, 5), (HEALTH, 9), (COSTS, 8), (QUEUE, 4)])
def test_it_costs_the_same_for_one_venue_and_for_fifty(client: Any, address: str, most: int) -> None:
    found = []
    for number in (1, 49):
        for _ in range(number):
            made = ConnectionFactory()
            scheduled(made, "customer", "order")
            dead_job(made)
            log_of(made, calls={"api": 3}, outcome="failed", error_class="provider_down", run=uuid4())
        figures.rebuild()
        found.append(statements(client, address))
    assert found[0] == found[1] <= most


# --- all venues -------------------------------------------------------------------------------------------------------


def test_a_row_tells_how_a_provider_stands_at_a_venue(client: Any, connection: Connection, openapi: Any) -> None:
    moment = now()
    SyncCursor.objects.create(
        connection=connection, object_type="customer", next_run_at=moment, last_succeeded_at=moment - timedelta(hours=2)
    )
    dead_job(connection)
    dead_event(connection)
    failing_record(connection)
    log_of(connection, outcome="failed", error_class="rate_limit", started_at=moment, finished_at=moment)
    IntegrationCost.objects.create(connection=connection, day=moment.date(), call_class="api", calls=7, amount="0.25")
    answer = client.get(VENUES, {"provider": "square"})
    (row,) = answer.json()["results"]
    assert 7200 <= row.pop("lag_seconds") <= 7210
    assert row["last_error"].pop("at")
    assert row == {
        "venue": {"id": str(connection.venue_id), "slug": "lantern-room", "name": "The Lantern Room"},
        "provider": "square", "connection": str(connection.pk), "status": "needs_attention",
        "status_label": "Needs attention", "dead_letters": 3, "last_error": {"class": "rate_limit"},
        "spend": {"calls": 7, "amounts": {"USD": "0.250000"}},
    }  # fmt: skip
    described(openapi, answer, VENUES)


def test_what_an_account_cost_that_is_no_longer_connected_is_spent_all_the_same(
    client: Any, connection: Connection
) -> None:
    before = ConnectionFactory(venue=connection.venue, status="disconnected")
    for each, calls in ((connection, 7), (before, 5)):
        IntegrationCost.objects.create(connection=each, day=now().date(), call_class="api", calls=calls)
    (row,) = client.get(VENUES, {"provider": "square"}).json()["results"]
    assert (row["connection"], row["spend"]["calls"]) == (str(connection.pk), 12)


def test_what_was_never_connected_is_a_row_as_well(client: Any, venue: Any, openapi: Any) -> None:
    answer = client.get(VENUES, {"venue": str(venue.pk)})
    assert [
        (each["provider"], each["status"], each["connection"], each["lag_seconds"]) for each in answer.json()["results"]
    ] == [(provider, "disconnected", None, None) for provider in ("square", "stripe", "mailchimp", "quickbooks")]
    described(openapi, answer, VENUES)


def test_pages_follow_each_other_without_a_gap_or_a_repetition(client: Any) -> None:
    for name in ("Zebra", "Apollo", "Apollo"):
        VenueFactory(name=name)
    found, cursor, pages = [], {}, 0
    while True:
        page = client.get(VENUES, {"limit": 5, **cursor}).json()
        found += [(each["venue"]["name"], each["venue"]["slug"], each["provider"]) for each in page["results"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert (pages, len(found), len(set(found))) == (3, 12, 12)
    assert [name for name, _, _ in found] == ["Apollo"] * 8 + ["Zebra"] * 4


def test_a_filter_by_status_goes_over_all_pages(client: Any) -> None:
    for _ in range(3):
        ConnectionFactory()
    lost = ConnectionFactory(status="reauthorise")
    page = client.get(VENUES, {"status": "reauthorise", "limit": 1}).json()
    assert [each["connection"] for each in page["results"]] == [str(lost.pk)]
    assert page["next_cursor"] is None


def test_the_file_holds_every_row_and_no_formula(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_venues, "_AT_ONCE", 3)
    ConnectionFactory(venue=VenueFactory(name="=HYPERLINK(1)", slug="formula"))
    answer = client.get(VENUES, {"format": "csv", "limit": 1})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="all-venues.csv"' in answer["Content-Disposition"]
    rows = lines(answer)
    assert [(row["venue"], row["venue_name"], row["provider"]) for row in rows[:2]] == [
        ("formula", "'=HYPERLINK(1)", "square"), ("formula", "'=HYPERLINK(1)", "stripe"),
    ]  # fmt: skip
    assert len(rows) == 4


# --- health -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _own_breakers(settings: Any) -> None:
    settings.SANDBOX_URL = f"http://{uuid4()}"
    settings.BREAKER_REST = timedelta(seconds=600)


@pytest.mark.usefixtures("_own_breakers")
def test_the_summary_tells_what_is_measured(client: Any, connection: Connection, openapi: dict[str, Any]) -> None:
    moment = now()
    log_of(connection, started_at=moment - timedelta(seconds=2), finished_at=moment)
    log_of(
        connection, started_at=moment - timedelta(seconds=4), finished_at=moment, outcome="failed", error_class="ours"
    )
    log_of(
        connection, started_at=moment - timedelta(hours=3), finished_at=moment - timedelta(hours=2), outcome="failed"
    )
    dead_job(connection)
    PeriodicTask.objects.update(last_run_at=moment - timedelta(minutes=1))
    shared.store.delete(presence.KEY)
    presence._told.clear()
    presence.tell("syncs")
    answer = client.get(HEALTH)
    body = answer.json()
    square = next(each for each in body["providers"] if each["provider"] == "square")
    assert (square["runs"], square["error_rate"], square["p50_ms"], square["p95_ms"]) == (2, 0.5, 3000, 3900)
    assert (square["breaker"], square["accounts_left_alone"]) == ("closed", 0)
    stripe = next(each for each in body["providers"] if each["provider"] == "stripe")
    assert (stripe["runs"], stripe["error_rate"], stripe["p50_ms"]) == (0, None, None)
    assert body["connections"]["connected"] == 1
    assert [each["size"] for each in body["top_causes"]] == [1]
    workers = body["platform"]["workers"]
    assert (workers["seen_lately"], workers["queues"], workers["working"]) == (1, ["syncs"], 0)
    described(openapi, answer, HEALTH)


def test_beat_is_seen_by_what_it_wrote_down(client: Any) -> None:
    PeriodicTask.objects.update(last_run_at=None)
    assert client.get(HEALTH).json()["platform"]["beat"] == {"seen_lately": False, "last_seen_at": None}
    beat.refresh()
    task = PeriodicTask.objects.all()[0]
    for minutes, lately in ((20, False), (1, True)):
        PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=now() - timedelta(minutes=minutes))
        assert client.get(HEALTH).json()["platform"]["beat"]["seen_lately"] is lately


@pytest.mark.usefixtures("_own_breakers")
def test_a_breaker_that_is_open_is_told(client: Any) -> None:
    for _ in range(5):
        Breaker("square", "one").silent()
    square = client.get(HEALTH).json()["providers"][0]
    assert (square["provider"], square["breaker"], square["accounts_left_alone"]) == ("square", "closed", 1)


@pytest.mark.usefixtures("_own_breakers")
def test_a_provider_that_is_silent_at_several_accounts_is_not_up(client: Any, settings: Any) -> None:
    for account in range(settings.BREAKER_ACCOUNTS):
        for _ in range(settings.BREAKER_AFTER):
            Breaker("square", f"account {account}").silent()
    square, stripe = client.get(HEALTH).json()["providers"][:2]
    assert (square["up"], square["breaker"], stripe["up"], stripe["breaker"]) == (False, "open", True, "closed")
    assert square["breaker_since"] is not None


def test_redis_that_is_away_is_told_and_nothing_is_made_up(
    client: Any, openapi: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = nobody_listens()
    for module in ("integrations.shared", "connections.breaker", "syncing.presence"):
        monkeypatch.setattr(f"{module}.store", away)
    answer = client.get(HEALTH)
    body = answer.json()
    assert body["platform"]["broker"] == {"up": False, "answered_in_ms": None}
    assert (body["platform"]["workers"]["seen_lately"], body["platform"]["workers"]["queues"]) == (None, None)
    assert {each["breaker"] for each in body["providers"]} == {None}
    described(openapi, answer, HEALTH)


def test_a_worker_that_was_not_heard_of_for_a_minute_is_not_counted(client: Any) -> None:
    shared.store.delete(presence.KEY)
    shared.store.zadd(presence.KEY, {"syncs|elsewhere:1": shared.store.time()[0] - 61})
    workers = client.get(HEALTH).json()["platform"]["workers"]
    assert (workers["seen_lately"], workers["queues"]) == (0, [])
    assert workers["last_seen_at"] is not None


def test_a_worker_with_work_is_there_and_one_that_serves_two_queues_is_one(client: Any, connection: Connection) -> None:
    shared.store.delete(presence.KEY)
    shared.store.zadd(presence.KEY, dict.fromkeys(["syncs|a:1", "webhooks|a:1"], shared.store.time()[0]))
    waiting(connection, "customer", "order")
    SyncJob.objects.filter(object_type="customer").update(
        status="running", lease_owner="b:2:140", lease_until=now() + timedelta(seconds=30)
    )
    workers = client.get(HEALTH).json()["platform"]["workers"]
    assert (workers["seen_lately"], workers["queues"], workers["working"]) == (2, ["syncs", "webhooks"], 1)


# --- costs ------------------------------------------------------------------------------------------------------------

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-20"}


def spent(
    connection: Connection, day: int, calls: int, amount: str = "0", month: int = 11, call_class: str = "api"
) -> None:
    IntegrationCost.objects.create(
        connection=connection, day=date(2026, month, day), call_class=call_class, calls=calls, amount=Decimal(amount)
    )


def read(connection: Connection, day: int, records: int, object_type: str = "customer", **calls: int) -> None:
    began = datetime(2026, 11, day, 12, tzinfo=UTC)
    log_of(connection, object_type, started_at=began, finished_at=began, read=records, calls=calls, run=uuid4())


@pytest.fixture
def books() -> Connection:
    """A venue that is connected to QuickBooks."""
    found: Connection = ConnectionFactory(provider="quickbooks", venue=VenueFactory(name="Books", slug="books"))
    return found


def test_costs_by_provider_with_records_and_what_one_cost(
    client: Any, connection: Connection, books: Connection, openapi: dict[str, Any]
) -> None:
    spent(connection, 3, 40)
    spent(books, 3, 90, "1.50", call_class="coreplus")
    spent(books, 4, 10, "0.50", call_class="core")
    spent(books, 21, 1000)
    read(books, 3, 50)
    answer = client.get(COSTS, NOVEMBER | {"group": "provider"})
    first, second = answer.json()["results"]
    assert first == {
        "key": "quickbooks", "label": "QuickBooks", "calls": {"coreplus": 90, "core": 10}, "calls_total": 100,
        "runs": 1, "records": 50, "amounts": {"USD": "2.000000"}, "calls_per_record": 2.0,
        "amounts_per_record": {"USD": "0.040000"}, "before": None,
    }  # fmt: skip
    assert (second["key"], second["calls_total"], second["calls_per_record"]) == ("square", 40, None)
    assert (answer.json()["total"]["calls_total"], answer.json()["total"]["amounts"]) == (140, {"USD": "2.000000"})
    described(openapi, answer, COSTS)


def test_costs_by_venue_and_by_day(client: Any, connection: Connection, books: Connection) -> None:
    spent(connection, 3, 40)
    spent(books, 2, 90)
    by_venue = client.get(COSTS, NOVEMBER | {"group": "venue"}).json()["results"]
    assert [(each["key"], each["label"], each["calls_total"]) for each in by_venue] == [
        ("books", "Books", 90), ("lantern-room", "The Lantern Room", 40),
    ]  # fmt: skip
    by_day = client.get(COSTS, NOVEMBER | {"group": "day"}).json()["results"]
    assert [(each["key"], each["calls_total"]) for each in by_day] == [("2026-11-02", 90), ("2026-11-03", 40)]


def test_an_object_has_its_share_of_the_day(client: Any, books: Connection) -> None:
    spent(books, 3, 40, "2.00", call_class="coreplus")
    read(books, 3, 10, "customer", coreplus=30)
    read(books, 3, 5, "invoice", coreplus=10)
    found = client.get(COSTS, NOVEMBER | {"group": "object"}).json()["results"]
    assert [(each["key"], each["label"], each["calls"], each["amounts"]) for each in found] == [
        ("customer", "Customers", {"coreplus": 30}, {"USD": "1.500000"}),
        ("invoice", "Invoices", {"coreplus": 10}, {"USD": "0.500000"}),
    ]


def test_amounts_of_two_currencies_are_never_added_up(client: Any, connection: Connection, books: Connection) -> None:
    spent(connection, 3, 1, "1")
    spent(books, 3, 1, "2")
    IntegrationCost.objects.filter(connection=books).update(currency="GBP")
    assert client.get(COSTS, NOVEMBER).json()["total"]["amounts"] == {"GBP": "2.000000", "USD": "1.000000"}


def test_the_days_before_stand_beside_also_what_is_gone_since(
    client: Any, connection: Connection, books: Connection, openapi: dict[str, Any]
) -> None:
    spent(connection, 3, 40)
    spent(connection, 20, 10, month=10)
    spent(books, 20, 5, month=10)
    answer = client.get(COSTS, NOVEMBER | {"compare": "true"})
    body = answer.json()
    assert body["compared_with"] == {"from": "2026-10-12", "to": "2026-10-31"}
    assert [(each["key"], each["calls_total"], each["before"]["calls_total"]) for each in body["results"]] == [
        ("lantern-room", 40, 10), ("books", 0, 5),
    ]  # fmt: skip
    described(openapi, answer, COSTS)


def test_a_day_is_held_against_the_same_day_of_the_period_before(client: Any, connection: Connection) -> None:
    spent(connection, 3, 40)
    spent(connection, 14, 10, month=10)
    spent(connection, 13, 5, month=10)
    found = client.get(COSTS, NOVEMBER | {"group": "day", "compare": "true"}).json()["results"]
    assert [(each["key"], each["calls_total"], each["before"]["calls_total"]) for each in found] == [
        ("2026-11-02", 0, 5), ("2026-11-03", 40, 10),
    ]  # fmt: skip


@time_machine.travel("2026-11-16T00:00:00Z", tick=False)
def test_half_a_month_is_projected_to_its_end_and_held_against_the_allowance(client: Any, books: Connection) -> None:
    spent(books, 3, 300_000, "10", call_class="coreplus")
    spent(books, 30, 7, month=10, call_class="coreplus")
    body = client.get(COSTS).json()
    assert (body["from"], body["to"], body["group"]) == ("2026-11-01", "2026-11-16", "venue")
    assert body["projection"] == {
        "month": "2026-11", "share_gone": 0.5, "calls_so_far": {"coreplus": 300_000}, "calls": {"coreplus": 600_000},
        "amounts_so_far": {"USD": "10.000000"}, "amounts": {"USD": "20.000000"},
    }  # fmt: skip
    assert body["quotas"] == [
        {
            "provider": "quickbooks", "call_class": "coreplus", "allowed": 500_000, "used": 300_000, "left": 200_000,
            "projected": 600_000, "used_up_on": "2026-11-26", "begins_anew_on": "2026-12-01",
        }
    ]  # fmt: skip


def test_costs_as_a_file(client: Any, books: Connection) -> None:
    spent(books, 3, 90, "1.50", call_class="coreplus")
    answer = client.get(COSTS, NOVEMBER | {"format": "csv"})
    assert 'filename="costs-2026-11-01-2026-11-20.csv"' in answer["Content-Disposition"]
    assert lines(answer) == [
        {
            "key": "books", "label": "Books", "runs": "0", "records": "0", "calls": "90",
            "calls_by_class": "coreplus=90", "amount": "1.500000 USD", "calls_before": "", "amount_before": "",
        }
    ]  # fmt: skip


# --- queue ------------------------------------------------------------------------------------------------------------


def test_the_queue_tells_what_waits_runs_came_through_and_failed(
    client: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    moment = now()
    waiting(connection, "customer", "product")
    SyncJob.objects.filter(object_type="customer").update(queued_at=moment - timedelta(seconds=90))
    SyncJob.objects.filter(object_type="product").update(
        not_before=moment + timedelta(hours=1), failure_class="provider_down", last_failed_at=moment
    )
    ended(connection, "payment", "succeeded")
    dead_job(connection, queued_at=moment, finished_at=moment)
    answer = client.get(QUEUE)
    (row,) = answer.json()["results"]
    assert 90 <= row.pop("oldest_age_seconds") <= 92
    assert row == {
        "queue": "syncs", "priority": "normal", "provider": "square", "depth": 2, "ready": 1, "running": 0,
        "throughput_1h": 1, "wait_p50_seconds": 20.0, "wait_p95_seconds": 20.0, "retrying": 1, "retried_1h": 1,
        "dead": 1, "dead_in_1h": 1, "dead_out_1h": 0,
    }  # fmt: skip
    described(openapi, answer, QUEUE)


def ended(connection: Connection, object_type: str, status: str) -> SyncJob:
    """Return a job that waited twenty seconds and ended just now."""
    moment = now()
    return SyncJob.objects.create(
        venue=connection.venue, connection=connection, object_type=object_type, status=status,
        queued_at=moment - timedelta(seconds=30), started_at=moment - timedelta(seconds=10), finished_at=moment,
    )  # fmt: skip


def test_given_up_work_that_is_tried_again_or_set_aside_is_out(client: Any, connection: Connection) -> None:
    long_ago = now() - timedelta(days=30)
    dead_job(connection, "customer", queued_at=long_ago, finished_at=long_ago)
    waiting(connection, "customer")
    aside = {"status": "dead", "at": now().isoformat(), "batch": str(uuid4())}
    dead_job(connection, "order", queued_at=now(), finished_at=now(), status="cancelled", set_aside=aside)
    dead_event(connection, status="queued", batch=uuid7(), finished_at=None)
    dead_event(connection)
    syncs, events = client.get(QUEUE).json()["results"]
    assert (syncs["queue"], syncs["dead"], syncs["dead_out_1h"], syncs["depth"]) == ("syncs", 0, 2, 1)
    assert (events["queue"], events["priority"], events["dead"], events["dead_in_1h"], events["dead_out_1h"]) == (
        "webhooks", None, 1, 1, 1,
    )  # fmt: skip


def test_a_delivery_that_nobody_signed_is_no_work(client: Any) -> None:
    WebhookEvent.objects.create(provider="square", dedupe_key="1", body=b"", verdict="refused", status="cancelled")
    assert client.get(QUEUE).json()["results"] == []


def test_prometheus_reads_the_same_figures(client: Any, connection: Connection) -> None:
    waiting(connection, "customer", "order")
    dead_event(connection)
    answer = client.get(QUEUE, {"format": "prometheus"})
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.content.decode()
    assert 'backline_queue_depth{queue="syncs",priority="normal",provider="square"} 2\n' in text
    assert 'backline_queue_dead{queue="webhooks",priority="",provider="square"} 1\n' in text
    assert 'backline_queue_oldest_age_seconds{queue="webhooks"' not in text
    assert text.count("# TYPE backline_queue_depth gauge\n") == 1
