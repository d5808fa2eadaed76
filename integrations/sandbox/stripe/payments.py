"""How charges, payment intents and refunds are read."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.listing import LIST, check_known, fits, list_of
from integrations.sandbox.stripe.receipts import CHARGE, INTENT
from integrations.sandbox.stripe.shapes import text


def list_charges(call: Call) -> Document:
    check_known(call, "customers", "customer")
    check_known(call, "payment_intents", "payment_intent")
    only = None
    if "payment_intent" in call.asked:
        only = [CHARGE + call.asked["payment_intent"].removeprefix(INTENT)]
    return list_of(call, "charges", keep=fits(call.asked, "customer", "transfer_group"), only=only)


def get_charge(call: Call) -> Document:
    return _known(call, "charges", "charge")


def list_intents(call: Call) -> Document:
    check_known(call, "customers", "customer")
    return list_of(call, "payment_intents", keep=fits(call.asked, "customer"))


def get_intent(call: Call) -> Document:
    return _known(call, "payment_intents", "payment_intent")


def list_refunds(call: Call) -> Document:
    check_known(call, "charges", "charge")
    check_known(call, "payment_intents", "payment_intent")
    return list_of(call, "refunds", keep=fits(call.asked, "charge", "payment_intent"))


def get_refund(call: Call) -> Document:
    return _known(call, "refunds", "refund")


def _known(call: Call, kind: str, name: str) -> Document:
    entry = call.entry(kind, call.ids["id"])
    if entry is None:
        raise no_such(name, call.ids["id"], "intent" if name == "payment_intent" else "id")
    return entry.document


_NAME = text(emptiable=False)
_CHARGES = {**LIST, "customer": _NAME, "payment_intent": _NAME, "transfer_group": _NAME}
_INTENTS = {**LIST, "customer": _NAME}
_REFUNDS = {**LIST, "charge": _NAME, "payment_intent": _NAME}
ROUTES = [
    Route("GET", "/v1/charges", "rak_charge_read", list_charges, _CHARGES),
    Route("GET", "/v1/charges/{id}", "rak_charge_read", get_charge),
    Route("GET", "/v1/payment_intents", "rak_payment_intent_read", list_intents, _INTENTS),
    Route("GET", "/v1/payment_intents/{id}", "rak_payment_intent_read", get_intent),
    Route("GET", "/v1/refunds", "rak_refund_read", list_refunds, _REFUNDS),
    Route("GET", "/v1/refunds/{id}", "rak_refund_read", get_refund),
]
