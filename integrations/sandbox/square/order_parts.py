"""What the lines, discounts and taxes of an order say, each checked before anything is reckoned with them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call
from integrations.sandbox.square.catalog import find_object
from integrations.sandbox.square.errors import invalid, not_found

APPLIED = {"applied_discounts": "discount_uid", "applied_taxes": "tax_uid"}


def lines_of(call: Call, order: Document, currency: str) -> list[Document]:
    """The lines, each with a uid, and with name and price from the catalogue where it names a variation."""
    return [
        _line(call, line, f"order.line_items[{place}]", currency)
        for place, line in enumerate(order.get("line_items") or [])
    ]


def quantity_of(line: Document, where: str) -> Decimal:
    """A whole number, or with a unit one with as many decimals as the unit allows."""
    try:
        quantity = Decimal(line["quantity"])
    except InvalidOperation as error:
        raise invalid("INVALID_VALUE", "Not a quantity.", f"{where}.quantity") from error
    if not quantity.is_finite() or quantity < 0:
        raise invalid("INVALID_VALUE", "Not a quantity.", f"{where}.quantity")
    precision = (line.get("quantity_unit") or {}).get("precision") or 0
    if quantity != quantity.quantize(Decimal(1).scaleb(-precision)):
        raise invalid("INVALID_VALUE", f"This quantity may have {precision} decimals.", f"{where}.quantity")
    return quantity


def discounts_of(call: Call, order: Document, currency: str) -> list[Document]:
    """The discounts, each with uid, scope and how much it is."""
    return [
        _discount(call, part, f"order.discounts[{place}]", currency)
        for place, part in enumerate(order.get("discounts") or [])
    ]


def taxes_of(call: Call, order: Document) -> list[Document]:
    """The taxes, each with uid, scope, type and percentage."""
    return [_tax(call, part, f"order.taxes[{place}]") for place, part in enumerate(order.get("taxes") or [])]


def check_references(lines: list[Document], kind: str, parts: list[Document]) -> None:
    """What a line says is applied to it must be among the order's own; what is stored of parts that are gone is not."""
    name, known = APPLIED[kind], {part["uid"] for part in parts}
    for place, line in enumerate(lines):
        for number, each in enumerate(line.get(kind) or []):
            if each[name] not in known and "applied_money" not in each:
                where = f"order.line_items[{place}].{kind}[{number}].{name}"
                raise invalid("INVALID_VALUE", "There is no such part of this order.", where)


def _line(call: Call, line: Document, where: str, currency: str) -> Document:
    line = _with_catalogue(call, line, where)
    price = line["base_price_money"]
    if price.get("currency") != currency:
        detail = "The line is in another currency than its location."
        raise invalid("CURRENCY_MISMATCH", detail, f"{where}.base_price_money.currency")
    if price.get("amount", 0) < 0:
        raise invalid("VALUE_TOO_LOW", "A price cannot be negative.", f"{where}.base_price_money.amount")
    return {"uid": f"line-{call.merchant.new_id('uid', 12)}", "item_type": "ITEM"} | line


def _with_catalogue(call: Call, line: Document, where: str) -> Document:
    """A line that names a variation takes name and price from the catalogue unless it brings its own."""
    found = find_object(call.merchant, line["catalog_object_id"]) if line.get("catalog_object_id") else None
    if line.get("catalog_object_id") and (found is None or found["is_deleted"]):
        raise not_found("Catalog object", line["catalog_object_id"], f"{where}.catalog_object_id")
    data = (found or {}).get("item_variation_data", {})
    item = find_object(call.merchant, data["item_id"]) if data else None
    known: Document = {"variation_name": data.get("name"), "base_price_money": data.get("price_money")} if data else {}
    if item:
        known["name"] = item["item_data"]["name"]
    line = {name: value for name, value in (known | line).items() if value is not None}
    if not line.get("base_price_money") or not line.get("name"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "A line needs name and base_price_money, or a variation.", where)
    return line


def _discount(call: Call, part: Document, where: str, currency: str) -> Document:
    part = _with_uid(call, _known(call, part, "discount_data", "discount_type", where))
    if part.get("type") not in ("FIXED_PERCENTAGE", "FIXED_AMOUNT"):
        raise invalid("INVALID_VALUE", "A discount is of type FIXED_PERCENTAGE or FIXED_AMOUNT.", f"{where}.type")
    if part["type"] == "FIXED_PERCENTAGE":
        return _with_percentage(part, where)
    if (part.get("amount_money") or {}).get("currency") != currency or part.get("percentage"):
        raise invalid("INVALID_VALUE", "This needs an amount in the location's currency.", f"{where}.amount_money")
    return part


def _tax(call: Call, part: Document, where: str) -> Document:
    part = _known(call, part, "tax_data", "inclusion_type", where)
    return _with_percentage({"type": "ADDITIVE"} | _with_uid(call, part), where)


def _known(call: Call, part: Document, data_name: str, type_name: str, where: str) -> Document:
    """A part with what the catalogue says of it, where it names an object there."""
    object_id = part.get("catalog_object_id")
    found = find_object(call.merchant, object_id) if object_id else None
    if object_id and (found is None or data_name not in found):
        raise not_found("Catalog object", object_id, f"{where}.catalog_object_id")
    data = (found or {}).get(data_name, {})
    told = {"name": data.get("name"), "percentage": data.get("percentage"), "amount_money": data.get("amount_money"),
            "type": data.get(type_name)}  # fmt: skip
    return {name: value for name, value in (told | part).items() if value is not None}


def _with_uid(call: Call, part: Document) -> Document:
    return {"uid": f"part-{call.merchant.new_id('uid', 12)}", "scope": "ORDER"} | part


def _with_percentage(part: Document, where: str) -> Document:
    try:
        percentage = Decimal(part.get("percentage") or "")
    except InvalidOperation as error:
        raise invalid("INVALID_VALUE", "Not a percentage.", f"{where}.percentage") from error
    if not 0 <= percentage <= 100:
        raise invalid("INVALID_VALUE", "A percentage lies between 0 and 100.", f"{where}.percentage")
    return part
