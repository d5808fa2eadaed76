"""How Square proves that an event is from it, and what the event says. Over raw bytes; no database, no request."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

import orjson

from integrations.providers.errors import BadRecord
from integrations.providers.square import records
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery

SIGNATURE_HEADER = "x-square-hmacsha256-signature"
_LONGEST_SIGNATURE = 1024

# The part of an event's type before the first dot; what is not here is not of interest.
_OBJECTS = {
    "customer": ObjectType.CUSTOMER,
    "catalog": ObjectType.PRODUCT,  # carries only a time: read what changed since
    "order": ObjectType.ORDER,
    "payment": ObjectType.PAYMENT,
    "refund": ObjectType.REFUND,
    "payout": ObjectType.PAYOUT,
    "invoice": ObjectType.INVOICE,
    "location": ObjectType.LOCATION,
}
_REVOKED = "oauth.authorization.revoked"


class SquareWebhooks:
    """The receiver of Square's events."""

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the URL and the body.

        `url` is the address as it is registered at Square, from settings, never from the request. All secrets are
        tried, so that a rotation has two of them valid. Compares in constant time and never raises.
        """
        given = delivery.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "replace")
        if not given or len(given) > _LONGEST_SIGNATURE or not delivery.body:
            return False
        signed = url.encode() + delivery.body
        # A list, not a generator: all are compared, so that the time taken tells nothing.
        return any([hmac.compare_digest(_signature(secret, signed), given) for secret in secrets if secret])  # noqa: C419

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the events of a verified delivery. Raises BadRecord when it cannot be read."""
        try:
            envelope = orjson.loads(delivery.body)
            kind, data = str(envelope["type"]), envelope.get("data") or {}
            return [
                ProviderEvent(
                    key=str(envelope["event_id"]),
                    account_id=str(envelope["merchant_id"]),
                    type=kind,
                    object_type=_OBJECTS.get(kind.partition(".")[0]),
                    external_id=str(data.get("id") or ""),
                    happened_at=records.moment(envelope["created_at"]) if envelope.get("created_at") else None,
                    is_revocation=kind == _REVOKED,
                )
            ]
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise BadRecord("Square sent an event in a shape we cannot read.") from error


def _signature(secret: str, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
