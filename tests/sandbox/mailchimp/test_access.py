"""Who is let in: keys, tokens, data centres, and the way to a token."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.mailchimp.conftest import CALLBACK, CLIENT, ROOT, Sandbox, refusal


def ask(sandbox: Sandbox, **wishes: str) -> httpx.Response:
    query = {"response_type": "code", "client_id": CLIENT["client_id"], "redirect_uri": CALLBACK, "state": "s-1"}
    return sandbox.stranger.get(f"{sandbox.url}/login/oauth2/authorize", params=query | wishes)


def answer(sandbox: Sandbox, page: httpx.Response, decision: str = "allow") -> dict[str, list[str]]:
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    action = re.search(r'action="([^"]+)"', page.text)
    assert ticket is not None
    assert action is not None
    form = {"ticket": ticket[1], "account": sandbox.account["id"], "decision": decision}
    reply = sandbox.stranger.post(page.url.join(action[1]), data=form)
    assert reply.status_code == 302, reply.text
    return parse_qs(urlsplit(reply.headers["Location"]).query)


def exchange(sandbox: Sandbox, given: str, **wishes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": given, **CLIENT}
    return sandbox.stranger.post(f"{sandbox.url}/login/oauth2/token", data=form | wishes)


def token(sandbox: Sandbox) -> str:
    code = answer(sandbox, ask(sandbox))["code"][0]
    return str(exchange(sandbox, code).json()["access_token"])


def metadata(sandbox: Sandbox, authorization: str) -> httpx.Response:
    return sandbox.stranger.get(f"{sandbox.url}/login/oauth2/metadata", headers={"Authorization": authorization})


def ping(sandbox: Sandbox, dc: str = "us6", **headers: str) -> httpx.Response:
    return sandbox.stranger.get(f"{sandbox.url}/{dc}/3.0/ping", headers=headers)


def test_the_consent_page_leads_to_a_token_that_never_expires(sandbox: Sandbox) -> None:
    back = answer(sandbox, ask(sandbox))
    granted = exchange(sandbox, back["code"][0]).json()
    assert back["state"] == ["s-1"]
    assert granted == {"access_token": granted["access_token"], "expires_in": 0, "scope": None}
    sandbox.advance(400 * 86400)
    assert ping(sandbox, Authorization=f"Bearer {granted['access_token']}").status_code == 200


def test_metadata_tells_where_the_account_lives(sandbox: Sandbox) -> None:
    given = token(sandbox)
    for kind in ("OAuth", "Bearer"):
        told = metadata(sandbox, f"{kind} {given}").json()
        assert (told["dc"], told["api_endpoint"]) == ("us6", "https://us6.api.mailchimp.com")
        assert (told["accountname"], told["user_id"]) == ("The Lantern Room", sandbox.account["user_id"])
        assert told["login"].keys() == {"email", "avatar", "login_id", "login_name", "login_email"}
    assert metadata(sandbox, f"Basic {given}").status_code == 401


def test_metadata_can_be_made_to_lie_about_the_data_centre(sandbox: Sandbox) -> None:
    sandbox.settings(metadata_dc="us6.evil.example/")
    told = metadata(sandbox, f"OAuth {token(sandbox)}").json()
    assert told["dc"] == "us6.evil.example/"
    assert told["api_endpoint"] == "https://us6.evil.example/.api.mailchimp.com"


def test_a_no_goes_back_with_the_state_and_a_page_is_answered_once(sandbox: Sandbox) -> None:
    page = ask(sandbox)
    assert answer(sandbox, page, "deny") == {"error": ["access_denied"], "state": ["s-1"]}
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    form = {"ticket": ticket[1], "decision": "allow"}
    assert sandbox.stranger.post(f"{sandbox.url}/login/oauth2/authorize/decision", data=form).status_code == 400


@pytest.mark.parametrize(
    "wish",
    [
        {"client_id": "1"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"response_type": "token"},
        {"scope": "everything"},
        {"redirect_uri": "https://evil.example/"},
    ],
)
def test_a_wrong_authorise_request_never_reaches_the_application(sandbox: Sandbox, wish: dict[str, str]) -> None:
    page = ask(sandbox, **wish)
    assert (page.status_code, 'id="problem"' in page.text) == (400, True)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"client_id": "1"}, (401, "invalid_client")),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, (400, "invalid_grant")),
        ({"grant_type": "refresh_token"}, (400, "unsupported_grant_type")),
        ({"code": "never-given"}, (400, "invalid_grant")),
        ({"state": "s-1"}, (400, "invalid_request")),
        ({"code": ""}, (400, "invalid_request")),
    ],
)
def test_the_token_endpoint_is_exact(sandbox: Sandbox, wish: dict[str, str], expected: tuple[int, str]) -> None:
    refused = exchange(sandbox, answer(sandbox, ask(sandbox))["code"][0], **wish)
    assert (refused.status_code, refused.json()["error"]) == expected


def test_the_token_endpoint_takes_forms_only(sandbox: Sandbox) -> None:
    body = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": "x", **CLIENT}
    refused = sandbox.stranger.post(f"{sandbox.url}/login/oauth2/token", json=body)
    assert refused.json()["error"] == "invalid_request"


def test_a_code_works_once_and_not_for_long(sandbox: Sandbox) -> None:
    first, second = (answer(sandbox, ask(sandbox))["code"][0] for _ in range(2))
    assert exchange(sandbox, first).status_code == 200
    assert exchange(sandbox, first).json()["error"] == "invalid_grant"
    sandbox.advance(31)
    assert exchange(sandbox, second).json()["error"] == "invalid_grant"


def test_a_revoked_token_opens_nothing_and_the_key_lives_on(sandbox: Sandbox) -> None:
    given = token(sandbox)
    assert sandbox.act("tokens", action="revoke") == {"tokens": 1}
    assert refusal(ping(sandbox, Authorization=f"Bearer {given}")) == (401, "API Key Invalid")
    assert metadata(sandbox, f"OAuth {given}").status_code == 401
    assert sandbox.api.get("ping").json() == {"health_status": "Everything's Chimpy!"}
    sandbox.act("tokens", action="revoke", include_personal=True)
    assert refusal(sandbox.api.get("ping")) == (401, "API Key Invalid")


def test_a_disabled_user_is_told_so(sandbox: Sandbox) -> None:
    sandbox.act("tokens", action="disable_user")
    assert refusal(sandbox.api.get("ping")) == (403, "User Disabled")
    sandbox.act("tokens", action="enable_user")
    assert sandbox.api.get("ping").status_code == 200


@pytest.mark.parametrize("action", ["expire", "drop_scope", "explode"])
def test_what_cannot_happen_to_a_token_is_answered_with_a_sentence(sandbox: Sandbox, action: str) -> None:
    answered = sandbox.control.post(f"mailchimp/{sandbox.account['id']}/tokens", json={"action": action})
    assert (answered.status_code, len(answered.json()["error"]) > 15) == (400, True)


def test_a_key_opens_by_basic_with_any_user_or_by_bearer(sandbox: Sandbox) -> None:
    key = sandbox.account["api_key"]
    assert re.fullmatch(r"[0-9a-f]{32}-us6", key)
    for user in ("user", "", "backline"):
        basic = base64.b64encode(f"{user}:{key}".encode()).decode()
        assert ping(sandbox, Authorization=f"Basic {basic}").status_code == 200
    assert ping(sandbox, Authorization=f"Bearer {key}").status_code == 200


def test_what_opens_nothing_is_named(sandbox: Sandbox) -> None:
    key = sandbox.account["api_key"]
    assert refusal(ping(sandbox)) == (401, "API Key Missing")
    assert refusal(ping(sandbox, Authorization="Basic !!")) == (401, "API Key Invalid")
    assert refusal(ping(sandbox, Authorization=f"Bearer {'0' * 32}-us6")) == (401, "API Key Invalid")
    assert refusal(ping(sandbox, Authorization=f"Bearer {key[:32]}")) == (401, "API Key Invalid")
    assert refusal(ping(sandbox, Authorization=f"apikey {key}")) == (401, "API Key Invalid")


def test_keys_and_tokens_work_in_their_own_data_centre_only(sandbox: Sandbox) -> None:
    foreign, given = sandbox.other["api_key"], token(sandbox)
    assert foreign.endswith("-us21")
    assert refusal(ping(sandbox, "us6", Authorization=f"Bearer {foreign}")) == (403, "Wrong Datacenter")
    assert refusal(ping(sandbox, "us21", Authorization=f"Bearer {given}")) == (403, "Wrong Datacenter")
    assert refusal(ping(sandbox, "us99", Authorization=f"Bearer {foreign}")) == (403, "Wrong Datacenter")
    assert ping(sandbox, "us21", Authorization=f"Bearer {foreign}").status_code == 200


def test_a_second_account_sees_nothing_of_the_first(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.other['api_key']}"}
    base = f"{sandbox.url}/us21/3.0"
    assert sandbox.stranger.get(f"{base}/", headers=headers).json()["contact"]["country"] == "DE"
    foreign = sandbox.stranger.get(f"{base}/lists/{sandbox.list_id}", headers=headers)
    assert refusal(foreign) == (404, "Resource Not Found")


def test_remembered_tokens_outlive_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent"]
    command += ["--remember", str(tmp_path / "tokens.json")]
    (tmp_path / "tokens-mailchimp.json").write_text("not json")
    statuses = []
    for _ in range(2):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            account = httpx.get(f"{told['control']}/state").json()["mailchimp"]["accounts"][0]
            known = {"a" * 32: {"account_id": account["id"], "is_revoked": False}}
            authorization = {"Authorization": f"OAuth {'a' * 32}"}
            statuses.append(httpx.get(f"{told['mailchimp']}/login/oauth2/metadata", headers=authorization).status_code)
            process.terminate()
        (tmp_path / "tokens-mailchimp.json").write_text(json.dumps({"tokens": known}))
    assert statuses == [401, 200]
