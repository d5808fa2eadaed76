"""What follows from a choice: what is asked for, what is read again, what leaves the schedule, and what stays."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.contrib.auth.models import User

from connections import keys, lifecycle
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import choosing, queue, runner, schedule
from syncing.models import Record, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = {"customers": 12, "products": 3, "orders": 30, "refunds": 2, "payout_days": 2, "invoices": 4}
ORDER, PAYMENT, PRODUCT = ObjectType.ORDER, ObjectType.PAYMENT, ObjectType.PRODUCT
DEPENDENT = {"order", "payment", "payout", "invoice"}


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    """A seller with two locations."""
    places = [{"name": name, "currency": "GBP"} for name in ("Main Hall", "Canal Bar")]
    made: dict[str, Any] = sandbox.ask(
        "POST", "/square/merchants", {"name": "The Lantern Room", "locations": places, "sizes": SIZES}
    )
    return made | {"places": {each["name"]: each["id"] for each in sandbox.truth(made["id"], "locations").values()}}


@pytest.fixture
def square(venue: Venue, seller: dict[str, Any], owner: User) -> Connection:
    return keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)


@pytest.fixture
def synced(square: Connection) -> Connection:
    """A connection that was read once, whole."""
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    return square


def choose(connection: Connection, **wish: Any) -> choosing.Carried:
    return choosing.carry_out(connection.venue, PROVIDERS["square"], **wish)


def waiting() -> dict[str, str]:
    return dict(SyncJob.objects.filter(status="queued").values_list("object_type", "mode"))


def rows() -> dict[str, Any]:
    """Return what a rewritten row would show: versions, times of change, times of writing."""
    records = Record.objects.values_list("pk", "version", "changed_at", "content_hash")
    links = RecordLink.objects.values_list("pk", "state", "pulled_at", "raw_hash")
    return {"records": set(records), "links": set(links)}


def locations_asked(sandbox: Sandbox, path: str) -> set[str]:
    """Return the locations that were named in calls to an address since the log was cleared."""
    entries = sandbox.ask("GET", "/log", limit=5000)["entries"]
    return {parse_qs(each["query"])["location_id"][0] for each in entries if each["path"].endswith(path)}


def test_only_the_chosen_locations_are_asked_for(square: Connection, seller: dict[str, Any], sandbox: Sandbox) -> None:
    hall, bar = seller["places"]["Main Hall"], seller["places"]["Canal Bar"]
    choose(square, chosen={"location": [hall]}, offered=[hall, bar])
    sandbox.clear_log()
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    for path in ("/v2/payments", "/v2/payouts", "/v2/invoices"):
        assert locations_asked(sandbox, path) == {hall}, path
    told = RecordLink.objects.filter(external_type="order").values_list("raw__location_id", flat=True)
    assert set(told) == {hall}


def test_another_location_is_read_and_what_came_in_stays_untouched(
    square: Connection, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    hall, bar = seller["places"]["Main Hall"], seller["places"]["Canal Bar"]
    choose(square, chosen={"location": [hall]})
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    before = rows()
    assert choose(square, chosen={}).anew == [ORDER, PAYMENT, ObjectType.PAYOUT, ObjectType.INVOICE]
    assert waiting() == dict.fromkeys(DEPENDENT, "full")
    sandbox.clear_log()
    settle()
    assert locations_asked(sandbox, "/v2/payments") == {hall, bar}
    after = rows()
    assert before["records"] < after["records"]
    assert before["links"] < after["links"]
    orders = RecordLink.objects.filter(external_type="order").count()
    assert orders == len(sandbox.truth(seller["id"], "orders"))


def test_a_read_of_everything_leaves_unchanged_rows_alone(synced: Connection) -> None:
    before = rows()
    assert schedule.read_anew(synced, [ORDER, PAYMENT]) == 2
    settle()
    assert rows() == before
    logs = SyncLog.objects.filter(mode="full").values("object_type", "created", "updated", "deleted", "outcome")
    assert list(logs.order_by("object_type")) == [
        {"object_type": each, "created": 0, "updated": 0, "deleted": 0, "outcome": "nothing_to_do"}
        for each in ("order", "payment")
    ]


def test_a_later_first_day_deletes_nothing(synced: Connection) -> None:
    before = rows()
    choose(synced, begin=date(2026, 11, 1))
    settle()
    assert rows() == before


def test_a_first_day_bounds_the_first_read(square: Connection, seller: dict[str, Any], sandbox: Sandbox) -> None:
    choose(square, begin=date(2026, 6, 1), objects=["payment"])
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    every = sandbox.truth(seller["id"], "payments").values()
    expected = {each["id"] for each in every if each["created_at"] >= "2026-06-01"}
    held = set(RecordLink.objects.filter(external_type="payment").values_list("external_id", flat=True))
    assert held == expected
    choose(square, begin=None)
    settle()
    assert RecordLink.objects.filter(external_type="payment").count() == len(every)


def test_an_object_switched_off_leaves_the_schedule_and_its_records_stay(synced: Connection) -> None:
    kept = RecordLink.objects.filter(external_type="product").count()
    carried = choose(synced, objects=["customer", "order"])
    assert PRODUCT in carried.dropped
    planned = set(SyncCursor.objects.filter(next_run_at__isnull=False).values_list("object_type", flat=True))
    assert planned == {"location", "customer", "order"}
    SyncCursor.objects.filter(next_run_at__isnull=False).update(next_run_at="2026-01-01T00:00:00Z")
    schedule.enqueue_due()
    assert set(waiting()) == planned
    assert RecordLink.objects.filter(external_type="product", state="in_step").count() == kept > 0


def test_an_object_switched_on_again_goes_on_from_its_bookmark(synced: Connection) -> None:
    choose(synced, objects=["customer"])
    bookmark = SyncCursor.objects.get(object_type="product").position
    carried = choose(synced, objects=["customer", "product"])
    assert (carried.added, waiting()) == ([PRODUCT], {"product": "incremental"})
    cursor = SyncCursor.objects.get(object_type="product")
    assert (cursor.position, cursor.next_run_at is None) == (bookmark, False)


def test_one_switched_off_forgets_its_bookmark_when_the_first_day_changes(synced: Connection) -> None:
    choose(synced, objects=["customer"])
    choose(synced, begin=date(2026, 6, 1))
    assert SyncCursor.objects.get(object_type="order").position == {}
    assert waiting() == {}


def test_a_read_under_way_stops_and_the_new_one_follows(synced: Connection, owner: User) -> None:
    queue.enqueue(synced, [ORDER], trigger=Trigger.SCHEDULE)
    claim = queue.claim()
    assert claim is not None
    choose(synced, begin=date(2026, 6, 1), by=owner)
    runner.run(claim)
    old = SyncJob.objects.get(pk=claim.job_id)
    assert (old.status, old.stop_requested_by) == ("cancelled", owner)
    assert SyncCursor.objects.get(object_type="order").position == {}
    assert waiting()["order"] == "full"
    settle()
    assert not SyncLog.objects.filter(outcome="running").exists()
    assert SyncCursor.objects.get(object_type="order").last_full_at is not None


def test_a_job_that_waits_already_reads_everything(synced: Connection) -> None:
    queue.enqueue(synced, [ORDER], trigger=Trigger.SCHEDULE)
    schedule.read_anew(synced, [ORDER])
    assert waiting() == {"order": "full"}


def test_a_connection_that_never_began_only_remembers(square: Connection) -> None:
    assert choose(square, begin=date(2026, 6, 1)).jobs == 0
    assert not SyncJob.objects.exists()
    assert not SyncCursor.objects.exists()


def test_what_is_chosen_while_nothing_is_connected_is_read_after_the_next_connect(
    synced: Connection, owner: User
) -> None:
    lifecycle.disconnect(synced, by=owner, revoke=False)
    choose(synced, begin=date(2026, 6, 1))
    assert SyncCursor.objects.get(object_type="order").position == {}
    assert SyncCursor.objects.get(object_type="customer").position != {}
    assert waiting() == {}


def test_nothing_is_done_where_nothing_changed(synced: Connection) -> None:
    carried = choose(synced, objects=list(PROVIDERS["square"].streams), interval_minutes=15, chosen={}, begin=None)
    assert (carried.changed, carried.anew, carried.jobs) == (frozenset(), [], 0)
    assert waiting() == {}


def test_a_choice_is_an_event_of_the_connection(synced: Connection, owner: User) -> None:
    choose(synced, interval_minutes=30, by=owner)
    last = Connection.objects.get().history[-1]
    assert (last["event"], last["by"]) == ("choice_changed", str(owner))
