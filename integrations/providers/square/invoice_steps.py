"""The single calls of which writing an invoice consists; each says whether making it twice does harm."""

import contextlib
from typing import Any

import orjson

from integrations.providers.errors import Conflict, Invalid, NotFound, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square.bodies_of_invoices import CANCELED
from integrations.providers.types import JSON, Write

_PATH = "/v2/invoices"


def ordered(api: ApiSession, write: Write, body: JSON) -> JSON:
    """Return the order that an invoice will be for. Keyed: twice is once."""
    asked = {"order": body, "idempotency_key": f"{write.key}-order"}
    return _named(api.post("/v2/orders", asked, repeatable=True).body, "order")


def drafted(api: ApiSession, write: Write, body: JSON) -> JSON:
    """Return the draft of an invoice. Keyed."""
    asked = {"invoice": body, "idempotency_key": f"{write.key}-draft"}
    return _named(api.post(_PATH, asked, repeatable=True).body, "invoice")


def published(api: ApiSession, write: Write, invoice: JSON) -> JSON:
    """Return the published invoice. Keyed for this version of it."""
    version = invoice.get("version")
    asked = {"version": version, "idempotency_key": f"{write.key}-publish-{version}"}
    return _named(api.post(f"{_PATH}/{invoice['id']}/publish", asked, repeatable=True).body, "invoice")


def changed(api: ApiSession, write: Write, invoice: JSON, change: JSON) -> JSON:
    """Return the invoice with a change to this version of it. Keyed for the version."""
    version = invoice.get("version")
    asked = {"invoice": change | {"version": version}, "idempotency_key": f"{write.key}-change-{version}"}
    return _named(_put(api, f"{_PATH}/{invoice['id']}", asked), "invoice")


def cancelled(api: ApiSession, invoice: JSON) -> JSON:
    """Return the cancelled invoice. Not keyed: the second time it is refused, and a look tells what became of it."""
    try:
        asked = {"version": invoice.get("version")}
        return _named(api.post(f"{_PATH}/{invoice['id']}/cancel", asked, repeatable=True).body, "invoice")
    except (Invalid, Conflict):
        found = fetched(api, str(invoice["id"]))
        if found.get("status") != CANCELED:
            raise
        return found


def delete_draft(api: ApiSession, invoice: JSON) -> None:
    """Delete a draft, with its order. One that is gone is a success."""
    with contextlib.suppress(NotFound):
        api.call("DELETE", f"{_PATH}/{invoice['id']}?version={invoice.get('version')}", repeatable=True)


def give_up_order(api: ApiSession, order: JSON) -> None:
    """Cancel an order that no invoice is made for. Where that fails it stays there, open, and harms nothing else."""
    ended = {"location_id": order["location_id"], "version": order.get("version"), "state": "CANCELED"}
    with contextlib.suppress(Invalid, Conflict, NotFound, PermissionMissing, Transient):
        _put(api, f"/v2/orders/{order['id']}", {"order": ended, "idempotency_key": f"{order['id']}-given-up"})


def fetched(api: ApiSession, invoice_id: str) -> JSON:
    """Return an invoice as it is now."""
    return _named(api.get(f"{_PATH}/{invoice_id}").body, "invoice")


def order_of(api: ApiSession, invoice: JSON) -> JSON:
    """Return the order of an invoice as it is now."""
    return _named(api.get(f"/v2/orders/{invoice['order_id']}").body, "order")


def _named(body: JSON, name: str) -> JSON:
    """Return the object of an answer. Raises Transient when there is none that has an id and a place."""
    found = body.get(name)
    if not isinstance(found, dict) or not found.get("id") or not found.get("location_id"):
        raise Transient("Square answered in a shape that we cannot read.", code="unreadable")
    return found


def _put(api: ApiSession, path: str, body: JSON) -> Any:
    return api.call("PUT", path, body=orjson.dumps(body), repeatable=True).body
