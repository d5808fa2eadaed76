"""Square's own ways: what a retry says, what its event log keeps, and how a revocation is told."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.deliveries.conftest import Hook
from tests.sandbox.deliveries.providers import Hooked, bearing
from tests.sandbox.deliveries.receiver import Receiver

SECRET = "sandbox-sq0csb-backline-secret"


@pytest.fixture
def square(hook: Hook) -> Hooked:
    return hook("square")


@pytest.fixture
def seller(state: dict[str, Any]) -> dict[str, Any]:
    return dict(state["square"]["merchants"][0])


@pytest.fixture
def api(url: str, seller: dict[str, Any]) -> Any:
    with httpx.Client(base_url=f"{url}/square", headers=bearing(seller["personal_token"])) as api:
        yield api


def token_of(api: httpx.Client, control: httpx.Client, seller: dict[str, Any]) -> str:
    """An access token through the consent page."""
    back, client = "http://127.0.0.1:9/back", "sandbox-sq0idb-backline"
    control.post("square/redirect-uris", json={"uri": back})
    asked = {"client_id": client, "scope": "CUSTOMERS_READ", "state": "s", "redirect_uri": back}
    page = api.get("oauth2/authorize", params=asked).text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket is not None
    form = {"ticket": ticket[1], "account": seller["id"], "decision": "allow"}
    code = parse_qs(urlsplit(api.post("oauth2/authorize/decision", data=form).headers["Location"]).query)["code"][0]
    body = {"client_id": client, "client_secret": SECRET, "grant_type": "authorization_code", "code": code,
            "redirect_uri": back}  # fmt: skip
    return str(api.post("oauth2/token", json=body).json()["access_token"])


def test_a_retry_says_which_it_is_and_why(square: Hooked) -> None:
    square.receiver.answers.extend([500])
    square.edit(1)
    square.arrived(1)
    square.advance(60)
    square.flush()
    first, second = (post.headers for post in square.receiver.got)
    assert "square-retry-number" not in first
    assert (second["square-retry-number"], second["square-retry-reason"]) == ("1", "http_error")
    assert first["square-initial-delivery-timestamp"] == second["square-initial-delivery-timestamp"]


def test_the_event_log_knows_what_was_never_delivered(square: Hooked, api: httpx.Client) -> None:
    api.put("v2/events/enable", json={})
    square.wish(drop=0.5, seed=7)
    changed = square.edit(20)
    square.flush()
    events = api.post("v2/events", json={"limit": 100}).json()["events"]
    came = {json.loads(post.body)["event_id"] for post in square.receiver.got}
    assert sorted(event["data"]["id"] for event in events) == sorted(changed)
    assert came < {event["event_id"] for event in events}


def test_our_own_writes_are_announced_too(square: Hooked, api: httpx.Client, seller: dict[str, Any]) -> None:
    known = api.get("v2/customers", params={"limit": 1}).json()["customers"][0]["id"]
    api.put(f"v2/customers/{known}", json={"note": "Ours"})
    square.flush()
    assert square.told() == [known]


def test_a_subscription_that_is_removed_is_sent_nothing_more(square: Hooked, api: httpx.Client) -> None:
    square.receiver.answers.append(500)
    square.edit(1)
    square.arrived(1)
    (known,) = api.get("v2/webhooks/subscriptions").json()["subscriptions"]
    api.delete(f"v2/webhooks/subscriptions/{known['id']}")
    square.advance(60)
    assert (square.flush()["given_up"], len(square.receiver.got)) == (1, 1)


def test_a_new_key_signs_what_is_tried_again(square: Hooked, api: httpx.Client) -> None:
    square.receiver.answers.append(500)
    square.edit(1)
    square.arrived(1)
    (known,) = api.get("v2/webhooks/subscriptions").json()["subscriptions"]
    api.post(f"v2/webhooks/subscriptions/{known['id']}/signature-key", json={})
    square.advance(60)
    square.flush()
    assert [square.is_true(post) for post in square.receiver.got] == [True, False]


@pytest.mark.parametrize("revoker", ["MERCHANT", "APPLICATION"])
def test_both_the_seller_and_we_can_revoke_and_either_is_told(
    api: httpx.Client, control: httpx.Client, seller: dict[str, Any], receiver: Receiver, revoker: str
) -> None:
    wish = {"name": "Hub", "notification_url": receiver.url, "event_types": ["oauth.authorization.revoked"]}
    api.post("v2/webhooks/subscriptions", json={"subscription": wish})
    token = token_of(api, control, seller)
    if revoker == "MERCHANT":
        control.post(f"square/{seller['id']}/tokens", json={"action": "revoke"})
    else:
        body = {"client_id": "sandbox-sq0idb-backline", "access_token": token}
        api.post("oauth2/revoke", json=body, headers={"Authorization": f"Client {SECRET}"})
    control.post("square/deliveries/flush", json={})
    (event,) = (json.loads(post.body) for post in receiver.got)
    assert (event["type"], event["merchant_id"]) == ("oauth.authorization.revoked", seller["id"])
    assert event["data"]["object"]["revocation"]["revoker_type"] == revoker
