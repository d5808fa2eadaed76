"""The page of field mapping: an owner sees it, changes it, tries it, is warned, and takes it back."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from connections.models import Connection
from integrations.models import VenueMembership
from mappings import rules, versions, watching
from mappings.models import FieldMappingTemplate
from syncing.models import Record
from tests.factories import ConnectionFactory
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

PATH = "/integrations/square/fields/customer/"
IN = ("customer", "in")


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


def test_another_example_is_found_by_its_name_and_stays_while_rules_are_tried(
    connection: Connection, guest: Any, viewer: User, owner: User, as_user: SignedIn
) -> None:
    for number in range(13):
        rows.record(connection, given_name=f"Latest {number}")
    assert "Mia" not in Page(as_user(viewer).get(PATH).content.decode()).words
    assert "mia@example.com" in Page(as_user(viewer).get(PATH, {"q": "mia"}).content.decode()).words
    tried = form(connection) | {"act": "look", "record": str(guest.record_id)}
    assert "mia@example.com" in Page(as_user(owner).post(PATH, tried).content.decode()).words
    for asked in ({"q": "nobody"}, {"record": "no-id"}):
        assert as_user(viewer).get(PATH, asked).status_code == 200
    assert "Nothing here is called that." in Page(as_user(viewer).get(PATH, {"q": "nobody"}).content.decode()).words


def test_a_change_is_saved_as_the_next_version_and_taken_back_with_one_click(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    given = form(connection, note="") | {"act": "save", "reason": "Notes stay there"}
    words = Page(client.post(PATH, given, follow=True).content.decode()).words
    assert "Saved as version 2. 1 record is mapped again, without a new download." in words
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


def test_a_change_on_the_way_is_chosen_said_and_shown_before_it_is_saved(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    given = form(connection) | {"way:note": "shorten", "act": "look"}
    page = Page(client.post(PATH, given).content.decode())
    assert (page.faults, versions.in_force(connection)) == ([], 1)
    assert "How many" in page.technical
    assert "1 change not saved yet" in page.words
    said = given | {"wish:note:to": "2", "empty:company": "None yet", "mode:tags": "append", "wins:phone": "ask"}
    assert "vip → vi" in Page(client.post(PATH, said).content.decode()).words
    saved = client.post(PATH, said | {"act": "save", "confirmed": "yes"}, follow=True)
    assert "Saved as version 2" in Page(saved.content.decode()).words
    mine = {each.target: each for each in rules.of(connection, 2) if (each.object_type, each.direction) == IN}
    assert mine["note"].transforms == [{"name": "shorten", "to": 2}]
    assert (mine["company"].default, mine["phone"].who_wins) == ("None yet", "ask")
    assert mine["tags"].update_mode == "append"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"way:note": "shorten", "wish:note:to": "many"}, "uses “shorten” in a way that is not known"),
        ({"way:note": "combine"}, "combines fields, but does not say which and how"),
        ({"mode:note": "append"}, "Only a list can be added to; this is a text."),
        ({"way:tags": "total"}, "fit"),
    ],
)
def test_what_was_not_said_rightly_stands_at_its_row(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn, said: dict[str, str], sentence: str
) -> None:
    answer = as_user(owner).post(PATH, form(connection) | said | {"act": "save"})
    page = Page(answer.content.decode())
    assert (answer.status_code, page.faults, versions.in_force(connection)) == (400, [], 1)
    assert sentence in page.words


def test_a_choice_table_is_written_line_by_line(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    said = {"way:note": "choice", "wish:note:table": "vip = Gold\r\nstaff=Crew", "wish:note:otherwise": "Guest"}
    as_user(owner).post(PATH, form(connection) | said | {"act": "save"})
    (note,) = [each for each in rules.of(connection, 2) if (each.object_type, each.direction) == IN
               and each.target == "note"]  # fmt: skip
    table = {"vip": "Gold", "staff": "Crew"}
    assert note.transforms == [{"name": "choice", "table": table, "otherwise": "Guest"}]
    page = Page(as_user(owner).get(PATH).content.decode())
    assert "vip → Gold" in page.words


def test_a_template_and_a_reset_show_first_what_they_would_change(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    client.post(PATH, form(connection, note="") | {"act": "save"})
    asked = {"template": "square-customer", "strategy": "merge", "version": "2"}
    shown = Page(client.post(PATH, asked | {"act": "template"}).content.decode())
    assert (shown.faults, versions.in_force(connection)) == ([], 2)
    assert "Customers, Note: filled from Note" in shown.words
    taken = client.post(PATH, asked | {"act": "template", "confirmed": "yes"}, follow=True)
    assert "Saved as version 3" in Page(taken.content.decode()).words
    again = client.post(PATH, {"act": "reset", "version": "3"}, follow=True)
    assert "It would change nothing" in Page(again.content.decode()).words


def test_the_own_fields_stay_beside_a_template_unless_it_is_taken_exactly(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    client.post(PATH, form(connection, locale="reference_id") | {"act": "save"})
    assert "locale" in {each.target for each in rules.of(connection, 2)}
    asked = {"template": "square-customer", "version": "2", "act": "template", "confirmed": "yes"}
    client.post(PATH, asked | {"strategy": "merge"})
    assert "locale" in _targets(connection)
    client.post(PATH, asked | {"strategy": "replace", "version": str(versions.in_force(connection))})
    assert "locale" not in _targets(connection)


def _targets(connection: Connection) -> set[str]:
    found = rules.of(connection, versions.in_force(connection))
    return {each.target for each in found if (each.object_type, each.direction) == IN}


def test_rules_are_saved_as_a_template_of_the_venues_own_and_nobody_else_sees_it(
    connection: Connection, guest: Any, owner: User, stranger: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    client.post(PATH, form(connection, note="") | {"act": "save"})
    kept = client.post(PATH, {"act": "keep_template", "name": " Without  notes "}, follow=True)
    assert "Saved as your template “Without notes”." in Page(kept.content.decode()).words
    assert client.post(PATH, {"act": "keep_template", "name": "Without notes"}).status_code == 409
    own = FieldMappingTemplate.objects.get(name="Without notes")
    assert "note" not in {each["target"] for each in own.rules if each["direction"] == "in"}
    other = ConnectionFactory(venue=VenueMembership.objects.get(user=stranger).venue)
    versions.install_default(other)
    theirs = as_user(stranger)
    assert "Without notes" not in theirs.get(PATH).content.decode()
    taken = {"template": own.key, "strategy": "replace", "version": "1", "confirmed": "yes"}
    assert theirs.post(PATH, taken | {"act": "template"}).status_code == 404
    assert theirs.post(PATH, {"act": "drop_template", "template": own.key}).status_code == 404
    client.post(PATH, {"act": "drop_template", "template": own.key})
    assert not FieldMappingTemplate.objects.filter(pk=own.pk).exists()
    assert client.post(PATH, {"act": "drop_template", "template": "square-customer"}).status_code == 404


def test_an_owner_lets_what_is_certain_be_mended_by_itself_and_takes_it_back(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    client.post(PATH, {"act": "mends", "mends_itself": "yes"})
    assert watching.mends_itself(connection)
    client.post(PATH, {"act": "mends"})
    assert not watching.mends_itself(connection)


def test_the_example_is_of_the_record_that_was_asked_for_and_of_no_other_venues(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    second = rows.record(connection, given_name="Zoë")
    second.raw = {"id": second.external_id, "given_name": "Zoë"}
    second.save(update_fields=["raw"])
    client = as_user(owner)
    words = Page(client.get(PATH, {"record": str(second.record_id)}).content.decode()).words
    assert "Zoë → Zoë" in words
    foreign = rows.record(ConnectionFactory(), given_name="Nobody")
    assert "Nobody" not in client.get(PATH, {"record": str(foreign.record_id)}).content.decode()
    assert client.get(PATH, {"record": "not-a-record"}).status_code == 200


def test_an_act_that_there_is_not_is_refused(
    connection: Connection, guest: Any, owner: User, as_user: SignedIn
) -> None:
    assert as_user(owner).post(PATH, {"act": "burn"}).status_code == 400
