"""Which operations exist, written out by subject, and how a path finds its own."""

from __future__ import annotations

from integrations.sandbox.stripe import (
    account_reads,
    balance,
    checkout,
    customer_writes,
    customers,
    events,
    goods_reads,
    invoice_items,
    invoice_writes,
    invoices,
    payment_writes,
    payments,
    price_writes,
    product_writes,
    webhook_endpoints,
)
from integrations.sandbox.stripe.calls import Route
from integrations.sandbox.stripe.errors import no_such_url

ROUTES: list[Route] = [
    *account_reads.ROUTES,
    *balance.ROUTES,
    *customers.ROUTES,
    *customer_writes.ROUTES,
    *goods_reads.ROUTES,
    *product_writes.ROUTES,
    *price_writes.ROUTES,
    *payments.ROUTES,
    *payment_writes.ROUTES,
    *invoices.ROUTES,
    *invoice_writes.ROUTES,
    *invoice_items.ROUTES,
    *checkout.ROUTES,
    *events.ROUTES,
    *webhook_endpoints.ROUTES,
]
_FIXED = {(route.method, route.path): route for route in ROUTES if "{" not in route.path}
_OPEN = [(route, route.path.split("/")) for route in ROUTES if "{" in route.path]


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The operation and the ids in its path; StripeError 404 when there is none."""
    fixed = _FIXED.get((method, path))
    if fixed is not None:
        return fixed, {}
    given = path.split("/")
    for route, parts in _OPEN:
        ids = _ids(parts, given) if route.method == method else None
        if ids is not None:
            return route, ids
    raise no_such_url(method, path)


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
