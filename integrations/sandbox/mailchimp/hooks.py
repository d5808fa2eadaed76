"""What a webhook of an audience is, what it takes, and how its deliveries are signed."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from integrations.sandbox.generation import Document

EVENTS = ("subscribe", "unsubscribe", "profile", "cleaned", "upemail", "campaign")
SOURCES = ("user", "admin", "api")


def signature(secret: str, moment: int, body: bytes) -> str:
    """The value of ``X-Mailchimp-Signature``; `moment` in seconds."""
    signed = hmac.digest(secret.encode(), f"{moment}.".encode() + body, "sha256").hex()
    return f"t={moment},v1={signed}"


@dataclass
class Webhook:
    """A webhook of the signed kind has a secret; one of the older kind has none."""

    id: str
    url: str
    list_id: str
    events: dict[str, bool]
    sources: dict[str, bool]
    secret: str | None = field(default=None, repr=False)
    is_removed: bool = False

    def takes(self, event: str, source: str) -> bool:
        return self.events[event] and self.sources[source]

    def document(self) -> Document:
        """Without the secret, which is told only once."""
        shown: Document = {
            "id": self.id, "url": self.url, "events": self.events, "sources": self.sources, "list_id": self.list_id,
        }  # fmt: skip
        return shown if self.secret is None else shown | {"signing_enabled": True}


def new_secret() -> str:
    return secrets.token_hex(24)
