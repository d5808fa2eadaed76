"""How products are written."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError, no_such
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.price_writes import INLINE_PRICE, make_price, new_product
from integrations.sandbox.stripe.shapes import flag, listing, metadata, record, text
from integrations.sandbox.stripe.writing import cause_of, change, live, set_fields


def create_product(call: Call) -> Document:
    """A product, with its first price if one was sent along."""
    asked = set_fields(call)
    price = asked.pop("default_price_data", None)
    product = new_product(call, asked, "id")
    if price is None:
        return product
    made = make_price(call, price | {"product": product["id"]})
    return change(call, "products", live(call, "products", product["id"]), {"default_price": made["id"]})


def update_product(call: Call) -> Document:
    asked = set_fields(call)
    wanted = asked.get("default_price")
    if wanted is not None:
        price = call.entry("prices", wanted)
        if price is None or price.document["product"] != call.ids["id"]:
            raise no_such("price", wanted, "default_price", status=400)
    return change(call, "products", live(call, "products"), asked)


def delete_product(call: Call) -> Document:
    """Only a product that never had a price can be deleted."""
    old = live(call, "products")
    if call.account.is_priced(old.document["id"]):
        message = "This product cannot be deleted because it has one or more user-created prices."
        raise StripeError(400, message, param="id")
    return deleted(ledger.remove(call.stripe, call.account, "products", old, cause=cause_of(call)))


_FIELDS = {
    "active": flag,
    "description": text(at_most=40_000),
    "images": listing(text(emptiable=False), at_most=8),
    "marketing_features": listing(record({"name": text(at_most=80, emptiable=False)}, required=["name"]), at_most=15),
    "metadata": metadata,
    "name": text(emptiable=False),
    "shippable": flag,
    "statement_descriptor": text(at_most=22),
    "tax_code": text(),
    "unit_label": text(at_most=12),
    "url": text(at_most=2048),
}
_CREATE = {**_FIELDS, "id": text(emptiable=False), "default_price_data": INLINE_PRICE}
_UPDATE = {**_FIELDS, "default_price": text()}
_WRITE = "rak_product_write"
_ONE = "/v1/products/{id}"
ROUTES = [
    Route("POST", "/v1/products", _WRITE, create_product, _CREATE, ("name",)),
    Route("POST", _ONE, _WRITE, update_product, _UPDATE),
    Route("DELETE", _ONE, _WRITE, delete_product),
]
