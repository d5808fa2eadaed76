"""How invoices are written: made as drafts, changed and deleted as long as they are, and finalised once for all."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.clock import DAY, SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError, invalid, no_such
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.invoice_frame import invoice_frame
from integrations.sandbox.stripe.invoice_sums import sums_of
from integrations.sandbox.stripe.notices import announce
from integrations.sandbox.stripe.shapes import choice, currency, flag, integer, metadata, one_only, text
from integrations.sandbox.stripe.writing import cause_of, change, create, kept, live, set_fields

KIND = "invoices"
_SEND, _CHARGE = "send_invoice", "charge_automatically"
_ADVANCES = 3600  # seconds in which a draft that advances by itself can still be changed
_NEVER = dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"))


def create_invoice(call: Call) -> Document:
    """A draft without lines, or with the items that waited for it if they are asked for."""
    asked, moment = set_fields(call), call.now // SECOND
    customer = call.collection("customers").live(asked["customer"])
    if customer is None:
        raise no_such("customer", asked["customer"], "customer", status=400)
    invoice_id, money = call.account.new_id("in_1"), asked.get("currency", call.account.currency)
    sweeps = asked.pop("pending_invoice_items_behavior", "exclude") == "include"
    method = asked.setdefault("collection_method", _CHARGE)
    due = _due(call, asked, method, moment)
    if method == _SEND and due is None:
        raise StripeError(
            400, "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
        )
    if sweeps:
        _sweep(call, invoice_id, money)
    given = {name: value for name, value in asked.items() if name != "days_until_due"}
    return create(call, KIND, {
        **invoice_frame(invoice_id, 0), **_recipient(customer.document), **given, **sums_of(call.account, invoice_id),
        "account_country": call.account.profile.market.country, "account_name": call.account.name, "amount_paid": 0,
        "attempt_count": 0, "attempted": False, "created": moment, "currency": money,
        "description": asked.get("description"), "due_date": due, "effective_at": None, "hosted_invoice_url": None,
        "invoice_pdf": None, "livemode": call.account.livemode, "metadata": kept(asked.get("metadata", {})),
        "number": asked.get("number"), "period_end": moment, "period_start": moment, "status": "draft",
        "status_transitions": _NEVER, "webhooks_delivered_at": moment,
        **_schedule(asked.get("auto_advance", False), method, moment),
    })  # fmt: skip


def update_invoice(call: Call) -> Document:
    """A draft takes everything; afterwards only notes can be made on it."""
    old, asked = live(call, KIND), set_fields(call)
    invoice = old.document
    firm = sorted(asked.keys() - {"metadata"})
    if invoice["status"] != "draft" and firm:
        raise invalid("Finalized invoices can't be updated in this way", firm[0])
    method, moment = str(asked.get("collection_method", invoice["collection_method"])), invoice["created"]
    if asked.keys() & {"due_date", "days_until_due"}:
        asked["due_date"] = _due(call, asked, method, moment)
        asked.pop("days_until_due", None)
    if asked.keys() & {"auto_advance", "collection_method"}:
        asked |= _schedule(bool(asked.get("auto_advance", invoice["auto_advance"])), method, moment)
    return change(call, KIND, old, asked)


def delete_invoice(call: Call) -> Document:
    """Only a draft can be deleted; its items are gone with it, though nobody says so."""
    old = live(call, KIND)
    if old.document["status"] != "draft":
        raise StripeError(400, "You can only delete draft invoices.")
    return deleted(ledger.remove(call.stripe, call.account, KIND, old, cause=cause_of(call)))


def finalize_invoice(call: Call) -> Document:
    """Number the invoice and bill it; one on which nothing is due is paid at once."""
    old, moment = live(call, KIND), call.now // SECOND
    invoice = old.document
    if invoice["status"] != "draft":
        raise StripeError(400, "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    is_paid = not invoice["amount_due"]
    url = f"https://invoice.stripe.com/i/{'live' if call.account.livemode else 'test'}_{invoice['id'][4:]}"
    final = change(call, KIND, old, {
        "status": "paid" if is_paid else "open", "number": invoice["number"] or _number(call, invoice),
        "effective_at": moment, "hosted_invoice_url": url, "invoice_pdf": f"{url}/pdf", "attempted": is_paid,
        "automatically_finalizes_at": None, "next_payment_attempt": None,
        "status_transitions": _NEVER | {"finalized_at": moment, "paid_at": moment if is_paid else None},
    })  # fmt: skip
    announce(call.stripe, call.account, "invoice.finalized", final, cause=cause_of(call))
    return final


def _due(call: Call, asked: Document, method: str, moment: int) -> int | None:
    """When it is due: a moment to come, or so many days after it was made. None where neither is said."""
    one_only(asked, "due_date", "days_until_due")
    if method != _SEND and asked.keys() & {"due_date", "days_until_due"}:
        message = "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
        raise StripeError(400, message)
    if "due_date" in asked and asked["due_date"] <= call.now // SECOND:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "due_date")
    days: int | None = asked.get("days_until_due")
    found: int | None = asked.get("due_date") if days is None else moment + days * DAY // SECOND
    return found


def _schedule(advances: bool, method: str, moment: int) -> Document:
    """When a draft would be finalised and charged by itself."""
    return {
        "auto_advance": advances,
        "automatically_finalizes_at": moment + _ADVANCES if advances else None,
        "next_payment_attempt": moment + _ADVANCES if advances and method == _CHARGE else None,
    }


def _sweep(call: Call, invoice_id: str, money: str) -> None:
    """Take the items that wait for this customer's next invoice."""
    items = (call.collection("invoiceitems").live(each) for each in list(call.account.written["invoiceitems"]))
    for item in items:
        if item is not None and _waits_for(call, item, money):
            change(call, "invoiceitems", item, {"invoice": invoice_id})
            call.account.billed[invoice_id].append(item.document["id"])


def _waits_for(call: Call, item: Entry, money: str) -> bool:
    known = item.document
    return known["invoice"] is None and known["customer"] == call.asked["customer"] and known["currency"] == money


def _recipient(customer: Document) -> Document:
    return {
        "customer": customer["id"], "customer_address": customer["address"], "customer_email": customer["email"],
        "customer_name": customer["name"], "customer_phone": customer["phone"],
    }  # fmt: skip


def _number(call: Call, invoice: Document) -> str:
    """The next number of this customer's own."""
    customer = call.entry("customers", invoice["customer"])
    prefix = customer.document["invoice_prefix"] if customer else "BILL"
    written = filter(None, map(call.collection(KIND).live, call.account.written[KIND]))
    given = [one for one in written if one.document["customer"] == invoice["customer"] and one.document["effective_at"]]
    return f"{prefix}-{len(given) + 1:04d}"


def _no_discounts(value: Any, field: str) -> list[Document]:
    """Nothing but the wish for none: the double knows no coupons."""
    if value != "":
        raise invalid("No such coupon.", field, "resource_missing")
    return []


_NAME = text(emptiable=False)
_UPDATE = {
    "auto_advance": flag,
    "collection_method": choice(_CHARGE, _SEND),
    "days_until_due": integer(0, 365),
    "description": text(at_most=1500),
    "discounts": _no_discounts,
    "due_date": integer(0),
    "footer": text(),
    "metadata": metadata,
    "number": text(at_most=100),
    "statement_descriptor": text(at_most=22),
}
_CREATE = {
    **_UPDATE, "currency": currency, "customer": _NAME,
    "pending_invoice_items_behavior": choice("exclude", "include"),
}  # fmt: skip
_WRITE = "rak_invoice_write"
_ONE = "/v1/invoices/{id}"
ROUTES = [
    Route("POST", "/v1/invoices", _WRITE, create_invoice, _CREATE, ("customer",)),
    Route("POST", _ONE, _WRITE, update_invoice, _UPDATE),
    Route("DELETE", _ONE, _WRITE, delete_invoice),
    Route("POST", f"{_ONE}/finalize", _WRITE, finalize_invoice, {"auto_advance": flag}),
]
