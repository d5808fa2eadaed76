"""Pointers on the way out: what a record belongs to is named as the provider knows it, or it waits."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from integrations.models import Venue
from integrations.providers.types import ObjectType
from syncing import own
from syncing.models import LinkState, Record, RecordLink
from syncing.own import Entry
from syncing.references import References, Resolved
from tests.factories import ConnectionFactory, VenueFactory

pytestmark = pytest.mark.django_db
CUSTOMER, PRODUCT = ObjectType.CUSTOMER, ObjectType.PRODUCT


@pytest.fixture
def venue() -> Venue:
    return VenueFactory.create()


@pytest.fixture
def square(venue: Venue) -> Connection:
    return ConnectionFactory.create(venue=venue)


@pytest.fixture
def books(venue: Venue) -> Connection:
    return ConnectionFactory.create(venue=venue, provider="quickbooks")


@pytest.fixture
def zoe(venue: Venue) -> Record:
    fields = {"given_name": "Zoë", "family_name": "O’Hara", "email": "zoe@example.test"}
    return Record.objects.get(pk=own.upsert(venue, CUSTOMER, [Entry(fields, "m-1")], actor=None).outcomes[0].id)


def at(connection: Connection, record: Record, external_id: str, **more: Any) -> RecordLink:
    return RecordLink.objects.create(
        record=record, connection=connection, external_type=record.object_type, external_id=external_id, **more
    )


def pointer(provider: str, kind: str, external_id: str) -> dict[str, Any]:
    return {"provider": provider, "type": kind, "id": external_id}


def resolve(connection: Connection, fields: dict[str, Any], *, sent: Any = (), ahead: bool = False) -> Resolved:
    return References(connection, sent).resolve([fields], ahead=ahead)[0]


FACTS = {"email": "zoe@example.test", "name": "Zoë O’Hara"}


def test_one_provider_s_customer_is_named_as_the_other_knows_it(
    square: Connection, books: Connection, zoe: Record
) -> None:
    at(square, zoe, "SQ1")
    at(books, zoe, "58")
    found = resolve(books, {"number": "A-1", "customer": pointer("square", "customer", "SQ1")})
    wanted = {"provider": "quickbooks", "type": "customer", "id": "58", "record": zoe.pk.hex, **FACTS}
    assert found == Resolved({"number": "A-1", "customer": wanted})


def test_a_record_of_ours_is_found_by_its_own_id(books: Connection, zoe: Record) -> None:
    at(books, zoe, "58")
    found = resolve(books, {"customer": pointer("backline", "customer", str(zoe.pk))})
    assert found.fields["customer"]["id"] == "58"


def test_one_that_was_made_one_with_another_leads_to_that_one(venue: Venue, books: Connection, zoe: Record) -> None:
    at(books, zoe, "58")
    gone = Record.objects.create(venue=venue, object_type=CUSTOMER, content_hash="0", merged_into=zoe)
    found = resolve(books, {"customer": pointer("backline", "customer", str(gone.pk))})
    assert (found.fields["customer"]["id"], found.fields["customer"]["record"]) == ("58", zoe.pk.hex)


def test_what_is_not_sent_there_has_no_id_and_nobody_waits(square: Connection, books: Connection, zoe: Record) -> None:
    at(square, zoe, "SQ1")
    found = resolve(books, {"customer": pointer("square", "customer", "SQ1")})
    assert ("id" in found.fields["customer"], found.waits_for) == (False, frozenset())


@pytest.mark.parametrize(
    ("state", "waits"), [(None, True), (LinkState.WAITING, True), (LinkState.FAILING, False), ("left_out", False)]
)
def test_what_is_on_its_way_there_is_waited_for(
    square: Connection, books: Connection, zoe: Record, state: str | None, waits: bool
) -> None:
    at(square, zoe, "SQ1")
    if state:
        at(books, zoe, "new:1", state=state)
    fields = {"customer": pointer("square", "customer", "SQ1")}
    assert (resolve(books, fields, sent={CUSTOMER}).waits_for == {CUSTOMER}) is waits
    ahead = resolve(books, fields, sent={CUSTOMER}, ahead=True)
    assert (ahead.waits_for, "id" in ahead.fields["customer"]) == (frozenset(), waits)


def test_what_was_deleted_there_has_no_id(square: Connection, books: Connection, zoe: Record) -> None:
    at(square, zoe, "SQ1")
    at(books, zoe, "58", state=LinkState.DELETED)
    found = resolve(books, {"customer": pointer("square", "customer", "SQ1")}, sent={CUSTOMER})
    assert ("id" in found.fields["customer"], found.waits_for) == (False, frozenset())


def test_a_variant_leads_to_its_product_and_tells_which_it_is(
    venue: Venue, square: Connection, books: Connection
) -> None:
    variant = {"key": "V1", "name": "Balcony", "sku": "BAL"}
    told = own.upsert(venue, PRODUCT, [Entry({"name": "Comedy Fri 14", "variants": [variant]}, "p-1")], actor=None)
    product = Record.objects.get(pk=told.outcomes[0].id)
    at(square, product, "ITEM1")
    at(books, product, "7")
    found = resolve(books, {"lines": [{"product": pointer("square", "variant", "V1"), "quantity": "2"}]})
    assert found.fields["lines"] == [{
        "product": {
            "provider": "quickbooks", "type": "product", "id": "7", "record": product.pk.hex, "name": "Comedy Fri 14",
            "variant": variant,
        },
        "quantity": "2",
    }]  # fmt: skip


def test_another_venue_s_records_are_never_found(books: Connection) -> None:
    stranger = ConnectionFactory.create(venue=VenueFactory.create())
    theirs = Record.objects.create(venue=stranger.venue, object_type=CUSTOMER, content_hash="0")
    at(stranger, theirs, "SQ9")
    for told in (pointer("square", "customer", "SQ9"), pointer("backline", "customer", str(theirs.pk))):
        assert resolve(books, {"customer": told}).fields == {"customer": told}


def test_a_thousand_take_as_many_queries_as_one(square: Connection, books: Connection, zoe: Record) -> None:
    at(square, zoe, "SQ1")
    record = {
        "customer": pointer("square", "customer", "SQ1"), "lines": [{"product": pointer("square", "variant", "V1")}],
    }  # fmt: skip
    with CaptureQueriesContext(database) as queries:
        References(books, ()).resolve([record] * 1_000, ahead=False)
    assert len(queries) == 3
