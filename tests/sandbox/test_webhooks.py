"""Who is told of a change, and whether the signature can be trusted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
from square.utils.webhooks_helper import verify_signature

from integrations.sandbox.square.subscriptions import signature
from tests.sandbox.conftest import Sandbox, error_of

EVENTS = ["customer.created", "customer.updated", "catalog.version.updated", "order.created"]


class Inbox:
    """A listener on loopback that keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.arrived = threading.Semaphore(0)
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.got.append((self.headers["x-square-hmacsha256-signature"], body))
                self.send_response(200)
                self.end_headers()
                inbox.arrived.release()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/square"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, number: int) -> list[dict[str, Any]]:
        for _ in range(number):
            assert self.arrived.acquire(timeout=5), "no delivery came"
        return [orjson.loads(body) for _, body in self.got]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.server.shutdown()


def subscribe(sandbox: Sandbox, url: str) -> dict[str, Any]:
    wish = {"name": "Hub", "notification_url": url, "event_types": EVENTS}
    answer = sandbox.square.post("v2/webhooks/subscriptions", json={"subscription": wish, "idempotency_key": "k"})
    return dict(answer.json()["subscription"])


@pytest.mark.parametrize(
    ("key", "url", "body", "expected"),
    [
        (
            "Ibxx_5AKakO-3qeNVR61Dw",
            "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9",
            '{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification",'
            '"event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z",'
            '"data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}',
            "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=",
        ),
        (
            "signature-key",
            "https://webhook.site/webhooks",
            '{"data":{"type":"webhooks","id":">id<"}}',
            "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=",
        ),
    ],
)
def test_the_signer_agrees_with_the_published_examples(key: str, url: str, body: str, expected: str) -> None:
    assert signature(key, url, body.encode()) == expected


def test_changes_are_delivered_signed_to_those_who_asked(sandbox: Sandbox, inbox: Inbox) -> None:
    key = subscribe(sandbox, inbox.url)["signature_key"]
    changed = sandbox.edit("change", customers=1)["customers"][0]
    sandbox.edit("change", payments=1)
    made = sandbox.edit("create", orders=1)["orders"][0]
    customer, order = sorted(inbox.wait(2), key=lambda event: event["type"])
    assert (customer["type"], customer["data"]["object"]["customer"]["id"]) == ("customer.updated", changed)
    assert order["data"]["object"]["order_created"].keys() >= {"order_id", "location_id", "state", "version"}
    assert order["data"]["id"] == made
    for signed, body in inbox.got:
        assert verify_signature(
            request_body=body.decode(), signature_header=signed, signature_key=key, notification_url=inbox.url
        )


@pytest.mark.parametrize(("kind", "deliveries"), [("now", 1), ("duplicate", 2), ("reordered", 2), ("bad_signature", 1)])
def test_the_control_plane_delivers_in_every_wanted_way(
    sandbox: Sandbox, inbox: Inbox, kind: str, deliveries: int
) -> None:
    key = subscribe(sandbox, inbox.url)["signature_key"]
    customer = next(iter(sandbox.truth("customers")))
    wish = {"kind": kind, "type": "customer.updated", "id": customer}
    told = sandbox.control.post(f"square/{sandbox.merchant_id}/deliver", json=wish).json()["deliveries"]
    events = inbox.wait(deliveries)
    assert [one["status"] for one in told] == [200] * deliveries
    assert len({event["event_id"] for event in events}) == (2 if kind == "reordered" else 1)
    is_good = all(signed == signature(key, inbox.url, body) for signed, body in inbox.got)
    assert is_good == (kind != "bad_signature")


def test_a_rotated_key_signs_from_then_on_and_a_test_event_can_be_sent(sandbox: Sandbox, inbox: Inbox) -> None:
    known = subscribe(sandbox, inbox.url)
    path = f"v2/webhooks/subscriptions/{known['id']}"
    fresh = sandbox.square.post(f"{path}/signature-key", json={}).json()["signature_key"]
    result = sandbox.square.post(f"{path}/test", json={"event_type": "customer.created"}).json()
    assert (fresh != known["signature_key"], result["subscription_test_result"]["status_code"]) == (True, 200)
    inbox.wait(1)
    signed, body = inbox.got[0]
    assert signed == signature(fresh, inbox.url, body)


def test_subscriptions_are_changed_listed_and_removed(sandbox: Sandbox, inbox: Inbox) -> None:
    path = f"v2/webhooks/subscriptions/{subscribe(sandbox, inbox.url)['id']}"
    assert sandbox.square.put(path, json={"subscription": {"enabled": False}}).json()["subscription"]["name"] == "Hub"
    assert sandbox.square.get("v2/webhooks/subscriptions").json() == {}
    shown = sandbox.square.get("v2/webhooks/subscriptions", params={"include_disabled": "true"}).json()
    assert len(shown["subscriptions"]) == 1
    assert sandbox.square.delete(path).json() == {}
    assert error_of(sandbox.square.get(path))[:2] == (404, "NOT_FOUND")


def test_past_events_are_read_for_twenty_eight_days_once_switched_on(sandbox: Sandbox) -> None:
    assert error_of(sandbox.square.post("v2/events", json={}))[0] == 403
    sandbox.square.put("v2/events/enable", json={})
    changed = sandbox.edit("change", customers=3)["customers"]
    wish = {"query": {"filter": {"event_types": ["customer.updated"], "merchant_ids": [sandbox.merchant_id]}}}
    events = sandbox.all("POST", "v2/events", "events", limit=2, **wish)
    assert {event["data"]["id"] for event in events} == set(changed)
    sandbox.advance(28 * 86400)
    assert sandbox.square.post("v2/events", json={}).json() == {}
