"""How past events are read again: thirty days of them, newest first."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.errors import invalid, no_such
from integrations.sandbox.stripe.event_types import KNOWN, meant_by
from integrations.sandbox.stripe.journal import KEPT
from integrations.sandbox.stripe.listing import LIST, begin_and_end, page
from integrations.sandbox.stripe.notices import framed
from integrations.sandbox.stripe.past import EventKey, Frame
from integrations.sandbox.stripe.shapes import flag, listing, one_only, text


def list_events(call: Call) -> Document:
    asked = call.asked
    one_only(asked, "type", "types")
    types = asked.get("type") if "type" in asked else frozenset(asked["types"]) if "types" in asked else None
    begin, end = begin_and_end(asked.get("created", {}))
    keys = call.account.journal.scan(
        begin=max(begin, call.now - KEPT + 1),
        end=min(end, call.now + 1),
        types=types,
        is_descending="ending_before" not in asked,
        after=_anchor(call),
        delivered=asked.get("delivery_success"),
    )
    return page(call, (call.account.journal.document(key, _frame(call)) | _account(call) for key in keys))


def get_event(call: Call) -> Document:
    journal = call.account.journal
    key = journal.find(call.ids["id"], call.now)
    if key is None:
        raise no_such("event", call.ids["id"])
    return journal.document(key, _frame(call)) | _account(call)


def _frame(call: Call) -> Frame:
    return lambda event_id, kind, moment, thing: framed(event_id, kind, thing, now=moment, account=call.account)


def _account(call: Call) -> Document:
    """A platform is told which of its accounts an event is about."""
    return {"account": call.account.id} if call.access.is_connect else {}


def _anchor(call: Call) -> EventKey | None:
    one_only(call.asked, "ending_before", "starting_after")
    for name in ("starting_after", "ending_before"):
        if name in call.asked:
            key = call.account.journal.find(call.asked[name], call.now)
            if key is None:
                raise no_such("event", call.asked[name], name, status=400)
            return key
    return None


def _pattern(value: Any, field: str) -> frozenset[str]:
    kind = text(emptiable=False)(value, field)
    types = meant_by(kind)
    if not types:
        raise invalid(f"Invalid event type: {kind}", field)
    return types


def _type(value: Any, field: str) -> str:
    kind: str = text(emptiable=False)(value, field)
    if kind not in KNOWN:
        raise invalid(f"Invalid event type: {kind}", field)
    return kind


_LIST = {
    **LIST,
    "type": _pattern,
    "types": listing(_type, at_most=20, emptiable=False),
    "delivery_success": flag,
}
_READ = "rak_event_read"
ROUTES = [
    Route("GET", "/v1/events", _READ, list_events, _LIST),
    Route("GET", "/v1/events/{id}", _READ, get_event),
]
