"""How products and prices are read."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.expanding import deleted
from integrations.sandbox.stripe.goods import MOST_PRICES
from integrations.sandbox.stripe.listing import LIST, check_known, fits, list_of
from integrations.sandbox.stripe.shapes import choice, currency, flag, listing, record, text


def list_products(call: Call) -> Document:
    only = call.asked.get("ids")
    return list_of(call, "products", keep=fits(call.asked, "active", "shippable", "type", "url"), only=only)


def get_product(call: Call) -> Document:
    entry = call.entry("products", call.ids["id"])
    if entry is None:
        raise no_such("product", call.ids["id"])
    return deleted(entry.document) if entry.is_deleted else entry.document


def list_prices(call: Call) -> Document:
    asked = call.asked
    check_known(call, "products", "product")
    keys, same = asked.get("lookup_keys"), fits(asked, "active", "currency", "product", "type")
    recurring = asked.get("recurring", {})

    def keep(price: Document) -> bool:
        rhythm = price["recurring"] or {}
        return (
            (same is None or same(price))
            and (keys is None or price["lookup_key"] in keys)
            and all(rhythm.get(name) == value for name, value in recurring.items())
        )

    return list_of(call, "prices", keep=keep, only=_of_product(call))


def get_price(call: Call) -> Document:
    entry = call.entry("prices", call.ids["id"])
    if entry is None:
        raise no_such("price", call.ids["id"])
    return entry.document


def _of_product(call: Call) -> list[str] | None:
    """The prices that can belong to the product that was asked for: its slots, and everything written here."""
    if "product" not in call.asked:
        return None
    prices, index = call.collection("prices"), call.collection("products").generated.index_of(call.asked["product"])
    slots = [] if index is None else range(index * MOST_PRICES, (index + 1) * MOST_PRICES)
    return [prices.generated.id_of(slot) for slot in slots] + call.account.written["prices"]


_PRODUCTS = {
    **LIST,
    "active": flag,
    "ids": listing(text(emptiable=False)),
    "shippable": flag,
    "type": choice("good", "service"),
    "url": text(emptiable=False),
}
_PRICES = {
    **LIST,
    "active": flag,
    "currency": currency,
    "lookup_keys": listing(text(emptiable=False), at_most=10),
    "product": text(emptiable=False),
    "recurring": record({
        "interval": choice("day", "month", "week", "year"), "meter": text(emptiable=False),
        "usage_type": choice("licensed", "metered"),
    }),
    "type": choice("one_time", "recurring"),
}  # fmt: skip
ROUTES = [
    Route("GET", "/v1/products", "rak_product_read", list_products, _PRODUCTS),
    Route("GET", "/v1/products/{id}", "rak_product_read", get_product),
    Route("GET", "/v1/prices", "rak_plan_read", list_prices, _PRICES),
    Route("GET", "/v1/prices/{id}", "rak_plan_read", get_price),
]
