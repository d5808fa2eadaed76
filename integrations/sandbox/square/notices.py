"""Who is told when something changed: the event log, and the subscriptions that take the event."""

from __future__ import annotations

import uuid

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Notice
from integrations.sandbox.square.carrier import News, sealed_for
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.subscriptions import Subscription

EVENT_TYPES = (
    "customer.created", "customer.updated", "customer.deleted", "catalog.version.updated", "order.created",
    "order.updated", "order.fulfillment.updated", "payment.created", "payment.updated", "refund.created",
    "refund.updated", "payout.sent", "payout.paid", "payout.failed", "invoice.created", "invoice.published",
    "invoice.updated", "invoice.payment_made", "invoice.scheduled_charge_failed", "invoice.refunded",
    "invoice.canceled", "invoice.deleted", "location.created", "location.updated", "inventory.count.updated",
    "oauth.authorization.revoked",
)  # fmt: skip


def announce(square: SquareDouble, merchant: Merchant, kind: str, data: Document) -> Document:
    """Log an event and start its deliveries; returns the event."""
    event = envelope(square, merchant, kind, data)
    square.events.append(event)
    for one in square.subscriptions.values():
        if takes(square, one, event):
            square.postman.post(Notice(one.id, event["event_id"], kind, News(one, event)))
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


def takes(square: SquareDouble, subscription: Subscription, event: Document) -> bool:
    """An application is told of the sellers that let it in, also of the end of that; a seller's own of that seller."""
    seller, owner = event["merchant_id"], subscription.application
    is_concerned = seller == owner if owner else bool(square.grants.of(seller))
    return subscription.enabled and event["type"] in subscription.event_types and is_concerned


async def deliver(square: SquareDouble, event: Document, *, forgery: Forgery | None = None) -> list[Document]:
    """Send the event now to every subscription that takes it, once and past everything that waits; one result each."""
    wanted = [one for one in square.subscriptions.values() if takes(square, one, event)]
    return [await send(square, one, event, forgery=forgery) for one in wanted]


async def send(
    square: SquareDouble, subscription: Subscription, event: Document, *, forgery: Forgery | None = None
) -> Document:
    answer = await square.postman.send(sealed_for(subscription, event, forgery))
    result: Document = {"subscription_id": subscription.id, "event_id": event["event_id"], "status": answer.status}
    return result | ({"problem": answer.problem} if answer.problem else {})
