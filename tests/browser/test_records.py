"""The walk of somebody who keeps the venue's records by hand: make one, find it, edit it, delete it."""

import os
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from connections.models import Connection
from integrations.models import Venue
from syncing.models import LinkState, Record
from tests.browser.test_walk import Watch, _fits, _sign_in
from tests.factories import ConnectionFactory
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def watch(page: Page, live_server: Any) -> Watch:
    watching = Watch(live_server.url, live_server.url)
    watching.look_at(page)
    return watching


def _seen(page: Page, name: str) -> None:
    """Check that the page fits; keep a picture of it where one is asked for."""
    _fits(page)
    if folder := os.environ.get("PICTURES"):
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


@pytest.fixture
def square(transactional_db: None, venue: Venue) -> Connection:
    """A venue with two providers and customers in every state."""
    found: Any = ConnectionFactory(venue=venue)
    ConnectionFactory(venue=venue, provider="stripe", account_id="acct_1", account_name="The Lantern Room")
    for number in range(60):
        rows.record(found, given_name=f"Guest {number}", family_name="Hart", email=f"guest{number}@example.test")
    rows.record(found, state=LinkState.CONFLICT, given_name="Ada", email="ada@example.test")
    rows.record(found, state=LinkState.FAILING, given_name="Tom", company="The Anchor", phone="+442079460958")
    link = rows.record(found, given_name="Zoë", family_name="O’Hara", email="zoe@example.test", note="Likes jazz")
    link.raw = {"id": "C1", "given_name": "Zoe", "email_address": "zoe@example.test"}
    link.save()
    connection: Connection = found
    return connection


def test_a_customer_is_made_found_edited_and_deleted(square: Connection, page: Page, watch: Watch, owner: User) -> None:
    _sign_in(page, watch.own, owner)
    page.get_by_role("link", name="Records").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    _seen(page, "list")

    page.get_by_role("link", name="Zoë O’Hara").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zoë O’Hara")
    expect(page.locator("main")).to_contain_text("Differs")
    _seen(page, "record")
    page.go_back()

    page.get_by_role("link", name="New customer").click()
    page.get_by_label("First name").fill("Mia")
    page.get_by_label("E-mail").fill("nobody")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("is not an e-mail address")
    _seen(page, "form")
    page.get_by_label("E-mail").fill("mia@example.test")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Customer saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mia")

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Town or city").fill("York")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Version 2")
    made = Record.objects.get(fields__email="mia@example.test")
    assert made.fields == {"given_name": "Mia", "email": "mia@example.test", "address": {"city": "York"}}

    page.get_by_role("link", name="Customers").first.click()
    page.get_by_label("Search by").fill("mia york")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main")).to_contain_text("Nothing fits.")
    page.get_by_label("Search by").fill("mia@")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Mia").click()
    page.get_by_role("link", name="Delete…").click()
    _seen(page, "delete")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("main")).to_contain_text("Mia was deleted here.")
    made.refresh_from_db()
    assert made.deleted_at is not None
    assert watch.faults == []
