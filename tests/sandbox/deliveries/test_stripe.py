"""Stripe's own ways: what its event list says of deliveries, rolled secrets, live accounts, ends of connections."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.deliveries.conftest import Hook
from tests.sandbox.deliveries.providers import HOUR, MINUTE, Hooked, bearing, is_stripes, listen
from tests.sandbox.deliveries.receiver import Receiver

PLATFORM = "sk_test_SandboxBacklinePlatform"
DAY = 24 * HOUR


@pytest.fixture
def stripe(hook: Hook) -> Hooked:
    return hook("stripe")


@pytest.fixture
def account(state: dict[str, Any]) -> dict[str, Any]:
    return dict(state["stripe"]["accounts"][0])


@pytest.fixture
def api(url: str, account: dict[str, Any]) -> Any:
    with httpx.Client(base_url=f"{url}/stripe", headers=bearing(account["secret_key"])) as api:
        yield api


def told_of(api: httpx.Client, delivered: str) -> set[str]:
    """Whom the events are about that were delivered, or not."""
    asked = {"type": "customer.updated", "delivery_success": delivered, "limit": 100}
    return {event["data"]["object"]["id"] for event in api.get("v1/events", params=asked).json()["data"]}


def test_events_that_never_came_are_not_delivered(stripe: Hooked, api: httpx.Client) -> None:
    stripe.wish(drop=0.4, duplicate=0.2, seed=7)
    changed = stripe.edit(30)
    stripe.flush()
    assert told_of(api, "true") == set(stripe.told())
    assert told_of(api, "false") == set(changed) - set(stripe.told()) != set()


def test_an_event_is_delivered_once_a_retry_was_acknowledged(stripe: Hooked, api: httpx.Client) -> None:
    stripe.receiver.answers.append(500)
    changed = stripe.edit(1)
    stripe.arrived(1)
    assert (told_of(api, "false"), told_of(api, "true")) == (set(changed), set())
    stripe.advance(300)
    stripe.flush()
    assert (told_of(api, "false"), told_of(api, "true")) == (set(), set(changed))


def test_an_event_of_two_endpoints_is_delivered_when_both_have_it(
    stripe: Hooked, api: httpx.Client, url: str, account: dict[str, Any], receiver: Receiver
) -> None:
    listen(url, account["secret_key"], f"{receiver.url}/second")
    receiver.judge = lambda post: 500 if post.path == "/second" else 200
    stripe.wish(duplicate=1)
    changed = stripe.edit(1)
    stripe.arrived(4)
    assert told_of(api, "false") == set(changed)
    (event,) = api.get("v1/events", params={"delivery_success": "false"}).json()["data"]
    assert event["pending_webhooks"] == 1


def test_both_secrets_sign_for_a_day_after_one_was_rolled(
    control: httpx.Client, url: str, account: dict[str, Any], receiver: Receiver
) -> None:
    made = listen(url, account["secret_key"], receiver.url)
    path = f"stripe/{account['id']}"
    fresh = control.post(f"{path}/roll", json={"endpoint": made["id"]}).json()["secret"]
    for seconds in (0, DAY):
        control.post("clock", json={"advance_seconds": seconds})
        control.post(f"{path}/change", json={"customers": 1})
        control.post("stripe/deliveries/flush", json={})
    judged = [[is_stripes(post, secret) for secret in (made["secret"], fresh)] for post in receiver.got]
    assert judged == [[True, True], [False, True]]
    assert control.post(f"{path}/roll", json={"endpoint": "we_1"}).status_code == 400


def test_live_events_are_tried_for_three_days(
    control: httpx.Client, url: str, receiver: Receiver, state: dict[str, Any]
) -> None:
    made = control.post("stripe/accounts", json={"name": "Live", "livemode": True, "sizes": {"customers": 5}}).json()
    listen(url, made["secret_key"], receiver.url)
    receiver.judge = lambda post: 500
    control.post(f"stripe/{made['id']}/change", json={"customers": 1})
    hooked = Hooked("stripe", control, receiver, "", {}, lambda post: [], lambda post: True)
    pauses = [5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR]
    for tries, pause in enumerate(pauses, start=1):
        hooked.arrived(tries)
        hooked.advance(pause)
    assert hooked.arrived(10)["given_up"] == 1
    assert 2 * DAY < sum(pauses) < 3 * DAY


@pytest.mark.parametrize("who", ["venue", "platform"])
def test_the_end_of_a_connection_is_told_whoever_ended_it(
    control: httpx.Client, url: str, api: httpx.Client, account: dict[str, Any], receiver: Receiver, who: str
) -> None:
    made = listen(url, PLATFORM, receiver.url, connect="true")
    connect(api, control, account["id"])
    if who == "venue":
        control.post(f"stripe/{account['id']}/tokens", json={"action": "revoke"})
    else:
        form = {"client_id": "ca_SandboxBackline", "stripe_user_id": account["id"]}
        api.post("oauth/deauthorize", data=form, headers=bearing(PLATFORM))
    control.post("stripe/deliveries/flush", json={})
    (post,) = receiver.got
    event = json.loads(post.body)
    assert (event["type"], event["account"]) == ("account.application.deauthorized", account["id"])
    assert is_stripes(post, made["secret"])


def test_an_endpoint_that_is_removed_is_sent_nothing_more(stripe: Hooked, api: httpx.Client) -> None:
    stripe.receiver.answers.append(500)
    changed = stripe.edit(1)
    stripe.arrived(1)
    (known,) = api.get("v1/webhook_endpoints").json()["data"]
    api.delete(f"v1/webhook_endpoints/{known['id']}")
    stripe.advance(300)
    assert (stripe.flush()["given_up"], len(stripe.receiver.got)) == (1, 1)
    assert told_of(api, "false") == set(changed)


def connect(api: httpx.Client, control: httpx.Client, account_id: str) -> None:
    """Connect the account to the platform through the consent page."""
    back = "http://127.0.0.1:9/back"
    control.post("stripe/redirect-uris", json={"uri": back})
    asked = {"client_id": "ca_SandboxBackline", "response_type": "code", "scope": "read_write", "redirect_uri": back}
    ticket = re.search(r'name="ticket" value="([^"]+)"', api.get("oauth/authorize", params=asked).text)
    assert ticket is not None
    form = {"ticket": ticket[1], "account": account_id, "decision": "allow"}
    code = parse_qs(urlsplit(api.post("oauth/authorize/decision", data=form).headers["Location"]).query)["code"][0]
    granted = api.post(
        "oauth/token", data={"grant_type": "authorization_code", "code": code}, headers=bearing(PLATFORM)
    )
    assert granted.status_code == 200
