"""How orders are written: created from lines, changed in part with their version."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.catalog import find_object
from integrations.sandbox.square.errors import invalid, not_found, version_mismatch
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.ledger import keep
from integrations.sandbox.square.order_shapes import CREATE, SETTABLE, UPDATE
from integrations.sandbox.square.payments import check_location


def create(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: {"order": _create(call)})


def update(call: Call) -> Document:
    return once(call, call.asked.get("idempotency_key"), lambda: {"order": _update(call)})


def _create(call: Call) -> Document:
    wanted = call.asked.get("order")
    if wanted is None:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", "order")
    check_location(call, wanted["location_id"])
    stamp = rfc3339(call.now)
    order = {name: wanted[name] for name in SETTABLE if wanted.get(name) is not None}
    order |= {
        "id": call.merchant.new_id("order", 29, suffix="ZY", mixed=True),
        "location_id": wanted["location_id"],
        "state": wanted.get("state") or "OPEN",
        "source": wanted.get("source") or {"name": call.square.application.name},
        "created_at": stamp,
        "updated_at": stamp,
        "version": 1,
    }
    return keep(call.square, call.merchant, "orders", None, _priced(call, order))


def _update(call: Call) -> Document:
    """Only what is sent changes; lists of lines are merged by uid; the version must be the present one."""
    entry = call.merchant.orders.get(call.ids["order_id"])
    if entry is None:
        raise not_found("Order", call.ids["order_id"])
    order, wanted = entry.document, call.asked.get("order") or {}
    if "version" not in order:
        raise invalid("BAD_REQUEST", "This order was not made through the API and cannot be updated.", "order")
    if wanted.get("version") is None:
        raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", "order.version")
    if wanted["version"] != order["version"]:
        raise version_mismatch()
    _check_state(order, wanted)
    changed = dict(order)
    for path in call.asked.get("fields_to_clear") or []:
        _clear(changed, path)
    for name in SETTABLE:
        if wanted.get(name) is not None:
            changed[name] = _merged(changed.get(name), wanted[name])
    stamp = rfc3339(call.now)
    changed |= {"state": wanted.get("state") or order["state"], "updated_at": stamp, "version": order["version"] + 1}
    if changed["state"] in ("COMPLETED", "CANCELED"):
        changed["closed_at"] = stamp
    lines_changed = any(name in wanted for name in ("line_items", "taxes", "discounts", "service_charges"))
    priced = _priced(call, changed) if lines_changed or call.asked.get("fields_to_clear") else changed
    return keep(call.square, call.merchant, "orders", entry, priced)


def _check_state(order: Document, wanted: Document) -> None:
    if order["state"] in ("COMPLETED", "CANCELED"):
        raise invalid("BAD_REQUEST", f"The order is {order['state']} and cannot be changed.", "order.state")
    is_due = order.get("net_amount_due_money", {}).get("amount", 0) > 0
    if wanted.get("state") == "COMPLETED" and is_due:
        raise invalid("BAD_REQUEST", "An order with money due cannot be completed.", "order.state")


def _merged(before: Any, after: Any) -> Any:
    """Lists of parts with uids are merged, all else is replaced."""
    if not isinstance(after, list) or not isinstance(before, list):
        return before | after if isinstance(before, dict) and isinstance(after, dict) else after
    fresh = {part.get("uid"): part for part in after if part.get("uid")}
    known = {part.get("uid") for part in before}
    kept = [part | fresh.get(part.get("uid"), {}) for part in before]
    return kept + [part for part in after if part.get("uid") not in known or not part.get("uid")]


def _clear(order: Document, path: str) -> None:
    """Clears a field, or one part of a list as in line_items[uid]."""
    name, _, rest = path.partition("[")
    if name not in SETTABLE:
        raise invalid("INVALID_VALUE", f"`{path}` cannot be cleared.", "fields_to_clear")
    if rest:
        uid = rest.partition("]")[0]
        order[name] = [part for part in order.get(name, []) if part.get("uid") != uid]
    else:
        order.pop(name, None)


def _priced(call: Call, order: Document) -> Document:
    """The order with its sums. Discounts of the whole order and taxes are percentages of the lines."""
    currency = call.merchant.currency

    def money(amount: int) -> Document:
        return {"amount": amount, "currency": currency}

    off = sum((_rate(part) for part in order.get("discounts", [])), Decimal())
    rate = sum((_rate(part) for part in order.get("taxes", []) if part.get("type") != "INCLUSIVE"), Decimal())
    lines, total, tax, discount = [], 0, 0, 0
    for place, line in enumerate(order.get("line_items", [])):
        line = _with_catalogue(call, line, f"order.line_items[{place}]")
        gross = _part(line["base_price_money"]["amount"], _quantity(line, place))
        line_off = _part(gross, off / 100)
        line_tax = _part(gross - line_off, rate / 100)
        total, tax, discount = total + gross - line_off + line_tax, tax + line_tax, discount + line_off
        lines.append(
            {"uid": f"line-{call.merchant.new_id('uid', 12)}", "item_type": "ITEM"}
            | line
            | {
                "variation_total_price_money": money(gross), "gross_sales_money": money(gross),
                "total_tax_money": money(line_tax), "total_discount_money": money(line_off),
                "total_service_charge_money": money(0), "total_money": money(gross - line_off + line_tax),
            }
        )  # fmt: skip
    net = {"total_money": money(total), "tax_money": money(tax), "discount_money": money(discount),
           "tip_money": money(0), "service_charge_money": money(0)}  # fmt: skip
    return order | ({"line_items": lines} if lines else {}) | {
        "total_money": money(total), "total_tax_money": money(tax), "total_discount_money": money(discount),
        "total_tip_money": money(0), "total_service_charge_money": money(0), "net_amounts": net,
        "net_amount_due_money": money(total),
    }  # fmt: skip


def _with_catalogue(call: Call, line: Document, field: str) -> Document:
    """A line that names a variation takes name and price from the catalogue unless it brings its own."""
    found = find_object(call.merchant, line["catalog_object_id"]) if line.get("catalog_object_id") else None
    if line.get("catalog_object_id") and (found is None or found["is_deleted"]):
        raise not_found("Catalog object", line["catalog_object_id"], f"{field}.catalog_object_id")
    data = (found or {}).get("item_variation_data", {})
    item = find_object(call.merchant, data["item_id"]) if data else None
    known: Document = {"variation_name": data.get("name"), "base_price_money": data.get("price_money")} if data else {}
    if item:
        known["name"] = item["item_data"]["name"]
    line = {name: value for name, value in (known | line).items() if value is not None}
    if not line.get("base_price_money") or not line.get("name"):
        raise invalid("MISSING_REQUIRED_PARAMETER", "A line needs name and base_price_money, or a variation.", field)
    if line["base_price_money"].get("currency") != call.merchant.currency:
        raise invalid("CURRENCY_MISMATCH", "The line is in another currency than the seller.", field)
    return line


def _quantity(line: Document, place: int) -> Decimal:
    try:
        quantity = Decimal(line["quantity"])
    except InvalidOperation as error:
        raise invalid("INVALID_VALUE", "Not a quantity.", f"order.line_items[{place}].quantity") from error
    if not quantity.is_finite() or quantity < 0:
        raise invalid("INVALID_VALUE", "Not a quantity.", f"order.line_items[{place}].quantity")
    return quantity


def _rate(part: Document) -> Decimal:
    try:
        return Decimal(part.get("percentage") or "0")
    except InvalidOperation as error:
        raise invalid("INVALID_VALUE", "Not a percentage.", "order") from error


def _part(amount: int, factor: Decimal) -> int:
    return int((amount * factor).to_integral_value(ROUND_HALF_EVEN))


_SCOPES = ("ORDERS_WRITE",)
ROUTES = [
    Route("POST", "/v2/orders", _SCOPES, create, body=CREATE),
    Route("PUT", "/v2/orders/{order_id}", _SCOPES, update, body=UPDATE),
]
