"""Consent, tokens and their rotation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.sandbox.clock import VirtualClock
from integrations.sandbox.doubles import Opening
from integrations.sandbox.quickbooks.opening import open_quickbooks
from tests.sandbox.quickbooks.conftest import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    JSON,
    SCOPE,
    Books,
    api_of,
    consent,
    fault_of,
)  # fmt: skip


def test_the_discovery_document_leads_to_the_endpoints(books: Books) -> None:
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        found = httpx.get(f"{books.url}/.well-known/{name}/").json()
        assert found["authorization_endpoint"] == f"{books.url}/connect/oauth2"
        assert found["token_endpoint"] == f"{books.url}/oauth2/v1/tokens/bearer"
        assert found["revocation_endpoint"] == f"{books.url}/v2/oauth2/tokens/revoke"


def test_a_yes_brings_code_state_and_realm(books: Books) -> None:
    back = consent(books)
    assert dict(back.params) == {"code": back.params["code"], "state": "s-1", "realmId": books.realm}


def test_a_no_brings_error_and_state(books: Books) -> None:
    assert dict(consent(books, decision="deny").params) == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize(
    "change",
    [{"client_id": "x"}, {"redirect_uri": CALLBACK + "/"}, {"scope": "everything"}, {"response_type": "token"},
     {"state": ""}, {"prompt": "login"}],
)  # fmt: skip
def test_a_wrong_request_is_shown_to_the_person(books: Books, change: dict[str, str]) -> None:
    query = {"client_id": CLIENT_ID, "response_type": "code", "scope": SCOPE, "redirect_uri": CALLBACK, "state": "s"}
    answer = httpx.get(f"{books.url}/connect/oauth2", params=query | change)
    assert answer.status_code == 400
    assert 'id="problem"' in answer.text


def test_a_code_works_once(books: Books) -> None:
    code = consent(books).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    first, second = books.token_call(form), books.token_call(form)
    assert set(first.json()) == {"token_type", "access_token", "expires_in", "refresh_token",
                                 "x_refresh_token_expires_in"}  # fmt: skip
    assert (first.json()["expires_in"], first.json()["x_refresh_token_expires_in"]) == (3600, 8_726_400)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert "intuit_tid" in second.headers


def test_a_code_is_too_old_after_ten_minutes(books: Books) -> None:
    code = consent(books).params["code"]
    books.advance(601)
    refused = books.token_call({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})
    assert refused.json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_address(books: Books) -> None:
    code = consent(books).params["code"]
    refused = books.token_call(
        {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://127.0.0.1:9/other"}
    )
    assert refused.json()["error"] == "invalid_grant"


def test_each_refresh_gives_a_new_refresh_token_and_kills_the_old_one(books: Books) -> None:
    granted = books.tokens("grant")
    renewed = books.refresh(granted["refresh_token"]).json()
    refused = books.refresh(granted["refresh_token"])
    assert renewed["refresh_token"] != granted["refresh_token"]
    assert refused.status_code == 400
    assert refused.json() == {
        "error": "invalid_grant", "error_description": "Incorrect or invalid refresh token",
    }  # fmt: skip
    assert books.refresh(renewed["refresh_token"]).status_code == 200
    assert books.state()["accounts"][0]["token_calls"]["refreshes"] == 2


def test_the_old_refresh_token_works_on_for_its_grace(books: Books) -> None:
    books.freeze()
    books.settings(grace_seconds=60)
    granted = books.tokens("grant")
    renewed = books.refresh(granted["refresh_token"]).json()
    again = books.refresh(granted["refresh_token"]).json()
    books.advance(61)
    assert again["refresh_token"] == renewed["refresh_token"]
    assert books.refresh(granted["refresh_token"]).status_code == 400


def test_rotation_can_wait_for_a_day(books: Books) -> None:
    books.settings(rotate_every_seconds=86_400)
    granted = books.tokens("grant")
    soon = books.refresh(granted["refresh_token"]).json()
    books.advance(86_400)
    later = books.refresh(granted["refresh_token"]).json()
    assert soon["refresh_token"] == granted["refresh_token"] != later["refresh_token"]


def test_a_refresh_token_dies_unused_and_after_five_years_at_the_latest(books: Books) -> None:
    books.freeze()
    books.settings(rotate_every_seconds=None)
    idle, used = books.tokens("grant")["refresh_token"], books.tokens("grant")["refresh_token"]
    for _ in range(19):
        books.advance(95 * 86_400)
        assert books.refresh(used).status_code == 200
    assert books.refresh(idle).status_code == 400
    last = httpx.post(
        f"{books.url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": used},
        auth=(CLIENT_ID, CLIENT_SECRET),
        headers=JSON | {"x-include-refresh-token-hard-expires-in": "true"},
    ).json()
    assert last["x_refresh_token_expires_in"] == last["x_refresh_token_hard_expires_in"] == 20 * 86_400
    books.advance(20 * 86_400)
    assert books.refresh(used).status_code == 400


def test_the_token_endpoint_wants_our_client_a_form_and_json_back(books: Books) -> None:
    token, url = books.tokens("grant")["refresh_token"], f"{books.url}/oauth2/v1/tokens/bearer"
    form = {"grant_type": "refresh_token", "refresh_token": token}
    answers = [
        books.token_call(form, client=(CLIENT_ID, "wrong")),
        httpx.post(url, json=form, auth=(CLIENT_ID, CLIENT_SECRET), headers=JSON),
        httpx.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET)),
        httpx.post(url, data=form | {"scope": SCOPE}, auth=(CLIENT_ID, CLIENT_SECRET), headers=JSON),
        books.token_call({"grant_type": "password"}),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (401, "invalid_client"), (400, "invalid_request"), (400, "invalid_request"), (400, "invalid_request"),
        (400, "unsupported_grant_type"),
    ]  # fmt: skip
    assert books.refresh(token).status_code == 200


def test_revoking_any_token_kills_the_whole_grant(books: Books) -> None:
    granted = books.tokens("grant")
    renewed = books.refresh(granted["refresh_token"]).json()
    url, auth = f"{books.url}/v2/oauth2/tokens/revoke", (CLIENT_ID, CLIENT_SECRET)
    revoked = httpx.post(url, json={"token": renewed["access_token"]}, auth=auth, headers=JSON)
    assert (revoked.status_code, revoked.content) == (200, b"")
    assert books.refresh(renewed["refresh_token"]).status_code == 400
    refused = api_of(books.url, books.realm, granted["access_token"]).get("customer/1")
    assert fault_of(refused) == (401, "3200")
    assert httpx.post(url, json={"token": renewed["access_token"]}, auth=auth, headers=JSON).status_code == 400


def test_an_access_token_lives_an_hour_and_its_refusal_is_lower_case(books: Books) -> None:
    books.advance(3601)
    refused = books.api.get("customer/1")
    assert refused.status_code == 401
    assert refused.json()["fault"]["type"] == "AUTHENTICATION"
    assert refused.json()["fault"]["error"][0]["code"] == "3200"


def test_the_control_plane_expires_and_revokes(books: Books) -> None:
    token = books.account["credentials"]["refresh_token"]
    books.tokens("expire")
    assert fault_of(books.api.get("customer/1")) == (401, "3200")
    renewed = books.refresh(token).json()
    books.tokens("expire_refresh")
    assert books.refresh(renewed["refresh_token"]).status_code == 400
    fresh = books.tokens("grant")
    books.tokens("revoke")
    assert books.refresh(fresh["refresh_token"]).status_code == 400


def test_a_token_opens_its_own_company_only(books: Books) -> None:
    other = api_of(books.url, books.others[0]["id"], books.account["credentials"]["access_token"])
    assert fault_of(other.get("customer/1")) == (403, "3100")


def test_a_token_without_the_books_in_its_scope_opens_nothing(books: Books) -> None:
    code = consent(books, scope="openid email").params["code"]
    token = books.token_call({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}).json()[
        "access_token"
    ]
    assert fault_of(api_of(books.url, books.realm, token).get("customer/1")) == (403, "3100")


def test_the_log_names_the_company_of_the_credential(books: Books) -> None:
    books.api.get("customer/1")
    entry = books.control.get("log").json()["entries"][-1]
    assert (entry["merchant"], entry["status"]) == (books.realm, 200)
    assert "/v3/company/{realm}/customer/{id}" in books.control.get("log/counts").json()["by_path"]


def test_given_tokens_outlive_the_process_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    control: Any = open_quickbooks(Opening(VirtualClock(), remember=file)).control
    realm = control.state()["accounts"][0]["id"]
    company = control._company(realm)
    granted = control._tokens(company, {"action": "grant"})
    again: Any = open_quickbooks(Opening(VirtualClock(), remember=file)).desk
    assert again.double.grants.by_refresh[granted["refresh_token"]].realm == realm
    kept = json.loads(file.read_text())["grants"]
    assert [one["refresh"] for one in kept] == [granted["refresh_token"]]


def test_a_scope_that_is_taken_back_is_forbidden_at_once(books: Books) -> None:
    books.tokens("drop_scope")
    assert fault_of(books.api.get("customer/1")) == (403, "3100")
    assert books.refresh(books.account["credentials"]["refresh_token"]).status_code == 200
