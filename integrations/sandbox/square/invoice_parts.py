"""What the parts of an invoice have to be: its order, who gets it, what is asked for until when, its number."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call
from integrations.sandbox.square.errors import SquareError, invalid, not_found
from integrations.sandbox.square.invoice_shapes import PAYMENT_METHODS

_SHOWN = ("given_name", "family_name", "email_address", "address", "phone_number", "company_name")


def order_of(call: Call, wanted: Document) -> Document:
    """The open order that the invoice is for; each order has one invoice at most."""
    entry = call.merchant.orders.get(wanted["order_id"])
    if entry is None:
        raise not_found("Order", wanted["order_id"], "invoice.order_id")
    order = entry.document
    if order["state"] != "OPEN" or "version" not in order:
        raise invalid("BAD_REQUEST", "The order must be open and made by the Orders API.", "invoice.order_id")
    if has_invoice(call, order["id"]):
        raise invalid("BAD_REQUEST", "The order has an invoice already.", "invoice.order_id")
    if wanted.get("location_id") not in (None, order["location_id"]):
        raise invalid("INVALID_LOCATION", "The order belongs to another location.", "invoice.location_id")
    return order


def has_invoice(call: Call, order_id: str) -> bool:
    """Whether an invoice was made for the order, by a client or in the venue's history."""
    return order_id in call.merchant.invoiced_orders or call.merchant.invoices.generated.is_of_order(order_id)


def recipient(call: Call, wanted: Document | None) -> Document | None:
    """A snapshot of the customer, as it is on the day."""
    if not wanted or not wanted.get("customer_id"):
        return None
    entry = call.merchant.customers.live(wanted["customer_id"])
    if entry is None:
        raise not_found("Customer", wanted["customer_id"], "invoice.primary_recipient.customer_id")
    profile = entry.document
    return {"customer_id": profile["id"]} | {name: profile[name] for name in _SHOWN if name in profile}


def requests(call: Call, wanted: list[Document], order: Document) -> list[Document]:
    """The one request for the whole balance, with what it comes to."""
    if len(wanted) != 1 or wanted[0].get("request_type") not in (None, "BALANCE"):
        raise SquareError(501, "NOT_IMPLEMENTED", "The sandbox knows one BALANCE request.", field=_at("request_type"))
    asked = wanted[0]
    if not asked.get("request_type"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", _at("request_type"))
    shown = {name: asked[name] for name in ("uid", "due_date", "reminders", "card_id") if asked.get(name) is not None}
    check_due(call, asked.get("due_date"), order["location_id"])
    nothing = order["total_money"] | {"amount": 0}
    return [
        {"uid": f"{call.merchant.new_id('uid', 16)}", "request_type": "BALANCE"}
        | {"tipping_enabled": bool(asked.get("tipping_enabled"))}
        | {"automatic_payment_source": asked.get("automatic_payment_source") or "NONE"}
        | {"computed_amount_money": order["total_money"], "total_completed_amount_money": nothing}
        | shown
    ]


def check_due(call: Call, due: str | None, location_id: str) -> None:
    """A due date must be there, and not be over where the location is."""
    if not due:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", _at("due_date"))
    if due < today(call, location_id):
        raise invalid("INVALID_VALUE", "The due date must not be in the past.", _at("due_date"))


def today(call: Call, location_id: str) -> str:
    zone = ZoneInfo(timezone(call, location_id))
    return datetime.fromtimestamp(call.now / 1000, UTC).astimezone(zone).date().isoformat()


def timezone(call: Call, location_id: str) -> str:
    return next(str(place["timezone"]) for place in call.merchant.locations if place["id"] == location_id)


def methods(wanted: Document | None) -> Document:
    """Every way to pay with whether it is taken; at least one is."""
    found = {name: bool((wanted or {}).get(name)) for name in PAYMENT_METHODS}
    if not any(found.values()):
        raise invalid("MISSING_REQUIRED_PARAMETER", "At least one payment method.", "invoice.accepted_payment_methods")
    return found


def check_number(call: Call, number: str, location_id: str, own: str = "") -> None:
    """A number is given once within a location."""
    for entry in call.merchant.invoices.everything():
        other = entry.document
        is_other = not entry.is_deleted and other["id"] != own and other["location_id"] == location_id
        if is_other and other.get("invoice_number") == number:
            raise invalid("BAD_REQUEST", f"Invoice number {number} is taken.", "invoice.invoice_number")


def next_number(call: Call) -> str:
    """The number that Square gives to an invoice without one."""
    return f"{sum(1 for _ in call.merchant.invoices.everything()) + 1:07d}"


def _at(name: str) -> str:
    return f"invoice.payment_requests[0].{name}"
