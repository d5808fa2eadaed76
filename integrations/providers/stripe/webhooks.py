"""How Stripe proves that an event is from it, and what the event says. Over raw bytes; no database, no request."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from integrations.providers.deliveries import json_of, matches, text_of, timed
from integrations.providers.errors import BadRecord
from integrations.providers.stripe.events import EVENTS, hints
from integrations.providers.types import ProviderEvent, RawDelivery

SIGNATURE_HEADER = "stripe-signature"
_REVOKED = "account.application.deauthorized"
EVENTS_OF_APPLICATION = (*EVENTS, _REVOKED)
_MODES = {True: "live", False: "test"}


class StripeWebhooks:
    """The receiver of Stripe's events."""

    gathers: ClassVar[timedelta] = timedelta(0)
    proved_by_address: ClassVar[bool] = False
    portal: ClassVar[str] = "Workbench, Webhooks, an endpoint for events of connected accounts"
    portal_events: ClassVar[tuple[str, ...]] = EVENTS_OF_APPLICATION

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` returns the time in unix seconds."""
        self._now = now

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the moment and the body, at most five minutes ago.

        Several signatures come while a secret is being replaced; any may match. Signatures of other schemes than v1
        are for Stripe's own tests. Compares in constant time and never raises.
        """
        stamp, given = timed(delivery.headers.get(SIGNATURE_HEADER, ""), now=self._now())
        if not given or not delivery.body:
            return False
        signed = stamp + b"." + delivery.body
        return matches([_signature(secret, signed) for secret in secrets if secret], given)

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the event of a verified delivery. Raises BadRecord when it cannot be read.

        `account_id` is empty for an endpoint of the account's own: its address says whose it is. Live and test mode
        share a platform's endpoint, so each event says which it is.
        """
        try:
            event = json_of(delivery.body)
            about = next(hints(event), None)
            return [
                ProviderEvent(
                    key=text_of(event["id"]),
                    account_id=_text_or_none(event.get("account")),
                    type=text_of(event["type"]),
                    object_type=about.object_type if about else None,
                    external_id=about.id if about else _text_or_none(event["data"]["object"].get("id")),
                    happened_at=datetime.fromtimestamp(event["created"], UTC) if event.get("created") else None,
                    is_revocation=event["type"] == _REVOKED,
                    mode=_MODES.get(event.get("livemode"), ""),
                )
            ]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise BadRecord("Stripe sent an event in a shape we cannot read.") from error


def _text_or_none(value: Any) -> str:
    return text_of(value) if value else ""


def _signature(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, hashlib.sha256).hex().encode()
