"""What an item and its variations have to be when they are written, beyond the shape of their fields."""

from __future__ import annotations

import html
import re

from integrations.sandbox.generation import Document
from integrations.sandbox.square.errors import invalid

_CREATABLE = ("REGULAR", "APPOINTMENTS_SERVICE", "FOOD_AND_BEV", "EVENT", "DIGITAL", "DONATION")
_TAG = re.compile(r"<[^>]*>")


def check_item(wanted: Document, before: Document | None, field: str) -> Document:
    """The item's data with what Square adds to it; SquareError for an item that cannot be."""
    if not wanted.get("name"):
        raise invalid("VALUE_EMPTY", "An item needs a name.", f"{field}.name")
    if not wanted.get("variations"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "An item needs a variation.", f"{field}.variations")
    kind = wanted.get("product_type") or (before or {}).get("product_type") or "REGULAR"
    if before is not None and kind != before.get("product_type", "REGULAR"):
        raise invalid("INVALID_VALUE", "The type of an item cannot be changed.", f"{field}.product_type")
    if before is None and kind not in _CREATABLE:
        raise invalid("INVALID_VALUE", f"Items of type {kind} cannot be made by the API.", f"{field}.product_type")
    return {"is_archived": False} | _described(wanted) | {"product_type": kind}


def check_price(data: Document, currency: str, field: str) -> None:
    """A fixed price is an amount in the seller's currency, any other has none."""
    pricing, price = data.get("pricing_type"), data.get("price_money")
    if pricing == "FIXED_PRICING" and not price:
        raise invalid("MISSING_REQUIRED_PARAMETER", "A fixed price needs price_money.", f"{field}.price_money")
    if pricing == "VARIABLE_PRICING" and price:
        raise invalid("UNEXPECTED_VALUE", "A variable price has no price_money.", f"{field}.price_money")
    if price and price.get("currency") != currency:
        raise invalid("INVALID_VALUE", f"Prices of this seller are in {currency}.", f"{field}.price_money.currency")
    if price and price.get("amount", 0) < 0:
        raise invalid("VALUE_TOO_LOW", "A price cannot be negative.", f"{field}.price_money.amount")


def _described(wanted: Document) -> Document:
    """The three forms of a description say the same; where two are sent, the one in HTML counts."""
    rest = {name: value for name, value in wanted.items() if not name.startswith("description")}
    marked, plain = wanted.get("description_html"), wanted.get("description")
    if not marked and not plain:
        return rest
    marked = marked or f"<p>{html.escape(plain or '', quote=False)}</p>"
    plain = html.unescape(_TAG.sub("", marked))
    return rest | {"description": plain, "description_html": marked, "description_plaintext": plain}
