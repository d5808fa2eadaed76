"""How payments are written: refunds are given, and a little is noted on charges, intents and refunds."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError, invalid, no_such
from integrations.sandbox.stripe.givings import give_back
from integrations.sandbox.stripe.shapes import choice, email, integer, metadata, one_only, text
from integrations.sandbox.stripe.writing import cause_of, change, kept, live, set_fields


def create_refund(call: Call) -> Document:
    """The whole charge or what is left of it, unless an amount is named."""
    asked = set_fields(call)
    one_only(asked, "charge", "payment_intent")
    entry = _charge(call, asked)
    charge = entry.document
    left = charge["amount"] - charge["amount_refunded"]
    amount = asked.get("amount", left)
    if not charge["paid"]:
        raise invalid(f"Charge {charge['id']} was not successful and cannot be refunded.", "charge")
    if not left:
        raise StripeError(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise StripeError(400, message, param="amount")
    return give_back(
        call.stripe, call.account, entry, amount, asked.get("reason"), kept(asked.get("metadata", {})),
        cause=cause_of(call),
    )  # fmt: skip


def update_refund(call: Call) -> Document:
    return change(call, "refunds", live(call, "refunds"), set_fields(call))


def update_charge(call: Call) -> Document:
    return change(call, "charges", live(call, "charges"), set_fields(call))


def update_intent(call: Call) -> Document:
    return change(call, "payment_intents", live(call, "payment_intents"), set_fields(call))


def _charge(call: Call, asked: Document) -> Entry:
    if "payment_intent" in asked:
        intent = call.entry("payment_intents", asked["payment_intent"])
        if intent is None:
            raise no_such("payment_intent", asked["payment_intent"], "payment_intent", status=400)
        wanted, param = intent.document["latest_charge"], "payment_intent"
    elif "charge" in asked:
        wanted, param = asked["charge"], "charge"
    else:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise StripeError(400, message)
    entry = call.entry("charges", wanted)
    if entry is None:
        raise no_such("charge", wanted, param, status=400)
    return entry


_NAME = text(emptiable=False)
_REFUND = {
    "amount": integer(1), "charge": _NAME, "payment_intent": _NAME, "metadata": metadata,
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
}  # fmt: skip
_NOTES = {"description": text(), "metadata": metadata, "receipt_email": email}
ROUTES = [
    Route("POST", "/v1/refunds", "rak_refund_write", create_refund, _REFUND),
    Route("POST", "/v1/refunds/{id}", "rak_refund_write", update_refund, {"metadata": metadata}),
    Route("POST", "/v1/charges/{id}", "rak_charge_write", update_charge, _NOTES),
    Route("POST", "/v1/payment_intents/{id}", "rak_payment_intent_write", update_intent, _NOTES),
]
