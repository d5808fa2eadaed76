"""Connecting, renewing, replacing and ending, for real: the sandbox answers over loopback HTTP."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connections as database_connections
from django.utils import timezone
from rest_framework.test import APIClient

from connections import credentials
from connections.models import Connection, OAuthToken, Status, VenueApiKey
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.factories import ConnectionFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db
CONNECT = "/api/v1/integrations/connect/square"
SIZES = {"customers": 3, "products": 2, "orders": 2, "refunds": 0, "payout_days": 1}


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(**SIZES)


@pytest.fixture
def client(as_user: SignedIn, owner: Any) -> APIClient:
    return as_user(owner)


def consent(authorization_url: str, seller: dict[str, Any], decision: str = "allow") -> str:
    """Answer the consent page as the seller and return the address that the browser is sent back to."""
    page = requests.get(authorization_url, timeout=10)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket, page.text
    form = {"ticket": ticket[1], "decision": decision, "account": seller["id"]}
    address = authorization_url.split("?")[0] + "/decision"
    return requests.post(address, data=form, allow_redirects=False, timeout=10).headers["Location"]


def signed_in_at_square(client: APIClient, seller: dict[str, Any], path: str = CONNECT, **body: Any) -> Connection:
    """Make the whole trip and return the connection."""
    began = client.post(path, {"method": "oauth", **body} if path == CONNECT else body)
    assert began.status_code == 201, began.content
    back = urlsplit(consent(began.json()["authorization_url"], seller))
    assert client.get(f"{back.path}?{back.query}").status_code in (302, 303)
    return Connection.objects.get(provider="square")


def calls_to(sandbox: Sandbox, path: str) -> int:
    """Return how many calls the sandbox saw at an address."""
    return sum(count for each, count in sandbox.ask("GET", "/log/counts")["by_path"].items() if each.endswith(path))


def test_a_sign_in_begins_with_an_address_that_lasts_ten_minutes(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    answer = client.post(CONNECT, {"method": "oauth"})
    assert answer.status_code == 201
    assert set(answer.json()) == {"authorization_url", "expires_at"}
    assert answer.json()["authorization_url"].startswith(f"{sandbox.url}/square/oauth2/authorize?")
    assert_as_described(openapi, answer, "/api/v1/integrations/connect/{provider}/", "post")


def test_a_sign_in_ends_in_a_connection_with_what_was_chosen(
    client: APIClient, seller: dict[str, Any], venue: Venue
) -> None:
    signed_in_at_square(client, seller, config={"objects": ["customer", "order"], "interval_minutes": 30})
    made = Connection.objects.get(venue=venue)
    config = IntegrationConfig.objects.get(venue=venue)
    assert (made.status, made.account_id, made.method) == ("connected", seller["id"], "oauth")
    assert (config.directions, config.interval_minutes) == ({"customer": "in", "order": "in"}, 30)


def test_a_second_connection_is_refused_and_changes_nothing(
    client: APIClient, seller: dict[str, Any], venue: Venue
) -> None:
    ConnectionFactory(venue=venue)
    before = IntegrationConfig.objects.values().get()
    answer = client.post(CONNECT, {"method": "oauth", "config": {"objects": ["order"]}})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_connected")
    assert IntegrationConfig.objects.values().get() == before


def test_a_key_is_checked_live_and_connects_at_once(
    client: APIClient, seller: dict[str, Any], venue: Venue, openapi: dict[str, Any]
) -> None:
    key = seller["personal_token"]
    answer = client.post(CONNECT, {"method": "api_key", "api_key": key, "config": {"interval_minutes": 60}})
    assert answer.status_code == 201
    made, stored = Connection.objects.get(venue=venue), VenueApiKey.objects.get()
    body = answer.json()
    assert body.pop("connected_at")
    assert body["access"].pop("obtained_at")
    assert body == {
        "connection": str(made.pk),
        "provider": "square",
        "status": "connected",
        "account": {"id": seller["id"], "name": "The Lantern Room"},
        "scopes": made.scopes,
        "access": {
            "method": "api_key",
            "present": True,
            "access_expires_at": None,
            "refresh_expires_at": None,
            "refresh_ends_at": None,
            "key": {"last4": key[-4:], "fingerprint": stored.fingerprint},
        },
    }
    assert credentials.open_secret(stored, "key").reveal() == key
    assert IntegrationConfig.objects.get().interval_minutes == 60
    assert_as_described(openapi, answer, "/api/v1/integrations/connect/{provider}/", "post")


def test_a_key_that_square_does_not_know_is_refused_and_not_stored(client: APIClient, sandbox: Sandbox) -> None:
    wrong = "EAAA" + "x" * 60
    answer = client.post(CONNECT, {"method": "api_key", "api_key": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "credentials_rejected")
    assert wrong not in answer.content.decode()
    assert not Connection.objects.exists()


def test_a_key_is_not_stored_while_square_is_down(client: APIClient, seller: dict[str, Any], sandbox: Sandbox) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 503, "times": -1})
    answer = client.post(CONNECT, {"method": "api_key", "api_key": seller["personal_token"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_down")
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "body", [{"method": "api_key"}, {"method": "oauth", "api_key": "EAAAx"}, {"method": "magic"}, {}]
)
def test_a_method_and_its_key_belong_together(client: APIClient, body: dict[str, str]) -> None:
    answer = client.post(CONNECT, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_a_dry_run_only_looks_at_the_new_key(
    client: APIClient, seller: dict[str, Any], openapi: dict[str, Any]
) -> None:
    key = {"api_key": seller["personal_token"]}
    client.post(CONNECT, {"method": "api_key", **key})
    answer = client.post("/api/v1/integrations/square/api-key", {**key, "dry_run": True})
    assert answer.status_code == 200
    assert (answer.json()["valid"], answer.json()["account"]["id"]) == (True, seller["id"])
    assert VenueApiKey.objects.count() == 1
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/api-key/", "post")


def test_a_new_key_retires_the_old_one(client: APIClient, seller: dict[str, Any]) -> None:
    key = {"api_key": seller["personal_token"]}
    client.post(CONNECT, {"method": "api_key", **key})
    assert client.post("/api/v1/integrations/square/api-key", key).status_code == 200
    assert sorted((each.status, each.key is None) for each in VenueApiKey.objects.all()) == [
        ("active", False),
        ("retired", True),
    ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_key_of_another_account_is_refused(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox, dry_run: bool
) -> None:
    client.post(CONNECT, {"method": "api_key", "api_key": seller["personal_token"]})
    other = sandbox.merchant("The Other Room", **SIZES)
    body = {"api_key": other["personal_token"], "dry_run": dry_run}
    answer = client.post("/api/v1/integrations/square/api-key", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "different_account")
    assert VenueApiKey.objects.get().last4 == seller["personal_token"][-4:]


def test_fresh_access_is_left_alone_unless_forced(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    signed_in_at_square(client, seller)
    sandbox.clear_log()
    refresh = "/api/v1/integrations/oauth/refresh/square"
    answer = client.post(refresh, {})
    assert (answer.status_code, answer.json()["refreshed"]) == (200, False)
    assert calls_to(sandbox, "/oauth2/token") == 0
    forced = client.post(refresh, {"force": True})
    assert (forced.status_code, forced.json()["refreshed"]) == (200, True)
    assert calls_to(sandbox, "/oauth2/token") == 1
    assert OAuthToken.objects.get().version == 2
    assert_as_described(openapi, forced, "/api/v1/integrations/oauth/refresh/{provider}/", "post")


@pytest.mark.django_db(transaction=True)
def test_renewals_at_the_same_moment_share_one_call(
    as_user: SignedIn, owner: Any, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    signed_in_at_square(as_user(owner), seller)
    delay = {"provider": "square", "path": "/oauth2/token", "kind": "delay", "seconds": 1.0, "times": -1}
    sandbox.ask("POST", "/faults", delay)
    sandbox.clear_log()
    clients = [as_user(owner) for _ in range(4)]

    def renew(client: APIClient) -> int:
        try:
            return client.post("/api/v1/integrations/oauth/refresh/square", {"force": True}).status_code
        finally:
            database_connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as at_once:
        assert list(at_once.map(renew, clients)) == [200] * 4
    assert calls_to(sandbox, "/oauth2/token") == 1
    assert OAuthToken.objects.get().version == 2


def test_access_about_to_end_is_renewed_without_force(client: APIClient, seller: dict[str, Any]) -> None:
    signed_in_at_square(client, seller)
    OAuthToken.objects.update(access_expires_at=timezone.now() + timedelta(minutes=1))
    assert client.post("/api/v1/integrations/oauth/refresh/square", {}).json()["refreshed"] is True


def test_a_refused_renewal_marks_the_connection_and_says_reconnect(
    client: APIClient, venue: Venue, sandbox: Sandbox
) -> None:
    ConnectionFactory(venue=venue)  # its tokens are canaries that the sandbox does not know
    answer = client.post("/api/v1/integrations/oauth/refresh/square", {"force": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "reauth_required")
    assert Connection.objects.get().status == Status.REAUTHORISE


def test_a_renewal_while_square_is_down_keeps_the_connection(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    signed_in_at_square(client, seller)
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 503, "times": -1})
    answer = client.post("/api/v1/integrations/oauth/refresh/square", {"force": True})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "provider_down", "60")
    assert Connection.objects.get().status == Status.CONNECTED


def test_a_key_cannot_be_renewed(client: APIClient, seller: dict[str, Any]) -> None:
    client.post(CONNECT, {"method": "api_key", "api_key": seller["personal_token"]})
    answer = client.post("/api/v1/integrations/oauth/refresh/square", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_refreshable")


def test_a_reconnect_first_tries_the_access_that_is_there(client: APIClient, seller: dict[str, Any]) -> None:
    signed_in_at_square(client, seller)
    Connection.objects.update(status=Status.REAUTHORISE)
    answer = client.post("/api/v1/integrations/square/reconnect", {})
    assert (answer.status_code, answer.json()) == (200, {"reconnected": True})
    assert Connection.objects.get().status == Status.CONNECTED


def test_a_reconnect_with_dead_access_leads_to_the_consent_page_and_back(
    client: APIClient, venue: Venue, seller: dict[str, Any]
) -> None:
    before = ConnectionFactory(venue=venue, account_id=seller["id"], status=Status.REAUTHORISE)
    after = signed_in_at_square(client, seller, "/api/v1/integrations/square/reconnect")
    assert (after.pk, after.status) == (before.pk, "connected")


def test_a_reconnect_refuses_another_account(client: APIClient, venue: Venue, seller: dict[str, Any]) -> None:
    ConnectionFactory(venue=venue, account_id="MSOMEONEELSE", status=Status.REAUTHORISE)
    began = client.post("/api/v1/integrations/square/reconnect", {})
    back = urlsplit(consent(began.json()["authorization_url"], seller))
    answer = client.get(f"{back.path}?{back.query}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (409, "different_account")


def test_a_key_that_still_works_reconnects(client: APIClient, seller: dict[str, Any]) -> None:
    client.post(CONNECT, {"method": "api_key", "api_key": seller["personal_token"]})
    Connection.objects.update(status=Status.REAUTHORISE)
    assert client.post("/api/v1/integrations/square/reconnect", {}).json() == {"reconnected": True}


def test_disconnecting_revokes_at_square_and_destroys_our_access(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox, openapi: dict[str, Any]
) -> None:
    made = signed_in_at_square(client, seller)
    access = credentials.open_secret(OAuthToken.objects.get(), "access_token").reveal()
    answer = client.post("/api/v1/integrations/square/disconnect", {"reason": "We close."})
    assert answer.status_code == 200
    assert [(each["step"], each["result"]) for each in answer.json()["steps"]] == [
        ("stop_syncs", "done"),
        ("remove_webhooks", "skipped"),
        ("revoke", "done"),
        ("destroy_access", "done"),
    ]
    made.refresh_from_db()
    assert (made.status, made.revoked_at_provider, OAuthToken.objects.count()) == ("disconnected", True, 0)
    headers = {
        "Authorization": f"Bearer {access}",
        "Square-Version": PROVIDERS["square"].spec.headers["Square-Version"],
    }
    assert requests.get(f"{sandbox.url}/square/v2/locations", headers=headers, timeout=10).status_code == 401
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/disconnect/", "post")


def test_disconnecting_twice_finds_nothing_to_do(client: APIClient, connection: Connection) -> None:
    address = "/api/v1/integrations/square/disconnect"
    client.post(address, {"revoke": False})
    again = client.post(address, {"revoke": False})
    assert (again.status_code, [each["result"] for each in again.json()["steps"]]) == (200, ["nothing_to_do"])


def test_a_revoke_that_fails_is_a_warning_and_the_secret_goes_all_the_same(
    client: APIClient, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    signed_in_at_square(client, seller)
    fault = {"provider": "square", "path": "/oauth2/revoke", "kind": "status", "status": 503, "times": -1}
    sandbox.ask("POST", "/faults", fault)
    steps = client.post("/api/v1/integrations/square/disconnect", {}).json()["steps"]
    assert {each["step"]: each["result"] for each in steps}["revoke"] == "warning"
    assert not OAuthToken.objects.exists()
