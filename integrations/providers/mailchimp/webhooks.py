"""How Mailchimp proves that an event is from it, and what the event says. Over raw bytes; no database, no request.

Webhooks made since 2026 are signed. Older ones are not: for those the secret in the address is all there is, and the
receiver of the address compares it; here they do not pass.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import ClassVar
from urllib.parse import parse_qsl

from integrations.providers.deliveries import matches, timed
from integrations.providers.errors import BadRecord
from integrations.providers.mailchimp import records
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery

SIGNATURE_HEADER = "x-mailchimp-signature"
_MOST_FIELDS = 200
_DEEPEST = 4
_NAME = re.compile(r"[^\[\]]+(\[[^\[\]]*\])*")

# What is not here is not of interest: campaigns, and the end of a batch of ours.
_OBJECTS = {
    "subscribe": ObjectType.CUSTOMER,
    "unsubscribe": ObjectType.CUSTOMER,
    "profile": ObjectType.CUSTOMER,
    "upemail": ObjectType.CUSTOMER,
    "cleaned": ObjectType.CUSTOMER,
}
EVENTS = tuple(_OBJECTS)  # what we ask to be told of


class MailchimpWebhooks:
    """The receiver of Mailchimp's events."""

    gathers: ClassVar[timedelta] = timedelta(0)
    proved_by_address: ClassVar[bool] = True  # a webhook made before 2026 has no secret to sign with
    portal: ClassVar[str] = ""
    portal_events: ClassVar[tuple[str, ...]] = EVENTS

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Keep the clock, in Unix seconds, that tells old deliveries from new ones."""
        self._clock = clock

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the moment and the body, less than five minutes ago.

        All secrets and all signatures are tried, so that a rotation has two of each valid. Compares in constant time
        and never raises.
        """
        stamp, given = timed(delivery.headers.get(SIGNATURE_HEADER, ""), now=self._clock())
        if not given or not delivery.body:
            return False
        signed = stamp + b"." + delivery.body
        return matches([_signature(secret, signed) for secret in secrets if secret], given)

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the event of a verified delivery. Raises BadRecord when unreadable.

        It names an audience but no account: its address says whose it is. It has no id either, and two changes of a
        person in one second differ only in what they say; so the whole body stands for one. The person is known by
        the hash of the e-mail address, which is also what a call would use.
        """
        form = _form(delivery.body)
        kind, fired = form.get("type", ""), form.get("fired_at", "")
        if not kind:
            raise BadRecord("Mailchimp sent an event without a type.")
        email = form.get("data[new_email]") or form.get("data[email]") or ""
        return [
            ProviderEvent(
                key=hashlib.sha256(delivery.body).hexdigest(),
                account_id="",
                type=kind,
                object_type=_OBJECTS.get(kind),
                external_id=records.subscriber_hash(email) if email else "",
                happened_at=records.moment(fired) if fired else None,
            )
        ]


def _signature(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, hashlib.sha256).hex().encode()


def _form(body: bytes) -> dict[str, str]:
    """Return the form by literal names such as `data[merges][FNAME]`; what nests too deep or is too much is refused."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadRecord("Mailchimp sent an event in a shape we cannot read.") from error
    if any(name.count("[") > _DEEPEST or not _NAME.fullmatch(name) for name, _ in pairs):
        raise BadRecord("Mailchimp sent an event in a shape we cannot read.")
    return dict(pairs)
