"""How the orders of a shop are read and written. An order needs its products first, and brings its customer.

While a shop is not syncing, what an order's automations would be told is kept beside it.
"""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, not_found
from integrations.sandbox.mailchimp.fields import page
from integrations.sandbox.mailchimp.order_lines import changed_lines, new_lines, without
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, email, listing, record, text
from integrations.sandbox.mailchimp.shop import Store
from integrations.sandbox.mailchimp.shop_customers import recount, upsert
from integrations.sandbox.mailchimp.shop_shapes import CHANGED_LINE, CUSTOMER, ID, LINE, ORDER, ORDER_NAMES
from integrations.sandbox.mailchimp.stores import store_of

_BLANK = {
    "campaign_id": "", "landing_site": "", "financial_status": "", "fulfillment_status": "", "order_url": "",
    "discount_total": 0, "tax_total": 0, "shipping_total": 0,
}  # fmt: skip


def get_orders(call: Call) -> Document:
    store = store_of(call)
    found = [
        _shown(store, order) for order in store.orders.values()
        if call.query.get("customer_id", order["customer"]["id"]) == order["customer"]["id"]
    ]  # fmt: skip
    return page_of(call, "orders", found, store_id=store.document["id"])


def get_order(call: Call) -> Document:
    return _shown(store_of(call), _order(call))


def add_order(call: Call) -> Document:
    """Everything is checked before the customer is written, so that a refused order leaves nothing behind."""
    store, wishes = store_of(call), call.body
    if wishes["id"] in store.orders:
        raise bad_request("An order with the provided ID already exists in the account.")
    lines = new_lines(store, wishes["lines"])
    upsert(call, store, wishes["customer"])
    customer = {"id": wishes["customer"]["id"]}
    beside = {"store_id": store.document["id"], "customer": customer, "lines": lines}
    return _kept(store, {}, _BLANK | wishes | beside)


def change_order(call: Call) -> Document:
    store, order, wishes = store_of(call), _order(call), dict(call.body)
    if "lines" in wishes:
        wishes["lines"] = changed_lines(store, order["lines"], wishes["lines"])
    if "customer" in wishes:
        upsert(call, store, wishes.pop("customer") | {"id": order["customer"]["id"]})
    return _kept(store, order, order | wishes)


def delete_line(call: Call) -> None:
    store, order = store_of(call), _order(call)
    store.orders[order["id"]] = without(order, call.ids["line_id"])


def delete_order(call: Call) -> None:
    store, order = store_of(call), _order(call)
    del store.orders[order["id"]]
    recount(store, order["customer"]["id"])


def _kept(store: Store, before: Document, order: Document) -> Document:
    if not store.document["is_syncing"] and order["financial_status"] != before.get("financial_status"):
        store.notifications.append({"id": order["id"], "financial_status": order["financial_status"]})
    store.orders[order["id"]] = order
    recount(store, order["customer"]["id"])
    return _shown(store, order)


def _shown(store: Store, order: Document) -> Document:
    customer_id = order["customer"]["id"]
    return order | {"customer": store.customers.get(customer_id, {"id": customer_id})}


def _order(call: Call) -> Document:
    found = store_of(call).orders.get(call.ids["order_id"])
    if found is None:
        raise not_found()
    return found


_ALL = "/ecommerce/stores/{store_id}/orders"
_ONE = f"{_ALL}/{{order_id}}"
_BUYER = record(CUSTOMER | {"id": ID, "email_address": email}, required=["id"])
_POST = record(
    ORDER | {"id": ID, "customer": _BUYER, "lines": listing(LINE, at_least=1)},
    required=["id", "customer", "currency_code", "order_total", "lines"],
)
_PATCH = record(ORDER | {"customer": record(CUSTOMER), "lines": listing(CHANGED_LINE, at_least=1)})
ROUTES = [
    Route(
        "GET", _ALL, get_orders, query=FIELDS | PAGE | {"customer_id": text()},
        shown=page("orders", ORDER_NAMES, "store_id"),
    ),
    Route("POST", _ALL, add_order, body=_POST),
    Route("GET", _ONE, get_order, query=FIELDS, shown=ORDER_NAMES),
    Route("PATCH", _ONE, change_order, body=_PATCH),
    Route("DELETE", _ONE, delete_order),
    Route("DELETE", f"{_ONE}/lines/{{line_id}}", delete_line),
]  # fmt: skip
