"""What the venue's own side writes: one record per key, one version per real change, few statements."""

import threading
from typing import Any
from uuid import UUID

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from integrations import walls
from integrations.ids import uuid7
from integrations.models import Venue
from integrations.providers.types import ObjectType
from syncing import own
from syncing.models import Record, RecordLink
from syncing.own import Action, Entry, Outcome
from tests.factories import VenueFactory

pytestmark = pytest.mark.django_db
CUSTOMER, ORDER = ObjectType.CUSTOMER, ObjectType.ORDER


def upsert(venue: Venue, *entries: Entry, object_type: ObjectType = CUSTOMER) -> list[Outcome]:
    return own.upsert(venue, object_type, entries, actor=None).outcomes


def member(key: str | None = "m-1", **fields: Any) -> Entry:
    return Entry({"given_name": "Zoë"} | fields, key)


def made(venue: Venue, key: str = "m-1", **fields: Any) -> Record:
    upsert(venue, member(key, **fields))
    return Record.objects.get(venue=venue, external_key=key)


def linked(connection: Connection, record: Record, **more: Any) -> RecordLink:
    return RecordLink.objects.create(
        record=record, connection=connection, external_type=record.object_type, external_id=record.pk.hex, **more
    )


def test_a_new_key_makes_a_record_with_its_fields(venue: Venue) -> None:
    written = own.upsert(venue, CUSTOMER, [member(email=" Zoe@Example.TEST ")], actor=None)
    record = Record.objects.get()
    assert written.outcomes == [Outcome(Action.CREATED, record.pk, "m-1", 1)]
    assert written.changed == [record.pk]
    assert record.fields == {"given_name": "Zoë", "email": "zoe@example.test"}
    assert (record.venue, record.object_type, record.external_key, record.version) == (venue, "customer", "m-1", 1)


def test_a_known_key_changes_what_is_named_and_leaves_the_rest(venue: Venue) -> None:
    before = made(venue, note="likes jazz", address={"line1": "1 High Street", "city": "Leeds"})
    [outcome] = upsert(venue, Entry({"note": None, "address": {"city": "York"}, "company": "The Anchor"}, "m-1"))
    record = Record.objects.get()
    assert outcome == Outcome(Action.UPDATED, before.pk, "m-1", 2)
    assert record.fields == {"given_name": "Zoë", "address": {"city": "York"}, "company": "The Anchor"}
    assert record.changed_at > before.changed_at


def test_the_same_again_changes_nothing(venue: Venue) -> None:
    before = made(venue, email="zoe@example.test", tags=["vip"])
    written = own.upsert(venue, CUSTOMER, [member(email="ZOE@example.test", tags=["vip"])], actor=None)
    assert written.outcomes == [Outcome(Action.UNCHANGED, before.pk, "m-1", 1)]
    assert written.changed == []
    assert Record.objects.get().changed_at == before.changed_at


def test_without_a_key_each_entry_is_a_record_of_its_own(venue: Venue) -> None:
    outcomes = upsert(venue, member(None), member(None))
    assert [each.action for each in outcomes] == [Action.CREATED, Action.CREATED]
    assert Record.objects.filter(external_key=None).count() == 2


def test_one_bad_entry_never_keeps_the_others_back(venue: Venue) -> None:
    outcomes = upsert(
        venue, member("m-1"), member("m-2", email="nobody"), Entry({"note": "x"}, "m-3"), Entry(5, "m-4"), member("m-5")
    )
    assert [each.action for each in outcomes] == ["created", "refused", "refused", "refused", "created"]
    assert [[fault.pointer for fault in each.faults] for each in outcomes] == [
        [], ["/fields/email"], ["/fields"], ["/fields"], [],
    ]  # fmt: skip
    assert set(Record.objects.values_list("external_key", flat=True)) == {"m-1", "m-5"}


@pytest.mark.parametrize("key", ["", "  ", 5, "x" * 201, "a\x00b", "\ud800", ["m"]])
def test_a_key_that_cannot_be_kept_is_refused(venue: Venue, key: object) -> None:
    [outcome] = upsert(venue, Entry({"given_name": "Zoë"}, key))
    assert (outcome.action, [each.pointer for each in outcome.faults]) == (Action.REFUSED, ["/key"])


def test_a_key_twice_in_one_request_counts_once(venue: Venue) -> None:
    outcomes = upsert(venue, member(company="One"), member(company="Two"), member("m-2"))
    assert [each.action for each in outcomes] == ["created", "refused", "created"]
    assert outcomes[1].faults[0].code == "duplicate"
    assert Record.objects.get(external_key="m-1").fields["company"] == "One"


def test_a_change_that_would_leave_too_little_is_refused(venue: Venue) -> None:
    before = made(venue)
    [outcome] = upsert(venue, Entry({"given_name": None}, "m-1"))
    assert (outcome.action, outcome.id, outcome.version) == (Action.REFUSED, before.pk, 1)
    assert Record.objects.get().fields == {"given_name": "Zoë"}


def test_an_order_needs_what_an_order_has(venue: Venue) -> None:
    good = {
        "placed_at": "2026-11-23T20:30:00+01:00", "currency": "GBP", "total": {"minor": 2500, "currency": "GBP"},
        "lines": [{"name": "Lager", "quantity": "2"}],
    }  # fmt: skip
    outcomes = upsert(venue, Entry(good, "o-1"), Entry({"number": "7"}, "o-2"), object_type=ORDER)
    assert [each.action for each in outcomes] == ["created", "refused"]
    assert Record.objects.get().fields == good | {"placed_at": "2026-11-23T19:30:00Z"}


def test_keys_of_another_venue_or_object_are_others(venue: Venue) -> None:
    made(venue)
    other = VenueFactory()
    upsert(other, member(company="Elsewhere"))
    product = Entry({"name": "Lager"}, "m-1")
    upsert(venue, product, object_type=ObjectType.PRODUCT)
    assert Record.objects.filter(external_key="m-1").count() == 3
    assert Record.objects.get(venue=venue, object_type="customer").fields == {"given_name": "Zoë"}


def test_what_both_sides_agreed_on_is_noted_before_the_first_change(venue: Venue, connection: Connection) -> None:
    record = made(venue)
    agreed = linked(connection, record)
    own.change(venue, CUSTOMER, record.pk, {"company": "The Anchor"}, version=None, actor=None)
    agreed.refresh_from_db()
    assert agreed.base == {"given_name": "Zoë"}
    own.change(venue, CUSTOMER, record.pk, {"company": "Another"}, version=None, actor=None)
    agreed.refresh_from_db()
    assert agreed.base == {"given_name": "Zoë"}


def test_nothing_is_noted_where_nothing_changes(venue: Venue, connection: Connection) -> None:
    record = made(venue)
    agreed = linked(connection, record)
    upsert(venue, member())
    own.change(venue, CUSTOMER, record.pk, {"email": "no"}, version=None, actor=None)
    agreed.refresh_from_db()
    assert agreed.base is None


def test_a_thousand_take_as_many_statements_as_one(venue: Venue) -> None:
    def statements(kind: str, count: int, **fields: Any) -> int:
        with CaptureQueriesContext(database) as queries:
            upsert(venue, *(member(f"{kind}-{number}", **fields) for number in range(count)))
        return len(queries)

    assert statements("many", 1_000) == statements("one", 1) == 8
    assert statements("many", 1_000, company="A") == statements("one", 1, company="A") == 9
    assert statements("many", 1_000, company="A") == 3


def test_more_than_a_thousand_are_too_many(venue: Venue) -> None:
    with pytest.raises(ValueError, match="at most 1000"):
        upsert(venue, *(member(f"m-{number}") for number in range(1_001)))


def test_a_change_with_an_older_version_is_stale(venue: Venue) -> None:
    record = made(venue)
    own.change(venue, CUSTOMER, record.pk, {"note": "x"}, version=1, actor=None)
    with pytest.raises(own.Stale) as stale:
        own.change(venue, CUSTOMER, record.pk, {"note": "y"}, version=1, actor=None)
    assert stale.value.version == 2
    assert Record.objects.get().fields["note"] == "x"


def test_a_change_tells_whether_anything_changed(venue: Venue) -> None:
    record = made(venue)
    changed = own.change(venue, CUSTOMER, record.pk, {"note": "x"}, version=None, actor=None)
    assert (changed.changed, changed.outcomes[0].version) == ([record.pk], 2)
    same = own.change(venue, CUSTOMER, record.pk, {"note": " x "}, version=2, actor=None)
    assert (same.changed, same.outcomes[0].action) == ([], Action.UNCHANGED)


@pytest.mark.parametrize("whose", ["nobody's", "another venue's", "another object's"])
def test_what_is_not_there_cannot_be_changed(venue: Venue, whose: str) -> None:
    record: UUID = uuid7() if whose == "nobody's" else made(venue).pk
    asked = VenueFactory() if whose == "another venue's" else venue
    kind = ObjectType.PRODUCT if whose == "another object's" else CUSTOMER
    with pytest.raises(own.Gone):
        own.change(asked, kind, record, {"note": "x"}, version=None, actor=None)
    assert own.delete(asked, kind, [record], actor=None) == []


def test_deleting_leaves_a_tombstone_once(venue: Venue) -> None:
    record = made(venue)
    assert own.delete(venue, CUSTOMER, [record.pk], actor=None) == [record.pk]
    assert own.delete(venue, CUSTOMER, [record.pk], actor=None) == []
    record.refresh_from_db()
    assert record.deleted_at is not None
    assert (record.version, record.fields) == (2, {"given_name": "Zoë"})
    with pytest.raises(own.Gone):
        own.change(venue, CUSTOMER, record.pk, {"note": "x"}, version=None, actor=None)


def test_deleting_an_older_version_is_stale(venue: Venue) -> None:
    record = made(venue)
    own.change(venue, CUSTOMER, record.pk, {"note": "x"}, version=None, actor=None)
    with pytest.raises(own.Stale):
        own.delete(venue, CUSTOMER, [record.pk], version=1, actor=None)
    assert own.delete(venue, CUSTOMER, [record.pk], version=2, actor=None) == [record.pk]


def test_a_deleted_key_that_comes_again_begins_anew(venue: Venue) -> None:
    record = made(venue, note="old")
    own.delete(venue, CUSTOMER, [record.pk], actor=None)
    [outcome] = upsert(venue, member())
    record.refresh_from_db()
    assert outcome == Outcome(Action.UPDATED, record.pk, "m-1", 3)
    assert (record.deleted_at, record.fields) == (None, {"given_name": "Zoë"})


@pytest.mark.django_db(transaction=True)
def test_two_systems_that_send_the_same_keys_at_once_make_each_record_once(venue: Venue) -> None:
    keys = [f"m-{number}" for number in range(200)]
    start, actions = threading.Barrier(4), []

    def send(order: list[str], company: str) -> None:
        start.wait()
        actions.extend(each.action for each in upsert(venue, *(member(key, company=company) for key in order)))
        database.close()

    threads = [
        threading.Thread(target=walls.carried(send), args=(keys if number % 2 else keys[::-1], f"System {number}"))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(actions) == 800
    assert actions.count(Action.CREATED) == 200
    assert Record.objects.count() == 200
