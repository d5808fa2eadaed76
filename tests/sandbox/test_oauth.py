"""Who gets a code, who gets a token, and what ends them."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.conftest import CALLBACK, CLIENT, Sandbox, error_of

VERIFIER = "a-verifier-that-is-long-enough-to-be-taken-seriously"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def ask(sandbox: Sandbox, **wishes: str) -> httpx.Response:
    query = {"client_id": CLIENT["client_id"], "scope": "CUSTOMERS_READ ITEMS_READ", "state": "s-1", **wishes}
    return httpx.get(f"{sandbox.square_url}/oauth2/authorize", params={"redirect_uri": CALLBACK} | query)


def answer(sandbox: Sandbox, page: httpx.Response, decision: str = "allow") -> dict[str, list[str]]:
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    form = {"ticket": ticket[1], "account": sandbox.merchant_id, "decision": decision}
    reply = httpx.post(f"{sandbox.square_url}/oauth2/authorize/decision", data=form)
    assert reply.status_code == 302, reply.text
    return parse_qs(urlsplit(reply.headers["Location"]).query)


def code(sandbox: Sandbox, **wishes: str) -> str:
    return answer(sandbox, ask(sandbox, **wishes))["code"][0]


def token(sandbox: Sandbox, **body: object) -> httpx.Response:
    return httpx.post(f"{sandbox.square_url}/oauth2/token", json=body)


def exchange(sandbox: Sandbox, given: str, **extra: object) -> httpx.Response:
    body = {"grant_type": "authorization_code", "code": given, "redirect_uri": CALLBACK, **CLIENT, **extra}
    return token(sandbox, **{name: value for name, value in body.items() if value is not None})


def status(sandbox: Sandbox, access_token: str) -> httpx.Response:
    return httpx.post(f"{sandbox.square_url}/oauth2/token/status", headers=sandbox.bearing(access_token))


def test_the_consent_page_names_application_permissions_and_both_sellers(sandbox: Sandbox) -> None:
    page = ask(sandbox).text
    for shown in ("Backline", "See your customers", "The Lantern Room", "Harbour Festival", 'id="allow"', 'id="deny"'):
        assert shown in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "wish",
    [
        {"client_id": "somebody-else"},
        {"redirect_uri": CALLBACK + "/"},
        {"scope": "CUSTOMERS_READ EVERYTHING"},
        {"code_challenge": "too-short"},
        {"scopes": "CUSTOMERS_READ"},
    ],
)
def test_a_wrong_authorise_request_shows_a_page_and_sends_nobody_back(sandbox: Sandbox, wish: dict[str, str]) -> None:
    page = ask(sandbox, **wish)
    assert (page.status_code, 'id="problem"' in page.text) == (400, True)


def test_a_no_goes_back_as_access_denied_with_the_state(sandbox: Sandbox) -> None:
    assert answer(sandbox, ask(sandbox), "deny") == {
        "error": ["access_denied"], "error_description": ["user_denied"], "state": ["s-1"],
    }  # fmt: skip


def test_a_yes_leads_to_a_token_for_thirty_days(sandbox: Sandbox) -> None:
    granted = exchange(sandbox, code(sandbox)).json()
    assert (granted["merchant_id"], granted["token_type"], granted["short_lived"]) == (
        sandbox.merchant_id, "bearer", False,
    )  # fmt: skip
    shown = status(sandbox, granted["access_token"]).json()
    assert (shown["scopes"], shown["expires_at"]) == (["CUSTOMERS_READ", "ITEMS_READ"], granted["expires_at"])
    sandbox.advance(30 * 86400)
    assert error_of(status(sandbox, granted["access_token"]))[:2] == (401, "ACCESS_TOKEN_EXPIRED")


def test_a_code_works_once_and_for_five_minutes(sandbox: Sandbox) -> None:
    first, late = code(sandbox), code(sandbox)
    assert exchange(sandbox, first).status_code == 200
    assert exchange(sandbox, first).status_code == 401
    sandbox.advance(300)
    assert exchange(sandbox, late).status_code == 401


def test_the_exchange_needs_the_secret_and_the_same_redirect_address(sandbox: Sandbox) -> None:
    assert exchange(sandbox, code(sandbox), client_secret="wrong").json()["type"] == "service.not_authorized"
    assert error_of(exchange(sandbox, code(sandbox), redirect_uri=None)) == (400, "INVALID_VALUE", "redirect_uri")
    assert error_of(exchange(sandbox, code(sandbox), client_secret=None))[1] == "MISSING_REQUIRED_PARAMETER"


def test_the_token_endpoint_takes_json_only(sandbox: Sandbox) -> None:
    form = httpx.post(f"{sandbox.square_url}/oauth2/token", data={"grant_type": "authorization_code"})
    assert error_of(form)[:2] == (415, "EXPECTED_JSON_BODY")
    assert error_of(exchange(sandbox, code(sandbox), expires_in=5)) == (400, "UNKNOWN_BODY_PARAMETER", "expires_in")


def test_a_refresh_gives_a_new_access_token_and_the_same_refresh_token(sandbox: Sandbox) -> None:
    granted = exchange(sandbox, code(sandbox)).json()
    again = token(sandbox, grant_type="refresh_token", refresh_token=granted["refresh_token"], **CLIENT).json()
    assert again["refresh_token"] == granted["refresh_token"]
    assert again["access_token"] != granted["access_token"]
    assert status(sandbox, granted["access_token"]).status_code == 200


def test_a_refresh_can_narrow_the_scopes_but_not_widen_them(sandbox: Sandbox) -> None:
    refresh = exchange(sandbox, code(sandbox)).json()["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": refresh, **CLIENT}
    narrow = token(sandbox, **asked, scopes=["ITEMS_READ"]).json()
    assert status(sandbox, narrow["access_token"]).json()["scopes"] == ["ITEMS_READ"]
    assert error_of(token(sandbox, **asked, scopes=["ORDERS_READ"])) == (400, "INVALID_VALUE", "scopes")


def test_pkce_needs_the_verifier_and_its_refresh_token_works_once(sandbox: Sandbox) -> None:
    given = code(sandbox, code_challenge=CHALLENGE)
    granted = exchange(sandbox, given, client_secret=None, code_verifier=VERIFIER).json()
    assert "refresh_token_expires_at" in granted
    asked = {"grant_type": "refresh_token", "client_id": CLIENT["client_id"]}
    again = token(sandbox, **asked, refresh_token=granted["refresh_token"]).json()
    assert again["refresh_token"] != granted["refresh_token"]
    assert token(sandbox, **asked, refresh_token=granted["refresh_token"]).status_code == 401


def test_a_challenge_binds_the_confidential_flow_too(sandbox: Sandbox) -> None:
    wrong = exchange(sandbox, code(sandbox, code_challenge=CHALLENGE), code_verifier="another")
    assert error_of(wrong) == (400, "INVALID_VALUE", "code_verifier")
    right = exchange(sandbox, code(sandbox, code_challenge=CHALLENGE), code_verifier=VERIFIER).json()
    assert "refresh_token_expires_at" not in right


def test_revoking_kills_every_token_of_the_seller(sandbox: Sandbox) -> None:
    granted = exchange(sandbox, code(sandbox)).json()
    body = {"client_id": CLIENT["client_id"], "access_token": granted["access_token"]}
    url = f"{sandbox.square_url}/oauth2/revoke"
    assert httpx.post(url, json=body, headers=sandbox.bearing(CLIENT["client_secret"])).status_code == 401
    done = httpx.post(url, json=body, headers={"Authorization": f"Client {CLIENT['client_secret']}"})
    assert done.json() == {"success": True}
    assert error_of(status(sandbox, granted["access_token"]))[:2] == (401, "ACCESS_TOKEN_REVOKED")
    refresh = token(sandbox, grant_type="refresh_token", refresh_token=granted["refresh_token"], **CLIENT)
    assert refresh.status_code == 401


def test_the_control_plane_expires_revokes_and_narrows_tokens(sandbox: Sandbox) -> None:
    granted = exchange(sandbox, code(sandbox)).json()
    headers = sandbox.bearing(granted["access_token"])
    tokens = f"square/{sandbox.merchant_id}/tokens"
    sandbox.control.post(tokens, json={"action": "drop_scope", "scope": "CUSTOMERS_READ"})
    assert error_of(sandbox.square.get("v2/customers", headers=headers))[:2] == (403, "INSUFFICIENT_SCOPES")
    sandbox.control.post(tokens, json={"action": "expire"})
    assert error_of(sandbox.square.get("v2/catalog/list", headers=headers))[:2] == (401, "ACCESS_TOKEN_EXPIRED")
    sandbox.control.post(tokens, json={"action": "revoke"})
    assert error_of(sandbox.square.get("v2/catalog/list", headers=headers))[:2] == (401, "ACCESS_TOKEN_REVOKED")


def test_the_log_never_holds_a_token_a_code_or_a_state(sandbox: Sandbox) -> None:
    given = code(sandbox)
    granted = exchange(sandbox, given).json()
    status(sandbox, granted["access_token"])
    log = sandbox.control.get("log").text
    for secret in (given, granted["access_token"], granted["refresh_token"], CLIENT["client_secret"], "s-1"):
        assert secret not in log
