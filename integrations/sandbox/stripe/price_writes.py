"""How prices are written: an amount never changes and a price is never deleted."""

from __future__ import annotations

from decimal import Decimal

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import StripeError, invalid, no_such
from integrations.sandbox.stripe.shapes import (
    choice,
    currency,
    decimal,
    flag,
    integer,
    metadata,
    one_only,
    record,
    text,
)
from integrations.sandbox.stripe.writing import change, create, kept, live, set_fields


def create_price(call: Call) -> Document:
    """A price of a known product, or of one that is made with it."""
    asked = set_fields(call)
    one_only(asked, "product", "product_data")
    if "product_data" not in asked:
        _check_product(call, asked)
    return make_price(call, asked)


def update_price(call: Call) -> Document:
    asked, old = set_fields(call), live(call, "prices")
    if asked.get("active") is False:
        _check_not_default(call, old.document)
    transfer = asked.pop("transfer_lookup_key", False)
    if asked.get("lookup_key"):
        _take_lookup_key(call, asked["lookup_key"], old.document["id"], transfer=transfer)
    return change(call, "prices", old, asked)


def make_price(call: Call, asked: Document) -> Document:
    """Store a price; the product has been checked, or is made here."""
    amount, written_amount = _amounts(asked)
    transfer = asked.get("transfer_lookup_key", False)
    price_id = call.account.new_id("price_1")
    if asked.get("lookup_key"):
        _take_lookup_key(call, asked["lookup_key"], price_id, transfer=transfer)
    product_id = asked.get("product") or new_product(call, asked["product_data"], "product_data[id]")["id"]
    recurring = asked.get("recurring")
    rhythm: Document = {"interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed"}
    return create(call, "prices", {
        "id": price_id, "object": "price", "active": asked.get("active", True), "billing_scheme": "per_unit",
        "created": call.now // SECOND, "currency": asked["currency"], "custom_unit_amount": None,
        "livemode": call.account.livemode, "lookup_key": asked.get("lookup_key"),
        "metadata": kept(asked.get("metadata", {})), "nickname": asked.get("nickname"), "product": product_id,
        "recurring": rhythm | recurring if recurring else None,
        "tax_behavior": asked.get("tax_behavior", "unspecified"), "tiers_mode": None, "transform_quantity": None,
        "type": "recurring" if recurring else "one_time", "unit_amount": amount,
        "unit_amount_decimal": written_amount,
    })  # fmt: skip


def _amounts(asked: Document) -> tuple[int | None, str]:
    """The amount in whole minor units, if it is whole, and as it is written."""
    one_only(asked, "unit_amount", "unit_amount_decimal")
    if "unit_amount" in asked:
        return asked["unit_amount"], str(asked["unit_amount"])
    if "unit_amount_decimal" not in asked:
        raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
    exact = Decimal(asked["unit_amount_decimal"])
    if exact < 0:
        raise invalid("Invalid non-negative decimal.", "unit_amount_decimal")
    return (int(exact) if exact == exact.to_integral_value() else None), f"{exact.normalize():f}"


def _check_not_default(call: Call, price: Document) -> None:
    """StripeError while the product still offers this price first."""
    product = call.collection("products").live(price["product"])
    if product is not None and product.document["default_price"] == price["id"]:
        raise StripeError(400, "This price cannot be archived because it is the default price of its product.")


def _check_product(call: Call, asked: Document) -> None:
    if "product" not in asked:
        raise invalid("Missing required param: product.", "product", "parameter_missing")
    if call.collection("products").live(asked["product"]) is None:
        raise no_such("product", asked["product"], "product", status=400)


def new_product(call: Call, asked: Document, id_field: str) -> Document:
    """Store a product; its id may be chosen by the client, once."""
    moment, product_id = call.now // SECOND, asked.get("id") or call.account.new_id("prod_", 14)
    if call.entry("products", product_id) is not None:
        raise invalid("Product already exists.", id_field, "resource_already_exists")
    blank: Document = {
        "id": product_id, "object": "product", "active": True, "created": moment, "default_price": None,
        "description": None, "images": [], "livemode": call.account.livemode, "marketing_features": [],
        "metadata": {}, "name": None, "package_dimensions": None, "shippable": None, "statement_descriptor": None,
        "tax_code": None, "type": "service", "unit_label": None, "updated": moment, "url": None,
    }  # fmt: skip
    given = {name: value for name, value in asked.items() if name != "id"}
    return create(call, "products", blank | given | {"metadata": kept(asked.get("metadata", {}))})


def _take_lookup_key(call: Call, key: str, price_id: str, *, transfer: bool) -> None:
    """Make sure that no other price has this lookup key, or take it away from the one that does."""
    for _, entry in call.collection("prices").scan():
        if entry.document["lookup_key"] == key and entry.document["id"] != price_id:
            if not transfer:
                message = f"A price (`{entry.document['id']}`) already uses that lookup key."
                raise StripeError(400, message, code="resource_already_exists", param="lookup_key")
            change(call, "prices", entry, {"lookup_key": None})
            return


_AMOUNT = {"currency": currency, "unit_amount": integer(0, 99_999_999_999), "unit_amount_decimal": decimal}
_RECURRING = record(
    {
        "interval": choice("day", "month", "week", "year"), "interval_count": integer(1, 365),
        "usage_type": choice("licensed", "metered"),
    },
    required=["interval"],
)  # fmt: skip
_TAX = choice("exclusive", "inclusive", "unspecified")
INLINE_PRICE = record(
    {**_AMOUNT, "recurring": _RECURRING, "tax_behavior": _TAX, "metadata": metadata}, required=["currency"]
)
_PRODUCT_DATA = record(
    {
        "active": flag, "id": text(emptiable=False), "metadata": metadata, "name": text(emptiable=False),
        "statement_descriptor": text(at_most=22), "tax_code": text(), "unit_label": text(at_most=12),
    },
    required=["name"],
)  # fmt: skip
_UPDATE = {
    "active": flag, "lookup_key": text(at_most=200), "metadata": metadata, "nickname": text(), "tax_behavior": _TAX,
    "transfer_lookup_key": flag,
}  # fmt: skip
_CREATE = {
    **_AMOUNT, **_UPDATE, "billing_scheme": choice("per_unit"), "product": text(emptiable=False),
    "product_data": _PRODUCT_DATA, "recurring": _RECURRING,
}  # fmt: skip
_WRITE = "rak_plan_write"
ROUTES = [
    Route("POST", "/v1/prices", _WRITE, create_price, _CREATE, ("currency",)),
    Route("POST", "/v1/prices/{id}", _WRITE, update_price, _UPDATE),
]
