"""How lists are cut into pages: newest first, behind or before a record, within a time of creation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import FOREVER, Entry, Key, Window
from integrations.sandbox.stripe.calls import Call
from integrations.sandbox.stripe.errors import no_such
from integrations.sandbox.stripe.shapes import Shape, integer, moments, one_only, text

PAGING: Shape = {
    "limit": integer(1, 100), "starting_after": text(emptiable=False), "ending_before": text(emptiable=False),
}  # fmt: skip
LIST: Shape = {**PAGING, "created": moments}
NAMES = {
    "customers": "customer", "products": "product", "prices": "price", "charges": "charge", "payouts": "payout",
    "payment_intents": "payment_intent", "refunds": "refund", "invoices": "invoice",
    "balance_transactions": "balance transaction", "checkout_sessions": "checkout session",
    "invoice_payments": "invoice payment", "invoiceitems": "Invoice Item",
}  # fmt: skip


def list_of(
    call: Call,
    kind: str,
    *,
    keep: Callable[[Document], bool] | None = None,
    only: Iterable[str] | None = None,
) -> Document:
    """A page of a collection. `only` names the records that can be meant, where a filter leads straight to them."""
    after = _anchor(call, kind)
    window, descending = _window(call.asked.get("created")), "ending_before" not in call.asked
    if only is None:
        rows: Iterator[tuple[Key, Entry]] = call.collection(kind).scan(
            descending=descending, after=after, window=window
        )
    else:
        rows = _chosen(call, kind, only, after, window, descending)
    found = (entry.document for _, entry in rows if keep is None or keep(entry.document))
    return page(call, found)


def page(call: Call, documents: Iterator[Document]) -> Document:
    """The list object of what comes first; with `ending_before` the documents come in the order of age."""
    wanted = int(call.asked.get("limit", 10))
    limit = min(wanted, call.stripe.settings.page_size or wanted)
    found = list(islice(documents, limit + 1))
    shown = found[:limit]
    if "ending_before" in call.asked:
        shown.reverse()
    return {"object": "list", "data": shown, "has_more": len(found) > limit, "url": call.path}


def page_of_few(call: Call, documents: list[Document], what: str) -> Document:
    """A page of a short list that is held in memory, already in its order."""
    one_only(call.asked, "ending_before", "starting_after")
    places = {document["id"]: place for place, document in enumerate(documents)}
    for name in ("starting_after", "ending_before"):
        if name in call.asked and call.asked[name] not in places:
            raise no_such(what, call.asked[name], name, status=400)
    if "ending_before" in call.asked:
        return page(call, reversed(documents[: places[call.asked["ending_before"]]]))
    start = places[call.asked["starting_after"]] + 1 if "starting_after" in call.asked else 0
    return page(call, iter(documents[start:]))


def fits(asked: Document, *names: str) -> Callable[[Document], bool] | None:
    """A test that the document holds what was asked for in these fields; None when nothing was."""
    wanted = [(name, asked[name]) for name in names if name in asked]
    return (lambda document: all(document[name] == value for name, value in wanted)) if wanted else None


def is_within(limits: Document, moment: Any) -> bool:
    return (
        moment is not None
        and moment > limits.get("gt", -1)
        and moment >= limits.get("gte", 0)
        and moment < limits.get("lt", FOREVER)
        and moment <= limits.get("lte", FOREVER)
    )


def check_known(call: Call, kind: str, name: str) -> None:
    """StripeError 400 when a filter names a record that does not exist."""
    if name in call.asked and call.entry(kind, call.asked[name]) is None:
        raise no_such(NAMES[kind], call.asked[name], name, status=400)


def begin_and_end(limits: Document) -> tuple[int, int]:
    """The range in milliseconds: its begin counts, its end does not."""
    begin = max(limits.get("gte", 0), limits.get("gt", -1) + 1) * SECOND
    end = min(limits.get("lt", FOREVER // SECOND), limits.get("lte", FOREVER // SECOND) + 1) * SECOND
    return begin, end


def _window(limits: Document | None) -> Window:
    begin, end = begin_and_end(limits or {})
    return Window(created_from=begin, created_to=end)


def _anchor(call: Call, kind: str) -> Key | None:
    """The key of the record that the page stands behind or before. A deleted one is no anchor any more."""
    one_only(call.asked, "ending_before", "starting_after")
    for name in ("starting_after", "ending_before"):
        if name in call.asked:
            entry = call.collection(kind).live(call.asked[name])
            if entry is None:
                raise no_such(NAMES[kind], call.asked[name], name, status=400)
            return entry.created, entry.rank
    return None


def _chosen(
    call: Call, kind: str, only: Iterable[str], after: Key | None, window: Window, descending: bool
) -> Iterator[tuple[Key, Entry]]:
    entries = [entry for entry in map(call.collection(kind).live, only) if entry is not None and window.holds(entry)]
    rows = sorted((((entry.created, entry.rank), entry) for entry in entries), reverse=descending)
    for key, entry in rows:
        if after is None or (key < after if descending else key > after):
            yield key, entry
