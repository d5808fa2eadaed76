"""How Mailchimp lets us in: sign-in, keys, and a data centre that becomes part of a host name."""

import base64
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests

from connections import sessions, tokens
from integrations.providers import errors
from integrations.providers.base import RefreshableOAuth, RevocableOAuth
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import client
from integrations.providers.mailchimp.auth import MailchimpCheck, MailchimpEntrance, MailchimpKey, MailchimpOAuth
from integrations.providers.mailchimp.spec import SPEC
from integrations.providers.types import Access, AppCredentials, Grant
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import MAILCHIMP, Account
from tests.providers.wire import answer, wire

APP = AppCredentials("418612345678", "5a1db0c4e7f2963847bd0e6f1c2a9b83d4e5f60718293a4b")
CALLBACK = "http://testserver/api/v1/integrations/oauth/callback/mailchimp"
HEX = "0123456789abcdef0123456789abcdef"
OAUTH = MailchimpOAuth()


@pytest.fixture(autouse=True)
def _app(settings: Any, request: pytest.FixtureRequest) -> None:
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox")
        known = {"client_id": APP.client_id, "client_secret": APP.client_secret}
        settings.PROVIDER_APPS = settings.PROVIDER_APPS | {"mailchimp": known}


def consented(sandbox: Sandbox, account: Account, decision: str = "allow") -> dict[str, list[str]]:
    """Go to the consent page as a browser would, decide, and return what the redirect carries."""
    sandbox.ask("POST", "/mailchimp/redirect-uris", {"uri": CALLBACK})
    login = f"{sandbox.url}/mailchimp/login"
    path = OAUTH.authorize_url(APP, redirect_uri=CALLBACK, state="s 1", challenge="unused", sandbox=True)
    page = requests.get(login + path, timeout=20)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    form = {"ticket": ticket[1], "account": account["id"], "decision": decision}
    decided = requests.post(f"{login}/oauth2/authorize/decision", data=form, allow_redirects=False, timeout=20)
    return parse_qs(urlsplit(decided.headers["location"]).query)


def exchange(api: ApiSession, code: str, app: AppCredentials = APP) -> Grant:
    return OAUTH.exchange(api, app, code=code, redirect_uri=CALLBACK, verifier="unused", query={})


def test_a_sign_in_gives_a_token_and_the_data_centre(sandbox: Sandbox, account: Account) -> None:
    back = consented(sandbox, account)
    assert back["state"] == ["s 1"]
    grant = exchange(tokens.for_app(MAILCHIMP), back["code"][0])
    assert grant.details == {"dc": account["dc"], "login_id": str(account["login_id"]), "role": "owner"}
    assert (grant.refresh_token, grant.access_expires_at) == (None, None)
    found = MAILCHIMP.check.account(sessions.with_grant(MAILCHIMP, grant))
    assert (found.id, found.name) == (account["id"], account["name"])


def test_a_code_works_once(sandbox: Sandbox, account: Account) -> None:
    (code,) = consented(sandbox, account)["code"]
    exchange(tokens.for_app(MAILCHIMP), code)
    with pytest.raises(errors.AuthRevoked):
        exchange(tokens.for_app(MAILCHIMP), code)


def test_an_application_that_mailchimp_does_not_know_is_our_fault(sandbox: Sandbox, account: Account) -> None:
    (code,) = consented(sandbox, account)["code"]
    with pytest.raises(errors.Misconfigured) as met:
        exchange(tokens.for_app(MAILCHIMP), code, AppCredentials(APP.client_id, "wrong"))
    assert met.value.code == "invalid_client"


def test_who_presses_deny_comes_back_with_an_error(sandbox: Sandbox, account: Account) -> None:
    assert consented(sandbox, account, "deny")["error"] == ["access_denied"]


def test_access_has_no_end_and_cannot_be_renewed_or_revoked_by_us() -> None:
    assert not isinstance(OAUTH, RefreshableOAuth)
    assert not isinstance(OAUTH, RevocableOAuth)


def test_a_key_opens_the_account(account: Account, api: ApiSession) -> None:
    found = MailchimpCheck().account(api)
    assert (found.id, found.name, found.scopes) == (account["id"], account["name"], ("full_access",))
    assert found.details == {
        "login_id": str(account["login_id"]), "role": "owner", "pro_enabled": False, "pricing_plan_type": "monthly",
        "account_timezone": "Europe/London", "country": "GB",
    }  # fmt: skip


def test_a_wrong_key_is_told_apart_from_a_wrong_data_centre(sandbox: Sandbox, account: Account) -> None:
    elsewhere = "us6" if account["dc"] != "us6" else "us21"
    with pytest.raises(errors.AuthRevoked):
        MailchimpCheck().account(sessions.with_key(MAILCHIMP, Secret(f"{HEX}-{account['dc']}")))
    grant = exchange(tokens.for_app(MAILCHIMP), consented(sandbox, account)["code"][0])
    with pytest.raises(errors.Misconfigured) as met:
        MailchimpCheck().account(sessions.with_grant(MAILCHIMP, replace(grant, details={"dc": elsewhere})))
    assert met.value.code == "Wrong Datacenter"


@pytest.mark.parametrize(("action", "kind"), [("revoke", errors.AuthRevoked), ("disable_user", errors.AccountBlocked)])
def test_what_the_owner_took_back_is_recognised(
    sandbox: Sandbox, account: Account, action: str, kind: type[errors.ProviderError]
) -> None:
    grant = exchange(tokens.for_app(MAILCHIMP), consented(sandbox, account)["code"][0])
    sandbox.ask("POST", f"/mailchimp/{account['id']}/tokens", {"action": action})
    with pytest.raises(kind):
        MAILCHIMP.check.account(sessions.with_grant(MAILCHIMP, grant))


def test_a_key_shows_as_basic_and_a_token_as_bearer() -> None:
    entrance = MailchimpEntrance()
    basic = entrance.headers(Access(f"{HEX}-us21", method="api_key"))["Authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == f"backline:{HEX}-us21"
    assert entrance.headers(Access("token")) == {"Authorization": "Bearer token"}


def address(centre: Any) -> str:
    return MailchimpEntrance().address(SPEC.urls["api"], Access("x", details={"dc": centre}))


@pytest.mark.parametrize("centre", ["us6", "us21", "eu", "abc123"])
def test_the_data_centre_becomes_part_of_the_host_and_nothing_else(centre: str) -> None:
    assert address(centre) == f"https://{centre}.api.mailchimp.com"


@pytest.mark.parametrize(
    "centre",
    ["", None, "US6", "us6.evil.example", "evil.example/", "evil.example#", "us6@evil.example", "us6:80", "us6\n",
     "6us", "us-6", "us6/..", "us 6", "ü6", "us٣", "a" * 64, 6, ["us6"], {"us6": 1}, "{dc}", "us6us"],
)  # fmt: skip
def test_what_has_no_place_in_a_host_name_is_refused(centre: Any) -> None:
    with pytest.raises(errors.Misconfigured) as met:
        address(centre)
    assert str(met.value) == "We do not know in which data centre this Mailchimp account lives. Connect it again."


@pytest.mark.parametrize("centre", ["us6.evil.example", "", "US6", None])
def test_a_sign_in_that_names_no_sane_data_centre_is_refused(centre: Any) -> None:
    token = answer(b'{"access_token": "t", "expires_in": 0, "scope": null}')
    metadata = answer(orjson.dumps({"dc": centre, "login": {"login_id": 7}}))
    with wire(token, metadata) as server, pytest.raises(errors.Misconfigured):
        exchange(login_at(server.url), "c")


def test_the_double_names_no_sane_data_centre_either(sandbox: Sandbox, account: Account) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"metadata_dc": "us6.evil.example"})
    (code,) = consented(sandbox, account)["code"]
    with pytest.raises(errors.Misconfigured):
        exchange(tokens.for_app(MAILCHIMP), code)


def login_at(url: str) -> ApiSession:
    return ApiSession(base_url=url, headers={}, classify=client.classify, other_bases={"token": url})


def test_the_token_is_asked_for_by_form_and_shown_as_oauth_to_the_metadata() -> None:
    token = answer(b'{"access_token": "tok", "expires_in": 0, "scope": null}')
    metadata = answer(b'{"dc": "us6", "role": "admin", "user_id": 12, "login": {"login_email": "a@example.test"}}')
    with wire(token, metadata) as server:
        grant = exchange(login_at(server.url), "c")
    first, second = server.requests
    assert b"application/x-www-form-urlencoded" in first
    form = parse_qs(first.split(b"\r\n\r\n", 1)[1].decode())
    assert form == {
        "grant_type": ["authorization_code"], "client_id": [APP.client_id], "client_secret": [APP.client_secret],
        "redirect_uri": [CALLBACK], "code": ["c"],
    }  # fmt: skip
    assert second.startswith(b"GET /oauth2/metadata ")
    assert b"Authorization: OAuth tok\r\n" in second
    assert grant.details == {"dc": "us6", "login_id": "12", "role": "admin"}
    assert "tok" not in repr(grant)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (answer(b'{"error": "invalid_grant"}', status="400 No"), errors.AuthRevoked),
        (answer(b'{"error": "invalid_request"}', status="400 No"), errors.AuthRevoked),
        (answer(b"<html>", status="400 No"), errors.AuthRevoked),
        (answer(b"{}"), errors.Transient),
        (answer(b'{"access_token": null}'), errors.Transient),
        (answer(b"", status="503 Busy"), errors.Transient),
    ],
)
def test_a_refused_code_is_never_tried_again(told: bytes, kind: type[errors.ProviderError]) -> None:
    with wire(told) as server, pytest.raises(errors.ProviderError) as met:
        exchange(login_at(server.url), "c")
    assert (type(met.value), len(server.requests)) == (kind, 1)


def test_a_token_that_its_own_metadata_refuses_is_no_access() -> None:
    told = answer(b'{"error": "invalid_token"}')
    with wire(answer(b'{"access_token": "t"}'), told) as server, pytest.raises(errors.AuthRevoked) as met:
        exchange(login_at(server.url), "c")
    assert met.value.code == "invalid_token"


def test_an_account_that_is_not_named_is_no_account() -> None:
    with wire(answer(b"{}")) as server, pytest.raises(errors.Transient) as met:
        MailchimpCheck().account(login_at(server.url))
    assert met.value.code == "no_account"


@pytest.mark.parametrize(
    ("key", "begins"),
    [
        (f"{HEX}-us21", ""),
        (f"{HEX}-eu1", ""),
        (HEX, "The end of this key is missing"),
        (f"{HEX}-", "The end of this key is missing"),
        (f"{HEX}-us", "This does not look like"),
        (f"{HEX}-u1", "This does not look like"),
        (f"{HEX.upper()}-us21", "This does not look like"),
        (f"{HEX}-us21\n", "This does not look like"),
        (f"{HEX}-us21.evil.example", "This does not look like"),
        (f"{HEX}0-us21", "This does not look like"),
        ("", "This does not look like"),
    ],
)
def test_a_key_is_recognised_by_its_shape(key: str, begins: str) -> None:
    said = MailchimpKey().looks_right(key)
    assert said.startswith(begins)
    assert bool(said) == bool(begins)


def test_a_key_tells_its_data_centre() -> None:
    assert MailchimpKey().details(f"{HEX}-us21") == {"dc": "us21"}
