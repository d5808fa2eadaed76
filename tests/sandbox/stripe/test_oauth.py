"""Who gets a code, who gets a connection, and what ends it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.stripe.conftest import CLIENT_ID, PLATFORM, Inbox, Sandbox, bearing


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """OAuth refusals are a word and a sentence."""
    assert answer.json().keys() == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]


def as_platform(sandbox: Sandbox) -> dict[str, str]:
    return bearing(PLATFORM) | {"Stripe-Account": sandbox.account_id}


def leave(sandbox: Sandbox, **form: str) -> httpx.Response:
    fields = {"client_id": CLIENT_ID, "stripe_user_id": sandbox.account_id} | form
    return sandbox.api.post("oauth/deauthorize", data=fields, headers=bearing(PLATFORM))


def test_the_consent_page_names_platform_permissions_and_both_accounts(sandbox: Sandbox) -> None:
    page = sandbox.ask_consent().text
    for shown in ("Backline", "Create and change customers", "The Lantern Room", "Harbour Festival", 'id="allow"'):
        assert shown in page
    assert "Create and change" not in sandbox.ask_consent(scope="read_only").text


@pytest.mark.parametrize(
    "wish",
    [
        {"client_id": "ca_somebody_else"},
        {"redirect_uri": "http://127.0.0.1:9/callback/"},
        {"scope": "everything"},
        {"response_type": "token"},
        {"stripe_landing": "elsewhere"},
        {"scopes": "read_write"},
        {"stripe_user[shoe_size]": "41"},
    ],
)
def test_a_wrong_authorise_request_shows_a_page_and_sends_nobody_back(sandbox: Sandbox, wish: dict[str, str]) -> None:
    page = sandbox.ask_consent(**wish)
    assert (page.status_code, 'id="problem"' in page.text) == (400, True)


def test_a_yes_brings_code_scope_and_state_back_and_a_no_says_why(sandbox: Sandbox) -> None:
    yes = sandbox.answer_consent(sandbox.ask_consent(**{"stripe_user[email]": "a@b.example"}))
    assert (yes.pop("code")[:3], yes) == ("ac_", {"scope": "read_write", "state": "s-1"})
    assert sandbox.answer_consent(sandbox.ask_consent(), "deny") == {
        "error": "access_denied", "error_description": "The user denied your request", "state": "s-1",
    }  # fmt: skip


def test_a_page_can_be_answered_once(sandbox: Sandbox) -> None:
    page = sandbox.ask_consent()
    sandbox.answer_consent(page)
    with pytest.raises(AssertionError, match="answered already"):
        sandbox.answer_consent(page)


def test_a_code_becomes_a_connection(sandbox: Sandbox) -> None:
    granted = sandbox.connect()
    assert granted.keys() == {
        "access_token", "livemode", "refresh_token", "token_type", "stripe_publishable_key", "stripe_user_id", "scope",
    }  # fmt: skip
    assert sandbox.control.get("state").json()["stripe"]["connections"] == {sandbox.account_id: "read_write"}
    assert sandbox.found("account", granted["access_token"])["id"] == sandbox.account_id


def test_a_code_that_comes_twice_ends_the_connection(sandbox: Sandbox) -> None:
    code = sandbox.code()
    granted = sandbox.token(grant_type="authorization_code", code=code).json()
    assert error_of(sandbox.token(grant_type="authorization_code", code=code)) == (400, "invalid_grant")
    assert sandbox.api.get("v1/customers", headers=as_platform(sandbox)).status_code == 403
    assert sandbox.get("customers", granted["access_token"]).status_code == 401


def test_a_code_lives_five_minutes(sandbox: Sandbox) -> None:
    code = sandbox.code()
    sandbox.advance(300)
    assert error_of(sandbox.token(grant_type="authorization_code", code=code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("key", "form", "expected"),
    [
        ("sk_test_wrong_wrong_wrong", {"grant_type": "authorization_code", "code": "ac_1"}, (401, "invalid_client")),
        (PLATFORM, {"grant_type": "authorization_code", "code": "ac_never"}, (400, "invalid_grant")),
        (PLATFORM, {"grant_type": "authorization_code"}, (400, "invalid_request")),
        (PLATFORM, {"grant_type": "password", "code": "ac_1"}, (400, "unsupported_grant_type")),
        (PLATFORM, {"grant_type": "refresh_token", "refresh_token": "rt_never"}, (400, "invalid_grant")),
        (PLATFORM, {"grant_type": "authorization_code", "code": "ac_1", "redirect": "x"}, (400, "invalid_request")),
    ],
)
def test_the_token_endpoint_refuses_by_a_word(
    sandbox: Sandbox, key: str, form: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error_of(sandbox.token(key, **form)) == expected


def test_the_token_endpoint_takes_forms_only(sandbox: Sandbox) -> None:
    body = {"grant_type": "authorization_code", "code": sandbox.code()}
    assert error_of(sandbox.api.post("oauth/token", json=body, headers=bearing(PLATFORM))) == (400, "invalid_request")
    in_form = sandbox.api.post("oauth/token", data=body | {"client_secret": PLATFORM}, headers={"Authorization": ""})
    assert in_form.status_code == 200


def test_a_connection_that_may_only_read_cannot_write(sandbox: Sandbox) -> None:
    granted = sandbox.connect("read_only")
    assert sandbox.get("customers", granted["access_token"]).status_code == 200
    assert sandbox.post("customers", granted["access_token"], name="A").status_code == 403
    refused = sandbox.api.post("v1/customers", data={"name": "A"}, headers=as_platform(sandbox))
    assert refused.status_code == 403


def test_a_refresh_gives_the_same_or_less(sandbox: Sandbox) -> None:
    granted = sandbox.connect()
    asked = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    again = sandbox.token(**asked, scope="read_only").json()
    assert (again["refresh_token"], again["scope"]) == (granted["refresh_token"], "read_only")
    assert sandbox.post("customers", again["access_token"], name="A").status_code == 403


def test_the_platform_leaves_once_and_is_told(sandbox: Sandbox, inbox: Inbox) -> None:
    wish: dict[str, Any] = {"url": inbox.url, "enabled_events[]": "account.application.deauthorized", "connect": "true"}
    assert sandbox.post("webhook_endpoints", PLATFORM, **wish).status_code == 200
    granted = sandbox.connect()
    assert leave(sandbox).json() == {"stripe_user_id": sandbox.account_id}
    event = inbox.wait(1)[0]
    assert (event["account"], event["data"]["object"]["id"]) == (sandbox.account_id, CLIENT_ID)
    assert error_of(leave(sandbox)) == (401, "invalid_client")
    assert sandbox.get("customers", granted["access_token"]).status_code == 401


def test_the_venue_can_end_it_too(sandbox: Sandbox) -> None:
    sandbox.connect()
    assert sandbox.act(f"{sandbox.account_id}/tokens", action="revoke") == {"connections": 1, "keys": 0}
    assert sandbox.api.get("v1/customers", headers=as_platform(sandbox)).json()["error"]["code"] == "account_invalid"
    assert sandbox.get("customers").status_code == 200
