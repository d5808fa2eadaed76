"""The examples of the docs in a real browser, served beside the product and signed in by its session."""

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from connections import keys, lifecycle
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.errors import AuthRevoked
from monitoring import overview
from syncing import schedule, tasks
from syncing.models import Record, Trigger
from tests.browser.test_records import _seen
from tests.browser.test_walk import Watch, _sign_in
from tests.factories import ConnectionFactory, MembershipFactory, VenueFactory
from tests.provider_sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTE, SOON, AGAIN = 60_000, 3_000, 30_000  # milliseconds
WIDGET = "**/api/v1/me/integrations*"


@pytest.fixture
def watch(page: Page, live_server: Any, settings: Any, sandbox: Sandbox) -> Watch:
    """The page, whose clock the test moves, pointed at a server that serves the examples, too."""
    settings.ROOT_URLCONF = "tests.browser.examples_urls"
    settings.SYNC_SLICE = timedelta(0)
    watching = Watch(live_server.url, live_server.url)
    watching.look_at(page)
    page.clock.install()
    return watching


@pytest.fixture
def square(transactional_db: None, watch: Watch, sandbox: Sandbox, venue: Venue, owner: User) -> Connection:
    """The venue connected to Square, where a little is to be read."""
    seller = sandbox.merchant(customers=230, products=3, orders=2)
    return keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)


def _shown(page: Page, watch: Watch, owner: User) -> Locator:
    """Return the widget's list of an owner who signed in."""
    _sign_in(page, watch.own, owner)
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    page.goto(f"{watch.own}/examples/widget/")
    return page.get_by_role("list", name="Integrations")


def _work_until_something_came() -> None:
    before = Record.objects.count()
    for _ in range(20):
        tasks.work_once()
        if Record.objects.count() > before:
            return


def test_the_widget_tells_every_provider_in_the_words_of_the_pages(
    square: Connection, page: Page, watch: Watch, venue: Venue, owner: User
) -> None:
    lifecycle.lost(ConnectionFactory(venue=venue, provider="stripe"), AuthRevoked())
    lifecycle.pause(ConnectionFactory(venue=venue, provider="mailchimp"), by=owner)
    cards = _shown(page, watch, owner).get_by_role("listitem")
    expect(page.get_by_role("status").first).to_have_text("1 of 3 needs you")
    expect(cards).to_have_count(4)
    words = ["Stripe.*Reconnect needed", "Mailchimp.*Paused", "Square.*Connected", "QuickBooks.*Not connected"]
    expect(cards).to_have_text([re.compile(each) for each in words])


def test_the_widget_moves_while_a_sync_runs_and_keeps_the_focus(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    card = _shown(page, watch, owner).get_by_role("listitem").filter(has_text="Square")
    expect(card).to_contain_text("Nothing has been synced yet.")
    card.get_by_role("link").focus()
    schedule.start(square, trigger=Trigger.OWNER, actor=owner)
    page.clock.fast_forward(MINUTE)
    expect(card).to_contain_text("Syncing")
    for _ in range(2):
        before = card.inner_text()
        _work_until_something_came()
        page.clock.fast_forward(SOON)
        expect(card).not_to_have_text(before, use_inner_text=True)
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.get_by_role("link", name="View progress Square")).to_be_focused()
    _seen(page, "widget-syncing")
    while tasks.work_once():
        pass
    page.clock.fast_forward(SOON)
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text("customers")
    expect(card.get_by_role("progressbar")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Square")
    assert watch.faults == []


def test_the_widget_survives_a_crash_and_a_lost_server_and_goes_on_by_itself(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    shown = _shown(page, watch, owner)
    expect(shown.get_by_role("listitem")).to_have_count(4)
    trouble = page.get_by_role("status").nth(1)
    page.route(WIDGET, lambda route: route.fulfill(status=500, content_type="text/html", body="<h1>Crashed</h1>"))
    page.clock.fast_forward(MINUTE)
    expect(trouble).to_contain_text("Backline did not answer. What you see is from ")
    expect(trouble).to_contain_text("We ask again every 30 seconds.")
    _seen(page, "widget-trouble")
    page.unroute(WIDGET)
    page.route(WIDGET, lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.clock.fast_forward(AGAIN)
    expect(shown.get_by_role("listitem")).to_have_count(4)
    expect(trouble).to_contain_text("Backline did not answer.")
    page.unroute(WIDGET)
    page.clock.fast_forward(AGAIN)
    expect(trouble).to_be_hidden()
    assert all("Failed to load resource" in each for each in watch.faults)


def test_the_widget_says_a_refusal_in_the_sentence_of_the_api(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    shown = _shown(page, watch, owner)
    expect(shown.get_by_role("listitem")).to_have_count(4)
    page.context.clear_cookies()
    refusal = page.request.get(f"{watch.own}/api/v1/me/integrations").json()
    page.clock.fast_forward(MINUTE)
    expect(page.get_by_role("status").nth(1)).to_contain_text(f"{refusal['detail']} What you see is from ")


def test_the_widget_asks_with_its_etag_and_not_at_all_while_nobody_looks(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    answers: list[int] = []
    page.on("response", lambda response: "me/integrations" in response.url and answers.append(response.status))
    expect(_shown(page, watch, owner).get_by_role("listitem")).to_have_count(4)
    with page.expect_response(WIDGET):
        page.clock.fast_forward(MINUTE)
    page.evaluate("""Object.defineProperty(document, "hidden", {configurable: true, value: true});
                     document.dispatchEvent(new Event("visibilitychange"))""")
    page.clock.fast_forward(10 * MINUTE)
    page.wait_for_load_state("networkidle")
    assert answers == [200, 304]
    with page.expect_response(WIDGET):
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    assert answers == [200, 304, 304]


def test_what_the_widget_is_told_is_text_and_its_links_lead_to_pages_only(
    square: Connection, page: Page, watch: Watch, venue: Venue, owner: User
) -> None:
    told = overview.as_json(overview.for_venue(venue))
    bad = told["integrations"][0] | {"name": "<img src=x onerror=alert(1)>"}
    bad["action"] = bad["action"] | {"href": "javascript:alert(1)"}
    body = orjson.dumps(told | {"integrations": [bad]}).decode()
    page.route(WIDGET, lambda route: route.fulfill(body=body, content_type="application/json"))
    card = _shown(page, watch, owner).get_by_role("listitem")
    expect(card).to_contain_text("<img src=x onerror=alert(1)>")
    expect(card.get_by_role("link")).to_have_attribute("href", "#")
    assert watch.faults == []


def test_the_widget_names_the_venue_where_there_are_several(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    MembershipFactory(user=owner, venue=VenueFactory(name="The Anchor"))
    cards = _shown(page, watch, owner).get_by_role("listitem")
    expect(cards).to_have_count(4)
    page.evaluate("document.querySelector('backline-integrations').removeAttribute('venue')")
    page.clock.fast_forward(MINUTE)
    expect(cards).to_have_count(8)
    expect(cards.filter(has_text="The Anchor: Square")).to_contain_text("Not connected")
    expect(page.get_by_role("status").first).to_contain_text("The Anchor: Nothing is connected yet.")


def test_a_button_of_the_widget_does_what_it_says(square: Connection, page: Page, watch: Watch, owner: User) -> None:
    lifecycle.pause(square, by=owner)
    _shown(page, watch, owner).get_by_role("button", name="Resume Square").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Square")
    expect(page.locator(".status-word")).to_contain_text("Connected")
    assert watch.faults == []


def test_the_typed_example_lists_syncs_and_sees_the_end(
    square: Connection, page: Page, watch: Watch, owner: User
) -> None:
    _sign_in(page, watch.own, owner)
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    page.goto(f"{watch.own}/examples/typescript/")
    lines = page.get_by_role("listitem")
    expect(lines).to_have_count(4)
    expect(lines.filter(has_text="Square")).to_contain_text("Connected. Nothing has been synced yet.")
    page.get_by_role("button", name="Sync Square").click()
    expect(page.get_by_role("status")).to_contain_text("customer: 0")
    while tasks.work_once():
        pass
    page.clock.fast_forward(SOON)
    read = sum(square.sync_logs.values_list("read", flat=True))
    expect(page.get_by_role("status")).to_have_text(
        f"Ended: {square.sync_logs.count()} objects, {read} records read so far."
    )
    expect(lines.filter(has_text="Square")).to_contain_text("customers")
    assert watch.faults == []
