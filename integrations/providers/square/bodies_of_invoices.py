"""What Square is sent for an invoice and for the order that holds its lines; and which invoices it cannot be. Pure.

Square makes an invoice for an order, and its lines stay from then on. It is shared by hand: Square sends it to nobody.
"""

from typing import Any

from integrations.providers.errors import Invalid
from integrations.providers.square import order_lines
from integrations.providers.types import JSON, Operation, Write

CUSTOMER = "primary_recipient.customer_id"
INVOICE_FIELDS: frozenset[str] = frozenset({
    "invoice_number", CUSTOMER, "due_date", "status", "line_items", "total_money", "location_id",
})  # fmt: skip
PAYABLE = ("SCHEDULED", "UNPAID", "PARTIALLY_PAID")
DRAFT, CANCELED = "DRAFT", "CANCELED"
# Which of Square's states say what we would send.
_SAYING = {"UNPAID": (*PAYABLE, "PAYMENT_PENDING"), "PAID": ("PAID", "PARTIALLY_REFUNDED")}
_OVER = {
    "PAID": "paid", "REFUNDED": "refunded", "PARTIALLY_REFUNDED": "paid and partly refunded", "CANCELED": "cancelled",
    "FAILED": "stopped", "PAYMENT_PENDING": "being paid",
}  # fmt: skip
_FIELDS = {"invoice_number": "invoice_number", "due_date": "due_date", "primary_recipient": CUSTOMER,
           "customer_id": CUSTOMER, "line_items": "line_items", "taxes": "line_items", "discounts": "line_items",
           "location_id": "location_id"}  # fmt: skip


def order(write: Write, location_id: str) -> JSON:
    """Return the order of an invoice to make. It bears our record's id. Raises Invalid for lines that cannot be."""
    lines = order_lines.read(write.values.get("line_items") or [], write.values.get("total_money"))
    who = {"customer_id": write.values[CUSTOMER]} if write.values.get(CUSTOMER) else {}
    return {"location_id": location_id, "reference_id": write.ours} | who | order_lines.order_parts(lines)


def draft(write: Write, made: JSON) -> JSON:
    """Return the invoice to make for an order that was made. Whoever gets it may pay by card on its page."""
    number = write.values.get("invoice_number")
    return {
        "order_id": made["id"], "location_id": made["location_id"], "delivery_method": "SHARE_MANUALLY",
        "primary_recipient": {"customer_id": write.values[CUSTOMER]}, "accepted_payment_methods": {"card": True},
        "payment_requests": [{"request_type": "BALANCE", "due_date": write.values["due_date"]}],
    } | ({"invoice_number": number} if number else {})  # fmt: skip


def wants_publishing(write: Write) -> bool:
    """Return whether an invoice shall be more than a draft."""
    unsaid = "UNPAID" if write.operation is Operation.CREATE else DRAFT
    return (write.values.get("status") or unsaid) != DRAFT


def calls(write: Write) -> int:
    """Return how many calls an invoice takes: its order, its draft and its publication, or a change."""
    return 2 + wants_publishing(write) if write.operation is Operation.CREATE else 1


def changes(write: Write, raw: JSON) -> list[JSON]:
    """Return what is sent to change an invoice, one after the other: another recipient is set on an empty place."""
    body: JSON = {}
    if write.values.get("invoice_number") not in (None, raw.get("invoice_number")):
        body["invoice_number"] = write.values["invoice_number"]
    if write.values.get("due_date"):
        body |= _until(write.values["due_date"], raw)
    who, before = write.values.get(CUSTOMER), (raw.get("primary_recipient") or {}).get("customer_id")
    if who and who != before:
        body["primary_recipient"] = {"customer_id": who}
    if who and before and who != before:
        return [{"primary_recipient": None}, body]
    return [body] if body else []


def refusal(write: Write) -> Invalid | None:
    """Return why a write of an invoice cannot be made, None where it can."""
    if write.operation is Operation.CREATE:
        return _unmakeable(write)
    return _unchangeable(write) if write.operation is Operation.UPDATE else _unremovable(write)


def says_status(ours: object, theirs: object) -> bool:
    """Return whether a state of ours says what Square's does; none of ours says nothing."""
    return ours is None or theirs in _SAYING.get(str(ours), (ours,))


def field_of(path: str) -> str:
    """Return our field id for the path in a refusal of Square's; the path itself where it is none of ours."""
    return next((field for name, field in _FIELDS.items() if name in path), path)


def _until(due: Any, raw: JSON) -> JSON:
    """Return the request that is due last with another day, known by its uid; nothing where that is its day."""
    requests = [each for each in raw.get("payment_requests") or [] if each.get("uid")]
    last = max(requests, key=lambda each: str(each.get("due_date") or ""), default=None)
    if last is None or last.get("due_date") == due:
        return {}
    return {"payment_requests": [{"uid": last["uid"], "due_date": due}]}


def _unmakeable(write: Write) -> Invalid | None:
    values = write.values
    if values.get("status") not in (None, DRAFT, "UNPAID"):
        return Invalid("Only drafts and open invoices are made in Square; this one is past that.", field="status")
    if not values.get(CUSTOMER):
        return Invalid("Square has to know whom an invoice is for.", field=CUSTOMER)
    if not values.get("due_date"):
        return Invalid("Square has to know until when an invoice is to be paid.", field="due_date")
    if not values.get("line_items"):
        return Invalid("Square makes an invoice of its lines, and this one has none.", field="line_items")
    try:
        order_lines.read(values["line_items"], values.get("total_money"))
    except Invalid as error:
        return error
    return None


def _unchangeable(write: Write) -> Invalid | None:
    values, there = write.values, str(write.raw.get("status") or "")
    if there in _OVER:
        return Invalid(f"Square has this invoice as {_OVER[there]}: it stays as it is there.", field="status")
    if values.keys() & {"line_items", "total_money"}:
        return Invalid("What an invoice asks for stays in Square: cancel it, and make a new one.", field="line_items")
    if "due_date" in values and not values["due_date"]:
        return Invalid("Square has to know until when an invoice is to be paid.", field="due_date")
    if values.get(CUSTOMER) and there != DRAFT:
        return Invalid(
            "Whom a published invoice is for stays in Square: cancel it, and make a new one.", field=CUSTOMER
        )
    if values.get("status") == DRAFT and there != DRAFT:
        return Invalid("A published invoice cannot become a draft again.", field="status")
    if values.get("status") not in (None, DRAFT, "UNPAID", CANCELED):
        return Invalid("Square itself tells when an invoice was paid, refunded or stopped.", field="status")
    return None


def _unremovable(write: Write) -> Invalid | None:
    there = str(write.raw.get("status") or "")
    if there in _OVER and there not in (CANCELED, "FAILED"):
        return Invalid(f"Square has this invoice as {_OVER[there]}, and keeps it.", field="status")
    return None
