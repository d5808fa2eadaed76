"""How an invoice goes on from its draft: published, cancelled, or deleted before it was either."""

from __future__ import annotations

from integrations.sandbox.clock import parse_rfc3339, rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.errors import invalid
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.invoice_parts import check_due
from integrations.sandbox.square.invoice_shapes import CANCEL, PUBLISH
from integrations.sandbox.square.invoice_writes import SCOPES, found, kept
from integrations.sandbox.square.ledger import keep, remove
from integrations.sandbox.square.shapes import integer

_PAYABLE = ("SCHEDULED", "UNPAID", "PARTIALLY_PAID")


def publish(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: {"invoice": _publish(call)})


def cancel(call: Call) -> Document:
    """Nobody can pay it any more; its order ends with it."""
    entry = found(call, call.asked["version"])
    if entry.document["status"] not in _PAYABLE:
        raise invalid("BAD_REQUEST", f"An invoice that is {entry.document['status']} cannot be cancelled.")
    document = {name: value for name, value in entry.document.items() if name != "next_payment_amount_money"}
    _end_order(call, document["order_id"])
    return {"invoice": kept(call, entry, document | {"status": "CANCELED"}, verb="canceled")}


def delete(call: Call) -> Document:
    """A draft can be deleted; its order is cancelled with it."""
    entry = found(call, call.query.get("version"))
    if entry.document["status"] != "DRAFT":
        raise invalid("BAD_REQUEST", "Only a draft can be deleted.")
    _end_order(call, entry.document["order_id"])
    remove(call.square, call.merchant, "invoices", entry)
    return {}


def _publish(call: Call) -> Document:
    """From now on it can be paid; one that is scheduled, from that moment on."""
    entry = found(call, call.asked["version"])
    before = entry.document
    if before["status"] != "DRAFT":
        raise invalid("BAD_REQUEST", f"An invoice that is {before['status']} cannot be published.")
    profile = before.get("primary_recipient") or {}
    if not profile.get("customer_id"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "Nobody would get it.", "invoice.primary_recipient")
    if not (profile.get("email_address") or profile.get("phone_number")):
        raise invalid("BAD_REQUEST", "The customer has no e-mail address and no phone number.",
                      "invoice.primary_recipient.customer_id")  # fmt: skip
    for request in before["payment_requests"]:
        check_due(call, request["due_date"], before["location_id"])
    is_later = parse_rfc3339(before.get("scheduled_at") or rfc3339(call.now)) > call.now
    shown = {} if is_later else {
        "public_url": f"https://squareup.com/pay-invoice/{before['id']}",
        "next_payment_amount_money": before["payment_requests"][0]["computed_amount_money"],
    }  # fmt: skip
    return kept(call, entry, before | shown | {"status": "SCHEDULED" if is_later else "UNPAID"}, verb="published")


def _end_order(call: Call, order_id: str) -> None:
    entry = call.merchant.orders.get(order_id)
    if entry is not None and entry.document["state"] == "OPEN":
        order, stamp = entry.document, rfc3339(call.now)
        ended = order | {"state": "CANCELED", "closed_at": stamp, "updated_at": stamp}
        version = {"version": order["version"] + 1} if "version" in order else {}
        keep(call.square, call.merchant, "orders", entry, ended | version)


_ONE = "/v2/invoices/{invoice_id}"
ROUTES = [
    Route("POST", f"{_ONE}/publish", SCOPES, publish, body=PUBLISH),
    Route("POST", f"{_ONE}/cancel", SCOPES, cancel, body=CANCEL),
    Route("DELETE", _ONE, SCOPES, delete, query={"version": integer(0, written=True)}),
]
