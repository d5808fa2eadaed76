"""What Stripe is sent for the draft of an invoice, and which invoices are none for Stripe. Pure."""

from collections.abc import Sequence
from typing import Any

from integrations.providers.errors import Invalid
from integrations.providers.stripe import amounts, lines
from integrations.providers.stripe.marks import REFERENCE
from integrations.providers.types import JSON, Money, Operation, Values, Write

Form = dict[str, str]
INVOICE_FIELDS: frozenset[str] = frozenset({"customer", "number", "due_date", "status", "total", lines.FIELD})
DRAFT = "draft"
_UNPAID = (None, DRAFT, "open")
_DAYS = "30"  # until a bill is due that says nothing of it: Stripe wants to know
_PARAMETERS = {"days_until_due": "due_date", "currency": "total"}


def refusal(write: Write) -> Invalid | None:
    """Return why a write cannot be sent, as a sentence for the owner, with the field that it is about."""
    if write.operation is Operation.DELETE:
        return None
    found = _new_one(write) if write.operation is Operation.CREATE else _known_one(write)
    if found is None and (write.operation is Operation.CREATE or write.values.keys() & {lines.FIELD, "total"}):
        found = _sums(write)
    return found


def calls(write: Write) -> int:
    """Return how many calls a draft takes: itself, its lines, and a look at what it comes to."""
    touched = len(write.values.get(lines.FIELD) or []) if write.operation is not Operation.DELETE else 0
    return 2 + touched if touched or write.operation is Operation.CREATE else 1


def total(write: Write) -> Money | None:
    """Return what the invoice comes to, as the venue has it; None where that is not told."""
    found: Money | None = _either(write, "total")
    return found


def items(write: Write) -> list[lines.Item]:
    """Return the items of the draft. Raises Invalid."""
    return lines.items(_either(write, lines.FIELD) or [])


def new(write: Write) -> Form:
    """Return a draft without lines, which nobody finalises, charges or sends but the owner.

    No discount that its customer has is taken off, and no item that waits for the next invoice is taken in.
    """
    money = _currency(_either(write, lines.FIELD))
    form = {
        "customer": str(write.values["customer"]), "currency": money.lower(), "auto_advance": "false",
        "collection_method": "send_invoice", "pending_invoice_items_behavior": "exclude", "discounts": "",
        f"metadata[{REFERENCE}]": write.ours,
    }  # fmt: skip
    form |= {name: value for name, value in _given(write.values).items() if value}
    return form if "due_date" in form else form | {"days_until_due": _DAYS}


def changed(write: Write, raw: JSON) -> Form:
    """Return what the draft at Stripe does not say yet."""
    return {name: value for name, value in _given(write.values).items() if value != str(raw.get(name) or "")}


def item(write: Write, invoice: JSON, found: lines.Item) -> Form:
    """Return an item to add to a draft."""
    place = {"customer": str(invoice["customer"]), "invoice": str(invoice["id"]), "currency": str(invoice["currency"])}
    return place | {name: value for name, value in found.form().items() if value}


def field_of(parameter: str) -> str:
    """Return our field id for the parameter that Stripe refused; the parameter itself where it is none of ours."""
    return _PARAMETERS.get(parameter, parameter)


def _given(values: Values) -> Form:
    """Return number and due date. A bill that is sent has to fall due, so no date of ours means no change."""
    form = {"number": str(values["number"] or "")} if "number" in values else {}
    due = values.get("due_date")
    return form | ({"due_date": str(int(due.timestamp()))} if due is not None else {})


def _new_one(write: Write) -> Invalid | None:
    if write.values.get("status") not in _UNPAID:
        return Invalid("Only invoices on which nothing was paid are sent to Stripe.", field="status")
    if not write.values.get("customer"):
        return Invalid("Its customer is not at Stripe yet, and an invoice there needs one.", field="customer")
    return None


def _known_one(write: Write) -> Invalid | None:
    if write.raw.get("status", DRAFT) != DRAFT:
        return Invalid("It is finalised at Stripe, and can no longer be changed there.", field="status")
    shown = (write.raw.get("lines") or {}).get("data") or []
    if lines.FIELD in write.values and not all(map(_is_plain, shown)):
        return Invalid("It has lines that only Stripe can change: change it there.", field=lines.FIELD)
    return None


def _is_plain(raw: JSON) -> bool:
    """Return whether a line is an item and nothing else: no subscription, no coupon, no tax rate."""
    kind = (raw.get("parent") or {}).get("type", "invoice_item_details")
    return kind == "invoice_item_details" and not raw.get("discount_amounts") and not raw.get("taxes")


def _sums(write: Write) -> Invalid | None:
    """Return why what the lines come to is not what the invoice comes to."""
    listed, whole = _either(write, lines.FIELD), total(write)
    if not listed:
        return Invalid("It has no lines, and Stripe bills nothing else.", field=lines.FIELD)
    if len({each.currency for line in listed for each in line.values() if isinstance(each, Money)}) != 1:
        return Invalid("Its lines are in several currencies, and an invoice has one.", field=lines.FIELD)
    try:
        billed = sum(each.amount for each in items(write))
        if whole is not None and (whole.currency, amounts.sent(whole)) != (_currency(listed), billed):
            return Invalid("Its lines do not come to its total.", field=lines.FIELD)
    except Invalid as error:
        return Invalid(str(error), field=lines.FIELD, code=error.code)
    return None


def _currency(listed: Sequence[Values]) -> str:
    return next(each.currency for line in listed for each in line.values() if isinstance(each, Money))


def _either(write: Write, name: str) -> Any:
    """Return a value that the write changes, else the one that the record has anyway."""
    return write.values[name] if name in write.values else write.whole.get(name)
