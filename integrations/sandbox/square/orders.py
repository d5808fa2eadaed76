"""How orders are read: searched by location and time, fetched by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import SquareError, invalid, not_found
from integrations.sandbox.square.shapes import (
    CURSOR,
    SORT_ORDER,
    choice,
    flag,
    integer,
    listing,
    nullable,
    record,
    text,
    time_range,
)
from integrations.sandbox.store import FOREVER, Entry, Key, Window

STATES = ("OPEN", "COMPLETED", "CANCELED", "DRAFT")


def search_orders(call: Call) -> Document:
    asked = call.asked
    _check_locations(call, asked["location_ids"])
    query = asked.get("query") or {}
    wanted = query.get("filter") or {}
    by_change, descending = _order(query.get("sort") or {}, wanted)
    rows = _rows(call, by_change=by_change, descending=descending, window=_window(wanted))
    page = page_of(call, rows, limit=asked.get("limit", 500), keep=_keep(wanted, asked["location_ids"]))
    if asked.get("return_entries"):
        return present(order_entries=[_entry(order) for order in page.documents], cursor=page.cursor)
    return present(orders=page.documents, cursor=page.cursor)


def get_order(call: Call) -> Document:
    entry = call.merchant.orders.get(call.ids["order_id"])
    if entry is None:
        raise not_found("Order", call.ids["order_id"])
    return {"order": entry.document}


def batch_retrieve(call: Call) -> Document:
    found = [call.merchant.orders.get(order_id) for order_id in call.asked["order_ids"]]
    place = call.asked.get("location_id")
    return present(
        orders=[
            entry.document for entry in found if entry and (place is None or entry.document["location_id"] == place)
        ]
    )


def _check_locations(call: Call, location_ids: list[str]) -> None:
    for location_id in location_ids:
        if location_id not in call.merchant.location_ids:
            raise invalid("INVALID_VALUE", f"Location `{location_id}` is not one of this seller.", "location_ids")


def _order(sort: Document, wanted: Document) -> tuple[bool, bool]:
    """Whether to go by change, and backwards; the time filter must speak of the field that is sorted by."""
    sort_field = sort.get("sort_field", "CREATED_AT")
    times = wanted.get("date_time_filter") or {}
    if len(times) > 1:
        raise invalid("CONFLICTING_PARAMETERS", "Filter by one time only.", "query.filter.date_time_filter")
    if times and next(iter(times)) != sort_field.lower():
        raise invalid(
            "CONFLICTING_PARAMETERS",
            f"A filter by {next(iter(times))} needs sort_field {next(iter(times)).upper()}.",
            "query.sort.sort_field",
        )
    if sort_field == "CLOSED_AT":
        raise SquareError(501, "NOT_IMPLEMENTED", "The sandbox does not sort by closing time.", field="query.sort")
    return sort_field == "UPDATED_AT", sort.get("sort_order", "DESC") == "DESC"


def _window(wanted: Document) -> Window:
    times = wanted.get("date_time_filter") or {}
    created, updated = times.get("created_at", {}), times.get("updated_at", {})
    return Window(
        created.get("start_at", 0), created.get("end_at", FOREVER), updated.get("start_at", 0),
        updated.get("end_at", FOREVER),
    )  # fmt: skip


def _rows(
    call: Call, *, by_change: bool, descending: bool, window: Window
) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    collection, asked = call.merchant.orders, call.asked
    places = set(asked["location_ids"])
    states = set((((asked.get("query") or {}).get("filter") or {}).get("state_filter") or {}).get("states") or STATES)
    made = collection.generated

    def keep_index(index: int) -> bool:
        return made.state_of(index) in states and made.location_of(index) in places

    is_picky = places != set(call.merchant.location_ids) or states != set(STATES)
    return lambda after: collection.scan(
        by_change=by_change,
        descending=descending,
        after=after,
        window=window,
        keep_index=keep_index if is_picky else None,
    )


def _keep(wanted: Document, location_ids: list[str]) -> Callable[[Entry], bool]:
    states = (wanted.get("state_filter") or {}).get("states") or STATES
    customers = (wanted.get("customer_filter") or {}).get("customer_ids")
    sources = (wanted.get("source_filter") or {}).get("source_names")

    def keep(entry: Entry) -> bool:
        order = entry.document
        return (
            order["location_id"] in location_ids
            and order["state"] in states
            and (not customers or order.get("customer_id") in customers)
            and (not sources or order.get("source", {}).get("name") in sources)
        )

    return keep


def _entry(order: Document) -> Document:
    return present(order_id=order["id"], version=order.get("version"), location_id=order["location_id"])


_RANGES = record({"created_at": time_range, "updated_at": time_range, "closed_at": time_range})
_FILTER = record(
    {
        "state_filter": nullable(record({"states": listing(choice(*STATES))}, required=["states"])),
        "date_time_filter": nullable(_RANGES),
        "customer_filter": nullable(record({"customer_ids": nullable(listing(text(), at_most=10))})),
        "source_filter": nullable(record({"source_names": nullable(listing(text(), at_most=10))})),
    }
)
_SORT = record(
    {"sort_field": choice("CREATED_AT", "UPDATED_AT", "CLOSED_AT"), "sort_order": nullable(SORT_ORDER)},
    required=["sort_field"],
)
_SEARCH = record(
    {
        "location_ids": listing(text(at_least=1), at_least=1, at_most=10),
        "cursor": CURSOR,
        "query": record({"filter": nullable(_FILTER), "sort": nullable(_SORT)}),
        "limit": integer(1, 1000),
        "return_entries": flag,
    },
    required=["location_ids"],
)
_BATCH = record(
    {"location_id": nullable(text()), "order_ids": listing(text(), at_least=1, at_most=100)}, required=["order_ids"]
)
_SCOPES = ("ORDERS_READ",)
ROUTES = [
    Route("POST", "/v2/orders/search", _SCOPES, search_orders, body=_SEARCH),
    Route("POST", "/v2/orders/batch-retrieve", _SCOPES, batch_retrieve, body=_BATCH),
    Route("GET", "/v2/orders/{order_id}", _SCOPES, get_order),
]
