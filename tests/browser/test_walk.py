"""The walk of a new owner in a real browser: sign in, connect Square, watch it sync, look at what happened."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from integrations.models import Venue
from syncing import tasks
from syncing.models import Record
from tests.factories import PASSWORD
from tests.provider_sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDTHS = (320, 768, 1280)


@dataclass
class Watch:
    """What a visitor would not forgive: errors in the console, and requests to somebody else."""

    own: str
    sandbox: str
    faults: list[str] = field(default_factory=list)

    def look_at(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        # The stand-in for Square has no favicon; what happens on its pages is not ours.
        if message.type in ("error", "warning") and not message.location["url"].startswith(self.sandbox):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.own, self.sandbox, "data:")):
            self.faults.append(f"asked {request.url}")


@pytest.fixture
def watch(page: Page, live_server: Any, sandbox: Sandbox, settings: Any) -> Watch:
    """The page, pointed at a server that knows the sandbox and syncs one page of records at a time."""
    settings.PUBLIC_URL = live_server.url
    settings.SYNC_SLICE = timedelta(0)
    callback = f"{live_server.url}/api/v1/integrations/oauth/callback/square"
    sandbox.ask("POST", "/square/redirect-uris", {"uri": callback})
    watching = Watch(live_server.url, sandbox.url)
    watching.look_at(page)
    return watching


def _sign_in(page: Page, own: str, user: User) -> None:
    page.goto(f"{own}/integrations/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _fits(page: Page) -> None:
    page.wait_for_load_state()  # its words may be there before its style
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{page.url} is {over} px too wide at {width} px"


def _work_until_something_came() -> None:
    """Work on slices of one page each; some find that they have to wait for another object first."""
    before = Record.objects.count()
    for _ in range(20):
        tasks.work_once()
        if Record.objects.count() > before:
            return


def test_an_owner_signs_in_connects_square_and_watches_it_sync(
    transactional_db: None, page: Page, watch: Watch, venue: Venue, owner: User
) -> None:
    _sign_in(page, watch.own, owner)
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    _fits(page)

    page.get_by_role("link", name="Connect Square").click()
    _fits(page)
    page.get_by_role("button", name="Continue to Square").click()
    page.wait_for_url(f"{watch.sandbox}/**")
    page.locator("#allow").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Choose what to sync")
    _fits(page)
    page.get_by_role("button", name="Start sync").click()

    word, message = page.locator(".status-word"), page.locator(".status-message")
    expect(word).to_contain_text("Syncing")
    counts = page.locator(".grid-table")
    for _ in range(3):
        before = counts.inner_text()
        _work_until_something_came()
        expect(counts).not_to_have_text(before, use_inner_text=True, timeout=10_000)

    while tasks.work_once():
        pass
    expect(word).to_contain_text("Connected", timeout=10_000)
    assert page.locator("[data-hx-trigger]").count() == 0, "nothing asks any more once the sync is through"
    expect(message).to_contain_text("customers")
    assert Record.objects.filter(object_type="customer").count() >= 1_200
    _fits(page)

    page.get_by_role("link", name="All history").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History of Square")
    expect(page.locator(".run").first).to_contain_text("Succeeded")
    _fits(page)
    page.locator(".run-link").first.click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    _fits(page)
    assert watch.faults == []


def test_a_key_is_tested_in_place_and_stays_in_its_field(
    transactional_db: None, page: Page, watch: Watch, venue: Venue, owner: User, sandbox: Sandbox
) -> None:
    key = sandbox.merchant("The Anchor", customers=5)["personal_token"]
    _sign_in(page, watch.own, owner)
    page.goto(f"{watch.own}/integrations/square/connect/")
    page.get_by_text("Connect with a key instead").click()
    page.get_by_label("Access key").fill(key)
    page.get_by_role("button", name="Test it first").click()
    expect(page.locator("#key-outcome")).to_contain_text("this key belongs to The Anchor")
    expect(page.get_by_label("Access key")).to_have_value(key)
    page.get_by_role("button", name="Connect with this key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose what to sync")
    assert watch.faults == []


def test_the_walk_needs_no_mouse(transactional_db: None, page: Page, watch: Watch, venue: Venue, owner: User) -> None:
    _sign_in(page, watch.own, owner)
    page.wait_for_load_state("load")
    page.locator("body").press("Tab")  # waits until the page takes keys, where the bare keyboard does not
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(24):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Connect Square"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Square")
