"""How orders are written: created from lines, changed in part with their version."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.errors import invalid, not_found, version_mismatch
from integrations.sandbox.square.idempotency import once
from integrations.sandbox.square.invoice_parts import has_invoice
from integrations.sandbox.square.ledger import keep
from integrations.sandbox.square.order_shapes import CREATE, SETTABLE, UPDATE
from integrations.sandbox.square.payments import check_location
from integrations.sandbox.square.pricing import priced


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
    return keep(call.square, call.merchant, "orders", None, priced(call, order))


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
    _check_invoice(call, order, wanted)
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
    if lines_changed or call.asked.get("fields_to_clear"):
        changed = priced(call, changed)
    return keep(call.square, call.merchant, "orders", entry, changed)


def _check_state(order: Document, wanted: Document) -> None:
    if order["state"] in ("COMPLETED", "CANCELED"):
        raise invalid("BAD_REQUEST", f"The order is {order['state']} and cannot be changed.", "order.state")
    is_due = order.get("net_amount_due_money", {}).get("amount", 0) > 0
    if wanted.get("state") == "COMPLETED" and is_due:
        raise invalid("BAD_REQUEST", "An order with money due cannot be completed.", "order.state")


def _check_invoice(call: Call, order: Document, wanted: Document) -> None:
    """What an invoice asks for stands: the lines of its order cannot be changed."""
    cleared = call.asked.get("fields_to_clear") or []
    if has_invoice(call, order["id"]):
        for name in ("line_items", "taxes", "discounts"):
            if wanted.get(name) is not None or any(each.startswith(name) for each in cleared):
                raise invalid("BAD_REQUEST", "The order has an invoice.", f"order.{name}")


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


_SCOPES = ("ORDERS_WRITE",)
ROUTES = [
    Route("POST", "/v2/orders", _SCOPES, create, body=CREATE),
    Route("PUT", "/v2/orders/{order_id}", _SCOPES, update, body=UPDATE),
]
