"""How records are read: one by its id, many by a query, and everything that changed since a moment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.persons import index_of_email
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.errors import (
    QuickBooksError,
    invalid_choice,
    invalid_query,
    invalid_value,
    missing,
    not_found,
)  # fmt: skip
from integrations.sandbox.quickbooks.kinds import KINDS, UNTRACKED, Kind, Nature, Of
from integrations.sandbox.quickbooks.query_tests import (
    check_field,
    shown_by,
    tests_of,
    value_of,
    window_of,
)  # fmt: skip
from integrations.sandbox.quickbooks.query_words import DEFAULT, Condition, Order, Select, read_query
from integrations.sandbox.quickbooks.shelf import Shelf
from integrations.sandbox.store import FOREVER, Entry, Window

MOST_CHANGES = 1000
_BY_CREATION = ("Id", "MetaData.CreateTime")
_BY_CHANGE = ("MetaData.LastUpdatedTime",)


def read_one(call: Call, kind: Kind, record_id: str) -> Document:
    """A record as it is now, inactive or not; QuickBooksError 610 when there is none."""
    if kind.nature is Nature.FACTS:
        if record_id not in ("", call.company.realm, "1"):
            raise not_found(kind.name, record_id)
        record_id = "1"
    entry = call.company.shelves[kind.name].live(record_id)
    if entry is None:
        raise not_found(kind.name, record_id)
    return call.answer(**{kind.name: entry.document})


def run_query(call: Call, text: str) -> Document:
    """The answer to one query."""
    select = read_query(text)
    kind = KINDS.get(select.entity)
    if kind is None:
        raise invalid_query(f"Metadata not found for Entity: {select.entity}")
    _check_also(kind, select)
    search = _Search(call.company, kind, select)
    if select.is_count:
        return call.answer(QueryResponse={"totalCount": search.total()})
    page_size = call.double.settings.page_size
    limit = min(DEFAULT if select.limit is None else select.limit, page_size or FOREVER)
    found = search.page(select.start - 1, limit)
    if not found:
        return call.answer(QueryResponse={})
    return call.answer(QueryResponse={kind.name: found, "startPosition": select.start, "maxResults": len(found)})


def changes(call: Call) -> Document:
    """What changed, one list for each entity asked for; of more than a thousand the newest are left out."""
    since = _since(call)
    lists = [_changes_of(call, name, since) for name in _entities(call)]
    return call.answer(CDCResponse=[{"QueryResponse": lists}])


class _Search:
    """One query on one shelf."""

    def __init__(self, company: Company, kind: Kind, select: Select) -> None:
        self._kind, self._company = kind, company
        self._shelf: Shelf = company.shelves[kind.name]
        self._tests = tests_of(kind, select.conditions, company.zone)
        self._window = window_of(select.conditions, company.zone)
        self._shown = shown_by(kind, select.conditions)
        self._conditions, self._orders = select.conditions, select.orders
        for order in select.orders:
            check_field(kind, order.field)

    def total(self) -> int:
        if self._tests:
            return sum(1 for _ in self._matches(by_change=False, descending=False))
        return self._shelf.total(self._window, self._shown)

    def page(self, skip: int, limit: int) -> list[Document]:
        """In the order of creation unless another is asked for. Orders by other fields walk through everything."""
        order = self._orders[0] if self._orders else Order("Id", False)
        by_change = order.field in _BY_CHANGE
        if not by_change and order.field not in _BY_CREATION:
            return self._sorted()[skip : skip + limit]
        if self._tests:
            matches = self._matches(by_change=by_change, descending=order.descending)
            return [entry.document for entry in islice(matches, skip, skip + limit)]
        page = self._shelf.page(
            skip=skip, limit=limit, window=self._window, shown=self._shown, by_change=by_change,
            descending=order.descending,
        )  # fmt: skip
        return [entry.document for entry in page]

    def _matches(self, *, by_change: bool, descending: bool) -> Iterator[Entry]:
        for entry in self._entries(by_change, descending):
            active = entry.document.get("Active", True)
            if active in self._shown and all(test(entry.document) for test in self._tests):
                yield entry

    def _entries(self, by_change: bool, descending: bool) -> Iterator[Entry]:
        """The only records that can fit, where a condition names them; otherwise all, to be looked at."""
        named = [ids for ids in map(self._ids_of, self._conditions) if ids is not None]
        ids = named[0] if named else None
        if ids is None:
            for _, entry in self._shelf.scan(by_change=by_change, descending=descending, window=self._window):
                yield entry
            return
        made, settled = self._shelf.generated, self._shelf.settled
        ranks = {rank for rank in map(made.index_of, ids) if rank is not None}
        entries = [self._shelf.entry_of(rank) for rank in ranks if rank in settled or rank < made.count]
        known = [entry for entry in entries if not entry.is_deleted and self._window.holds(entry)]
        known.sort(key=lambda one: (one.updated if by_change else one.created, one.rank), reverse=descending)
        yield from known

    def _ids_of(self, condition: Condition) -> list[str] | None:
        if condition.field == "Id" and condition.operator in ("=", "IN"):
            return condition.values
        if condition.operator == "=" and condition.field == "PrimaryEmailAddr":
            index = index_of_email(condition.values[0])  # generated addresses carry their index
            written = [entry.document["Id"] for entry in self._shelf.settled.values()]
            return written if index is None else [*written, self._shelf.generated.id_of(index)]
        if condition.operator == "=" and condition.field == KINDS[self._kind.name].named_by:
            named = self._shelf.named(condition.values[0])
            return [named.document["Id"]] if named else None
        return None

    def _sorted(self) -> list[Document]:
        found = [entry.document for entry in self._matches(by_change=False, descending=False)]
        for order in reversed(self._orders):
            of = self._kind.filters[order.field]
            found.sort(key=partial(_rank, order, of), reverse=order.descending)
        return found


def _rank(order: Order, of: Of, document: Document) -> tuple[bool, float, str]:
    value = value_of(document, order.field, of)
    if order.field == "Id":
        return value is not None, float(value), ""
    if isinstance(value, str):
        return True, 0, value.casefold()
    return value is not None, value or 0, ""


def _check_also(kind: Kind, select: Select) -> None:
    """Beside `*` only Sku of items may be named, as the official client does; there are no projections."""
    for name in select.also:
        if (kind.name, name) != ("Item", "Sku"):
            raise invalid_query(f"Property {name} cannot be selected for Entity {kind.name}")


def _entities(call: Call) -> list[str]:
    names = call.query.get("entities", "").split(",")
    if names == [""]:
        raise missing("entities")
    for name in names:
        if name in UNTRACKED:
            raise QuickBooksError(500, "Unsupported Operation", f"Change data capture does not show {name}.")
        if name not in KINDS:
            raise invalid_choice("entities", name)
    return list(dict.fromkeys(names))


def _since(call: Call) -> int:
    text = call.query.get("changedSince", "")
    if not text:
        raise missing("changedSince")
    try:
        moment = call.company.zone.parse(text)
    except ValueError as error:
        raise invalid_value("changedSince", f"{text} is not a valid date-time") from error
    if moment < call.now - 30 * DAY:
        raise invalid_value("changedSince", "changes are kept for 30 days")
    return moment


def _changes_of(call: Call, name: str, since: int) -> Document:
    shelf = call.company.shelves[name]
    scan = shelf.scan(by_change=True, window=Window(updated_from=since), with_deleted=True)
    found = [_seen(call, entry) for _, entry in islice(scan, MOST_CHANGES)]
    if not found:
        return {}
    return {name: found, "startPosition": 1, "maxResults": len(found), "totalCount": len(found)}


def _seen(call: Call, entry: Entry) -> Document:
    if not entry.is_deleted:
        return entry.document
    moment = {"LastUpdatedTime": call.company.zone.text(entry.updated)}
    return {"status": "Deleted", "domain": "QBO", "Id": entry.document["Id"], "MetaData": moment}
