"""The page of field mapping: an owner sees it, changes it, tries it, is warned, and takes it back."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from connections.models import Connection
from mappings import rules, versions
from syncing.models import Record
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

PATH = "/integrations/square/fields/customer/"


@pytest.fixture
def guest(connection: Connection) -> Record:
    link = rows.record(connection, given_name="Mia", email="mia@example.test")
    link.raw = {"id": link.external_id, "given_name": "Mia", "email_address": "Mia@Example.com", "note": "vip"}
    link.save(update_fields=["raw"])
    versions.install_default(connection)
    return link


def form(connection: Connection, **changes: str) -> dict[str, str]:
    """Return the form as it stands, with these fields filled from elsewhere."""
    version = versions.in_force(connection)
    mine = [each for each in rules.of(connection, version) if (each.object_type, each.direction) == ("customer", "in")]
    filled = {f"field:{each.target}": each.source for each in mine}
    return filled | {f"field:{path}": source for path, source in changes.items()} | {"version": str(version)}


def test_each_field_is_shown_with_its_way_and_an_example(
    connection: Connection, guest: Any, viewer: User, as_user: SignedIn
) -> None:
    page = Page(as_user(viewer).get(PATH).content.decode())
    assert page.faults == []
    assert "Trim, Lower-case · Mia@Example.com → mia@example.com" in page.words
    assert "A venue admin can change this" in page.words
    assert as_user(viewer).post(PATH, form(connection) | {"act": "save"}).status_code == 403


def test_a_change_is_saved_as_the_next_version_and_taken_back_with_one_click(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    given = form(connection, note="") | {"act": "save", "reason": "Notes stay there"}
    words = Page(client.post(PATH, given, follow=True).content.decode()).words
    assert "Saved as version 2. 1 records are mapped again, without a new download." in words
    assert "Customers, Note: no longer filled" in words
    assert "Notes stay there" in words
    back = client.post(PATH, {"act": "restore", "to": "1", "version": "2"}, follow=True)
    assert "Version 1 is back, as version 3." in Page(back.content.decode()).words
    assert "note" in {each.target for each in rules.of(connection, 3)}


def test_what_is_saved_from_an_older_page_is_refused(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    stale = form(connection, note="") | {"act": "save"}
    client.post(PATH, stale)
    assert client.post(PATH, stale).status_code == 412
    assert client.post(PATH, stale | {"version": "x"}).status_code == 412


def test_a_warning_is_shown_and_wants_a_yes(connection: Connection, guest: Any, owner: User, as_user: SignedIn) -> None:
    client = as_user(owner)
    given = form(connection, email="note") | {"act": "save"}
    answer = client.post(PATH, given)
    page = Page(answer.content.decode())
    assert (answer.status_code, page.faults) == (400, [])
    assert "Look at this before you save" in page.words
    assert "People are told apart by email" in page.words
    assert "Saved as version 2" in client.post(PATH, given | {"confirmed": "yes"}, follow=True).content.decode()


def test_what_cannot_be_used_is_said_and_what_was_chosen_stays(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    given = form(connection, email="", phone="", given_name="", family_name="", company="") | {"act": "save"}
    answer = as_user(owner).post(PATH, given)
    page = Page(answer.content.decode())
    assert (answer.status_code, page.faults, versions.in_force(connection)) == (400, [], 1)
    assert "A customer needs e-mail, phone number or name: fill one of them." in page.words


def test_rules_are_tried_on_the_newest_records_before_they_are_saved(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    given = form(connection, phone="note") | {"act": "test"}
    page = Page(as_user(owner).post(PATH, given).content.decode())
    assert page.faults == []
    assert "Tried on 1 record: 1 fine" in page.words
    assert "Nothing was changed or sent." in page.words
    assert versions.in_force(connection) == 1


def test_an_unknown_object_is_not_found(connection: Connection, owner: User, as_user: SignedIn) -> None:
    assert as_user(owner).get("/integrations/square/fields/account/").status_code == 404
    assert as_user(owner).get("/integrations/square/fields/customer/?direction=sideways").status_code == 200
