"""How a change is kept and made known, whoever made it: the API's client or the venue's own people."""

from __future__ import annotations

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.notices import announce, order_data, record_data
from integrations.sandbox.store import Entry

_NAMES = {
    "customers": "customer", "payments": "payment", "refunds": "refund", "payouts": "payout", "invoices": "invoice",
}  # fmt: skip


def keep(
    square: SquareDouble, merchant: Merchant, kind: str, old: Entry | None, document: Document, *, verb: str = "updated"
) -> Document:
    """Store a record, a new one when there is no old one, and announce it. Catalogue writes are told by `tell`.

    `verb` is what happened to one that was there before.
    """
    collection, now = merchant.collections()[kind], square.clock.now()
    if old is None:
        collection.create(document, now=now, lag=square.lag)
    else:
        collection.replace(old, document, now=now, lag=square.lag)
    tell(square, merchant, kind, verb if old else "created", document)
    return document


def remove(square: SquareDouble, merchant: Merchant, kind: str, old: Entry) -> Document:
    """Mark a record as deleted and announce it; returns what is left of it."""
    now, document = square.clock.now(), old.document
    if kind == "products":
        document = document | {"is_deleted": True, "updated_at": rfc3339(now), "version": max(now, old.updated + 1)}
    merchant.collections()[kind].replace(old, document, now=now, lag=square.lag, is_deleted=True)
    tell(square, merchant, kind, "deleted", document)
    return document


def tell(square: SquareDouble, merchant: Merchant, kind: str, verb: str, document: Document) -> None:
    """Announce what happened to a record, in the form that its kind has."""
    if kind == "products":
        tell_catalogue(square, merchant, document["updated_at"])
    elif kind == "orders":
        announce(square, merchant, f"order.{verb}", order_data(f"order.{verb}", document))
    elif kind == "payouts":
        announce(square, merchant, f"payout.{document['status'].lower()}", record_data("payout", document))
    else:
        data = record_data(_NAMES[kind], document) | ({"deleted": True} if verb == "deleted" else {})
        announce(square, merchant, f"{_NAMES[kind]}.{verb}", data)


def tell_catalogue(square: SquareDouble, merchant: Merchant, updated_at: str) -> None:
    """A catalogue event says only that something changed, and when."""
    data = {"type": "catalog_version", "id": merchant.id, "object": {"catalog_version": {"updated_at": updated_at}}}
    announce(square, merchant, "catalog.version.updated", data)
