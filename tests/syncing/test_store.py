"""Pages become rows: newer wins, one bad record stands alone, and the number of statements does not grow."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from integrations import walls
from integrations.providers.square.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType
from mappings import versions
from syncing import identity, sheets, store
from syncing.drafts import Counts, Known
from syncing.inbound import Inbound
from syncing.models import Record, RecordLink
from tests.factories import ConnectionFactory
from tests.syncing.test_statistics import analyze

pytestmark = pytest.mark.django_db


def customer(number: int = 1, **more: Any) -> dict[str, Any]:
    at = f"2026-03-01T12:00:{number % 60:02}Z"
    return {
        "id": f"C{number}",
        "given_name": f"Nell {number}",
        "version": 1,
        "created_at": at,
        "updated_at": at,
        **more,
    }


@pytest.fixture
def write(connection: Connection) -> Any:
    """Write a page of raw customers, as the runner does."""
    mapper = versions.mapper_for(connection, ObjectType.CUSTOMER)
    inbound = Inbound(connection, STREAMS[ObjectType.CUSTOMER], mapper)

    def page(*raws: dict[str, Any], full: bool = False) -> Counts:
        batch, stored = inbound.sort([STREAMS[ObjectType.CUSTOMER].record(raw) for raw in raws])
        inbound.fill(batch)
        with transaction.atomic():
            return store.write(connection, ObjectType.CUSTOMER, sheets.prepare(batch, stored), full=full)

    return page


def link(number: int = 1) -> RecordLink:
    return RecordLink.objects.select_related("record").get(external_id=f"C{number}")


def test_a_new_record_is_stored_with_what_the_provider_sent(write: Any, connection: Connection) -> None:
    raw = customer(1, email_address=" Nell@Example.TEST ", nickname="not mapped")
    assert write(raw) == Counts(created=1)
    found = link()
    assert found.record.fields == {"given_name": "Nell 1", "email": "nell@example.test"}
    assert (found.raw, found.remote_version, found.state, found.problem) == (raw, "1", "in_step", None)
    assert (found.record.version, found.record.venue_id) == (1, connection.venue_id)


def test_the_same_page_again_touches_nothing(write: Any) -> None:
    write(customer(1), customer(2))
    before = list(RecordLink.objects.values()), list(Record.objects.values())
    assert write(customer(2), customer(1)) == Counts(unchanged=2)
    assert (list(RecordLink.objects.values()), list(Record.objects.values())) == before


def test_a_change_moves_the_version_only_when_a_mapped_field_changed(write: Any) -> None:
    write(customer())
    assert write(customer(version=2, nickname="Nelly")) == Counts(unchanged=1)
    assert (link().record.version, link().remote_version, link().raw["nickname"]) == (1, "2", "Nelly")
    assert write(customer(version=3, note="tall")) == Counts(updated=1)
    assert (link().record.version, link().record.fields["note"]) == (2, "tall")


def test_an_older_version_that_arrives_late_is_ignored(write: Any) -> None:
    write(customer(version=10, given_name="New"))
    assert write(customer(version=9, given_name="Old")) == Counts(unchanged=1)
    assert link().record.fields["given_name"] == "New"


def test_without_a_version_the_provider_s_time_decides(write: Any) -> None:
    write(customer(version=None, updated_at="2026-03-02T00:00:00Z", given_name="New"))
    assert write(customer(version=None, given_name="Old")) == Counts(unchanged=1)
    assert link().record.fields["given_name"] == "New"


def test_of_several_with_one_id_in_a_page_the_last_counts(write: Any) -> None:
    assert write(customer(given_name="First"), customer(version=2, given_name="Second")) == Counts(created=1)
    assert link().record.fields["given_name"] == "Second"


def test_a_deleted_record_becomes_a_tombstone_once(write: Any) -> None:
    write(customer())
    gone = {"id": "C1", "is_deleted": True, "version": 5}
    assert [write(gone), write(gone)] == [Counts(deleted=1), Counts()]
    assert (link().state, link().remote_version, link().record.version) == ("deleted", "5", 2)
    assert link().record.deleted_at is not None


def test_a_late_older_update_does_not_revive_a_tombstone_and_a_newer_one_does(write: Any) -> None:
    write(customer())
    write({"id": "C1", "is_deleted": True, "version": 5})
    write(customer(version=4, given_name="Late"))
    assert (link().state, Record.objects.live().count()) == ("deleted", 0)
    assert write(customer(version=6, given_name="Back")) == Counts(updated=1)
    assert (link().state, link().record.fields["given_name"], link().record.deleted_at) == ("in_step", "Back", None)


def test_what_was_never_stored_needs_no_tombstone(write: Any) -> None:
    assert write({"id": "C9", "is_deleted": True}) == Counts()
    assert not RecordLink.objects.exists()


def test_a_record_without_what_it_must_have_is_left_out_and_says_so(write: Any) -> None:
    nobody = customer(1, given_name=None)
    assert write(nobody, customer(2)) == Counts(created=1, left_out=1)
    assert (link(1).state, link(1).record, link(1).raw) == ("left_out", None, nobody)
    assert link(1).problem["sentence"] == "Left out: this customer has no e-mail, phone number or name."
    assert write(customer(1, version=2)) == Counts(updated=1)
    assert (link(1).state, link(1).problem, link(1).record.fields) == ("in_step", None, {"given_name": "Nell 1"})


def test_a_record_that_cannot_be_read_stands_alone(write: Any) -> None:
    bad = customer(1, created_at="yesterday")
    assert write(bad, customer(2)) == Counts(created=1, failed=1)
    assert (link(1).state, link(1).raw, link(1).problem["class"]) == ("failing", bad, "invalid_value")
    assert "“yesterday” is not a time" in link(1).problem["sentence"]


def test_a_value_that_does_not_fit_is_left_empty_and_told(write: Any) -> None:
    assert write(customer(1, phone_number="ask Bob")) == Counts(created=1)
    assert (link().state, "phone" in link().record.fields) == ("in_step", False)
    assert link().problem["sentence"] == "Phone was left empty: “ask Bob” is not a phone number."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x00b", "ab"), ("\x00", ""), ("\\u0000", "\\u0000"), ("C:\\\x00u0000", "C:\\u0000"), ("\\\\\x00", "\\\\"),
        ("🎭 \u2028 \\ \" '", "🎭 \u2028 \\ \" '"), ("\t\\N\n", "\t\\N\n"),
    ],
)  # fmt: skip
def test_odd_characters_neither_stop_a_page_nor_change(write: Any, text: str, kept: str) -> None:
    write(customer(1, note=f"x{text}", nickname=text))
    assert (link().record.fields["note"], link().raw["nickname"]) == (f"x{kept}", kept)
    write(customer(1, note=f"y{text}", version=2))
    assert link().record.fields["note"] == f"y{kept}"


def test_an_id_or_a_version_with_a_character_that_cannot_be_stored_stops_no_page(write: Any) -> None:
    odd = customer(1, id="C\x001", version="v\x001")
    assert write(odd, customer(2)) == Counts(created=2)
    assert link().remote_version == "v1"
    assert write(odd, customer(2)) == Counts(unchanged=2)


def test_what_tells_a_record_apart_can_be_stored_and_looked_up(connection: Connection) -> None:
    told = identity.of(ObjectType.PRODUCT, {"variants": [{"sku": "a\x00b"}]})
    assert told == "sku:ab"
    assert identity.holders(connection.venue_id, connection.pk, ObjectType.PRODUCT, [told]) == {}


def test_a_full_read_marks_what_it_met(write: Any) -> None:
    write(customer(1), customer(2))
    RecordLink.objects.update(seen_at="2020-01-01T00:00:00Z")
    write(customer(1), full=True)
    write(customer(2), full=False)
    assert RecordLink.objects.get(seen_at__lt="2020-01-02T00:00:00Z").external_id == "C2"


def test_two_connections_hold_one_external_id_each(write: Any, connection: Connection) -> None:
    write(customer(1))
    other = ConnectionFactory()
    assert store.known(other, ObjectType.CUSTOMER, ["C1"]) == {}
    assert store.known(connection, ObjectType.CUSTOMER, ["C1"]).keys() == {"C1"}


def _pages(size: int) -> Iterator[list[dict[str, Any]]]:
    """A page of new ones, one with changes, deletions and bad ones, one without changes."""
    yield [customer(number) for number in range(size)]
    mixed = [customer(number, version=2, note="x") for number in range(0, size, 2)]
    yield mixed + [{"id": f"C{number}", "is_deleted": True, "version": 2} for number in range(1, size, 2)]
    yield [*mixed, customer(size + 1, given_name=None), customer(size + 2, created_at="?")]


def test_the_number_of_statements_does_not_grow_with_the_page(write: Any) -> None:
    def statements(size: int) -> list[int]:
        RecordLink.objects.all().delete()
        Record.objects.all().delete()
        found = []
        for page in _pages(size):
            with CaptureQueriesContext(database) as queries:
                write(*page, full=True)
            found.append(len(queries))
        return found

    assert statements(10) == statements(100)


@pytest.mark.parametrize(
    ("statement", "known"),
    [
        (store._CHANGED_RECORDS, "page.id"), (store._BASES_OF_OTHERS, "page.id"), (store._CHANGED_LINKS, "page.id"),
        (store._CHANGED_LINKS, "page.record"), (store._DELETED_LINKS, "page.id"),
    ],
)  # fmt: skip
def test_behind_the_wall_a_change_finds_its_rows_by_their_ids(
    write: Any, connection: Connection, statement: str, known: str
) -> None:
    write(*map(customer, range(2_000)))
    page: dict[str, Any] = {name: [None] for name in (*sheets._RECORD, *sheets._LINK)}
    bound = database.binding_cursor  # type: ignore[attr-defined]
    analyze("records", "record_links")  # nobody else does until this test ends
    with walls.behind(walls.of_venue(connection.venue_id)), bound() as cursor:
        cursor.execute(f"EXPLAIN {statement}", page | {"connection": connection.pk})
        plan = [row[0] for row in cursor.fetchall()]
    assert [line for line in plan if "Index Cond" in line and line.endswith(f" = {known})")], "\n".join(plan)


def test_a_record_knows_whether_it_is_newer() -> None:
    def known(version: str) -> Known:
        return Known(1, None, "", version, None, "in_step", None)

    assert known("10").is_newer_than(ExternalRecord("C", {}, version="9"))
    assert not known("9").is_newer_than(ExternalRecord("C", {}, version="10"))
    assert not known("").is_newer_than(ExternalRecord("C", {}))
