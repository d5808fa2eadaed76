"""How past events are read again: twenty-eight days of them, once logging was switched on."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.sandbox.clock import parse_rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.calls import Call, Route, present
from integrations.sandbox.square.cursors import page_of
from integrations.sandbox.square.double import EVENTS_KEPT
from integrations.sandbox.square.errors import SquareError
from integrations.sandbox.square.notices import EVENT_TYPES
from integrations.sandbox.square.shapes import (
    CURSOR,
    SORT_ORDER,
    choice,
    integer,
    listing,
    nullable,
    record,
    text,
    time_range,
)
from integrations.sandbox.store import FOREVER, Entry, Key


def search_events(call: Call) -> Document:
    """The seller's own events, newest first; a personal token sees those of all sellers."""
    if not call.square.events_enabled:
        raise SquareError(403, "FORBIDDEN", "Event logging is off; switch it on with PUT /v2/events/enable.")
    query = call.asked.get("query") or {}
    wanted = query.get("filter") or {}
    events = [event for event in call.square.events if _is_wanted(call, event, wanted)]
    if (query.get("sort") or {}).get("order", "DESC") == "DESC":
        events.reverse()

    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        for place in range(after[0] + 1 if after else 0, len(events)):
            yield (place,), Entry(place, 0, 0, events[place])

    page = page_of(call, rows, limit=call.asked.get("limit", 100))
    metadata = [{"event_id": event["event_id"], "api_version": "2026-09-16"} for event in page.documents]
    return present(events=page.documents, metadata=metadata, cursor=page.cursor)


def enable(call: Call) -> Document:
    call.square.events_enabled = True
    return {}


def disable(call: Call) -> Document:
    call.square.events_enabled = False
    return {}


def list_types(call: Call) -> Document:
    metadata = [
        {"event_type": kind, "api_version_introduced": "2020-02-26", "release_status": "PUBLIC"} for kind in EVENT_TYPES
    ]
    return {"event_types": list(EVENT_TYPES), "metadata": metadata}


def _is_wanted(call: Call, event: Document, wanted: Document) -> bool:
    moment = parse_rfc3339(event["created_at"])
    limits = wanted.get("created_at") or {}
    sellers = wanted.get("merchant_ids") or ([] if call.token.is_personal else [call.merchant.id])
    is_foreign = not call.token.is_personal and event["merchant_id"] != call.merchant.id
    return (
        not is_foreign
        and moment > call.now - EVENTS_KEPT
        and limits.get("start_at", 0) <= moment < limits.get("end_at", FOREVER)
        and event["type"] in (wanted.get("event_types") or EVENT_TYPES)
        and (not sellers or event["merchant_id"] in sellers)
        and (not wanted.get("location_ids") or event.get("location_id") in wanted["location_ids"])
    )


_FILTER = record(
    {
        "event_types": nullable(listing(choice(*EVENT_TYPES))),
        "merchant_ids": nullable(listing(text())),
        "location_ids": nullable(listing(text())),
        "created_at": time_range,
    }
)
_SORT = record({"field": nullable(choice("DEFAULT")), "order": nullable(SORT_ORDER)})
_SEARCH = record(
    {
        "cursor": CURSOR,
        "limit": integer(1, 100),
        "query": record({"filter": nullable(_FILTER), "sort": nullable(_SORT)}),
    }
)
ROUTES = [
    Route("POST", "/v2/events", (), search_events, body=_SEARCH),
    Route("PUT", "/v2/events/enable", (), enable, is_personal_only=True),
    Route("PUT", "/v2/events/disable", (), disable, is_personal_only=True),
    Route("GET", "/v2/events/types", (), list_types, query={"api_version": text()}),
]
