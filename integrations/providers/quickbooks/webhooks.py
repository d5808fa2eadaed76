"""How QuickBooks proves that an event is from it, and what the event says. Over raw bytes; no database, no request.

Since 2026 a delivery is a list of CloudEvents; before, it was an object. Both are read, by their shape. One delivery
may speak of several companies, and of one that cannot be read only the others are kept: QuickBooks holds everything
newer back until a delivery is accepted, and the next read of changes finds what an event did not say.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

from integrations.providers.deliveries import LONGEST_SIGNATURE, json_of, matches, text_of
from integrations.providers.errors import BadRecord
from integrations.providers.quickbooks import records
from integrations.providers.types import JSON, ObjectType, ProviderEvent, RawDelivery

SIGNATURE_HEADER = "intuit-signature"

# QuickBooks' name of an object, as its portal lists them; what is not here is not of interest.
_ENTITIES = {
    "Account": ObjectType.ACCOUNT,
    "Class": ObjectType.CLASS,
    "PaymentMethod": ObjectType.PAYMENT_METHOD,
    "Customer": ObjectType.CUSTOMER,
    "Item": ObjectType.PRODUCT,
    "Invoice": ObjectType.INVOICE,
    "Payment": ObjectType.PAYMENT,
}
EVENTS = tuple(_ENTITIES)
_OBJECTS = {name.lower(): object_type for name, object_type in _ENTITIES.items()}  # as events spell them


class QuickBooksWebhooks:
    """The receiver of QuickBooks' events. One verifier token signs those of all companies."""

    gathers: ClassVar[timedelta] = timedelta(seconds=10)  # one metered read then serves all that changed meanwhile
    proved_by_address: ClassVar[bool] = False
    portal: ClassVar[str] = "developer.intuit.com, the application, Webhooks"
    portal_events: ClassVar[tuple[str, ...]] = EVENTS

    def verify(self, delivery: RawDelivery, *, url: str, secrets: Iterable[str]) -> bool:
        """Return whether one of the secrets signed the body. Compares in constant time and never raises."""
        given = delivery.headers.get(SIGNATURE_HEADER, "").encode("utf-8", "replace")
        if not given or len(given) > LONGEST_SIGNATURE or not delivery.body:
            return False
        return matches([_signature(secret, delivery.body) for secret in secrets if secret], [given])

    def parse(self, delivery: RawDelivery) -> list[ProviderEvent]:
        """Return the events of a verified delivery. Raises BadRecord when none of them can be read."""
        try:
            body = json_of(delivery.body)
            told = list(map(_cloud_event, body)) if isinstance(body, list) else list(_old_events(body))
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise BadRecord("QuickBooks sent events in a shape we cannot read.") from error
        events = [event for event in told if event is not None]
        if told and not events:
            raise BadRecord("QuickBooks sent events in a shape we cannot read.")
        return events


def _cloud_event(entry: Any) -> ProviderEvent | None:
    """Return the event, its type being like `qbo.customer.updated.v1`; None for one that cannot be read."""
    try:
        kind = entry["type"]
        return ProviderEvent(
            key=text_of(entry["id"]),
            account_id=text_of(entry["intuitaccountid"]),
            type=kind,
            object_type=_OBJECTS.get(kind.split(".")[1]) if kind.startswith("qbo.") else None,
            external_id=text_of(entry["intuitentityid"]),
            happened_at=records.moment_or_none(entry.get("time")),
        )
    except (AttributeError, IndexError, KeyError, TypeError):
        return None


def _old_events(body: JSON) -> Iterator[ProviderEvent | None]:
    for company in body["eventNotifications"]:
        for entity in _entities(company):
            yield _old_event(company, entity, "id")
            if isinstance(entity, dict) and entity.get("deletedId"):  # two became one; this is the other
                yield _old_event(company, entity, "deletedId")


def _entities(company: Any) -> list[Any]:
    """Return what changed at one company; a company that cannot be read becomes one entity that cannot be, either."""
    try:
        return list(company["dataChangeEvent"]["entities"])
    except (KeyError, TypeError):
        return [None]


def _old_event(company: JSON, entity: Any, name_of_id: str) -> ProviderEvent | None:
    """Return the event; it has no id of its own, so what it says stands for one."""
    try:
        realm, name, operation = text_of(company["realmId"]), text_of(entity["name"]), text_of(entity["operation"])
        external_id, changed = text_of(entity[name_of_id]), entity.get("lastUpdated")
        return ProviderEvent(
            key=":".join((realm, name, external_id, operation, str(changed or ""))),
            account_id=realm,
            type=f"{name}.{operation}",
            object_type=_OBJECTS.get(name.lower()),
            external_id=external_id,
            happened_at=records.moment_or_none(changed),
        )
    except (AttributeError, KeyError, TypeError):
        return None


def _signature(secret: str, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256))
