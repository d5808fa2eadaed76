"""How each of Square's objects is listed; `reading` says how a read goes from page to page."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, cast

from integrations.providers import errors
from integrations.providers.base import Stream
from integrations.providers.http import Answer, ApiSession
from integrations.providers.square import (
    bodies_of_invoices,
    bodies_of_items,
    categories,
    fields,
    groups,
    order_lines,
    records,
    variations,
)
from integrations.providers.square.bodies_of_customers import CUSTOMER_FIELDS
from integrations.providers.square.reading import (
    EARLIEST,
    Asked,
    CutByPart,
    CutByTime,
    SquareStream,
    id_of,
    moment_or_none,
)
from integrations.providers.square.writes_of_customers import CustomerWriter
from integrations.providers.square.writes_of_invoices import MOST_INVOICES, InvoiceWriter
from integrations.providers.square.writes_of_items import MOST_ITEMS, ItemWriter
from integrations.providers.types import (
    JSON,
    ExternalRecord,
    ObjectType,
    Position,
    ReadScope,
    Values,
    Write,
    WriteResult,
)

_LOCATIONS_PER_SEARCH = 10


class Locations(SquareStream):
    """Every location in one call; there is nothing to page and nothing to filter."""

    object_type = ObjectType.LOCATION
    scope = "MERCHANT_PROFILE_READ"
    fields = fields.LOCATION
    reader = staticmethod(records.location)
    key = "locations"

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return all locations."""
        return api.get("/v2/locations")

    def record(self, raw: JSON) -> ExternalRecord:
        """Return a location; it has no version and no time of change, so its content stands for them."""
        return ExternalRecord(id=id_of(raw), raw=raw)


class Customers(CutByTime):
    """Searched by time of change, in the order of creation: the only order Square offers."""

    object_type = ObjectType.CUSTOMER
    scope = "CUSTOMERS_READ"
    fields = fields.CUSTOMER
    reader = staticmethod(records.customer)
    key = "customers"
    ordered_by = "created_at"
    is_sale = False
    sweep_size: ClassVar[int] = 100
    place: ClassVar[str] = ""
    batch_size: ClassVar[int] = 100
    writable: ClassVar[frozenset[str]] = CUSTOMER_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset()
    deletable: ClassVar[bool] = True

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 100, with the count of the whole read and the names of the groups met."""
        filters: JSON = {}
        if asked.start:
            filters["updated_at"] = {"start_at": asked.start}
        if asked.resume or asked.end:
            filters["created_at"] = _range(asked.resume, asked.end)
        query: JSON = {"sort": {"field": "CREATED_AT", "order": "ASC"}} | ({"filter": filters} if filters else {})
        body: JSON = {"query": query, "limit": 100, "count": asked.counts}
        body |= {"cursor": asked.cursor} if asked.cursor else {}
        answer = api.post("/v2/customers/search", body, repeatable=True)
        listed = answer.body.get("customers")
        groups.add_names(api, listed if isinstance(listed, list) else [])
        return answer

    def count(self, api: ApiSession) -> int:
        """Return how many customers there are: the only sign of one that was deleted. One call."""
        asked = {"limit": 1, "count": True, "query": {"sort": {"field": "CREATED_AT", "order": "ASC"}}}
        return int(api.post("/v2/customers/search", asked, repeatable=True).body.get("count") or 0)

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those that Square does not know any more. One call for at most 100."""
        body = api.post("/v2/customers/bulk-retrieve", {"customer_ids": ids}, repeatable=True).body
        answers: Mapping[str, JSON] = body.get("responses") or {}
        return [each for each in ids if _is_not_found(answers.get(each))]

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make, change and delete customers; one call for each of these three."""
        return CustomerWriter(api, self.record, self.values).write(writes)


class Products(SquareStream):
    """Catalogue items with their variations; deleted ones are listed too."""

    object_type = ObjectType.PRODUCT
    scope = "ITEMS_READ"
    fields = fields.PRODUCT
    reader = staticmethod(records.product)
    key = "objects"
    batch_size: ClassVar[int] = MOST_ITEMS
    writable: ClassVar[frozenset[str]] = bodies_of_items.ITEM_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset({"product_type"})
    deletable: ClassVar[bool] = True

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 1,000 items, with the categories they name."""
        body: JSON = {
            "object_types": ["ITEM"],
            "include_deleted_objects": True,
            "include_related_objects": True,
            "limit": 1000,
        }
        if asked.start:
            body["begin_time"] = asked.start
        if asked.cursor:
            body["cursor"] = asked.cursor
        return api.post("/v2/catalog/search", body, repeatable=True)

    def listed(self, body: JSON) -> list[JSON]:
        """Return the items, each with the name of its category beside it."""
        return categories.with_names(body)

    def unfit(self, write: Write) -> str:
        """Return why an item is not sent: Square does not let everything be made, nor in any currency."""
        return str(bodies_of_items.refusal(write) or "")

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there: variations come back with ids, names and more of Square's."""
        if name == "variations":
            return variations.are_same(cast(list[Values] | None, ours), cast(list[Values] | None, theirs))
        return ours == theirs or not (ours or theirs)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make, change and delete items: one call for new and changed ones, one for those that go."""
        return ItemWriter(api, self.record, self.values, self.is_same).write(writes)


class Orders(CutByTime):
    """Searched in groups of ten locations, oldest change first; never deleted, only cancelled."""

    object_type = ObjectType.ORDER
    scope = "ORDERS_READ"
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.LOCATION,)
    fields = fields.ORDER
    reader = staticmethod(records.order)
    key = "orders"
    ordered_by = "updated_at"

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return groups of at most ten locations, as many as one search takes."""
        known = sorted(scope.known.get(ObjectType.LOCATION, []))
        return [known[at : at + _LOCATIONS_PER_SEARCH] for at in range(0, len(known), _LOCATIONS_PER_SEARCH)]

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 1,000; the sort must name the time that is filtered by."""
        body: JSON = {
            "location_ids": asked.part,
            "query": {
                "filter": {"date_time_filter": {"updated_at": _range(asked.earliest, asked.end)}},
                "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
            },
            "limit": 1000,
            "return_entries": False,
        }
        if asked.cursor:
            body["cursor"] = asked.cursor
        return api.post("/v2/orders/search", body, repeatable=True)


class Payments(CutByTime):
    """Listed for one location at a time: without a location Square answers for the main one only."""

    object_type = ObjectType.PAYMENT
    scope = "PAYMENTS_READ"
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.LOCATION,)
    fields = fields.PAYMENT
    reader = staticmethod(records.payment)
    key = "payments"
    ordered_by = "updated_at"

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return the locations, one a part."""
        return sorted(scope.known.get(ObjectType.LOCATION, []))

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 100; without a begin Square looks back one year only."""
        return api.get("/v2/payments", _by_change(asked) | {"location_id": asked.part})


class Refunds(CutByTime):
    """Listed for all locations at once."""

    object_type = ObjectType.REFUND
    scope = "PAYMENTS_READ"
    fields = fields.REFUND
    reader = staticmethod(records.refund)
    key = "refunds"
    ordered_by = "updated_at"

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 100."""
        return api.get("/v2/refunds", _by_change(asked))


class Payouts(CutByTime):
    """Listed by creation only, so the next read begins at the oldest one that is still on its way."""

    object_type = ObjectType.PAYOUT
    scope = "PAYOUTS_READ"
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.LOCATION,)
    fields = fields.PAYOUT
    reader = staticmethod(records.payout)
    key = "payouts"
    ordered_by = "created_at"

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return the locations, one a part."""
        return sorted(scope.known.get(ObjectType.LOCATION, []))

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 100."""
        bounds = {"begin_time": asked.earliest, "end_time": asked.end}
        listing = {"location_id": asked.part, "sort_order": "ASC", "limit": 100, "cursor": asked.cursor}
        return api.get("/v2/payouts", bounds | listing)

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the payout with all its entries. One call for each hundred."""
        entries: list[JSON] = []
        cursor = None
        while True:
            params = {"limit": 100, "sort_order": "ASC", "cursor": cursor}
            body = api.get(f"/v2/payouts/{record.id}/payout-entries", params).body
            entries += body.get("payout_entries") or []
            following = body.get("cursor")
            if not following:
                break
            if following == cursor:
                raise errors.Transient("Square gave the same page cursor twice.", code="cursor_loop")
            cursor = following
        return ExternalRecord(
            record.id, record.raw | {"payout_entries": entries}, version=record.version, updated_at=record.updated_at
        )

    def bookmark(self, reading: JSON) -> Position:
        """Return the creation of the oldest payout on its way, or the beginning of this read."""
        return {"since": min(reading["started"], reading.get("open") or reading["started"])}

    def _advance(self, reading: JSON, found: list[ExternalRecord], cursor: str | None, met: set[str]) -> None:
        unsettled = [
            each.raw["created_at"]
            for each in found
            if each.raw.get("status") not in ("PAID", "FAILED") and moment_or_none(each.raw.get("created_at"))
        ]
        earliest = min(unsettled + ([reading["open"]] if reading.get("open") else []), default=None)
        reading["open"] = earliest
        super()._advance(reading, found, cursor, met)


class Invoices(CutByPart):
    """Listed for one location at a time; Square offers no filter by change, so a read is always of all of them."""

    object_type = ObjectType.INVOICE
    scope = "INVOICES_READ"
    needs: ClassVar[tuple[ObjectType, ...]] = (ObjectType.LOCATION,)
    rests: ClassVar[timedelta] = timedelta(hours=1)
    sweep_size: ClassVar[int] = 1
    place: ClassVar[str] = "location_id"
    fields = fields.INVOICE
    reader = staticmethod(records.invoice)
    key = "invoices"
    batch_size: ClassVar[int] = MOST_INVOICES
    writable: ClassVar[frozenset[str]] = bodies_of_invoices.INVOICE_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset({"location_id"})
    deletable: ClassVar[bool] = True

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return the locations, one a part."""
        return sorted(scope.known.get(ObjectType.LOCATION, []))

    def ask(self, api: ApiSession, asked: Asked) -> Answer:
        """Return one page of at most 200."""
        return api.get("/v2/invoices", {"location_id": asked.part, "limit": 200, "cursor": asked.cursor})

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the invoice with the order that holds its lines. One call."""
        number = record.raw.get("order_id")
        if not number:
            return record
        order = api.get(f"/v2/orders/{number}").body.get("order") or {}
        return ExternalRecord(
            record.id, record.raw | {"order": order}, version=record.version, updated_at=record.updated_at
        )

    def bookmark(self, reading: JSON) -> Position:
        """Return nothing: the next read is of all of them again, so that those that are gone show by their absence."""
        return {}

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return the invoice's id if Square does not know it any more: a draft can be deleted. One call."""
        try:
            api.get(f"/v2/invoices/{ids[0]}")
        except errors.NotFound:
            return ids[:1]
        return []

    def unfit(self, write: Write) -> str:
        """Return why an invoice is not written: Square keeps what was published, and bills no other sum than ours."""
        return str(bodies_of_invoices.refusal(write) or "")

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there: Square numbers invoices itself, and tells more of their state."""
        if name == "line_items":
            return order_lines.are_same(cast(list[Values] | None, ours), cast(list[Values] | None, theirs))
        if name == "status":
            return bodies_of_invoices.says_status(ours, theirs)
        return ours == theirs or not (ours or theirs) or (name == "invoice_number" and ours is None)

    def calls(self, writes: Sequence[Write]) -> int:
        """Return three calls for one that is published, two for a draft, one for whatever is changed."""
        return sum(map(bodies_of_invoices.calls, writes))

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make, change, publish and end invoices, one after the other: up to three calls for each."""
        return InvoiceWriter(api, self.record, self.values, self.is_same).write(writes)


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (
    Locations(), Customers(), Products(), Orders(), Payments(), Refunds(), Payouts(), Invoices(),
)}  # fmt: skip


def _by_change(asked: Asked) -> JSON:
    """Return the parameters of a list by time of change. `begin_time` bounds the creation; absent it means one year."""
    return {
        "begin_time": asked.begin or EARLIEST,
        "updated_at_begin_time": asked.earliest,
        "updated_at_end_time": asked.end,
        "sort_field": "UPDATED_AT",
        "sort_order": "ASC",
        "limit": 100,
        "cursor": asked.cursor,
    }


def _is_not_found(answer: JSON | None) -> bool:
    listed = (answer or {}).get("errors") or []
    return any(error.get("code") in ("NOT_FOUND", "CUSTOMER_NOT_FOUND", "GONE") for error in listed)


def _range(begin: str | None, end: str | None) -> JSON:
    return ({"start_at": begin} if begin else {}) | ({"end_at": end} if end else {})
