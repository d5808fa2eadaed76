"""How payments and refunds are read: by time of creation or of change, newest first unless asked otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import invalid, not_found
from integrations.sandbox.square.receipts import Payments, Refunds
from integrations.sandbox.square.shapes import CURSOR, SORT_ORDER, choice, integer, moment, text
from integrations.sandbox.store import FOREVER, Collection, Entry, Key, Window

PAGE = 100
YEAR = 365 * DAY


def list_payments(call: Call) -> Document:
    """Without a location only the main one is shown, and without a begin only one year of creations."""
    place = call.query.get("location_id", call.merchant.main_location_id)
    page = page_of(call, _rows(call, call.merchant.payments, place), limit=_limit(call), keep=_payment_test(call))
    return present(payments=page.documents, cursor=page.cursor)


def list_refunds(call: Call) -> Document:
    rows = _rows(call, call.merchant.refunds, call.query.get("location_id"))
    page = page_of(call, rows, limit=_limit(call), keep=_refund_test(call))
    return present(refunds=page.documents, cursor=page.cursor)


def get_payment(call: Call) -> Document:
    return {"payment": _found(call.merchant.payments, "Payment", call.ids["payment_id"])}


def get_refund(call: Call) -> Document:
    return {"refund": _found(call.merchant.refunds, "Refund", call.ids["refund_id"])}


def check_location(call: Call, location_id: str | None) -> None:
    if location_id is not None and location_id not in call.merchant.location_ids:
        raise invalid("INVALID_LOCATION", f"Location `{location_id}` is not one of this seller.", "location_id")


def _found(collection: Collection[Payments] | Collection[Refunds], what: str, record_id: str) -> Document:
    entry = collection.get(record_id)
    if entry is None:
        raise not_found(what, record_id)
    return entry.document


def _limit(call: Call) -> int:
    """More than a hundred is quietly read as a hundred."""
    return min(int(call.query.get("limit", PAGE)), PAGE)


def _rows(
    call: Call, collection: Collection[Payments] | Collection[Refunds], location_id: str | None
) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    check_location(call, location_id)
    query, made = call.query, collection.generated
    window = Window(
        query.get("begin_time", call.now - YEAR),
        query.get("end_time", FOREVER),
        query.get("updated_at_begin_time", 0),
        query.get("updated_at_end_time", FOREVER),
    )
    is_picky = location_id is not None and len(call.merchant.locations) > 1
    return lambda after: collection.scan(
        by_change=query.get("sort_field") == "UPDATED_AT",
        descending=query.get("sort_order", "DESC") == "DESC",
        after=after,
        window=window,
        keep_index=(lambda index: made.location_of(index) == location_id) if is_picky else None,
    )


def _payment_test(call: Call) -> Callable[[Entry], bool]:
    query, place = call.query, call.query.get("location_id", call.merchant.main_location_id)

    def keep(entry: Entry) -> bool:
        payment = entry.document
        card = payment.get("card_details", {}).get("card", {})
        return (
            payment["location_id"] == place
            and query.get("total") in (None, payment["total_money"]["amount"])
            and query.get("last_4") in (None, card.get("last_4"))
            and query.get("card_brand") in (None, card.get("card_brand"))
        )

    return keep


def _refund_test(call: Call) -> Callable[[Entry], bool]:
    query = call.query

    def keep(entry: Entry) -> bool:
        refund = entry.document
        return (
            query.get("location_id") in (None, refund["location_id"])
            and query.get("status") in (None, refund["status"])
            and query.get("source_type") in (None, refund["destination_type"])
        )

    return keep


_TIMES = {
    "begin_time": moment,
    "end_time": moment,
    "updated_at_begin_time": moment,
    "updated_at_end_time": moment,
    "sort_field": choice("CREATED_AT", "UPDATED_AT"),
    "sort_order": SORT_ORDER,
    "cursor": CURSOR,
    "location_id": text(),
    "limit": integer(1, written=True),
}
_PAYMENTS = _TIMES | {"total": integer(written=True), "last_4": text(at_most=4), "card_brand": text()}
_REFUNDS = _TIMES | {
    "status": choice("PENDING", "COMPLETED", "REJECTED", "FAILED"),
    "source_type": choice("CARD", "BANK_ACCOUNT", "WALLET", "CASH", "EXTERNAL"),
}
_SCOPES = ("PAYMENTS_READ",)
ROUTES = [
    Route("GET", "/v2/payments", _SCOPES, list_payments, query=_PAYMENTS),
    Route("GET", "/v2/payments/{payment_id}", _SCOPES, get_payment),
    Route("GET", "/v2/refunds", _SCOPES, list_refunds, query=_REFUNDS),
    Route("GET", "/v2/refunds/{refund_id}", _SCOPES, get_refund),
]
