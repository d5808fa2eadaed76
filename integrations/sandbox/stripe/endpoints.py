"""What a webhook endpoint is, and how its deliveries are signed."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from integrations.sandbox.generation import Document

ANY = "*"


def signature(secret: str, moment: int, body: bytes, *, former: Sequence[str] = ()) -> str:
    """The value of ``Stripe-Signature``: the time, and by each secret the hex HMAC-SHA256 of time, dot and body."""
    signed = f"{moment}.".encode() + body
    digests = [hmac.digest(each.encode(), signed, "sha256").hex() for each in (secret, *former)]
    return f"t={moment}" + "".join(f",v1={digest}" for digest in digests)


def new_secret() -> str:
    return "whsec_" + secrets.token_hex(16)


@dataclass
class Endpoint:
    """An address that is told of events. `connect` is for events of connected accounts instead of one's own."""

    id: str
    url: str
    enabled_events: list[str]
    created: int
    livemode: bool
    api_version: str | None = None
    description: str | None = None
    connect: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    status: str = "enabled"
    secret: str = field(default_factory=new_secret, repr=False)
    former: list[tuple[str, int]] = field(default_factory=list, repr=False)  # secrets, and until when they sign too

    def takes(self, kind: str) -> bool:
        return self.status == "enabled" and (ANY in self.enabled_events or kind in self.enabled_events)

    def secrets(self, now: int) -> list[str]:
        """Every secret that signs at this moment, the newest first."""
        return [self.secret, *(secret for secret, until in reversed(self.former) if now < until)]

    def roll(self, *, until: int) -> str:
        """A new secret; the old one signs beside it until then."""
        self.former.append((self.secret, until))
        self.secret = new_secret()
        return self.secret

    def document(self) -> Document:
        return {
            "id": self.id, "object": "webhook_endpoint", "api_version": self.api_version, "application": None,
            "created": self.created, "description": self.description, "enabled_events": self.enabled_events,
            "livemode": self.livemode, "metadata": self.metadata, "status": self.status, "url": self.url,
        }  # fmt: skip
