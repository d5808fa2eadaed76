"""The pages of the venue's own records: looking, making, editing, deleting."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User

from connections.models import Connection
from integrations.models import Venue
from syncing import drafts, own
from syncing.models import LinkState, Record, RecordLink
from tests.factories import ConnectionFactory
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

NOBODY = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
pytestmark = pytest.mark.django_db
CUSTOMERS = "/integrations/records/customer/"


@pytest.fixture
def zoe(connection: Connection) -> Record:
    """A customer that Square has, too, under another name."""
    link = rows.record(
        connection, given_name="Zoë", family_name="O’Hara <b>", email="zoe@example.test",
        address={"line1": "1 High Street", "city": "Leeds"}, note="Likes jazz",
    )  # fmt: skip
    link.raw = {"id": "C1", "given_name": "Zoe", "email_address": "zoe@example.test"}
    link.save()
    assert link.record is not None
    record: Record = link.record
    return record


def sound(answer: Any, status: int = 200) -> Page:
    assert answer.status_code == status
    page = Page(answer.content.decode())
    assert page.faults == []
    return page


def ways(record: Record) -> tuple[str, ...]:
    at = f"{CUSTOMERS}{record.pk}/"
    return at, f"{at}edit/", f"{at}delete/"


def form(record: Record, **more: str) -> dict[str, str]:
    """Return what a browser would send of the untouched edit page, with these changes."""
    address = record.fields.get("address", {})
    return {
        "version": str(record.version), "given_name": record.fields.get("given_name", ""),
        "family_name": record.fields.get("family_name", ""), "email": record.fields.get("email", ""),
        "note": record.fields.get("note", ""), "address.line1": address.get("line1", ""),
        "address.city": address.get("city", ""),
    } | more  # fmt: skip


def test_every_page_is_sound_and_led_to(zoe: Record, operator: User, as_user: SignedIn) -> None:
    client = as_user(operator)
    for address in (CUSTOMERS, f"{CUSTOMERS}new/", *ways(zoe)):
        sound(client.get(address))
    page = client.get(CUSTOMERS).content.decode()
    assert "O’Hara &lt;b&gt;" in page
    assert "New customer" in page
    assert f'href="{ways(zoe)[0]}?venue=lantern-room"' in page
    assert f'href="{CUSTOMERS}?venue=lantern-room"' in client.get("/integrations/").content.decode()


@pytest.mark.parametrize("object_type", own.OBJECTS)
def test_each_object_has_its_list_also_while_it_is_empty(
    venue: Venue, operator: User, as_user: SignedIn, object_type: str
) -> None:
    page = sound(as_user(operator).get(f"/integrations/records/{object_type}/"))
    assert "There are no" in page.words
    assert ("New product" in page.words) == (object_type == "product")


def test_a_viewer_looks_and_is_offered_nothing(zoe: Record, viewer: User, as_user: SignedIn) -> None:
    client, (at, edit, delete) = as_user(viewer), ways(zoe)
    assert "New customer" not in sound(client.get(CUSTOMERS)).words
    assert "Edit" not in sound(client.get(at)).words
    for address in (f"{CUSTOMERS}new/", edit, delete):
        sound(client.get(address), 403)
        assert client.post(address, form(zoe)).status_code == 403
    assert Record.objects.get().version == 1


def test_a_stranger_finds_nothing(zoe: Record, stranger: User, as_user: SignedIn) -> None:
    for address in (CUSTOMERS, *ways(zoe)):
        assert as_user(stranger).get(f"{address}?venue=lantern-room").status_code == 404
    for address in ways(zoe):
        assert as_user(stranger).get(address).status_code == 404


@pytest.mark.parametrize(
    "address", ["/integrations/records/payment/", "/integrations/records/unicorn/", f"{CUSTOMERS}{NOBODY}/",
                "/integrations/records/order/new/"]
)  # fmt: skip
def test_what_is_not_there_says_so(venue: Venue, operator: User, as_user: SignedIn, address: str) -> None:
    sound(as_user(operator).get(address), 404)


def test_the_list_is_searched_and_narrowed_by_state(
    connection: Connection, zoe: Record, viewer: User, as_user: SignedIn
) -> None:
    rows.record(connection, state=LinkState.FAILING, given_name="Tom")
    client = as_user(viewer)
    assert "Tom" not in sound(client.get(f"{CUSTOMERS}?q=zoë+o’hara")).words
    failing = sound(client.get(f"{CUSTOMERS}?state=failing")).words
    assert "Tom" in failing
    assert "Zoë" not in failing
    assert "This record cannot be read: no e-mail." in failing
    assert "Nothing fits." in sound(client.get(f"{CUSTOMERS}?q=nobody&state=failing")).words


def test_a_long_list_comes_in_pages_with_few_queries(
    connection: Connection, viewer: User, as_user: SignedIn, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        rows.record(connection, given_name=f"Guest{number:02}")
    client = as_user(viewer)
    client.get(CUSTOMERS)
    with django_assert_max_num_queries(9):
        page = sound(client.get(CUSTOMERS))
    assert "Page 1 of 2" in page.words
    assert "Guest05" in sound(client.get(f"{CUSTOMERS}?page=2")).words


def test_a_record_shows_what_each_side_has(venue: Venue, zoe: Record, viewer: User, as_user: SignedIn) -> None:
    ConnectionFactory(venue=venue, provider="stripe", account_id="acct_1")
    words = re.sub(r"\s+", " ", sound(as_user(viewer).get(ways(zoe)[0])).words)
    assert "First name Zoë Zoe Differs" in words
    assert "E-mail zoe@example.test zoe@example.test Note" not in words
    assert "Likes jazz" in words
    assert "Stripe Not there" in words
    assert "Version 1" in words


def test_a_record_that_only_we_have_is_shown(venue: Venue, operator: User, as_user: SignedIn) -> None:
    [outcome] = own.upsert(venue, own.OBJECTS[0], [own.Entry({"company": "The Anchor"}, "m-1")], actor=None).outcomes
    page = sound(as_user(operator).get(f"{CUSTOMERS}{outcome.id}/"))
    assert page.headings == ["The Anchor"]
    assert "your own key m-1" in re.sub(r"\s+", " ", page.words)
    assert "Only here" in sound(as_user(operator).get(CUSTOMERS)).words


def test_a_problem_is_told_where_it_is(connection: Connection, viewer: User, as_user: SignedIn) -> None:
    link = rows.record(connection, state=LinkState.FAILING, given_name="Tom")
    words = sound(as_user(viewer).get(f"{CUSTOMERS}{link.record_id}/")).words
    assert "This record cannot be read: no e-mail." in words
    assert "Failing" in words


def test_a_new_customer_is_made(venue: Venue, operator: User, as_user: SignedIn) -> None:
    sent = {"given_name": "Mia", "phone": "020 7946 0958", "birthday": "--05-17", "address.country": "gb"}
    answer = as_user(operator).post(f"{CUSTOMERS}new/", sent, follow=True)
    record = Record.objects.get()
    assert record.fields == {
        "given_name": "Mia", "phone": "+442079460958", "birthday": "--05-17", "address": {"country": "GB"},
    }  # fmt: skip
    assert answer.redirect_chain == [(f"{CUSTOMERS}{record.pk}/?venue=lantern-room", 303)]
    assert "Customer saved." in sound(answer).words


def test_a_new_event_begins_at_the_venues_time(venue: Venue, operator: User, as_user: SignedIn) -> None:
    venue.time_zone = "Asia/Tokyo"
    venue.save()
    sent = {"name": "Jazz night", "kind": "event", "event.starts_at": "2026-12-01T20:00"}
    as_user(operator).post("/integrations/records/product/new/", sent)
    assert Record.objects.get().fields == {
        "name": "Jazz night", "kind": "event", "event": {"starts_at": "2026-12-01T11:00:00Z"},
    }  # fmt: skip


def test_what_is_wrong_is_told_and_what_was_typed_stays(venue: Venue, operator: User, as_user: SignedIn) -> None:
    answer = as_user(operator).post(f"{CUSTOMERS}new/", {"given_name": "Mia", "email": "nobody"})
    page = sound(answer, 400)
    assert "E-mail: “nobody” is not an e-mail address." in page.words
    assert 'value="Mia"' in answer.content.decode()
    nothing = sound(as_user(operator).post(f"{CUSTOMERS}new/", {"note": "x"}), 400)
    assert "A customer needs an e-mail, phone number or name." in nothing.words
    assert not Record.objects.exists()


def test_an_edit_changes_what_was_changed_and_nothing_else(zoe: Record, operator: User, as_user: SignedIn) -> None:
    sent = form(zoe, note="", **{"address.city": "York"})
    answer = as_user(operator).post(ways(zoe)[1], sent, follow=True)
    assert "Customer saved." in sound(answer).words
    zoe.refresh_from_db()
    assert (zoe.version, zoe.fields) == (2, {
        "given_name": "Zoë", "family_name": "O’Hara <b>", "email": "zoe@example.test",
        "address": {"line1": "1 High Street", "city": "York"},
    })  # fmt: skip
    link = RecordLink.objects.get()
    assert link.base is not None
    assert link.base["note"] == "Likes jazz"


def test_saving_without_a_change_changes_nothing(zoe: Record, operator: User, as_user: SignedIn) -> None:
    fields = zoe.fields | {"phone": "not a number", "tags": ["vip"]}
    Record.objects.update(fields=fields, content_hash=drafts.content(fields)[1])
    zoe.refresh_from_db()
    answer = as_user(operator).post(ways(zoe)[1], form(zoe, phone="not a number"), follow=True)
    assert "Nothing was changed." in sound(answer).words
    assert (Record.objects.get().version, Record.objects.get().fields) == (1, fields)


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_not_saved(
    zoe: Record, operator: User, as_user: SignedIn
) -> None:
    before = form(zoe, note="Likes blues")
    Record.objects.update(version=2)
    answer = as_user(operator).post(ways(zoe)[1], before, follow=True)
    assert "Somebody else changed this record" in sound(answer).words
    assert Record.objects.get().fields["note"] == "Likes jazz"


def test_a_record_is_deleted_after_a_question(zoe: Record, operator: User, as_user: SignedIn) -> None:
    client, (at, edit, delete) = as_user(operator), ways(zoe)
    question = sound(client.get(delete))
    assert "Square also has it." in question.words
    assert Record.objects.get().deleted_at is None
    assert "was deleted here" in sound(client.post(delete, follow=True)).words
    assert Record.objects.get().deleted_at is not None
    assert "was deleted here" in sound(client.get(at)).words
    assert client.get(edit).status_code == client.post(delete).status_code == 404
    assert "There are no customers" in sound(client.get(CUSTOMERS)).words
