"""How each of Square's objects is read: page by page, from a bookmark, never missing a change.

A bookmark is `{"since": time}` between reads and also holds `reading` in the middle of one. `since` is the moment, by
Square's clock, at which the last complete read began; the next read starts two minutes before it, because Square's
lists lag behind its writes. Within a read Square's cursor is followed; it dies after five minutes, and then the read
goes on from the last time it saw.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from integrations.providers.base import Stream
from integrations.providers.errors import BadRecord, CursorExpired, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.square import fields, records
from integrations.providers.types import JSON, ExternalRecord, Field, ObjectType, Page, Position, ReadScope, Values

_LAG = timedelta(minutes=2)
_EARLIEST = "2009-01-01T00:00:00Z"  # before Square's first sale
_LOCATIONS_PER_SEARCH = 10


class _Asked:
    """What one request of a read depends on."""

    def __init__(self, since: str | None, reading: JSON) -> None:
        self.start = _earlier(since) if since else None  # changes from here on; None reads everything
        self.resume: str | None = reading.get("from")  # after a lost cursor: the last time seen
        self.cursor: str | None = reading.get("cursor")
        self.part: Any = reading["parts"][0]


class _SquareStream:
    """What the streams have in common: following cursors through the parts of a read."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str]
    needs: ClassVar[tuple[ObjectType, ...]] = ()
    fields: ClassVar[tuple[Field, ...]]
    reader: Callable[[JSON], Values]
    key: ClassVar[str]
    ordered_by: ClassVar[str] = ""  # the time by which pages come in order, "" when they do not

    def values(self, raw: JSON) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        since: str | None = position.get("since")
        reading: JSON = dict(position.get("reading") or {"parts": self.parts(scope)})
        met: set[str] = set()
        if not reading["parts"]:
            yield Page([], position, last=True)
        while reading["parts"]:
            try:
                answer = self.ask(api, _Asked(since, reading))
            except CursorExpired:
                if not reading.get("cursor"):
                    raise
                reading |= {"cursor": None, "from": reading.get("seen")}
                continue
            reading.setdefault("started", _provider_time(answer))
            found = self._found(answer.body)
            self._advance(reading, found, answer.body.get("cursor"), met)
            if reading["parts"]:
                yield Page(found, _middle(since, reading), total=answer.body.get("count"))
            else:
                yield Page(found, {"since": self.next_since(reading)}, total=answer.body.get("count"), last=True)

    def _found(self, body: JSON) -> list[ExternalRecord]:
        """Return the records of one page. A page whose objects have no ids is a broken answer, not an empty one."""
        try:
            return [self.record(raw) for raw in self.listed(body)]
        except (AttributeError, KeyError, TypeError) as error:
            raise Transient("Square answered in a shape that we cannot read.", code="unreadable") from error

    def parts(self, scope: ReadScope) -> list[Any]:
        """Return what the read is cut into by Square's own limits; one part unless the stream says otherwise."""
        return [None]

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page as Square gives it."""
        raise NotImplementedError

    def listed(self, body: JSON) -> list[JSON]:
        """Return the objects of one page; Square leaves the key out when there are none."""
        return body.get(self.key) or []

    def record(self, raw: JSON) -> ExternalRecord:
        """Return one object with its version; Square's version where it has one, else its time of change."""
        changed = raw.get("updated_at") or raw.get("created_at")
        return ExternalRecord(
            id=_id_of(raw),
            raw=raw,
            version=records.text_of(raw.get("version") or raw.get("version_token") or changed)[:64],
            updated_at=_moment_or_none(changed),
            deleted=bool(raw.get("is_deleted")),
        )

    def next_since(self, reading: JSON) -> str:
        """Return where the next read begins."""
        return str(reading["started"])

    def _advance(self, reading: JSON, found: list[ExternalRecord], cursor: str | None, met: set[str]) -> None:
        if found and self.ordered_by:
            reading["seen"] = found[-1].raw.get(self.ordered_by)
        if cursor is None:
            reading["parts"] = reading["parts"][1:]
            reading |= {"cursor": None, "from": None, "seen": None}
        elif cursor in met:
            raise Transient("Square gave the same page cursor twice.", code="cursor_loop")
        else:
            met.add(cursor)
            reading["cursor"] = cursor


class Locations(_SquareStream):
    """Every location in one call; there is nothing to page and nothing to filter."""

    object_type = ObjectType.LOCATION
    scope = "MERCHANT_PROFILE_READ"
    fields = fields.LOCATION
    reader = staticmethod(records.location)
    key = "locations"

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return all locations."""
        return api.get("/v2/locations")

    def record(self, raw: JSON) -> ExternalRecord:
        """Return a location; it has no version and no time of change, so its content stands for them."""
        return ExternalRecord(id=_id_of(raw), raw=raw)


class Customers(_SquareStream):
    """Searched by time of change, in the order of creation: the only order Square offers."""

    object_type = ObjectType.CUSTOMER
    scope = "CUSTOMERS_READ"
    fields = fields.CUSTOMER
    reader = staticmethod(records.customer)
    key = "customers"
    ordered_by = "created_at"
    sweep_size: ClassVar[int] = 100

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page of at most 100, with the count of the whole read."""
        filters: JSON = {}
        if asked.start:
            filters["updated_at"] = {"start_at": asked.start}
        if asked.resume:
            filters["created_at"] = {"start_at": asked.resume}
        query: JSON = {"sort": {"field": "CREATED_AT", "order": "ASC"}} | ({"filter": filters} if filters else {})
        body: JSON = {"query": query, "limit": 100, "count": True} | ({"cursor": asked.cursor} if asked.cursor else {})
        return api.post("/v2/customers/search", body, repeatable=True)

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return those that Square does not know any more. One call for at most 100."""
        body = api.post("/v2/customers/bulk-retrieve", {"customer_ids": ids}, repeatable=True).body
        answers: Mapping[str, JSON] = body.get("responses") or {}
        return [each for each in ids if _is_not_found(answers.get(each))]


class Products(_SquareStream):
    """Catalogue items with their variations; deleted ones are listed too."""

    object_type = ObjectType.PRODUCT
    scope = "ITEMS_READ"
    fields = fields.PRODUCT
    reader = staticmethod(records.product)
    key = "objects"

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
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
        names = {
            related["id"]: (related.get("category_data") or {}).get("name")
            for related in body.get("related_objects") or []
            if related.get("type") == "CATEGORY"
        }
        return [_with_category(raw, names) for raw in body.get("objects") or []]


class Orders(_SquareStream):
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

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page of at most 1,000; the sort must name the time that is filtered by."""
        begin = asked.resume or asked.start or _EARLIEST
        body: JSON = {
            "location_ids": asked.part,
            "query": {
                "filter": {"date_time_filter": {"updated_at": {"start_at": begin}}},
                "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
            },
            "limit": 1000,
            "return_entries": False,
        }
        if asked.cursor:
            body["cursor"] = asked.cursor
        return api.post("/v2/orders/search", body, repeatable=True)


class Payments(_SquareStream):
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

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page of at most 100; without a begin Square looks back one year only."""
        return api.get("/v2/payments", _by_change(asked) | {"location_id": asked.part})


class Refunds(_SquareStream):
    """Listed for all locations at once."""

    object_type = ObjectType.REFUND
    scope = "PAYMENTS_READ"
    fields = fields.REFUND
    reader = staticmethod(records.refund)
    key = "refunds"
    ordered_by = "updated_at"

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page of at most 100."""
        return api.get("/v2/refunds", _by_change(asked))


class Payouts(_SquareStream):
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

    def ask(self, api: ApiSession, asked: _Asked) -> Answer:
        """Return one page of at most 100."""
        begin = asked.resume or asked.start or _EARLIEST
        return api.get(
            "/v2/payouts",
            {"location_id": asked.part, "begin_time": begin, "sort_order": "ASC", "limit": 100, "cursor": asked.cursor},
        )

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
                raise Transient("Square gave the same page cursor twice.", code="cursor_loop")
            cursor = following
        return ExternalRecord(
            record.id, record.raw | {"payout_entries": entries}, version=record.version, updated_at=record.updated_at
        )

    def next_since(self, reading: JSON) -> str:
        """Return the creation of the oldest payout on its way, or the beginning of this read."""
        return str(min(reading["started"], reading.get("open") or reading["started"]))

    def _advance(self, reading: JSON, found: list[ExternalRecord], cursor: str | None, met: set[str]) -> None:
        unsettled = [
            each.raw["created_at"]
            for each in found
            if each.raw.get("status") not in ("PAID", "FAILED") and _moment_or_none(each.raw.get("created_at"))
        ]
        earliest = min(unsettled + ([reading["open"]] if reading.get("open") else []), default=None)
        reading["open"] = earliest
        super()._advance(reading, found, cursor, met)


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (
    Locations(), Customers(), Products(), Orders(), Payments(), Refunds(), Payouts(),
)}  # fmt: skip


def _id_of(raw: JSON) -> str:
    found = raw["id"]
    if not isinstance(found, str) or not found:
        raise TypeError("an id is a text")
    return found


def _moment_or_none(text: Any) -> datetime | None:
    """Return the time, None where it cannot be read: that is for `values` to tell, for this record alone."""
    try:
        return records.moment(text) if text else None
    except BadRecord:
        return None


def _by_change(asked: _Asked) -> JSON:
    """Return the parameters of a list by time of change. `begin_time` bounds the creation; absent it means one year."""
    return {
        "begin_time": _EARLIEST,
        "updated_at_begin_time": asked.resume or asked.start or _EARLIEST,
        "sort_field": "UPDATED_AT",
        "sort_order": "ASC",
        "limit": 100,
        "cursor": asked.cursor,
    }


def _middle(since: str | None, reading: JSON) -> Position:
    return ({"since": since} if since else {}) | {"reading": dict(reading)}


def _earlier(since: str) -> str:
    return _text(records.moment(since) - _LAG)


def _provider_time(answer: Answer) -> str:
    """Return the provider's own time of an answer; ours, well before, where it sent none."""
    sent = answer.headers.get("date")
    return _text(parsedate_to_datetime(sent) if sent else datetime.now(UTC) - timedelta(minutes=10))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_not_found(answer: JSON | None) -> bool:
    listed = (answer or {}).get("errors") or []
    return any(error.get("code") in ("NOT_FOUND", "CUSTOMER_NOT_FOUND", "GONE") for error in listed)


def _with_category(raw: JSON, names: Mapping[str, str | None]) -> JSON:
    data = raw.get("item_data") or {}
    ids = [entry["id"] for entry in data.get("categories") or []] or [data.get("category_id")]
    name = next((names[each] for each in ids if names.get(each)), None)
    return raw | {"category_name": name} if name else raw
