"""How Stripe proves that an event is from it, and what the event says. Over raw bytes; no database, no request."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import orjson

from integrations.providers.errors import BadRecord
from integrations.providers.stripe.events import hints
from integrations.providers.types import ProviderEvent, RawDelivery

SIGNATURE_HEADER = "stripe-signature"
TOLERANCE_SECONDS = 300  # either way: an old delivery may be a replay, one from the future was not timed by Stripe
_LONGEST_HEADER = 4096
_REVOKED = "account.application.deauthorized"


class StripeWebhooks:
    """The receiver of Stripe's events."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` returns the time in unix seconds."""
        self._now = now

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the time and the body, at most five minutes ago.

        Several signatures come while a secret is being replaced; any may match. Signatures of other schemes than v1
        are for Stripe's own tests. Compares in constant time and never raises.
        """
        header = delivery.headers.get(SIGNATURE_HEADER, "")
        if not header or len(header) > _LONGEST_HEADER or not delivery.body:
            return False
        parts = [part.strip().partition("=") for part in header.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        given = [value.encode("utf-8", "replace") for name, _, value in parts if name == "v1"]
        if len(times) != 1 or not self._is_fresh(times[0]):
            return False
        signed = times[0].encode() + b"." + delivery.body
        expected = [_signature(secret, signed) for secret in secrets if secret]
        # A list, not a generator: all are compared, so that the time taken tells nothing.
        return any([hmac.compare_digest(one, other) for one in expected for other in given])  # noqa: C419

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the event of a verified delivery. Raises BadRecord when it cannot be read.

        `account_id` is empty for an endpoint of the account's own: its address says whose it is.
        """
        try:
            event = orjson.loads(delivery.body)
            about = next(hints(event), None)
            return [
                ProviderEvent(
                    key=_text(event["id"]),
                    account_id=_text(event.get("account") or ""),
                    type=_text(event["type"]),
                    object_type=about.object_type if about else None,
                    external_id=about.id if about else _text(event["data"]["object"].get("id") or ""),
                    happened_at=datetime.fromtimestamp(event["created"], UTC) if event.get("created") else None,
                    is_revocation=event["type"] == _REVOKED,
                )
            ]
        except (
            orjson.JSONDecodeError,
            KeyError,
            TypeError,
            AttributeError,
            ValueError,
            OverflowError,
            OSError,
        ) as error:
            raise BadRecord("Stripe sent an event in a shape we cannot read.") from error

    def _is_fresh(self, text: str) -> bool:
        return text.isascii() and text.isdigit() and abs(self._now() - int(text[:15])) <= TOLERANCE_SECONDS


def _signature(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value
