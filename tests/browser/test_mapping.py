"""The walk of an owner who changes which field goes where, by keyboard alone, on a narrow screen, and takes it back."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from connections.models import Connection
from integrations.providers.types import ObjectType
from syncing.models import Record
from tests.browser.test_records import _seen
from tests.browser.test_walk import Watch, _sign_in
from tests.contract.account import Account, connect, open_account
from tests.contract.sending import agree
from tests.contract.stage import SQUARE
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CUSTOMER = ObjectType.CUSTOMER


@pytest.fixture
def account(transactional_db: None, sandbox: Sandbox) -> Account:
    found = open_account(replace(SQUARE, sizes=SQUARE.sizes | {"customers": 50}), sandbox)
    connection = connect(found)
    read(connection, ObjectType.LOCATION, CUSTOMER)
    connection.sync_cursors.update(next_run_at="2030-01-01T00:00Z")
    return found


def press(page: Page, name: str) -> None:
    """Reach a button by the keyboard, and press it."""
    button = page.get_by_role("button", name=name, exact=True).first
    button.focus()
    page.keyboard.press("Enter")


def companies_from_notes() -> int:
    """Return how many customers have the begin of their note as their company."""
    found = Record.objects.filter(object_type=CUSTOMER).values_list("fields", flat=True)
    return sum(each.get("company") == each["note"][:4].rstrip() for each in found if each.get("note"))


def test_a_mapping_is_changed_tried_saved_and_taken_back_by_keyboard_at_320_px(
    account: Account, page: Page, live_server: Any
) -> None:
    watch = Watch(live_server.url, live_server.url)
    watch.look_at(page)
    _sign_in(page, watch.own, account.owner)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{watch.own}/integrations/square/fields/customer/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Which fields go where")
    field = page.get_by_label("Company")
    field.focus()
    page.keyboard.type("Note")
    expect(field).to_have_value("note")
    expect(page.get_by_text("not saved yet")).to_be_visible()
    page.locator("li", has=page.get_by_label("Company")).locator("summary").focus()
    page.keyboard.press("Enter")
    row = page.locator("li", has=page.get_by_label("Company"))
    row.get_by_label("Change", exact=True).focus()
    page.keyboard.type("First char")
    count = row.get_by_label("How many")
    expect(count).to_be_visible()
    count.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("4")
    press(page, "Test on 50 records")
    expect(page.get_by_role("status").filter(has_text="Tried on 50 records")).to_be_visible()
    expect(page.get_by_label("Company")).to_have_value("note")
    assert companies_from_notes() == 0
    _seen(page, "mapping")
    page.set_viewport_size({"width": 320, "height": 700})
    press(page, "Save changes")
    expect(page.get_by_role("alert")).to_contain_text("On the way what is longer is cut.")
    page.get_by_label("I have seen this").focus()
    page.keyboard.press("Space")
    press(page, "Save changes")
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    settle()
    assert companies_from_notes() > 0
    press(page, "Bring version 1 back")
    expect(page.get_by_text("Version 1 is back, as version 3.")).to_be_visible()
    settle()
    assert companies_from_notes() == 0
    _seen(page, "mapping-back")


def nicknames(account: Account) -> dict[str, tuple[str, str]]:
    """Return by id the first name and the nickname of everybody there."""
    found = account.truth(CUSTOMER)[0]
    return {id: (raw.get("given_name", ""), raw.get("nickname", "")) for id, raw in found.items()}


def test_what_is_sent_is_changed_and_the_records_are_seen_sent_again(
    account: Account, page: Page, live_server: Any
) -> None:
    agree(Connection.objects.get())
    before = nicknames(account)
    lacking = [name for name, (_, nickname) in before.items() if not nickname]
    watch = Watch(live_server.url, live_server.url)
    watch.look_at(page)
    _sign_in(page, watch.own, account.owner)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{watch.own}/integrations/square/fields/customer/?direction=out")
    field = page.get_by_label("Nickname")
    field.focus()
    page.keyboard.type("First name")
    expect(page.get_by_text("not saved yet")).to_be_visible()
    press(page, "Test on 50 records")
    expect(page.get_by_role("status").filter(has_text="Tried on 50 records: 50 fine")).to_be_visible()
    press(page, "Save changes")
    expect(page.get_by_text("Up to 50 of them are sent again.")).to_be_visible()
    settle()
    # What somebody called them there already stays: a new rule fills only what the provider lacks.
    assert nicknames(account) == {name: (given, own or given) for name, (given, own) in before.items()}
    page.goto(f"{watch.own}/integrations/square/history/")
    expect(page.get_by_text(f"{len(lacking)} changed").first).to_be_visible()
    _seen(page, "mapping-sent")
    page.go_back()
    page.set_viewport_size({"width": 320, "height": 700})
    press(page, "Bring version 1 back")
    expect(page.get_by_text("Version 1 is back, as version 3.")).to_be_visible()
