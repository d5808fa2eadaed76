"""Connecting, coming back, pausing and ending, as an owner does it page by page."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client

from connections.models import Connection, OAuthState, OAuthToken
from integrations.models import IntegrationConfig, Venue
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page
from tests.provider_sandbox import Sandbox

CALLBACK = "/api/v1/integrations/oauth/callback/square"


def _allow(consent_page: str) -> str:
    """Press Allow at the sandbox and return where it sends the browser."""
    http = requests.Session()
    ticket = http.get(consent_page, timeout=10).text.split('name="ticket" value="')[1].split('"')[0]
    account = http.get(consent_page, timeout=10).text.split('name="account" value="')[1].split('"')[0]
    form = {"ticket": ticket, "account": account, "decision": "allow"}
    where = urlsplit(consent_page)._replace(query="").geturl() + "/decision"
    return http.post(where, data=form, allow_redirects=False, timeout=10).headers["Location"]


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_an_owner_connects_and_is_asked_what_to_sync(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    leaving = client.post("/integrations/square/connect/", {"venue": venue.slug})
    assert leaving.status_code == 303
    assert leaving["Location"].startswith(f"{sandbox.url}/square/oauth2/authorize?")
    back = client.get(_path(_allow(leaving["Location"])))
    assert (back.status_code, back["Location"]) == (303, "/integrations/square/welcome/?venue=lantern-room")
    page = Page(client.get(back["Location"]).content.decode())
    assert page.faults == []
    assert "Square was connected as The Lantern Room" in page.words


def test_the_way_to_the_provider_is_the_only_other_origin_a_form_may_lead_to(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    for answer in (client.get("/integrations/square/connect/"), client.post("/integrations/square/connect/")):
        assert f"form-action 'self' {sandbox.url}" in answer["Content-Security-Policy"]
    assert sandbox.url not in client.get("/integrations/")["Content-Security-Policy"]


def test_a_reconnect_keeps_the_connection_and_returns_to_its_page(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    first = client.post("/integrations/square/connect/")
    client.get(_path(_allow(first["Location"])))
    again = client.post("/integrations/square/connect/")
    back = client.get(_path(_allow(again["Location"])))
    assert back["Location"] == "/integrations/square/?venue=lantern-room"
    assert Connection.objects.count() == 1


def test_declining_at_the_provider_leads_back_with_a_calm_word(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    leaving = client.post("/integrations/square/connect/")
    state = parse_qs(urlsplit(leaving["Location"]).query)["state"][0]
    back = client.get(CALLBACK, {"error": "access_denied", "state": state})
    assert (back.status_code, back["Location"]) == (
        303,
        "/integrations/square/connect/?venue=lantern-room&outcome=denied",
    )
    assert "You declined at Square. Nothing was connected" in " ".join(
        Page(client.get(back["Location"]).content.decode()).words.split()
    )


def test_a_sign_in_that_was_used_cannot_be_used_again(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    back = _path(_allow(client.post("/integrations/square/connect/")["Location"]))
    client.get(back)
    answer = client.get(back)
    assert answer.status_code == 409
    page = Page(answer.content.decode())
    assert (page.headings, page.faults) == (["This sign-in was used already"], [])


def test_a_sign_in_of_another_browser_is_refused(
    sandbox: Sandbox, venue: Venue, owner: User, as_user: SignedIn
) -> None:
    back = _path(_allow(as_user(owner).post("/integrations/square/connect/")["Location"]))
    assert as_user(owner).get(back).status_code == 400
    assert not Connection.objects.exists()
    assert OAuthState.objects.filter(used_at=None).count() == 1


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nothing_of_the_query_is_reflected(owner: User, as_user: SignedIn, accept: str) -> None:
    answer = as_user(owner).get(
        CALLBACK, {"state": "<canary>", "code": "canary", "error_description": "canary"}, headers={"accept": accept}
    )
    assert answer.status_code == 400
    assert "canary" not in answer.content.decode()


def test_a_program_gets_the_problem_as_a_document(owner: User, as_user: SignedIn) -> None:
    answer = as_user(owner).get(CALLBACK, {"state": "x"}, headers={"accept": "application/json"})
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == ("state_invalid", 400)


def test_coming_back_signed_out_asks_to_sign_in_and_stores_nothing(client: Client, db: None) -> None:
    answer = client.get(CALLBACK, {"state": "x", "code": "y"})
    assert answer.status_code == 401
    assert Page(answer.content.decode()).faults == []


def test_a_key_is_tested_without_being_stored(sandbox: Sandbox, owner: User, as_user: SignedIn) -> None:
    key = sandbox.merchant("The Anchor", customers=5)["personal_token"]
    answer = as_user(owner).post("/integrations/square/connect/key/", {"key": key, "test": "1"})
    text = answer.content.decode()
    assert "this key belongs to <strong>The Anchor</strong>" in text
    assert key not in text
    assert not Connection.objects.exists()


def test_a_key_that_works_connects(sandbox: Sandbox, owner: User, as_user: SignedIn) -> None:
    key = sandbox.merchant("The Anchor", customers=5)["personal_token"]
    answer = as_user(owner).post("/integrations/square/connect/key/", {"key": key})
    assert (answer.status_code, answer["Location"]) == (303, "/integrations/square/welcome/?venue=lantern-room")
    assert Connection.objects.get().account_name == "The Anchor"


@pytest.mark.parametrize(
    ("key", "words"),
    [("", "Paste the key first."), ("sandbox-sq0idb-x", "This is an application ID."), ("hello", "does not look like")],
)
def test_a_wrong_key_is_told_what_it_is(owner: User, as_user: SignedIn, key: str, words: str) -> None:
    answer = as_user(owner).post("/integrations/square/connect/key/", {"key": key})
    page = Page(answer.content.decode())
    assert page.faults == []
    assert words in page.technical


def test_a_pause_and_its_end(connection: Connection, operator: User, as_user: SignedIn) -> None:
    client = as_user(operator)
    client.post("/integrations/square/pause/", {"until": "hour", "reason": "Stocktaking"})
    config = IntegrationConfig.objects.get()
    assert (config.is_paused, config.pause_reason, config.paused_by) == (True, "Stocktaking", operator)
    answer = client.post("/integrations/square/resume/", follow=True)
    assert "Square was resumed" in answer.content.decode()
    assert IntegrationConfig.objects.get().is_paused is False


def test_disconnecting_says_what_stops_and_then_destroys_the_access(
    connection: Connection, sandbox: Sandbox, owner: User, as_user: SignedIn
) -> None:
    client = as_user(owner)
    words = Page(client.get("/integrations/square/disconnect/").content.decode()).words
    assert "What stops" in words
    assert "What stays" in words
    answer = client.post("/integrations/square/disconnect/", follow=True)
    assert "Square was disconnected and our access destroyed." in answer.content.decode()
    assert not OAuthToken.objects.exists()


def test_what_is_not_connected_cannot_be_paused(venue: Venue, owner: User, as_user: SignedIn) -> None:
    answer: Any = as_user(owner).post("/integrations/square/pause/")
    assert answer.status_code == 409
    assert "Square is not connected. Connect it first." in answer.content.decode()
