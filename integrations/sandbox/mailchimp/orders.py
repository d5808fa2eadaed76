"""How the orders of a shop are read and written. An order needs its products first, and brings its customer."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, not_found
from integrations.sandbox.mailchimp.fields import page
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, email, listing, record, text
from integrations.sandbox.mailchimp.shop import Store
from integrations.sandbox.mailchimp.shop_customers import recount, upsert
from integrations.sandbox.mailchimp.shop_shapes import CUSTOMER, ID, LINE, ORDER, ORDER_NAMES
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
        raise bad_request("An order with the provided ID already exists in the store.")
    lines = [_line(store, line) for line in wishes["lines"]]
    upsert(call, store, wishes["customer"])
    customer = {"id": wishes["customer"]["id"]}
    beside = {"store_id": store.document["id"], "customer": customer, "lines": lines}
    store.orders[wishes["id"]] = _BLANK | wishes | beside
    recount(store, customer["id"])
    return _shown(store, store.orders[wishes["id"]])


def change_order(call: Call) -> Document:
    store, order, wishes = store_of(call), _order(call), dict(call.body)
    if "customer" in wishes:
        upsert(call, store, wishes.pop("customer") | {"id": order["customer"]["id"]})
    store.orders[order["id"]] = order | wishes
    recount(store, order["customer"]["id"])
    return _shown(store, store.orders[order["id"]])


def delete_order(call: Call) -> None:
    store, order = store_of(call), _order(call)
    del store.orders[order["id"]]
    recount(store, order["customer"]["id"])


def _line(store: Store, line: Document) -> Document:
    product = store.products.get(line["product_id"])
    if product is None:
        raise bad_request(f"A product with the ID {line['product_id']} does not exist in the store.")
    variants = {variant["id"]: variant for variant in product["variants"]}
    if line["product_variant_id"] not in variants:
        raise bad_request(f"A variant with the ID {line['product_variant_id']} does not exist for the product.")
    titles = {
        "product_title": product["title"], "product_variant_title": variants[line["product_variant_id"]]["title"],
        "image_url": product["image_url"],
    }  # fmt: skip
    return {"discount": 0} | line | titles


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
ROUTES = [
    Route(
        "GET", _ALL, get_orders, query=FIELDS | PAGE | {"customer_id": text()},
        shown=page("orders", ORDER_NAMES, "store_id"),
    ),
    Route("POST", _ALL, add_order, body=_POST),
    Route("GET", _ONE, get_order, query=FIELDS, shown=ORDER_NAMES),
    Route("PATCH", _ONE, change_order, body=record(ORDER | {"customer": record(CUSTOMER)})),
    Route("DELETE", _ONE, delete_order),
]  # fmt: skip
