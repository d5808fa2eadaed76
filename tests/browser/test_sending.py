"""The walk of an owner who sends his records to a provider, and says which of two are one."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from integrations.models import Venue
from integrations.providers.types import ObjectType
from syncing import own
from syncing.models import Record, RecordLink
from syncing.own import Entry
from tests.browser.test_records import _seen
from tests.browser.test_walk import Watch, _sign_in
from tests.contract.account import Account, connect, open_account
from tests.contract.sending import person
from tests.contract.stage import SQUARE
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CUSTOMER, PRODUCT = ObjectType.CUSTOMER, ObjectType.PRODUCT


@pytest.fixture
def watch(page: Page, live_server: Any) -> Watch:
    watching = Watch(live_server.url, live_server.url)
    watching.look_at(page)
    return watching


@pytest.fixture
def account(transactional_db: None, sandbox: Sandbox) -> Account:
    """The venue, connected to Square, with people and tickets of its own that Square does not know."""
    found = open_account(replace(SQUARE, sizes=SQUARE.sizes | {"customers": 6, "products": 3}), sandbox)
    read(connect(found), ObjectType.LOCATION, CUSTOMER, PRODUCT)
    own.upsert(found.venue, CUSTOMER, [Entry(person(number), f"m-{number}") for number in range(3)], actor=found.owner)
    ticket = {"name": "Comedy Fri 14", "kind": "ticket", "variants": [
        {"key": "b", "name": "Balcony", "price": {"minor": 1800, "currency": "GBP"}}]}  # fmt: skip
    own.upsert(found.venue, PRODUCT, [Entry(ticket, "t-1")], actor=found.owner)
    return found


def test_an_owner_looks_at_what_would_be_sent_and_sends_it(account: Account, page: Page, watch: Watch) -> None:
    _sign_in(page, watch.own, account.owner)
    page.goto(f"{watch.own}/integrations/square/")
    page.get_by_role("link", name="Send").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send to Square")
    expect(page.locator("main")).to_contain_text("3 new")
    page.get_by_text("The first 3").click()
    expect(page.locator("main")).to_contain_text("Nell Number1")
    _seen(page, "send")
    page.get_by_role("button", name="Send 4 records").click()
    expect(page.locator("main")).to_contain_text("Sending to Square.")
    settle()
    page.reload()
    expect(page.locator("main")).to_contain_text("Everything is up to date there.")
    assert set(RecordLink.objects.filter(record__external_key__isnull=False).values_list("state", flat=True)) == {
        "in_step"
    }
    _seen(page, "sent")

    own.delete(account.venue, CUSTOMER, [Record.objects.get(external_key="m-1").pk], actor=account.owner)
    page.get_by_label("Customers that are deleted here").check()
    page.get_by_role("button", name="Show what that would do").click()
    expect(page.locator("main")).to_contain_text("1 deleted there")
    _seen(page, "delete")
    page.get_by_role("button", name="Send 1 record").click()
    settle()
    assert RecordLink.objects.get(record__external_key="m-1").state == "deleted"
    assert watch.faults == []


def test_a_person_says_which_records_are_one(
    transactional_db: None, page: Page, watch: Watch, venue: Venue, operator: User
) -> None:
    for name in ("Zoë", "Zoe"):
        entry = Entry({"email": "zoe@example.test", "given_name": name, "family_name": "O’Hara", "note": "x" * 300})
        own.upsert(venue, CUSTOMER, [entry], actor=operator)
    _sign_in(page, watch.own, operator)
    page.get_by_role("link", name="Records").click()
    page.get_by_role("link", name="Look at them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 possible duplicate")
    _seen(page, "duplicates")
    page.get_by_role("button", name="The same customer").click()
    expect(page.locator("main")).to_contain_text("is one record now")
    assert Record.objects.live().count() == 1
    assert watch.faults == []
