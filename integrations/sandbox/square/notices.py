"""Who is told when something changed: the event log, and signed deliveries to the subscriptions."""

from __future__ import annotations

import asyncio
import uuid
from urllib.parse import urlsplit

import aiohttp
import orjson

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.subscriptions import Subscription, signature

EVENT_TYPES = (
    "customer.created", "customer.updated", "customer.deleted", "catalog.version.updated", "order.created",
    "order.updated", "order.fulfillment.updated", "payment.created", "payment.updated", "refund.created",
    "refund.updated", "payout.sent", "payout.paid", "payout.failed", "invoice.created", "invoice.published",
    "invoice.updated", "invoice.payment_made", "invoice.scheduled_charge_failed", "invoice.refunded",
    "invoice.canceled", "invoice.deleted", "location.created", "location.updated", "inventory.count.updated",
    "oauth.authorization.revoked",
)  # fmt: skip
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PATIENCE = aiohttp.ClientTimeout(total=10)


def announce(square: SquareDouble, merchant: Merchant, kind: str, data: Document) -> Document:
    """Log an event and start its deliveries; returns the event."""
    event = envelope(square, merchant, kind, data)
    square.events.append(event)
    if any(takes(subscription, kind) for subscription in square.subscriptions.values()):
        square.in_background(asyncio.get_running_loop().create_task(deliver(square, event)))
    return event


def envelope(square: SquareDouble, merchant: Merchant, kind: str, data: Document) -> Document:
    event: Document = {
        "merchant_id": merchant.id,
        "type": kind,
        "event_id": str(uuid.uuid4()),
        "created_at": rfc3339(square.clock.now()),
        "data": data,
    }
    shown: Document = next(iter(data.get("object", {}).values()), {})
    return event | ({"location_id": shown["location_id"]} if "location_id" in shown else {})


def record_data(name: str, record: Document) -> Document:
    """The `data` of an event that carries its record."""
    return {"type": name, "id": record["id"], "object": {name: record}}


def order_data(kind: str, order: Document) -> Document:
    """The `data` of an order event: never the order itself, only where to look."""
    name = kind.replace(".", "_")
    shown = {key: order[key] for key in ("location_id", "state", "version", "created_at", "updated_at") if key in order}
    return {"type": name, "id": order["id"], "object": {name: {"order_id": order["id"], **shown}}}


def takes(subscription: Subscription, kind: str) -> bool:
    return subscription.enabled and kind in subscription.event_types


async def deliver(square: SquareDouble, event: Document, *, bad_signature: bool = False) -> list[Document]:
    """Send the event to every subscription that takes it; one result each. There are no retries."""
    wanted = [one for one in square.subscriptions.values() if takes(one, event["type"])]
    return [await send(one, event, bad_signature=bad_signature) for one in wanted]


async def send(subscription: Subscription, event: Document, *, bad_signature: bool = False) -> Document:
    """One signed POST. Only this machine is ever called; other addresses are refused."""
    url, body = subscription.notification_url, orjson.dumps(event)
    result: Document = {"subscription_id": subscription.id, "event_id": event["event_id"], "status": None}
    if urlsplit(url).hostname not in _LOOPBACK:
        return result | {"problem": "the sandbox only calls addresses of this machine"}
    key = "another-key" if bad_signature else subscription.signature_key
    headers = {
        "Content-Type": "application/json",
        "x-square-hmacsha256-signature": signature(key, url, body),
        "square-environment": "Sandbox",
        "square-initial-delivery-timestamp": event["created_at"],
        "Square-Version": subscription.api_version,
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return result | {"status": answer.status}
    except (aiohttp.ClientError, TimeoutError) as error:
        return result | {"problem": type(error).__name__}
