"""How an application asks to be told of changes: subscriptions are made, changed, tried and removed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import invalid, not_found
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.notices import EVENT_TYPES, envelope, send
from integrations.sandbox.square.shapes import (
    CURSOR,
    SORT_ORDER,
    choice,
    flag,
    integer,
    listing,
    nullable,
    record,
    text,
    written_flag,
)
from integrations.sandbox.square.subscriptions import Subscription, new_key
from integrations.sandbox.store import Entry, Key


def list_subscriptions(call: Call) -> Document:
    shown = [
        one.document()
        for one in call.square.subscriptions.values()
        if one.application == call.token.application and (one.enabled or call.query.get("include_disabled"))
    ]
    if call.query.get("sort_order") == "DESC":
        shown.reverse()

    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        for place in range(after[0] + 1 if after else 0, len(shown)):
            yield (place,), Entry(place, 0, 0, shown[place])

    page = page_of(call, rows, limit=call.query.get("limit", 100))
    return present(subscriptions=page.documents, cursor=page.cursor)


def create(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: _create(call))


def get(call: Call) -> Document:
    return {"subscription": _known(call).document()}


def update(call: Call) -> Document:
    known = _known(call)
    for name, value in (call.asked.get("subscription") or {}).items():
        if name in _WRITABLE and value is not None:
            setattr(known, name, value)
    known.updated_at = rfc3339(call.now)
    return {"subscription": known.document()}


def delete(call: Call) -> Document:
    gone = call.square.subscriptions.pop(_known(call).id)
    gone.enabled = False  # what waits for it is given up
    return {}


def rotate_key(call: Call) -> Document:
    known = _known(call)
    known.signature_key = new_key()
    known.updated_at = rfc3339(call.now)
    return {"signature_key": known.signature_key}


async def test(call: Call) -> Document:
    """Sends one event that carries no record, and tells what came back."""
    known = _known(call)
    kind = call.asked.get("event_type") or "webhooks.test_notification"
    event = envelope(call.square, call.merchant, kind, {"type": "webhooks", "id": str(uuid.uuid4())})
    result = await send(call.square, known, event)
    moment = rfc3339(call.now)
    return {
        "subscription_test_result": present(
            id=event["event_id"], status_code=result["status"], payload=orjson.dumps(event).decode(),
            created_at=moment, updated_at=moment,
        )
    }  # fmt: skip


def _create(call: Call) -> Document:
    asked, moment = call.asked["subscription"], rfc3339(call.now)
    for name in ("notification_url", "event_types"):
        if not asked.get(name):
            raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", f"subscription.{name}")
    known = Subscription(
        id=f"wbhk_{uuid.uuid4().hex}",
        name=asked.get("name") or "Subscription",
        notification_url=asked["notification_url"],
        event_types=asked["event_types"],
        api_version=asked.get("api_version") or "2026-09-16",
        enabled=asked.get("enabled", True),
        application=call.token.application,
        created_at=moment,
        updated_at=moment,
    )
    call.square.subscriptions[known.id] = known
    return {"subscription": known.document()}


def _known(call: Call) -> Subscription:
    wanted = call.ids["subscription_id"]
    found = call.square.subscriptions.get(wanted)
    if found is None or found.application != call.token.application:
        raise not_found("Subscription", wanted)
    return found


def _url(value: object, field: str) -> str:
    url = text(at_least=1, at_most=1000)(value, field)
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        return str(url)
    raise invalid("INVALID_VALUE", "The address must use https (or http on this machine).", field)


_WRITABLE = {
    "name": nullable(text(at_most=64)),
    "enabled": nullable(flag),
    "event_types": nullable(listing(choice(*EVENT_TYPES), at_least=1)),
    "notification_url": nullable(_url),
    "api_version": nullable(text()),
}
_SUBSCRIPTION = record(_WRITABLE | dict.fromkeys(("id", "signature_key", "created_at", "updated_at"), text()))
_CREATE = record({"idempotency_key": text(at_most=45), "subscription": _SUBSCRIPTION}, required=["subscription"])
_UPDATE = record({"subscription": nullable(_SUBSCRIPTION)})
_TEST = record({"event_type": nullable(choice(*EVENT_TYPES, "webhooks.test_notification"))})
_KEY = record({"idempotency_key": nullable(text(at_most=45))})
_LIST = {
    "cursor": CURSOR,
    "include_disabled": written_flag,
    "sort_order": SORT_ORDER,
    "limit": integer(1, 100, written=True),
}
_ONE = "/v2/webhooks/subscriptions/{subscription_id}"
ROUTES = [
    Route("GET", "/v2/webhooks/subscriptions", (), list_subscriptions, query=_LIST, is_personal_only=True),
    Route("POST", "/v2/webhooks/subscriptions", (), create, body=_CREATE, is_personal_only=True),
    Route("GET", _ONE, (), get, is_personal_only=True),
    Route("PUT", _ONE, (), update, body=_UPDATE, is_personal_only=True),
    Route("DELETE", _ONE, (), delete, is_personal_only=True),
    Route("POST", _ONE + "/test", (), test, body=_TEST, is_personal_only=True),
    Route("POST", _ONE + "/signature-key", (), rotate_key, body=_KEY, is_personal_only=True),
]
