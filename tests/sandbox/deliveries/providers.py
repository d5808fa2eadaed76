"""The four providers as these tests see them: how one is told, how something changes there, and who is in an event."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import quickbooks
import stripe
from square.utils.webhooks_helper import verify_signature

from tests.sandbox.deliveries.receiver import Post, Receiver

MINUTE, HOUR = 60, 3600


@dataclass
class Hooked:
    """One provider with a receiver that takes its changes. `who` are the records of a POST, `is_true` judges it."""

    name: str
    control: httpx.Client
    receiver: Receiver
    path: str
    change: dict[str, Any]
    who: Callable[[Post], list[str]]
    is_true: Callable[[Post], bool]
    pauses: list[int] = field(default_factory=list)

    def edit(self, number: int, **wishes: Any) -> list[str]:
        """So many records change, each once; their ids as events name them."""
        kind = next(iter(self.change))
        answer = self.control.post(self.path, json=self.change | {kind: number} | wishes)
        assert answer.status_code == 200, answer.text
        return list(answer.json()[kind])

    def wish(self, **wishes: Any) -> None:
        answer = self.control.post(f"{self.name}/deliveries", json=wishes)
        assert answer.status_code == 200, answer.text

    def counts(self, last: int = 0) -> dict[str, Any]:
        return dict(self.control.get(f"{self.name}/deliveries", params={"last": last}).json())

    def flush(self, **wishes: Any) -> dict[str, Any]:
        return dict(self.control.post(f"{self.name}/deliveries/flush", json=wishes).json())

    def arrived(self, posts: int) -> dict[str, Any]:
        """The counts once so many POSTs were made and are over."""
        for _ in range(5_000):
            counts = self.counts()
            if counts["posts"] >= posts and not counts["in_flight"]:
                return counts
            time.sleep(0.002)
        raise AssertionError(f"{posts} POSTs never came: {counts}")

    def advance(self, seconds: float) -> None:
        self.control.post("clock", json={"advance_seconds": seconds})

    def told(self) -> list[str]:
        """Whom all POSTs so far were about, in their order."""
        return [who for post in self.receiver.got for who in self.who(post)]


def hook_square(control: httpx.Client, url: str, state: dict[str, Any], receiver: Receiver) -> Hooked:
    seller = state["square"]["merchants"][0]
    wish = {"name": "Hub", "notification_url": f"{receiver.url}/square", "event_types": ["customer.updated"]}
    made = httpx.post(
        f"{url}/square/v2/webhooks/subscriptions",
        json={"subscription": wish},
        headers=bearing(seller["personal_token"]),
    ).json()["subscription"]

    def is_true(post: Post) -> bool:
        signed = post.headers.get("x-square-hmacsha256-signature")
        return bool(signed) and verify_signature(
            request_body=post.body.decode(), signature_header=str(signed), signature_key=made["signature_key"],
            notification_url=made["notification_url"],
        )  # fmt: skip

    return Hooked(
        "square", control, receiver, f"square/{seller['id']}/change", {"customers": 0},
        lambda post: [json.loads(post.body)["data"]["id"]], is_true,
        [*(MINUTE * 2**doubled for doubled in range(6)), *[HOUR] * 22],
    )  # fmt: skip


def hook_stripe(control: httpx.Client, url: str, state: dict[str, Any], receiver: Receiver) -> Hooked:
    account = state["stripe"]["accounts"][0]
    made = listen(url, account["secret_key"], f"{receiver.url}/stripe")

    def is_true(post: Post) -> bool:
        return is_stripes(post, made["secret"])

    return Hooked(
        "stripe", control, receiver, f"stripe/{account['id']}/change", {"customers": 0},
        lambda post: [json.loads(post.body)["data"]["object"]["id"]], is_true, [5 * MINUTE, 30 * MINUTE, 2 * HOUR],
    )  # fmt: skip


def hook_mailchimp(control: httpx.Client, url: str, state: dict[str, Any], receiver: Receiver) -> Hooked:
    account = state["mailchimp"]["accounts"][0]
    body = {"url": f"{receiver.url}/mailchimp", "events": {"profile": True}, "sources": {"admin": True}}
    path = f"{url}/mailchimp/us6/3.0/lists/{account['lists'][0]['id']}/webhooks"
    made = httpx.post(path, json=body, auth=("anybody", account["api_key"])).json()

    def who(post: Post) -> list[str]:
        email = parse_qs(post.body.decode())["data[email]"][0]
        return [hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()]

    def is_true(post: Post) -> bool:
        parts = dict(part.split("=", 1) for part in post.headers.get("x-mailchimp-signature", "t=0,v1=").split(","))
        expected = hmac.new(made["signing_secret"].encode(), f"{parts['t']}.".encode() + post.body, hashlib.sha256)
        return hmac.compare_digest(expected.hexdigest(), parts["v1"]) and is_fresh(parts["t"])

    return Hooked(
        "mailchimp", control, receiver, f"mailchimp/{account['id']}/change", {"members": 0, "what": "name"}, who,
        is_true, [MINUTE, 4 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE],
    )  # fmt: skip


def hook_quickbooks(control: httpx.Client, url: str, state: dict[str, Any], receiver: Receiver) -> Hooked:
    realm, token = state["quickbooks"]["accounts"][0]["id"], state["quickbooks"]["verifier_token"]
    control.post("quickbooks/settings", json={"webhook_url": f"{receiver.url}/quickbooks"})
    judge = quickbooks.QuickBooks.__new__(quickbooks.QuickBooks)

    def is_true(post: Post) -> bool:
        signed = post.headers.get("intuit-signature", "")
        return bool(judge.validate_webhook_signature(post.body.decode(), signed, token))

    return Hooked(
        "quickbooks", control, receiver, f"quickbooks/{realm}/change", {"Customer": 0},
        lambda post: [event["intuitentityid"] for event in json.loads(post.body)], is_true,
        [10, 20, 30, 5 * MINUTE, 20 * MINUTE, 2 * HOUR, 4 * HOUR, *[6 * HOUR] * 17],
    )  # fmt: skip


HOOKS = {
    "square": hook_square, "stripe": hook_stripe, "mailchimp": hook_mailchimp, "quickbooks": hook_quickbooks,
}  # fmt: skip


def listen(url: str, key: str, address: str, **wishes: str) -> dict[str, Any]:
    """A webhook endpoint at Stripe."""
    form = {"url": address, "enabled_events[]": "*"} | wishes
    return dict(httpx.post(f"{url}/stripe/v1/webhook_endpoints", data=form, headers=bearing(key)).json())


def is_stripes(post: Post, secret: str) -> bool:
    """By the official judge, which lets the future pass, and by the clock."""
    signed = post.headers.get("stripe-signature", "")
    try:
        stripe.Webhook.construct_event(post.body, signed, secret)
    except stripe.SignatureVerificationError:
        return False
    return is_fresh(signed.partition(",")[0].removeprefix("t="))


def is_fresh(moment: str) -> bool:
    return abs(int(moment) - time.time()) <= 300


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
