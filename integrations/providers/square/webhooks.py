"""How Square proves that an event is from it, and what the event says. Over raw bytes; no database, no request."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from integrations.providers.deliveries import LONGEST_SIGNATURE, json_of, matches, text_of
from integrations.providers.errors import BadRecord
from integrations.providers.square import records
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery

SIGNATURE_HEADER = "x-square-hmacsha256-signature"

_CHANGED = ("created", "updated")
# The part of an event's type before the first dot, our object, and what we ask to be told of it. What is not here is
# not of interest.
_FAMILIES: dict[str, tuple[ObjectType, tuple[str, ...]]] = {
    "customer": (ObjectType.CUSTOMER, (*_CHANGED, "deleted")),
    "catalog": (ObjectType.PRODUCT, ("version.updated",)),  # carries only a time: read what changed since
    "order": (ObjectType.ORDER, (*_CHANGED, "fulfillment.updated")),
    "payment": (ObjectType.PAYMENT, _CHANGED),
    "refund": (ObjectType.REFUND, _CHANGED),
    "payout": (ObjectType.PAYOUT, ("sent", "paid", "failed")),
    "invoice": (
        ObjectType.INVOICE,
        (*_CHANGED, "published", "payment_made", "scheduled_charge_failed", "refunded", "canceled", "deleted"),
    ),
    "location": (ObjectType.LOCATION, _CHANGED),
}
_OBJECTS = {family: object_type for family, (object_type, _) in _FAMILIES.items()}
_REVOKED = "oauth.authorization.revoked"
EVENTS = tuple(f"{family}.{change}" for family, (_, changes) in _FAMILIES.items() for change in changes)
EVENTS_OF_APPLICATION = (*EVENTS, _REVOKED)


class SquareWebhooks:
    """The receiver of Square's events."""

    gathers: ClassVar[timedelta] = timedelta(0)
    proved_by_address: ClassVar[bool] = False
    portal: ClassVar[str] = "Developer Console, the application, Webhooks, Subscriptions"
    portal_events: ClassVar[tuple[str, ...]] = EVENTS_OF_APPLICATION

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the URL and the body.

        `url` is the address as it is registered at Square, from settings, never from the request. All secrets are
        tried, so that a rotation has two of them valid. Compares in constant time and never raises.
        """
        given = delivery.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "replace")
        if not given or len(given) > LONGEST_SIGNATURE or not delivery.body:
            return False
        signed = url.encode() + delivery.body
        return matches([_signature(secret, signed) for secret in secrets if secret], [given])

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the event of a verified delivery. Raises BadRecord when it cannot be read.

        A moment that cannot be read is none: the event is news all the same.
        """
        try:
            envelope = json_of(delivery.body)
            kind, data = text_of(envelope["type"]), envelope.get("data") or {}
            return [
                ProviderEvent(
                    key=text_of(envelope["event_id"]),
                    account_id=text_of(envelope["merchant_id"]),
                    type=kind,
                    object_type=_OBJECTS.get(kind.partition(".")[0]),
                    external_id=str(data.get("id") or ""),
                    happened_at=_moment(envelope.get("created_at")),
                    is_revocation=kind == _REVOKED,
                )
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRecord("Square sent an event in a shape we cannot read.") from error


def _moment(value: Any) -> datetime | None:
    try:
        return records.moment(value) if value else None
    except BadRecord:
        return None


def _signature(secret: str, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256))
