"""Second factors: staff work over all venues only with one, and anybody may have one."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from integrations.models import Role, Venue
from integrations.sealing import Sealed
from tests.accounts.conftest import code_of, factors, has_app, secret_on, type_password
from tests.api.test_routes import ROUTES
from tests.factories import PASSWORD, MembershipFactory
from tests.pages.reading import Page

pytestmark = pytest.mark.django_db
ADMIN = "/admin/"
STAFF_ROUTES = [name for name, route in ROUTES.items() if "admin/" in route[1]]
SET_UP = "/accounts/2fa/totp/activate/"


@pytest.fixture
def client(staff: User) -> Client:
    """A browser in which one of our team typed the password, and nothing more."""
    found = Client()
    type_password(found, staff)
    return found


def path_of(answer: Any) -> str:
    location: str = answer["Location"]
    return location.split("?")[0]


def follow_to_set_up(client: Client) -> Any:
    """Return the page that shows the key, past the question for the password."""
    assert path_of(client.get(SET_UP)) == "/accounts/reauthenticate/"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP})
    return client.get(SET_UP)


def test_a_password_alone_opens_neither_console_nor_table(client: Client) -> None:
    for address in (ADMIN, "/admin/integrations/venue/", "/admin/console/queue/"):
        assert path_of(client.get(address)) == "/admin/login/"
    assert path_of(client.get("/admin/login/?next=/admin/")) == SET_UP


@pytest.mark.parametrize("name", STAFF_ROUTES)
def test_a_password_alone_opens_no_route_for_our_team(client: Client, name: str) -> None:
    method, path, *_ = ROUTES[name]
    answer = getattr(client, method)(f"/api/v1/{path}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_needed")
    assert answer.json()["action"]["href"] == ADMIN


def test_a_password_alone_retries_the_events_of_no_other_venue(client: Client, staff: User) -> None:
    answer = client.post("/api/v1/integrations/webhooks/retry", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_password_alone_still_opens_the_pages_of_ones_own_venue(client: Client, staff: User, venue: Venue) -> None:
    MembershipFactory(venue=venue, user=staff, role=Role.VIEWER)
    assert client.get("/integrations/").status_code == 200


def test_the_console_leads_through_the_set_up_and_on(client: Client, staff: User) -> None:
    page = follow_to_set_up(client).content.decode()
    assert Page(page).faults == []
    secret = secret_on(page)
    shown = client.post(SET_UP, {"code": code_of(secret)}, follow=True)
    codes = Page(shown.content.decode())
    assert codes.headings == ["Recovery codes"]
    assert codes.faults == []
    assert factors(staff) == {"totp", "recovery_codes"}
    asked = client.get(client.get(ADMIN)["Location"])
    assert asked["Location"] == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2F"
    answer = client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret), "next": ADMIN})
    assert answer["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


def test_a_wrong_code_sets_nothing_up(client: Client, staff: User) -> None:
    secret = secret_on(follow_to_set_up(client).content.decode())
    page = Page(client.post(SET_UP, {"code": code_of(secret, steps=90)}).content.decode())
    assert "Incorrect code." in page.words
    assert page.faults == []
    assert factors(staff) == set()


def test_whoever_has_an_app_signs_in_with_its_code(staff: User) -> None:
    secret, client = has_app(staff), Client()
    assert path_of(type_password(client, staff, ADMIN)) == "/accounts/2fa/authenticate/"
    assert path_of(client.get(ADMIN)) == "/admin/login/"
    asked = Page(client.get("/accounts/2fa/authenticate/").content.decode())
    assert asked.faults == []
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert answer["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200
    assert client.get("/api/v1/integrations/admin/dead-letters").status_code == 200


def test_a_code_that_was_given_opens_nothing_again(staff: User) -> None:
    secret = has_app(staff)
    code = code_of(secret)
    for opens in (True, False):
        client = Client()
        type_password(client, staff)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert (client.get(ADMIN).status_code == 200) is opens


def test_guessing_ends_after_a_few_codes(staff: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip", "login_failed": "3/5m/key"}
    secret, client = has_app(staff), Client()
    type_password(client, staff)
    for _ in range(3):
        client.post("/accounts/2fa/authenticate/", {"code": code_of(secret, steps=90)})
    page = Page(client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).content.decode())
    assert "Too many failed login attempts." in page.words
    assert path_of(client.get(ADMIN)) == "/admin/login/"


def test_whoever_tries_too_often_is_told_to_wait_on_a_page_of_ours(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"reauthenticate": "1/m/user"}
    client.post("/accounts/reauthenticate/", {"password": "wrong"})
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = Page(answer.content.decode())
    assert answer.status_code == 429
    assert (page.headings, page.faults) == (["That was too often"], [])


def test_a_recovery_code_opens_once(client: Client, staff: User) -> None:
    secret = secret_on(follow_to_set_up(client).content.decode())
    shown = client.post(SET_UP, {"code": code_of(secret)}, follow=True).content.decode()
    code = re.findall(r"<li><code>(\w+)</code></li>", shown)[0]
    for opens in (True, False):
        fresh = Client()
        type_password(fresh, staff)
        fresh.post("/accounts/2fa/authenticate/", {"code": code})
        assert (fresh.get(ADMIN).status_code == 200) is opens


def test_an_owner_may_have_one_too(owner: User) -> None:
    client = Client()
    type_password(client, owner)
    before = Page(client.get("/accounts/2fa/").content.decode())
    assert "No app is set up." in before.words
    secret = secret_on(follow_to_set_up(client).content.decode())
    client.post(SET_UP, {"code": code_of(secret)})
    after = Page(client.get("/accounts/2fa/").content.decode())
    assert before.faults + after.faults == []
    assert "10 are left." in after.words
    assert path_of(type_password(Client(), owner)) == "/accounts/2fa/authenticate/"


def test_it_can_be_turned_off_and_new_recovery_codes_made(owner: User) -> None:
    client = Client()
    type_password(client, owner)
    secret = secret_on(follow_to_set_up(client).content.decode())
    client.post(SET_UP, {"code": code_of(secret)})
    for address in ("/accounts/2fa/recovery-codes/generate/", "/accounts/2fa/totp/deactivate/"):
        assert Page(client.get(address).content.decode()).faults == []
        client.post(address)
    assert factors(owner) == set()


def test_an_owner_with_a_second_factor_is_still_not_of_our_team(owner: User) -> None:
    secret, client = has_app(owner), Client()
    type_password(client, owner)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/admin/login/?next=/admin/").status_code == 403
    answer = client.get("/api/v1/integrations/admin/dead-letters")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_visitor_of_the_console_signs_in_by_the_house_own_door(client: Client) -> None:
    answer = Client().get("/admin/login/?next=/admin/integrations/venue/")
    assert answer["Location"] == "/accounts/login/?next=/admin/integrations/venue/"


def test_the_way_on_leads_to_no_other_house(staff: User) -> None:
    client = Client()
    client.force_login(staff)
    assert client.get("/admin/login/?next=https://elsewhere.example/").headers["Location"] == ADMIN
    assert client.get("/admin/login/?next=/admin/console/queue/").headers["Location"] == "/admin/console/queue/"


def test_the_keys_of_factors_are_sealed(staff: User) -> None:
    secret = has_app(staff)
    stored = Authenticator.objects.get(user=staff).data["secret"]
    assert secret not in stored
    assert Sealed(stored).key_id != "unknown"


def test_without_its_master_key_a_factor_opens_nothing_and_says_so(staff: User) -> None:
    has_app(staff)
    Authenticator.objects.update(data={"secret": "v1.lost-key.abc"})
    client = Client()
    type_password(client, staff)
    page = Page(client.post("/accounts/2fa/authenticate/", {"code": "123456"}).content.decode())
    assert "Ask our staff to remove it." in page.words


def test_the_console_lists_factors_without_their_keys_and_may_remove_one(staff: User, owner: User) -> None:
    has_app(owner)
    factor: Any = Authenticator.objects.get(user=owner)
    client = Client()
    client.force_login(staff)
    page = client.get(f"/admin/mfa/authenticator/{factor.pk}/change/").content.decode()
    assert factor.data["secret"] not in page
    client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert factors(owner) == set()


def test_where_it_is_off_a_password_suffices_and_the_console_says_so(client: Client, settings: Any) -> None:
    settings.STAFF_NEEDS_SECOND_FACTOR = False
    words = client.get(ADMIN).content.decode()
    assert "A password alone opens this console" in words
    assert client.get("/api/v1/integrations/admin/dead-letters").status_code == 200


def test_where_it_is_on_the_console_says_nothing_of_it(staff: User) -> None:
    client = Client()
    client.force_login(staff)
    assert "A password alone" not in client.get(ADMIN).content.decode()


def test_a_production_without_it_is_warned_of(settings: Any) -> None:
    settings.LOCAL, settings.STAFF_NEEDS_SECOND_FACTOR = False, False
    with pytest.raises(SystemCheckError, match=r"backline\.W001"):
        call_command("check", deploy=True, fail_level="WARNING")


@pytest.mark.parametrize("address", [SET_UP, "/accounts/2fa/", "/accounts/reauthenticate/"])
def test_its_pages_hold_nothing_that_the_content_policy_forbids(client: Client, address: str) -> None:
    follow_to_set_up(client)
    answer = client.get(address)
    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", answer.content.decode())
