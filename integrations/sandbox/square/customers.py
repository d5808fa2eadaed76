"""How customers are read: listed, searched, fetched one by one or by the hundred."""

from __future__ import annotations

import re
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
    written_flag,
)
from integrations.sandbox.store import ALWAYS, FOREVER, Entry, Key, Window

Keep = Callable[[Entry], bool]


def list_customers(call: Call) -> Document:
    descending = call.query.get("sort_order") == "DESC"
    page = page_of(call, _rows(call, ALWAYS, descending), limit=call.query.get("limit", 100))
    count = call.merchant.customers.counts()["live"] if call.query.get("count") else None
    return present(customers=page.documents, cursor=page.cursor, count=count)


def search_customers(call: Call) -> Document:
    query = call.asked.get("query") or {}
    wanted = query.get("filter") or {}
    window = _window(wanted)
    keep = _keep(wanted)
    rows = _rows(call, window, (query.get("sort") or {}).get("order") == "DESC", wanted)
    page = page_of(call, rows, limit=call.asked.get("limit", 100), keep=keep)
    count = _count(call, window, keep) if call.asked.get("count") else None
    return present(customers=page.documents, cursor=page.cursor, count=count)


def get_customer(call: Call) -> Document:
    return {"customer": live_customer(call, call.ids["customer_id"]).document}


def bulk_retrieve(call: Call) -> Document:
    return {"responses": {customer_id: _one(call, customer_id) for customer_id in call.asked["customer_ids"]}}


def list_groups(call: Call) -> Document:
    def rows(after: Key | None) -> Iterator[tuple[Key, Entry]]:
        for place, group in enumerate(call.merchant.groups):
            if after is None or place > after[0]:
                yield (place,), Entry(place, 0, 0, group)

    page = page_of(call, rows, limit=call.query.get("limit", 50))
    return present(groups=page.documents, cursor=page.cursor)


def live_customer(call: Call, customer_id: str) -> Entry:
    """The customer as of now; SquareError when it is gone or never was."""
    entry = call.merchant.customers.live(customer_id)
    if entry is None:
        raise not_found("Customer", customer_id)
    return entry


def _one(call: Call, customer_id: str) -> Document:
    try:
        return {"customer": live_customer(call, customer_id).document}
    except SquareError as error:
        return error.body


def _rows(
    call: Call, window: Window, descending: bool, wanted: Document | None = None
) -> Callable[[Key | None], Iterator[tuple[Key, Entry]]]:
    """Customers in the order of creation; an exact e-mail address shortens the way."""
    customers = call.merchant.customers
    email = ((wanted or {}).get("email_address") or {}).get("exact")
    keep_index = None
    if email:
        only = customers.generated.index_of_email(email)
        keep_index = only.__eq__ if only is not None else (lambda index: False)
    return lambda after: customers.scan(descending=descending, after=after, window=window, keep_index=keep_index)


def _window(wanted: Document) -> Window:
    created, updated = wanted.get("created_at") or {}, wanted.get("updated_at") or {}
    return Window(
        created.get("start_at", 0), created.get("end_at", FOREVER), updated.get("start_at", 0),
        updated.get("end_at", FOREVER),
    )  # fmt: skip


def _keep(wanted: Document) -> Keep | None:
    tests = [_text_test(name, wanted[name]) for name in _TEXT_FILTERS if wanted.get(name)]
    if wanted.get("group_ids"):
        tests.append(_group_test(wanted["group_ids"]))
    if wanted.get("creation_source"):
        tests.append(_source_test(wanted["creation_source"]))
    return (lambda entry: all(test(entry) for test in tests)) if tests else None


def _text_test(name: str, wanted: Document) -> Keep:
    exact, fuzzy = wanted.get("exact"), wanted.get("fuzzy")
    if bool(exact) == bool(fuzzy):
        raise invalid("INVALID_VALUE", "Send either exact or fuzzy.", f"query.filter.{name}")
    if exact:
        return lambda entry: _plain(name, entry.document.get(name, "")) == _plain(name, exact)
    words = _plain(name, str(fuzzy)).split()
    return lambda entry: all(word in _plain(name, entry.document.get(name, "")) for word in words)


def _plain(name: str, value: str) -> str:
    return re.sub(r"\D", "", value) if name == "phone_number" else value.casefold()


def _group_test(wanted: Document) -> Keep:
    def test(entry: Entry) -> bool:
        groups = set(entry.document.get("group_ids", ()))
        return (
            groups.issuperset(wanted.get("all") or ())
            and (not wanted.get("any") or not groups.isdisjoint(wanted["any"]))
            and groups.isdisjoint(wanted.get("none") or ())
        )

    return test


def _source_test(wanted: Document) -> Keep:
    is_included = wanted.get("rule", "INCLUDE") == "INCLUDE"
    return lambda entry: (entry.document.get("creation_source") in wanted.get("values", ())) == is_included


def _count(call: Call, window: Window, keep: Keep | None) -> int:
    if keep is None and window == ALWAYS:
        return call.merchant.customers.counts()["live"]
    return sum(1 for _, entry in call.merchant.customers.scan(window=window) if keep is None or keep(entry))


_TEXT_FILTERS = ("email_address", "phone_number", "reference_id")
_TEXT_FILTER = nullable(record({"exact": nullable(text()), "fuzzy": nullable(text())}))
_TEXTS = nullable(listing(text()))
_FILTER = record(
    {
        "created_at": time_range,
        "updated_at": time_range,
        **dict.fromkeys(_TEXT_FILTERS, _TEXT_FILTER),
        "group_ids": nullable(record({"all": _TEXTS, "any": _TEXTS, "none": _TEXTS})),
        "creation_source": nullable(record({"values": _TEXTS, "rule": choice("INCLUDE", "EXCLUDE")})),
    }
)
_SORT = record({"field": nullable(choice("DEFAULT", "CREATED_AT")), "order": nullable(SORT_ORDER)})
_SEARCH = record(
    {
        "cursor": CURSOR,
        "limit": integer(1, 100),
        "count": flag,
        "query": record({"filter": nullable(_FILTER), "sort": nullable(_SORT)}),
    }
)
_LIST = {
    "cursor": CURSOR,
    "limit": integer(1, 100, written=True),
    "sort_field": choice("DEFAULT", "CREATED_AT"),
    "sort_order": SORT_ORDER,
    "count": written_flag,
}
_BULK = record({"customer_ids": listing(text(), at_least=1, at_most=100)}, required=["customer_ids"])
_SCOPES = ("CUSTOMERS_READ",)
ROUTES = [
    Route("GET", "/v2/customers", _SCOPES, list_customers, query=_LIST),
    Route("POST", "/v2/customers/search", _SCOPES, search_customers, body=_SEARCH),
    Route("POST", "/v2/customers/bulk-retrieve", _SCOPES, bulk_retrieve, body=_BULK),
    Route(
        "GET", "/v2/customers/groups", _SCOPES, list_groups,
        query={"cursor": CURSOR, "limit": integer(1, 50, written=True)},
    ),
    Route("GET", "/v2/customers/{customer_id}", _SCOPES, get_customer),
]  # fmt: skip
