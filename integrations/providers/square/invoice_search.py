"""What earlier attempts left in Square: orders that bear our record's id, and the invoices that were made for them."""

from collections.abc import Callable, Iterator, Sequence

from integrations.providers.http import ApiSession
from integrations.providers.square import order_lines, paging, records
from integrations.providers.square.bodies_of_invoices import CUSTOMER
from integrations.providers.types import JSON, Write

_MOST_CUSTOMERS = 10  # of one search
_MOST_ORDERS, _MOST_INVOICES = 1000, 200  # of one page
Orders = dict[str, list[JSON]]


def orders_of(api: ApiSession, writes: Sequence[Write], location_of: Callable[[Write], str]) -> Orders:
    """Return by our record's id the orders that were made for these writes, the newest first, whatever became of them.

    One call for ten customers of a location.
    """
    found: Orders = {}
    for place in sorted({location_of(each) for each in writes}):
        there = {each.ours: each for each in writes if location_of(each) == place}
        customers = sorted({str(each.values[CUSTOMER]) for each in there.values()})
        for at in range(0, len(customers), _MOST_CUSTOMERS):
            for order in _orders(api, place, customers[at : at + _MOST_CUSTOMERS]):
                write = there.get(str(order.get("reference_id")))
                if write is not None and _is_of(write, order):
                    found.setdefault(write.ours, []).append(order)
    return found


def invoice_of(api: ApiSession, order: JSON, write: Write) -> JSON | None:
    """Return the invoice that was made for an order, None where there is none. One call."""
    wanted = {"location_ids": [order["location_id"]], "customer_ids": [write.values[CUSTOMER]]}
    body = {"query": {"filter": wanted}, "limit": _MOST_INVOICES}
    pages = paging.answers(api, "/v2/invoices/search", body)
    found = (each for page in pages for each in page.get("invoices") or [])
    return next((each for each in found if each.get("order_id") == order["id"]), None)


def _is_of(write: Write, order: JSON) -> bool:
    """Return whether an order holds the lines of a write: the same record may have been billed otherwise before."""
    values = records.readable(records.order, order)
    return order_lines.are_same(write.values.get("line_items"), values["line_items"])


def _orders(api: ApiSession, location_id: str, customers: list[str]) -> Iterator[JSON]:
    """Yield the orders of these customers, the newest first."""
    query = {
        "filter": {"customer_filter": {"customer_ids": customers}},
        "sort": {"sort_field": "CREATED_AT", "sort_order": "DESC"},
    }
    body = {"location_ids": [location_id], "query": query, "limit": _MOST_ORDERS, "return_entries": False}
    return (each for page in paging.answers(api, "/v2/orders/search", body) for each in page.get("orders") or [])
