"""What a webhook endpoint is, and how its deliveries are signed."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from integrations.sandbox.generation import Document

ANY = "*"


def signature(secret: str, moment: int, body: bytes) -> str:
    """The value of ``Stripe-Signature``: the time, and the hex HMAC-SHA256 of time, dot and raw body."""
    digest = hmac.digest(secret.encode(), f"{moment}.".encode() + body, "sha256").hex()
    return f"t={moment},v1={digest}"


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

    def takes(self, kind: str) -> bool:
        return self.status == "enabled" and (ANY in self.enabled_events or kind in self.enabled_events)

    def document(self) -> Document:
        return {
            "id": self.id, "object": "webhook_endpoint", "api_version": self.api_version, "application": None,
            "created": self.created, "description": self.description, "enabled_events": self.enabled_events,
            "livemode": self.livemode, "metadata": self.metadata, "status": self.status, "url": self.url,
        }  # fmt: skip
