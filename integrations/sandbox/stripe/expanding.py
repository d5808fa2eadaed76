"""How an id in an answer becomes the object itself: `expand[]=data.customer`, up to four levels deep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe import checkout
from integrations.sandbox.stripe.calls import Call
from integrations.sandbox.stripe.errors import invalid
from integrations.sandbox.stripe.permissions import OF_OBJECT

_DEEPEST = 4

#: (object, field) to the kinds that the id may belong to
_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("balance_transaction", "source"): ("charges", "refunds", "payouts"),
    ("charge", "balance_transaction"): ("balance_transactions",),
    ("charge", "customer"): ("customers",),
    ("charge", "payment_intent"): ("payment_intents",),
    ("checkout.session", "customer"): ("customers",),
    ("checkout.session", "payment_intent"): ("payment_intents",),
    ("invoice", "customer"): ("customers",),
    ("invoiceitem", "customer"): ("customers",),
    ("invoiceitem", "invoice"): ("invoices",),
    ("invoice_payment", "invoice"): ("invoices",),
    ("payment_intent", "customer"): ("customers",),
    ("payment_intent", "latest_charge"): ("charges",),
    ("payout", "balance_transaction"): ("balance_transactions",),
    ("price", "product"): ("products",),
    ("product", "default_price"): ("prices",),
    ("refund", "balance_transaction"): ("balance_transactions",),
    ("refund", "charge"): ("charges",),
    ("refund", "payment_intent"): ("payment_intents",),
}
_INCLUDED: dict[tuple[str, str], Callable[[Call, Document], Document]] = {
    ("checkout.session", "line_items"): checkout.embedded_items,
}


def expanded(call: Call, answer: Document) -> Document:
    """The answer with everything that was asked for put in its place."""
    for path in call.asked.get("expand") or ():
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise invalid(f"You cannot expand more than {_DEEPEST} levels of a property. Path: {path}", "expand")
        answer = _inside(call, answer, parts, path)
    return answer


def _inside(call: Call, document: Document, parts: list[str], path: str) -> Document:
    name, *rest = parts
    if document.get("object") in ("list", "search_result") and name == "data":
        if not rest:
            raise _refusal(path)
        return document | {"data": [_inside(call, one, rest, path) for one in document["data"]]}
    key = (str(document.get("object")), name)
    if key not in _FIELDS and key not in _INCLUDED:
        raise _refusal(path)
    value = _value(call, document, key)
    if rest and isinstance(value, dict) and not value.get("deleted"):
        value = _inside(call, value, rest, path)
    return document | {name: value}


def _value(call: Call, document: Document, key: tuple[str, str]) -> Any:
    """The object in the place of its id; null stays null, and what is expanded already stays."""
    if key in _INCLUDED:
        return document.get(key[1]) or _INCLUDED[key](call, document)
    value = document[key[1]]
    if not isinstance(value, str):
        return value
    for kind in _FIELDS[key]:
        entry = call.entry(kind, value)
        if entry is not None:
            call.access.check(_right(key, kind))
            return deleted(entry.document) if entry.is_deleted else entry.document
    return value


def _right(key: tuple[str, str], kind: str) -> str:
    name = "balance_transaction_source" if key == ("balance_transaction", "source") else OF_OBJECT[kind]
    return f"rak_{name}_read"


def deleted(document: Document) -> Document:
    """What is left of a deleted record."""
    return {"id": document["id"], "object": document["object"], "deleted": True}


def _refusal(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
