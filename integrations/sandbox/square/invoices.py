"""How invoices are read: per location, there is no reading by change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import not_found
from integrations.sandbox.square.payments import check_location
from integrations.sandbox.square.shapes import CURSOR, SORT_ORDER, choice, integer, listing, nullable, record, text
from integrations.sandbox.store import Entry, Key

PAGE, MOST = 100, 200


def list_invoices(call: Call) -> Document:
    return _invoices(call, call.query["location_id"], limit=call.query.get("limit", PAGE))


def search_invoices(call: Call) -> Document:
    query = call.asked["query"]
    return _invoices(
        call,
        query["filter"]["location_ids"][0],
        limit=call.asked.get("limit", PAGE),
        customers=query["filter"].get("customer_ids"),
        descending=(query.get("sort") or {}).get("order") == "DESC",
    )


def get_invoice(call: Call) -> Document:
    entry = call.merchant.invoices.live(call.ids["invoice_id"])
    if entry is None:
        raise not_found("Invoice", call.ids["invoice_id"])
    return {"invoice": entry.document}


def _invoices(
    call: Call, location_id: str, *, limit: int, customers: list[str] | None = None, descending: bool = False
) -> Document:
    check_location(call, location_id)

    def keep(entry: Entry) -> bool:
        invoice = entry.document
        recipient = invoice.get("primary_recipient", {}).get("customer_id")
        return invoice["location_id"] == location_id and (not customers or recipient in customers)

    page = page_of(call, _rows(call, descending), limit=min(limit, MOST), keep=keep)
    return present(invoices=page.documents, cursor=page.cursor)


def _rows(call: Call, descending: bool) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    return lambda after: call.merchant.invoices.scan(descending=descending, after=after)


_FILTER = record(
    {
        "location_ids": listing(text(), at_least=1, at_most=1),
        "customer_ids": nullable(listing(text(), at_most=1)),
    },
    required=["location_ids"],
)
_SORT = record({"field": choice("INVOICE_SORT_DATE"), "order": nullable(SORT_ORDER)}, required=["field"])
_SEARCH = record(
    {
        "query": record({"filter": _FILTER, "sort": nullable(_SORT)}, required=["filter"]),
        "limit": integer(1),
        "cursor": CURSOR,
    },
    required=["query"],
)
_LIST = {"location_id": text(at_least=1), "cursor": CURSOR, "limit": integer(1, written=True)}
_SCOPES = ("INVOICES_READ",)
ROUTES = [
    Route("GET", "/v2/invoices", _SCOPES, list_invoices, query=_LIST, required_query=("location_id",)),
    Route("POST", "/v2/invoices/search", _SCOPES, search_invoices, body=_SEARCH),
    Route("GET", "/v2/invoices/{invoice_id}", _SCOPES, get_invoice),
]
