"""How QuickBooks delivers: several companies in one POST, three seconds for an answer, and nothing newer before it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson

from integrations.sandbox.clock import SECOND, rfc3339
from integrations.sandbox.forgeries import UNTIMED, Forgery, body_for, header_for, secret_for
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Envelope, Letter, Notice, Rules
from integrations.sandbox.quickbooks.news import Event

HEADER = "intuit-signature"
LEGACY, CLOUDEVENTS = "legacy", "cloudevents"
OPERATIONS = {
    "Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "voided",
    "Emailed": "emailed",
}  # fmt: skip
_MOST_AT_ONCE = 50
#: 10, 20 and 30 s, 5 and 20 min, 2, 4 and 6 h, then every 6 h for four days more; times webhook_retry_seconds
_PAUSES = (1, 2, 3, 30, 120, 720, 1440, *(2160,) * 17)


class Portal(NamedTuple):
    """What stands in the developer portal about the application, and what the control plane says besides."""

    url: str | None
    verifier_token: str
    client_id: str
    retry_seconds: float
    waits: bool


class QuickBooksCarrier:
    """An address is a shape: the one endpoint, told in this shape."""

    forgeries = UNTIMED

    def __init__(self, portal: Callable[[], Portal]) -> None:
        self._portal = portal

    def rules(self) -> Rules:
        return Rules(
            patience=3, at_once=1, batch=_MOST_AT_ONCE, is_ordered=True, waits=self._portal().waits,
            thanks=range(200, 201),
        )  # fmt: skip

    def pauses(self, notice: Notice) -> list[int]:
        return [round(pause * self._portal().retry_seconds * SECOND) for pause in _PAUSES]

    def envelope(self, letter: Letter) -> Envelope | None:
        events = [notice.content for notice in letter.notices]
        return sealed_for(self._portal(), letter.notices[0].address, events, letter.forgery)

    def acknowledged(self, notice: Notice) -> None:
        """Nobody at Intuit can ask whether a delivery was acknowledged."""


def signature(verifier_token: str, body: bytes) -> str:
    """The value of ``intuit-signature``: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.digest(verifier_token.encode(), body, "sha256")).decode()


def sealed_for(portal: Portal, shape: str, events: Sequence[Event], forgery: Forgery | None = None) -> Envelope | None:
    if portal.url is None:
        return None
    told = _legacy(events) if shape == LEGACY else [_cloud_event(portal.client_id, event) for event in events]
    body = orjson.dumps(told)
    signed = signature(secret_for(portal.verifier_token, forgery), body_for(body, forgery))
    return Envelope(portal.url, {"Content-Type": "application/json", **header_for(HEADER, signed, forgery)}, body)


def _legacy(events: Sequence[Event]) -> Document:
    """One notification for each company, with its entities."""
    by_realm: dict[str, list[Document]] = {}
    for event in events:
        entity = {
            "name": event.entity, "id": event.record_id, "operation": event.operation, "lastUpdated": event.local,
        }  # fmt: skip
        by_realm.setdefault(event.realm, []).append(entity)
    notifications = [{"realmId": realm, "dataChangeEvent": {"entities": found}} for realm, found in by_realm.items()]
    return {"eventNotifications": notifications}


def _cloud_event(client_id: str, event: Event) -> Document:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": "intuit." + signature(client_id, b"source"),
        "type": f"qbo.{event.entity.lower()}.{OPERATIONS[event.operation]}.v1",
        "datacontenttype": "application/json",
        "time": rfc3339(event.moment)[:-1] + "179517Z",
        "intuitentityid": event.record_id,
        "intuitaccountid": event.realm,
        "data": {},
    }
