"""What the planner believes while a first read, a first sending or the venue's own system fills the tables."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection as database

from connections.models import Connection
from integrations import walls
from integrations.providers.types import ObjectType
from syncing import identity, own, statistics, store
from syncing.models import Record, RecordLink
from tests.contract.account import connect, open_account
from tests.contract.sending import agree, here, person
from tests.contract.stage import STRIPE
from tests.contract.working import read
from tests.factories import MembershipFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER
PEOPLE = 1_200


def believed(table: str) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return int(cursor.fetchone()[0])


def analyze(*tables: str) -> None:
    """Let the planner believe what is true now."""
    with database.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def plan(venue: UUID, statement: str, values: object) -> str:
    """Return the plan of a statement behind a venue's wall."""
    with walls.behind(walls.of_venue(venue)), database.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.fixture
def first_read(sandbox: Sandbox) -> Connection:
    """A first read into tables that the planner takes for empty."""
    analyze("records", "record_links")
    assert believed("record_links") == 0
    account = open_account(replace(STRIPE, sizes={**STRIPE.sizes, "customers": PEOPLE}), sandbox)
    connection = connect(account)
    read(connection, CUSTOMER)
    assert RecordLink.objects.filter(external_type=CUSTOMER).count() == PEOPLE
    return connection


def test_a_first_read_lets_the_planner_look_again_before_it_is_through(first_read: Connection) -> None:
    for table in ("records", "record_links"):
        assert 512 <= believed(table) <= PEOPLE


def test_the_lookups_of_a_page_go_by_what_tells_one_from_another(first_read: Connection) -> None:
    ids = json.dumps([f"cus_{number}" for number in range(1_000)])
    mails = json.dumps([f"guest{number}@example.org" for number in range(1_000)])
    known = plan(first_read.venue_id, store._KNOWN, [first_read.pk, CUSTOMER, ids])
    assert "one_link_per_external_id" in known
    assert "(external_id)::text = ANY" in known.partition("one_link_per_external_id")[2].partition("Filter")[0]
    names = {"connection": first_read.pk, "venue": first_read.venue_id, "object": CUSTOMER, "identities": mails}
    holders = plan(first_read.venue_id, identity._HOLDERS, names)
    assert "one_record_per_identity" in holders
    assert "records_of_a_venue" not in holders


def test_it_looks_again_where_everybody_who_comes_is_known_here_already(first_read: Connection) -> None:
    RecordLink.objects.all().delete()
    analyze("record_links")
    (log,) = read(first_read, CUSTOMER, full=True)
    assert (log.created < 512, log.read) == (True, PEOPLE)  # nothing tells the others apart
    assert 512 <= believed("record_links") <= PEOPLE


def test_it_looks_again_while_people_are_sent(sandbox: Sandbox) -> None:
    account = open_account(replace(STRIPE, sizes={**STRIPE.sizes, "customers": 0}), sandbox)
    connection = connect(account)
    read(connection, CUSTOMER)
    here(account, *map(person, range(600)))
    analyze("record_links")
    agree(connection)
    assert RecordLink.objects.filter(connection=connection, state="in_step").count() == 600
    assert 512 <= believed("record_links") <= 600


def test_it_looks_again_while_the_venue_s_own_system_writes() -> None:
    analyze("records")
    venue = MembershipFactory().venue
    for begin in range(0, PEOPLE, 100):
        entries = [own.Entry(person(number), key=str(number)) for number in range(begin, begin + 100)]
        own.upsert(venue, CUSTOMER, entries, actor=None)
    assert 512 <= believed("records") <= PEOPLE
    page = json.dumps([{"id": str(each), "identity": "x"} for each in Record.objects.values_list("pk", flat=True)])
    claim = plan(venue.pk, identity._CLAIM, {"venue": venue.pk, "object": CUSTOMER, "page": page})
    assert "one_record_per_identity" in claim
    assert "records_of_a_venue" not in claim


@pytest.mark.parametrize(
    ("before", "after", "looks"),
    [(0, 0, False), (0, 511, False), (0, 512, True), (600, 1_500, False), (1_500, 2_100, True), (2_100, 8_000, False),
     (8_100, 8_200, True), (0, 100_000, True)],
)  # fmt: skip
def test_it_looks_again_when_a_run_is_through_four_times_as_many(before: int, after: int, *, looks: bool) -> None:
    assert statistics.look_again(before, after) is looks


def test_a_read_goes_on_where_looking_takes_too_long(
    first_read: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statistics, "_PATIENCE", "SET LOCAL statement_timeout = 1")
    assert statistics.look_again(0, 100_000) is False
    assert "planner.not_asked" in caplog.text
    assert RecordLink.objects.filter(connection=first_read).exists()


def test_a_login_that_does_not_own_the_tables_goes_on() -> None:
    with walls.behind(walls.PLATFORM), database.cursor() as cursor:
        cursor.execute(statistics._LOOK)
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
