"""Reading a whole Square account into records, and then only what changed."""

from typing import Any

import pytest

from connections import keys
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from syncing import schedule
from syncing.models import Mode, Outcome, Record, RecordLink, SyncJob, SyncLog, Trigger
from syncing.work import WorkStatus
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = {"customers": 230, "products": 40, "orders": 120, "refunds": 6, "payout_days": 5, "invoices": 12}
KINDS = {
    "location": "locations",
    "customer": "customers",
    "product": "products",
    "order": "orders",
    "payment": "payments",
    "refund": "refunds",
    "payout": "payouts",
    "invoice": "invoices",
}


@pytest.fixture
def merchant(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(**SIZES)


@pytest.fixture
def square(venue: Venue, merchant: dict[str, Any], owner: Any) -> Connection:
    """The venue connected to the sandbox's Square with the seller's own token."""
    return keys.connect(PROVIDERS["square"], venue, merchant["personal_token"], user=owner)


def held(connection: Connection, object_type: str) -> dict[str, Any]:
    """Return the stored raw objects by id, without those that are deleted."""
    links = RecordLink.objects.filter(connection=connection, external_type=object_type).exclude(state="deleted")
    return dict(links.values_list("external_id", "raw"))


def versions(connection: Connection) -> dict[str, int]:
    links = RecordLink.objects.filter(connection=connection, record__isnull=False)
    return dict(links.values_list("external_id", "record__version"))


def pulls(connection: Connection) -> dict[str, Any]:
    return dict(RecordLink.objects.filter(connection=connection).values_list("external_id", "pulled_at"))


def test_a_first_sync_holds_exactly_what_the_provider_has(square: Connection, sandbox: Sandbox) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    for object_type, kind in KINDS.items():
        truth = {
            key: value for key, value in sandbox.truth(square.account_id, kind).items() if not value.get("is_deleted")
        }
        assert held(square, object_type).keys() == truth.keys(), object_type
    assert Record.objects.live().filter(object_type="customer").count() == SIZES["customers"]
    assert set(SyncLog.objects.values_list("outcome", flat=True)) == {Outcome.SUCCEEDED}


def test_an_incremental_sync_changes_exactly_the_changed_records_with_the_fewest_calls(
    square: Connection, sandbox: Sandbox
) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    before, pulled = versions(square), pulls(square)
    sandbox.ask("POST", "/clock", {"advance_seconds": 600})
    edits = {"customers": 10, "products": 5, "orders": 5, "payments": 5}
    changed = sandbox.ask("POST", f"/square/{square.account_id}/change", edits)
    deleted = sandbox.ask("POST", f"/square/{square.account_id}/delete", {"products": 5})
    sandbox.clear_log()
    schedule.start(square, trigger=Trigger.OWNER)
    settle()
    expected = {each for ids in changed.values() for each in ids} | set(deleted["products"])
    assert {key for key, at in pulls(square).items() if at != pulled.get(key)} == expected
    moved = {key for key, version in versions(square).items() if version != before.get(key)}
    assert moved == expected
    locations, people = len(held(square, "location")), held(square, "customer")
    # One call each for locations, customers, catalogue, orders and refunds; one a location for payments, payouts and
    # invoices; one for the number of customers, and one for the names of groups when somebody who changed is in one.
    in_groups = any(people[each].get("group_ids") for each in changed["customers"])
    assert sandbox.calls() == 6 + 3 * locations + in_groups


def test_a_second_sync_without_changes_touches_no_row(square: Connection, sandbox: Sandbox) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    links = dict(RecordLink.objects.values_list("pk", "pulled_at"))
    schedule.start(square, trigger=Trigger.OWNER)
    settle()
    assert dict(RecordLink.objects.values_list("pk", "pulled_at")) == links
    assert SyncLog.objects.filter(outcome=Outcome.NOTHING).count() == len(KINDS)


def test_a_full_read_turns_customers_that_are_gone_into_tombstones(square: Connection, sandbox: Sandbox) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    gone = sandbox.ask("POST", f"/square/{square.account_id}/delete", {"customers": 7})["customers"]
    schedule.start(square, trigger=Trigger.OWNER, mode=Mode.FULL)
    settle()
    tombstones = RecordLink.objects.filter(external_type="customer", state="deleted")
    assert sorted(tombstones.values_list("external_id", flat=True)) == sorted(gone)
    assert Record.objects.filter(links__in=tombstones, deleted_at__isnull=True).count() == 0


def test_jobs_end_as_succeeded_and_leave_no_lease(square: Connection) -> None:
    schedule.start(square, trigger=Trigger.FIRST)
    settle()
    assert set(SyncJob.objects.values_list("status", "lease_until")) == {(WorkStatus.SUCCEEDED, None)}
