"""How invoices are drafted for an order, and changed in part with their version."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.errors import invalid, not_found, version_mismatch
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.invoice_parts import (
    check_due,
    check_number,
    methods,
    next_number,
    order_of,
    recipient,
    requests,
    timezone,
)
from integrations.sandbox.square.invoice_shapes import CREATE, SETTABLE, UPDATE
from integrations.sandbox.square.ledger import keep
from integrations.sandbox.store import Entry

_CHANGEABLE = ("DRAFT", "SCHEDULED", "UNPAID", "PARTIALLY_PAID")


def create(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: {"invoice": _create(call, call.asked["invoice"])})


def update(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: {"invoice": _update(call, call.asked["invoice"])})


def found(call: Call, version: int | None, *, is_needed: bool = False) -> Entry:
    """The invoice of the path; SquareError when it is gone, or is not at the version that the client knows."""
    entry = call.merchant.invoices.live(call.ids["invoice_id"])
    if entry is None:
        raise not_found("Invoice", call.ids["invoice_id"])
    if version is None and is_needed:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", "invoice.version")
    if version is not None and version != entry.document["version"]:
        raise version_mismatch()
    return entry


def kept(call: Call, entry: Entry, document: Document, *, verb: str = "updated") -> Document:
    """Store the next version of an invoice and announce it."""
    stamped = document | {"version": document["version"] + 1, "updated_at": rfc3339(call.now)}
    return keep(call.square, call.merchant, "invoices", entry, _present(stamped), verb=verb)


def _create(call: Call, wanted: Document) -> Document:
    for name in ("order_id", "payment_requests", "delivery_method"):
        if not wanted.get(name):
            raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", f"invoice.{name}")
    _check_conditions(wanted)
    order = order_of(call, wanted)
    place, number = order["location_id"], wanted.get("invoice_number") or next_number(call)
    check_number(call, number, place)
    shown = {name: wanted[name] for name in SETTABLE if wanted.get(name) is not None}
    document = shown | {
        "id": "inv:0-" + call.merchant.new_id("invoice", 34, mixed=True), "version": 0, "location_id": place,
        "order_id": order["id"], "payment_requests": requests(call, wanted["payment_requests"], order),
        "invoice_number": number, "status": "DRAFT", "timezone": timezone(call, place),
        "created_at": rfc3339(call.now), "updated_at": rfc3339(call.now),
        "accepted_payment_methods": methods(wanted.get("accepted_payment_methods")),
        "store_payment_method_enabled": bool(wanted.get("store_payment_method_enabled")),
        "primary_recipient": recipient(call, wanted.get("primary_recipient")),
    }  # fmt: skip
    call.merchant.invoiced_orders.add(order["id"])
    return keep(call.square, call.merchant, "invoices", None, _present(document))


def _update(call: Call, wanted: Document) -> Document:
    """Only what is sent changes, null clears; requests are known by their uid."""
    entry = found(call, wanted.get("version"), is_needed=True)
    before = entry.document
    if before["status"] not in _CHANGEABLE:
        raise invalid("BAD_REQUEST", f"An invoice that is {before['status']} cannot be changed.")
    for name in ("order_id", "location_id"):
        if wanted.get(name) not in (None, before[name]):
            raise invalid("INVALID_VALUE", "This cannot be changed.", f"invoice.{name}")
    _check_conditions(wanted)
    cleared = dict.fromkeys(call.asked.get("fields_to_clear") or [])
    changes = cleared | {name: wanted[name] for name in SETTABLE if name in wanted}
    for name in ("payment_requests", "delivery_method", "accepted_payment_methods", "invoice_number"):
        if name in changes and not changes[name]:
            raise invalid("MISSING_REQUIRED_PARAMETER", "This cannot be cleared.", f"invoice.{name}")
    return kept(call, entry, before | changes | _worked_out(call, before, changes))


def _worked_out(call: Call, before: Document, changes: Document) -> Document:
    """The changed parts that are more than what was sent."""
    parts: Document = {}
    if "primary_recipient" in changes:
        parts["primary_recipient"] = _other_recipient(call, before, changes["primary_recipient"])
    if "payment_requests" in changes:
        parts["payment_requests"] = _requests(call, before, changes["payment_requests"])
    if "accepted_payment_methods" in changes:
        parts["accepted_payment_methods"] = methods(
            before["accepted_payment_methods"] | changes["accepted_payment_methods"]
        )
    if "invoice_number" in changes:
        check_number(call, changes["invoice_number"], before["location_id"], before["id"])
    return parts


def _other_recipient(call: Call, before: Document, wanted: Document | None) -> Document | None:
    """Another recipient is set on a draft only, and only once the one before was cleared."""
    if before["status"] != "DRAFT":
        raise invalid("BAD_REQUEST", "The recipient of a published invoice stays.", "invoice.primary_recipient")
    if wanted and before.get("primary_recipient"):
        raise invalid("BAD_REQUEST", "Clear the recipient before you set another.", "invoice.primary_recipient")
    return recipient(call, wanted)


def _requests(call: Call, before: Document, wanted: list[Document]) -> list[Document]:
    known = {request["uid"]: request for request in before["payment_requests"]}
    for place, each in enumerate(wanted):
        where = f"invoice.payment_requests[{place}]"
        if each.get("uid") not in known:
            raise invalid("INVALID_VALUE", "There is no such payment request.", f"{where}.uid")
        if each.get("due_date"):
            check_due(call, each["due_date"], before["location_id"])
    changes = {each["uid"]: {name: value for name, value in each.items() if value is not None} for each in wanted}
    return [request | changes.get(uid, {}) for uid, request in known.items()]


def _check_conditions(wanted: Document) -> None:
    if wanted.get("payment_conditions"):
        detail = "Payment conditions are not supported for this location's country"
        raise invalid("BAD_REQUEST", detail, "invoice.payment_conditions")


def _present(document: dict[str, Any]) -> Document:
    return {name: value for name, value in document.items() if value is not None}


SCOPES = ("ORDERS_WRITE", "INVOICES_WRITE")
ROUTES = [
    Route("POST", "/v2/invoices", SCOPES, create, body=CREATE),
    Route("PUT", "/v2/invoices/{invoice_id}", SCOPES, update, body=UPDATE),
]
