"""What the tests of streams share: reading to the end, and comparing with what the sandbox knows."""

from typing import Any

import orjson

from integrations.providers.http import ApiSession
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope

KINDS = {
    ObjectType.CUSTOMER: "customers", ObjectType.PRODUCT: "products", ObjectType.ORDER: "checkout_sessions",
    ObjectType.PAYMENT: "charges", ObjectType.REFUND: "refunds", ObjectType.PAYOUT: "payouts",
    ObjectType.INVOICE: "invoices",
}  # fmt: skip


def read(
    api: ApiSession, object_type: ObjectType, position: Position | None = None, scope: ReadScope | None = None
) -> list[Page]:
    return list(STREAMS[object_type].read(api, position or {}, scope or ReadScope()))


def stored(position: Position) -> Position:
    """Return a position as it comes back from the database."""
    found: Position = orjson.loads(orjson.dumps(position))
    return found


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records if not record.deleted]


def newest(pages: list[Page]) -> dict[str, ExternalRecord]:
    """Return by id the last that was said of each object."""
    return {record.id: record for page in pages for record in page.records}


def plain(raw: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what our lists ask for in addition."""
    found = {name: value for name, value in raw.items() if name not in ("prices", "line_items")}
    movement = found.get("balance_transaction")
    return found | ({"balance_transaction": movement["id"]} if isinstance(movement, dict) else {})


def known(truth: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what is there, without baskets that were left behind."""
    there = {key: raw for key, raw in truth.items() if not raw.get("is_deleted")}
    return {key: plain(raw) for key, raw in there.items() if raw.get("status") not in ("expired",) or "mode" not in raw}
