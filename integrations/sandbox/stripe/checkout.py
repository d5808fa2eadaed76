"""How checkout sessions are read, and the items that were bought in them."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.listing import LIST, PAGING, check_known, list_of, page_of_few
from integrations.sandbox.stripe.sales import Line
from integrations.sandbox.stripe.shapes import choice, email, record, text

_KIND = "checkout_sessions"
_EMBEDDED = 10


def list_sessions(call: Call) -> Document:
    asked = call.asked
    check_known(call, "customers", "customer")
    wanted = {name: asked[name] for name in ("customer", "payment_intent", "payment_link", "status") if name in asked}
    address = asked.get("customer_details", {}).get("email")

    def keep(document: Document) -> bool:
        details = document["customer_details"] or {}
        return all(document[name] == value for name, value in wanted.items()) and (
            address is None or details.get("email") == address
        )

    return list_of(call, _KIND, keep=keep, only=[] if "subscription" in asked else None)


def get_session(call: Call) -> Document:
    return _session(call)


def list_items(call: Call) -> Document:
    return page_of_few(call, items_of(call, _session(call)), "line item")


def embedded_items(call: Call, session: Document) -> Document:
    """The list that a session shows when it is asked to."""
    items = items_of(call, session)
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": items[:_EMBEDDED], "has_more": len(items) > _EMBEDDED, "url": url}


def items_of(call: Call, session: Document) -> list[Document]:
    account = call.account
    written = account.written_items.get(session["id"])
    if written is not None:
        return written
    index = account.sessions.index_of(session["id"]) or 0
    return [_item(call, item_id, line) for item_id, line in account.sessions.line_items(index)]


def _item(call: Call, item_id: str, line: Line) -> Document:
    price = call.entry("prices", call.account.sessions.sales.products.price_id(line.product, line.place))
    return {
        "id": item_id,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": line.total,
        "amount_tax": 0,
        "amount_total": line.total,
        "currency": call.account.currency,
        "description": line.text,
        "metadata": {},
        "price": price.document if price else None,
        "quantity": line.quantity,
    }


def _session(call: Call) -> Document:
    entry = call.entry(_KIND, call.ids["id"])
    if entry is None:
        raise no_such("checkout.session", call.ids["id"], "session")
    return entry.document


_LIST = {
    **LIST,
    "customer": text(emptiable=False),
    "customer_details": record({"email": email}, required=["email"]),
    "payment_intent": text(emptiable=False),
    "payment_link": text(emptiable=False),
    "status": choice("complete", "expired", "open"),
    "subscription": text(emptiable=False),
}
_READ = "rak_checkout_session_read"
ROUTES = [
    Route("GET", "/v1/checkout/sessions", _READ, list_sessions, _LIST),
    Route("GET", "/v1/checkout/sessions/{id}", _READ, get_session),
    Route("GET", "/v1/checkout/sessions/{id}/line_items", _READ, list_items, PAGING),
]
