"""How a test has a webhook delivered: now, twice, in the wrong order, too late or badly signed."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.control import Body, Unclear
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.event_types import KNOWN
from integrations.sandbox.stripe.notices import deliver, write

KINDS = ("now", "duplicate", "reordered", "late", "bad_signature")
_FORGERIES = {"late": Forgery.OLD, "bad_signature": Forgery.OTHER_SECRET}
_KINDS_OF = {
    "checkout.session": "checkout_sessions", "payment_intent": "payment_intents", "customer": "customers",
    "product": "products", "price": "prices", "charge": "charges", "refund": "refunds", "payout": "payouts",
    "invoice": "invoices",
}  # fmt: skip


async def send(stripe: StripeDouble, account: Account, body: Body) -> Body:
    """Write the event, so that it can be fetched too, and send it in the wanted way; answers how each was received."""
    kind = body.get("kind", "now")
    if kind not in KINDS or body.get("type") not in KNOWN or set(body) - {"kind", "type", "id"}:
        raise Unclear(f"Send type (as customer.updated), id of the record, and kind: {', '.join(KINDS)}.")
    thing = _thing(stripe, account, body["type"], body.get("id"))
    events = [write(stripe, account, body["type"], thing)]
    if kind == "duplicate":
        events *= 2
    if kind == "reordered":
        events.insert(0, write(stripe, account, body["type"], thing))
    forgery = _FORGERIES.get(kind)
    results = [await deliver(stripe, account, one, forgery=forgery) for one in events]
    return {"events": [one.id for one in events], "deliveries": [one for group in results for one in group]}


def _thing(stripe: StripeDouble, account: Account, kind: str, record_id: Any) -> Document:
    """The object of an event about this record."""
    name = next((word for word in _KINDS_OF if kind.startswith(word + ".")), None)
    if name is None:
        return {"id": stripe.application.client_id, "object": "application", "name": stripe.application.name}
    entry = account.collections[_KINDS_OF[name]].get(str(record_id))
    if entry is None:
        raise Unclear(f"There is no {name} {record_id} to tell about; send its id.")
    document: Document = entry.document
    return document
