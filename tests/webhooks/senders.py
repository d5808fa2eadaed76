"""The four providers as senders: what they say about one of our objects, and how they sign it, by their documents."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

PUBLIC_URL = "https://hub.example.test"
PATH = "/api/v1/integrations/webhooks"
Headers = dict[str, str]


def url(provider: str, token: str = "") -> str:
    return f"{PUBLIC_URL}{PATH}/{provider}" + (f"/{token}" if token else "")


def digest(secret: str, signed: bytes, method: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), signed, getattr(hashlib, method)).digest()


def square_event(number: int = 1, *, account: str = "M1", kind: str = "customer.updated", **more: Any) -> bytes:
    told = {"type": kind.partition(".")[0], "id": f"OBJ{number}", "object": {}}
    envelope = {
        "merchant_id": account, "type": kind, "event_id": f"event-{number}", "created_at": "2026-11-22T09:00:00Z",
        "data": told,
    }  # fmt: skip
    return orjson.dumps(envelope | more)


def stripe_event(number: int = 1, *, account: str = "acct_1", kind: str = "customer.updated", **more: Any) -> bytes:
    told = {"object": kind.partition(".")[0], "id": f"obj_{number}"}
    event = {"id": f"evt_{number}", "object": "event", "type": kind, "created": 1_795_338_000, "data": {"object": told}}
    return orjson.dumps(event | ({"account": account} if account else {}) | more)


def mailchimp_event(number: int = 1, *, account: str = "", kind: str = "profile", **more: str) -> bytes:
    fields = {
        "type": kind, "fired_at": "2026-11-22 09:00:00", "data[id]": f"{number:010x}", "data[list_id]": "a6b5da1054",
        "data[email]": f"person{number}@example.test", "data[merges][FNAME]": "Zoë",
    }  # fmt: skip
    return urlencode(fields | more).encode()


def quickbooks_event(number: int = 1, *, account: str = "9130350", kind: str = "customer", **more: Any) -> bytes:
    return orjson.dumps([cloud_event(number, account=account, kind=kind, **more)])


def cloud_event(number: int, *, account: str, kind: str = "customer", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"cloud-{number}", "source": "intuit.source", "type": f"qbo.{kind}.updated.v1",
        "datacontenttype": "application/json", "time": "2026-11-22T09:00:00.179851517Z",
        "intuitentityid": str(number), "intuitaccountid": account, "data": {},
    } | more  # fmt: skip


def _square(body: bytes, secret: str, url: str, at: int) -> Headers:
    return {"x-square-hmacsha256-signature": base64.b64encode(digest(secret, url.encode() + body)).decode()}


def _timed(name: str) -> Callable[[bytes, str, str, int], Headers]:
    return lambda body, secret, url, at: {name: f"t={at},v1={digest(secret, f'{at}.'.encode() + body).hex()}"}


def _quickbooks(body: bytes, secret: str, url: str, at: int) -> Headers:
    return {"intuit-signature": base64.b64encode(digest(secret, body)).decode()}


@dataclass(frozen=True)
class Sender:
    """One provider: its account here, its secret, how it tells of a change, and the header that its signature is in."""

    key: str
    account: str
    secret: str
    header: str
    event: Callable[..., bytes]
    _sign: Callable[[bytes, str, str, int], Headers]
    content_type: str = "application/json"
    timed: bool = False

    def sign(self, body: bytes, *, secret: str = "", to: str = "", at: int | None = None) -> Headers:
        """Return the header that proves the body."""
        moment = int(time.time()) if at is None else at
        return self._sign(body, secret or self.secret, to or url(self.key), moment)

    def __str__(self) -> str:
        return self.key


SQUARE = Sender("square", "M1", "square-signing-canary", "x-square-hmacsha256-signature", square_event, _square)
STRIPE = Sender(
    "stripe", "acct_1", "whsec_signing-canary", "stripe-signature", stripe_event, _timed("stripe-signature"),
    timed=True,
)  # fmt: skip
MAILCHIMP = Sender(
    "mailchimp", "us21.account", "mailchimp-signing-canary", "x-mailchimp-signature", mailchimp_event,
    _timed("x-mailchimp-signature"), "application/x-www-form-urlencoded", timed=True,
)  # fmt: skip
QUICKBOOKS = Sender(
    "quickbooks", "9130350", "verifier-signing-canary", "intuit-signature", quickbooks_event, _quickbooks
)
SENDERS = (SQUARE, STRIPE, MAILCHIMP, QUICKBOOKS)
SECRETS: Mapping[str, list[str]] = {sender.key: [sender.secret] for sender in SENDERS}
