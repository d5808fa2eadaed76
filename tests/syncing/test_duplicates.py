"""Two records that may be one: a person decides, and nothing is lost whichever way."""

from typing import Any
from uuid import uuid4

import pytest

from connections.models import Connection
from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from syncing import duplicates, own
from syncing.models import LinkState, Record, RecordLink
from syncing.own import Entry
from tests.factories import ConnectionFactory, VenueFactory

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER


@pytest.fixture
def venue() -> Venue:
    return VenueFactory.create()


@pytest.fixture
def square(venue: Venue) -> Connection:
    return ConnectionFactory.create(venue=venue)


@pytest.fixture
def stripe(venue: Venue) -> Connection:
    return ConnectionFactory.create(venue=venue, provider="stripe")


def person(venue: Venue, key: str | None = None, **fields: Any) -> Record:
    written = own.upsert(venue, CUSTOMER, [Entry({"email": "zoe@example.test"} | fields, key)], actor=None)
    return Record.objects.get(pk=written.outcomes[0].id)


def at(connection: Connection, record: Record, **more: Any) -> RecordLink:
    return RecordLink.objects.create(
        record=record, connection=connection, external_type=record.object_type,
        external_id=more.pop("external_id", f"C-{record.pk.hex}"), pushed_version=record.version, **more,
    )  # fmt: skip


def asked(venue: Venue) -> list[set[Any]]:
    return [{pair.first.pk, pair.second.pk} for pair in duplicates.pairs(venue)]


def test_two_with_the_same_address_are_shown_as_a_pair(venue: Venue) -> None:
    one, other = person(venue, given_name="Zoë"), person(venue, given_name="Zoe")
    assert asked(venue) == [{one.pk, other.pk}]
    assert duplicates.any_of(venue, CUSTOMER)


def test_one_who_gets_another_address_is_no_longer_asked_about(venue: Venue) -> None:
    person(venue)
    other = person(venue)
    own.change(venue, CUSTOMER, other.pk, {"email": "other@example.test"}, version=None, actor=None)
    assert (asked(venue), duplicates.any_of(venue, CUSTOMER)) == ([], False)
    other.refresh_from_db()
    assert (other.identity, other.twin) == ("email:other@example.test", None)


def test_the_same_become_one_with_what_both_know_and_both_counterparts(
    venue: Venue, square: Connection, stripe: Connection
) -> None:
    other, one = person(venue, "m-1", phone="+447700900000"), person(venue, given_name="Zoë", tags=["vip"])
    at(square, one)
    at(stripe, other)
    kept = duplicates.same(venue, one.pk, other.pk, by=None)
    assert (kept.pk, asked(venue)) == (other.pk, [])
    kept.refresh_from_db()
    assert kept.fields == {
        "email": "zoe@example.test", "given_name": "Zoë", "phone": "+447700900000", "tags": ["vip"],
    }  # fmt: skip
    assert (kept.external_key, kept.identity, kept.version) == ("m-1", "email:zoe@example.test", 2)
    links = {link.connection_id: link for link in RecordLink.objects.filter(record=kept)}
    assert links[square.pk].base == {"email": "zoe@example.test", "given_name": "Zoë", "tags": ["vip"]}
    assert links[stripe.pk].base == {"email": "zoe@example.test", "phone": "+447700900000"}
    assert all((link.pushed_version or 0) < kept.version for link in links.values()), "both hear of it"
    one.refresh_from_db()
    assert (one.deleted_at is not None, one.merged_into_id) == (True, kept.pk)


def test_two_different_people_stay_two_and_are_not_asked_about_again(venue: Venue) -> None:
    one, other = person(venue), person(venue)
    duplicates.apart(venue, one.pk, other.pk, by=None)
    assert (asked(venue), Record.objects.live().count()) == ([], 2)
    own.change(venue, CUSTOMER, other.pk, {"given_name": "Zack"}, version=None, actor=None)
    assert asked(venue) == []


def test_what_one_provider_has_twice_is_not_made_one_here(venue: Venue, square: Connection) -> None:
    one, other = person(venue), person(venue)
    at(square, one)
    at(square, other)
    with pytest.raises(Problem, match="Square has both"):
        duplicates.same(venue, one.pk, other.pk, by=None)
    assert Record.objects.live().count() == 2


def test_two_keys_of_the_venue_s_own_system_are_not_made_one_here(venue: Venue) -> None:
    one, other = person(venue, "m-1"), person(venue, "m-2")
    with pytest.raises(Problem, match="Both have a key of your own system"):
        duplicates.same(venue, one.pk, other.pk, by=None)


def test_one_that_is_being_sent_waits(venue: Venue, square: Connection) -> None:
    one, other = person(venue), person(venue)
    at(square, one, external_id="new:1", push={"attempt": 1})
    with pytest.raises(Problem, match="just being sent"):
        duplicates.same(venue, one.pk, other.pk, by=None)


def test_a_refused_double_and_the_one_who_is_there_are_a_pair_until_told(venue: Venue, square: Connection) -> None:
    there, ours = person(venue, email="a@example.test"), person(venue, email="b@example.test")
    at(square, there, external_id="58")
    problem = {"class": "duplicate", "sentence": "Square already has one of these customers.", "existing": "58"}
    refused = at(square, ours, external_id="new:1", state=LinkState.CONFLICT, problem=problem)
    (pair,) = duplicates.pairs(venue)
    assert (pair.refusal, pair.why_not) == ("Square already has one of these customers.", "")
    duplicates.apart(venue, there.pk, ours.pk, by=None)
    refused.refresh_from_db()
    assert (asked(venue), refused.state) == ([], LinkState.FAILING)


def test_a_refused_double_that_is_the_same_takes_over_the_counterpart(venue: Venue, square: Connection) -> None:
    there, ours = person(venue, email="a@example.test"), person(venue, "m-1", email="b@example.test")
    at(square, there, external_id="58")
    at(square, ours, external_id="new:1", state=LinkState.CONFLICT, problem={"class": "duplicate", "existing": "58"})
    kept = duplicates.same(venue, there.pk, ours.pk, by=None)
    link = RecordLink.objects.get(connection=square)
    assert (kept.pk, link.record_id, link.external_id) == (ours.pk, ours.pk, "58")


def test_another_venue_s_records_are_nobody_s_pair(venue: Venue) -> None:
    one, other = person(venue), person(venue)
    with pytest.raises(Problem) as met:
        duplicates.same(VenueFactory.create(), one.pk, other.pk, by=None)
    assert met.value.code == "not_found"
    with pytest.raises(Problem):
        duplicates.apart(venue, one.pk, uuid4(), by=None)
