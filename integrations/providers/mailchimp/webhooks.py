"""How Mailchimp proves that an event is from it, and what the event says. Over raw bytes; no database, no request.

Webhooks made since 2026 are signed. Older ones are not: for those the secret in the address is all there is, and the
receiver of the address compares it; here they do not pass.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

from integrations.providers.errors import BadRecord
from integrations.providers.mailchimp import records
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery

SIGNATURE_HEADER = "x-mailchimp-signature"
_LONGEST_SIGNATURE = 1024
_REPLAY_WINDOW = 300.0  # seconds, to either side
_STAMP = re.compile(r"\d{1,12}")
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


class MailchimpWebhooks:
    """The receiver of Mailchimp's events."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Keep the clock, in Unix seconds, that tells old deliveries from new ones."""
        self._clock = clock

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the moment and the body, less than five minutes ago.

        All secrets and all signatures are tried, so that a rotation has two of each valid. Compares in constant time
        and never raises.
        """
        stamp, given = _parts(delivery.headers.get(SIGNATURE_HEADER, ""))
        if not stamp or not given or not delivery.body or abs(self._clock() - int(stamp)) > _REPLAY_WINDOW:
            return False
        signed = stamp.encode() + b"." + delivery.body
        wanted = [
            hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets if secret
        ]
        # A list, not a generator: all are compared, so that the time taken tells nothing.
        return any([hmac.compare_digest(one, each) for one in wanted for each in given])  # noqa: C419

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the event of a verified delivery; its account is the audience. Raises BadRecord when unreadable.

        Mailchimp gives events no id: type, audience, person and moment together tell them apart. The person stands
        there by the hash of the e-mail address, which is also what a call would use.
        """
        form = _form(delivery.body)
        kind, fired = form.get("type", ""), form.get("fired_at", "")
        if not kind:
            raise BadRecord("Mailchimp sent an event without a type.")
        email = form.get("data[new_email]") or form.get("data[email]") or ""
        person = records.subscriber_hash(email) if email else ""
        audience = form.get("data[list_id]", "")
        told_apart = form.get("data[id]") or form.get("data[new_id]") or person
        return [
            ProviderEvent(
                key=":".join((kind, audience, told_apart, fired))[:200],
                account_id=audience,
                type=kind[:80],
                object_type=_OBJECTS.get(kind),
                external_id=person,
                happened_at=records.moment(fired) if fired else None,
            )
        ]


def _parts(header: str) -> tuple[str, list[bytes]]:
    """Return the moment and the signatures of a header such as `t=1700000000,v1=ab12`."""
    if len(header) > _LONGEST_SIGNATURE:
        return "", []
    pairs = [each.strip().partition("=") for each in header.split(",")]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    signatures = [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1" and value]
    return stamp if _STAMP.fullmatch(stamp) and stamp.isascii() else "", signatures


def _form(body: bytes) -> dict[str, str]:
    """Return the form by literal names such as `data[merges][FNAME]`; what nests too deep or is too much is refused."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadRecord("Mailchimp sent an event in a shape we cannot read.") from error
    if any(name.count("[") > _DEEPEST or not _NAME.fullmatch(name) for name, _ in pairs):
        raise BadRecord("Mailchimp sent an event in a shape we cannot read.")
    return dict(pairs)
