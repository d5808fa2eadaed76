"""What a webhook subscription is, and how its deliveries are signed."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field

from integrations.sandbox.generation import Document


def signature(key: str, url: str, body: bytes) -> str:
    """The value of ``x-square-hmacsha256-signature``: base64 of the HMAC-SHA256 of address and raw body."""
    return base64.b64encode(hmac.digest(key.encode(), url.encode() + body, "sha256")).decode()


def new_key() -> str:
    return secrets.token_urlsafe(16)


@dataclass
class Subscription:
    """`application` is the seller whose own application asked, "" for ours, which is told of all who let it in."""

    id: str
    name: str
    notification_url: str
    event_types: list[str]
    api_version: str
    created_at: str
    updated_at: str
    enabled: bool = True
    application: str = ""
    signature_key: str = field(default_factory=new_key, repr=False)

    def document(self) -> Document:
        return {
            "id": self.id, "name": self.name, "enabled": self.enabled, "event_types": self.event_types,
            "notification_url": self.notification_url, "api_version": self.api_version,
            "signature_key": self.signature_key, "created_at": self.created_at, "updated_at": self.updated_at,
        }  # fmt: skip
