"""Which operations exist, written out by subject, and how a path finds its own."""

from __future__ import annotations

from integrations.sandbox.mailchimp import (
    batches,
    field_routes,
    lists,
    member_batch,
    member_reads,
    member_writes,
    orders,
    products,
    shop_customers,
    stores,
    tags,
    webhooks,
)
from integrations.sandbox.mailchimp.calls import Route
from integrations.sandbox.mailchimp.errors import MailchimpError, not_found

ROUTES: list[Route] = [
    *lists.ROUTES,
    *member_reads.ROUTES,
    *member_writes.ROUTES,
    *member_batch.ROUTES,
    *tags.ROUTES,
    *field_routes.ROUTES,
    *webhooks.ROUTES,
    *stores.ROUTES,
    *shop_customers.ROUTES,
    *products.ROUTES,
    *orders.ROUTES,
    *batches.ROUTES,
]
_BY_LENGTH: dict[int, list[tuple[Route, list[str]]]] = {}
for _route in ROUTES:
    _parts = _route.path.split("/")
    _BY_LENGTH.setdefault(len(_parts), []).append((_route, _parts))


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The operation and the ids in its path, which begins behind /3.0; MailchimpError 404 or 405 when there is none."""
    given, is_known = path.split("/"), False
    for route, parts in _BY_LENGTH.get(len(given), ()):
        ids = _ids(parts, given)
        if ids is not None and route.method == method:
            return route, ids
        is_known = is_known or ids is not None
    if is_known:
        raise MailchimpError(405, "Method Not Allowed", f"This resource does not know the method {method}.")
    raise not_found()


def _ids(parts: list[str], given: list[str]) -> dict[str, str] | None:
    """The ids if the path fits the pattern."""
    ids = {}
    for part, value in zip(parts, given, strict=True):
        if part.startswith("{"):
            ids[part[1:-1]] = value
        elif part != value:
            return None
    return ids if all(ids.values()) else None
