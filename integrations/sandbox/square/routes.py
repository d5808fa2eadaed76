"""Which operations exist, written out by subject, and how a path finds its own."""

from __future__ import annotations

from integrations.sandbox.square import (
    attributes,
    catalog,
    catalog_writes,
    customer_writes,
    customers,
    events,
    invoice_turns,
    invoice_writes,
    invoices,
    locations,
    order_writes,
    orders,
    payments,
    payouts,
    webhook_subscriptions,
)
from integrations.sandbox.square.calls import Route
from integrations.sandbox.square.errors import SquareError

ROUTES: list[Route] = [
    *locations.ROUTES,
    *customers.ROUTES,
    *customer_writes.ROUTES,
    *attributes.ROUTES,
    *catalog.ROUTES,
    *catalog_writes.ROUTES,
    *orders.ROUTES,
    *order_writes.ROUTES,
    *payments.ROUTES,
    *payouts.ROUTES,
    *invoices.ROUTES,
    *invoice_writes.ROUTES,
    *invoice_turns.ROUTES,
    *events.ROUTES,
    *webhook_subscriptions.ROUTES,
]
_FIXED = {(route.method, route.path): route for route in ROUTES if "{" not in route.path}
_OPEN = [(route, route.path.split("/")) for route in ROUTES if "{" in route.path]
_FIXED_PATHS = {route.path for route in ROUTES if "{" not in route.path}


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The operation and the ids in its path; SquareError 404 or 405 when there is none."""
    fixed = _FIXED.get((method, path))
    if fixed is not None:
        return fixed, {}
    is_known = path in _FIXED_PATHS
    for route, parts in _OPEN if not is_known else ():
        ids = _ids(parts, path.split("/"))
        if ids is not None and route.method == method:
            return route, ids
        is_known = is_known or ids is not None
    if is_known:
        raise SquareError(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here.")
    raise SquareError(404, "NOT_FOUND", f"No operation at {method} {path}.")


def _ids(parts: list[str], given: list[str]) -> dict[str, str] | None:
    """The ids if the path fits the pattern."""
    if len(parts) != len(given):
        return None
    ids = {}
    for part, value in zip(parts, given, strict=True):
        if part.startswith("{"):
            ids[part[1:-1]] = value
        elif part != value:
            return None
    return ids if all(ids.values()) else None
