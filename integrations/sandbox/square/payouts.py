"""How payouts are read: per location, by time of creation, and entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.errors import not_found
from integrations.sandbox.square.payments import YEAR, check_location
from integrations.sandbox.square.shapes import CURSOR, SORT_ORDER, choice, integer, moment, text
from integrations.sandbox.store import FOREVER, Entry, Key, Window

PAGE = 100


def list_payouts(call: Call) -> Document:
    place, status = call.query.get("location_id", call.merchant.main_location_id), call.query.get("status")
    check_location(call, place)

    def keep(entry: Entry) -> bool:
        return entry.document["location_id"] == place and status in (None, entry.document["status"])

    page = page_of(call, _rows(call, place), limit=_limit(call), keep=keep)
    return present(payouts=page.documents, cursor=page.cursor)


def get_payout(call: Call) -> Document:
    return {"payout": _payout(call).document}


def list_entries(call: Call) -> Document:
    payout, made = _payout(call), call.merchant.payouts.generated
    written = call.merchant.written_entries.get(call.ids["payout_id"])
    entries = made.entries(payout.rank) if written is None else written
    if call.query.get("sort_order") == "DESC":
        entries = entries[::-1]

    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        for place in range(after[0] + 1 if after else 0, len(entries)):
            yield (place,), Entry(place, 0, 0, entries[place])

    page = page_of(call, rows, limit=_limit(call))
    return present(payout_entries=page.documents, cursor=page.cursor)


def _payout(call: Call) -> Entry:
    entry = call.merchant.payouts.get(call.ids["payout_id"])
    if entry is None:
        raise not_found("Payout", call.ids["payout_id"])
    return entry


def _limit(call: Call) -> int:
    return min(int(call.query.get("limit", PAGE)), PAGE)


def _rows(call: Call, location_id: str) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    query, made = call.query, call.merchant.payouts.generated
    window = Window(query.get("begin_time", call.now - YEAR), query.get("end_time", FOREVER))
    return lambda after: call.merchant.payouts.scan(
        descending=query.get("sort_order", "DESC") == "DESC",
        after=after,
        window=window,
        keep_index=lambda index: made.location_of(index) == location_id,
    )


_LIST = {
    "location_id": text(),
    "status": choice("SENT", "FAILED", "PAID"),
    "begin_time": moment,
    "end_time": moment,
    "sort_order": SORT_ORDER,
    "cursor": CURSOR,
    "limit": integer(1, written=True),
}
_ENTRIES = {name: _LIST[name] for name in ("sort_order", "cursor", "limit")}
_SCOPES = ("PAYOUTS_READ",)
ROUTES = [
    Route("GET", "/v2/payouts", _SCOPES, list_payouts, query=_LIST),
    Route("GET", "/v2/payouts/{payout_id}", _SCOPES, get_payout),
    Route("GET", "/v2/payouts/{payout_id}/payout-entries", _SCOPES, list_entries, query=_ENTRIES),
]
