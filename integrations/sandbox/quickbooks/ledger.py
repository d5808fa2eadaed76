"""How a change is kept, numbered and made known, whoever made it: the API's client or the company's own people."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.notices import announce, event_of
from integrations.sandbox.store import Entry


def keep(
    double: QuickBooksDouble, company: Company, kind: str, old: Entry | None, document: Document,
    *, operation: str | None = None,
) -> Document:  # fmt: skip
    """Store a record with its next sync token and the time, a new one when there is no old one, and announce it."""
    kept = _write(double, company, kind, old, document)
    _tell(double, company, kind, kept["Id"], operation or ("Update" if old else "Create"))
    return kept


def move(double: QuickBooksDouble, company: Company, kind: str, old: Entry, **fields: object) -> None:
    """Change what follows from another record: the time of change moves, the sync token and webhooks do not."""
    meta = old.document["MetaData"] | {"LastUpdatedTime": company.zone.text(double.now)}
    document = old.document | fields | {"MetaData": meta}
    company.shelves[kind].replace(old, document, now=double.now, lag=double.lag)


def remove(double: QuickBooksDouble, company: Company, kind: str, old: Entry) -> None:
    """Delete a transaction for good."""
    company.shelves[kind].replace(old, old.document, now=double.now, lag=double.lag, is_deleted=True)
    _tell(double, company, kind, old.document["Id"], "Delete")


def _write(double: QuickBooksDouble, company: Company, kind: str, old: Entry | None, document: Document) -> Document:
    shelf, now = company.shelves[kind], double.now
    moment = company.zone.text(now)
    head: Document = {"domain": "QBO", "sparse": False}
    if old is None:
        head |= {"Id": shelf.generated.id_of(shelf.next_rank()), "SyncToken": "0"}
        head["MetaData"] = {"CreateTime": moment, "LastUpdatedTime": moment}
        return shelf.create(document | head, now=now, lag=double.lag).document
    head |= {"Id": old.document["Id"], "SyncToken": str(int(old.document["SyncToken"]) + 1)}
    head["MetaData"] = old.document["MetaData"] | {"LastUpdatedTime": moment}
    return shelf.replace(old, document | head, now=now, lag=double.lag).document


def _tell(double: QuickBooksDouble, company: Company, kind: str, record_id: str, operation: str) -> None:
    announce(double, event_of(double, company.realm, kind, record_id, operation, moment=double.clock.now()))
