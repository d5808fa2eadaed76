"""How customers are written. Two customers may well have the same e-mail address."""

from __future__ import annotations

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.people import INVOICE_SETTINGS
from integrations.sandbox.stripe.shapes import (
    ADDRESS,
    SHIPPING,
    choice,
    email,
    integer,
    listing,
    metadata,
    text,
)
from integrations.sandbox.stripe.writing import cause_of, change, create, kept, live, set_fields

_NO_LINES = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def create_customer(call: Call) -> Document:
    customer_id = call.account.new_id("cus_", 14)
    asked = _settled(set_fields(call))
    blank: Document = {
        "id": customer_id, "object": "customer", "address": None, "balance": 0, "created": call.now // SECOND,
        "currency": None, "customer_account": None, "default_source": None, "delinquent": False, "description": None,
        "discount": None, "email": None, "invoice_prefix": customer_id[4:12].upper(),
        "invoice_settings": INVOICE_SETTINGS, "livemode": call.account.livemode, "metadata": {}, "name": None,
        "next_invoice_sequence": 1, "phone": None, "preferred_locales": [], "shipping": None, "tax_exempt": "none",
        "test_clock": None,
    }  # fmt: skip
    return create(call, "customers", blank | asked | {"metadata": kept(asked.get("metadata", {}))})


def update_customer(call: Call) -> Document:
    return change(call, "customers", live(call, "customers"), _settled(set_fields(call)))


def delete_customer(call: Call) -> Document:
    old = live(call, "customers")
    return deleted(ledger.remove(call.stripe, call.account, "customers", old, cause=cause_of(call)))


def _settled(asked: Document) -> Document:
    """An address is replaced as a whole: what was not sent is empty."""
    settled = dict(asked)
    if asked.get("address"):
        settled["address"] = _NO_LINES | asked["address"]
    if asked.get("shipping"):
        address = asked["shipping"].get("address") or {}
        settled["shipping"] = {"phone": None, **asked["shipping"], "address": _NO_LINES | address}
    if "tax_exempt" in asked:
        settled["tax_exempt"] = asked["tax_exempt"] or "none"
    return settled


_FIELDS = {
    "address": ADDRESS,
    "balance": integer(),
    "business_name": text(at_most=150),
    "description": text(),
    "email": email,
    "individual_name": text(at_most=150),
    "invoice_prefix": text(at_most=12, emptiable=False),
    "metadata": metadata,
    "name": text(at_most=256),
    "next_invoice_sequence": integer(1),
    "phone": text(at_most=20),
    "preferred_locales": listing(text(emptiable=False)),
    "shipping": SHIPPING,
    "tax_exempt": choice("exempt", "none", "reverse", emptiable=True),
}
_WRITE = "rak_customer_write"
_ONE = "/v1/customers/{id}"
ROUTES = [
    Route("POST", "/v1/customers", _WRITE, create_customer, _FIELDS),
    Route("POST", _ONE, _WRITE, update_customer, _FIELDS),
    Route("DELETE", _ONE, _WRITE, delete_customer),
]
