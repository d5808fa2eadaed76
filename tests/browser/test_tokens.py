"""The walks to what lets in: an owner makes a token and revokes it, one of our team sets up a second factor."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Error, Page, expect

from integrations.models import ApiToken
from tests.accounts.conftest import a_new_code, code_of
from tests.api.conftest import bringing
from tests.browser.test_records import _seen
from tests.browser.test_walk import Watch, _sign_in
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def watch(page: Page, live_server: Any) -> Iterator[Watch]:
    watching = Watch(live_server.url, live_server.url)
    watching.look_at(page)
    with a_new_code():
        yield watching


def test_a_token_is_made_copied_and_revoked(page: Page, watch: Watch, owner: User) -> None:
    _sign_in(page, watch.own, owner)
    page.locator(".menu summary").click()
    page.get_by_role("link", name="API tokens").click()
    expect(page.locator("main")).to_contain_text("There are no tokens yet.")
    _seen(page, "tokens-none")

    page.get_by_label("Name").fill("Box office")
    page.get_by_text("Read and operate").click()
    page.get_by_label("Ends after").select_option("365 days")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy your token now")
    token = page.get_by_label("Your token").inner_text()
    _seen(page, "token-made")
    assert bringing(token).get("/api/v1/me/integrations").status_code == 200

    page.get_by_label("Your token").click()
    assert page.evaluate("getSelection().toString()").strip() == token
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("row", name=re.compile("Box office"))).to_contain_text("Read and operate")
    _seen(page, "tokens-one")
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # the browser kept nothing: it would have to ask again
        page.go_back()
    page.wait_for_url("chrome-error://chromewebdata/")

    page.goto(f"{watch.own}/integrations/tokens/")
    page.get_by_role("link", name="Revoke Box office").click()
    _seen(page, "token-revoke")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_have_text("“Box office” opens nothing any more.")
    assert bringing(token).get("/api/v1/me/integrations").status_code == 401
    assert not ApiToken.objects.standing().exists()
    assert watch.faults == []


def test_one_of_our_team_sets_up_a_second_factor_on_the_way_to_the_console(
    page: Page, watch: Watch, staff: User
) -> None:
    page.goto(f"{watch.own}/admin/")
    page.get_by_label("E-mail address").fill(staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
    _seen(page, "is-it-you")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    _seen(page, "second-factor-set-up")
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("list", name="Unused codes").get_by_role("listitem")).to_have_count(10)
    _seen(page, "recovery-codes")

    page.get_by_role("link", name="Go on to the staff console").click()
    _seen(page, "your-code")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything we keep")
    page.goto(f"{watch.own}/accounts/2fa/")
    _seen(page, "second-factor-on")
    assert watch.faults == []
