"""How invoices are drafted, changed and taken back. To finalise, charge, send and make void is the owner's business.

A draft costs one call, one for each item, and one look at what it comes to. (Stripe's one call for many lines knows a
quantity only together with a product's price.) A change of lines costs one call for each item that differs and the
look; taking back costs one call. A draft that does not come to what the venue's invoice comes to is taken back.

Stripe has no id of ours for an invoice, and its search lags behind. So a draft that is repeated is first looked for
among the customer's invoices, by our reference in its metadata, and then sent with its old key: what is on its way, the
key still protects. Its items bear their numbers, and those that are there already are not sent again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from integrations.providers.errors import Conflict, Invalid, NotFound, Settled
from integrations.providers.http import Answer, ApiSession
from integrations.providers.stripe import bodies_of_invoices as bodies
from integrations.providers.stripe import lines, writes
from integrations.providers.stripe.marks import REFERENCE
from integrations.providers.stripe.streams.paging import clock, pages
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

_PATH, _ITEMS = "/v1/invoices", "/v1/invoiceitems"
_STANDS = "It is finalised at Stripe, where it can be made void but no longer changed or deleted."


@dataclass(frozen=True, slots=True)
class InvoiceWriter:
    """Writes drafts of invoices. `record` and `complete` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON, int], ExternalRecord]
    complete: Callable[[ApiSession, ExternalRecord], ExternalRecord]

    def write(self, wanted: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order; see `writes.in_turn`."""
        return writes.in_turn(wanted, self._written)

    def _written(self, write: Write) -> WriteResult:
        refused = bodies.refusal(write)
        if refused is not None:
            raise Settled(_STANDS) if write.operation is Operation.UPDATE and refused.field == "status" else refused
        if write.operation is Operation.CREATE:
            return WriteResult(write.key, self._drafted(write))
        try:
            return WriteResult(write.key, self._deleted(write) if _is_deletion(write) else self._changed(write))
        except Conflict as error:
            raise Settled(_STANDS) from error

    def _drafted(self, write: Write) -> ExternalRecord:
        """Return the draft with all its items. What the owner added or finalised meanwhile is left as it is."""
        draft, there = self._begun(write)
        ours = {item_id: item for item_id, item in there.items() if item.number}
        try:
            if draft["status"] == bodies.DRAFT:
                self._fill(write, draft, ours)
        except Conflict:
            return self._seen(str(draft["id"]))
        except (Invalid, NotFound):
            self._take_back(str(draft["id"]))
            raise
        record = self._seen(str(draft["id"]))
        others = sum(item.amount for item in there.values() if not item.number)
        if record.raw.get("status") == bodies.DRAFT and (wrong := _wrong(write, record.raw, others)):
            self._take_back(record.id)
            raise wrong
        return record

    def _begun(self, write: Write) -> tuple[JSON, dict[str, lines.Item]]:
        """Return the draft and the items that it has already, by their ids."""
        draft = self._made_before(write) if write.attempt > 1 else None
        if draft is None:
            with writes.in_our_words(bodies.field_of):
                draft = writes.make(self.api, write, _PATH, bodies.new(write)).body
        return draft, self._items(str(draft["id"])) if write.attempt > 1 else {}

    def _made_before(self, write: Write) -> JSON | None:
        """Return the invoice that an earlier attempt made. One call for each hundred of the customer's."""
        for listed in pages(self.api, _PATH, {"customer": write.values["customer"]}):
            for raw in listed.entries:
                if (raw.get("metadata") or {}).get(REFERENCE) == write.ours:
                    return raw
        return None

    def _changed(self, write: Write) -> ExternalRecord:
        """Return the draft as it is after the change."""
        draft = write.raw if write.attempt == 1 else self._seen(write.external_id).raw
        if draft.get("status", bodies.DRAFT) != bodies.DRAFT:
            raise Settled(_STANDS)
        answer: Answer | None = None
        if form := bodies.changed(write, draft):
            with writes.in_our_words(bodies.field_of):
                answer = writes.change(self.api, write, _path(_PATH, write.external_id), form)
        if lines.FIELD not in write.values:
            return self._told(write, answer)
        there = _shown(draft) if write.attempt == 1 else None
        self._fill(write, draft, self._items(write.external_id) if there is None else there)
        record = self._seen(write.external_id)
        if wrong := _wrong(write, record.raw):
            raise wrong
        return record

    def _fill(self, write: Write, draft: JSON, there: dict[str, lines.Item]) -> None:
        """Make the items of a draft the ones that are wanted."""
        plan = lines.plan(bodies.items(write), there)
        with writes.in_our_words(_of_lines):
            for item in plan.new:
                writes.add(self.api, write, _ITEMS, bodies.item(write, draft, item))
            for item_id, item in plan.changed.items():
                writes.change(self.api, write, _path(_ITEMS, item_id), item.form())
            for item_id in plan.gone:
                self._delete(_path(_ITEMS, item_id))

    def _items(self, invoice_id: str) -> dict[str, lines.Item]:
        """Return the items of a draft as they are now, by their ids. One call for each hundred."""
        listed = pages(self.api, _ITEMS, {"invoice": invoice_id})
        return {str(raw["id"]): lines.item_of(raw) for found in listed for raw in found.entries}

    def _seen(self, invoice_id: str) -> ExternalRecord:
        """Return the invoice with all its lines as it is now. Raises NotFound. One call; more for many lines."""
        answer = self.api.get(_path(_PATH, invoice_id))
        return self.complete(self.api, self.record(answer.body, clock(answer)))

    def _told(self, write: Write, answer: Answer | None) -> ExternalRecord:
        """Return the invoice as an answer shows it; as it was read where nothing had to be changed."""
        if answer is None:
            return self.record(write.raw, int(write.version or 0))
        return self.complete(self.api, self.record(answer.body, clock(answer)))

    def _deleted(self, write: Write) -> ExternalRecord:
        if write.raw.get("status", bodies.DRAFT) != bodies.DRAFT:
            raise Settled(_STANDS)
        self._take_back(write.external_id)
        return ExternalRecord(write.external_id, {}, version=write.version, deleted=True)

    def _take_back(self, invoice_id: str) -> None:
        self._delete(_path(_PATH, invoice_id))

    def _delete(self, path: str) -> None:
        """Delete a draft or an item; one that is gone is a success."""
        try:
            self.api.call("DELETE", path, repeatable=True)
        except NotFound:
            return


def _is_deletion(write: Write) -> bool:
    return write.operation is Operation.DELETE


def _wrong(write: Write, raw: JSON, others: int = 0) -> Invalid | None:
    """Return why a draft cannot stay: it does not come to what was sent, and `others` that somebody else added."""
    if raw.get("total") == sum(item.amount for item in bodies.items(write)) + others:
        return None
    return Invalid("Stripe works out another total for its lines.", field=lines.FIELD)


def _shown(raw: JSON) -> dict[str, lines.Item] | None:
    """Return the items that the lines of an invoice show, by their ids; None where it shows but some of them."""
    listed = raw.get("all_lines") or (raw.get("lines") or {}).get("data") or []
    if (raw.get("lines") or {}).get("has_more") and "all_lines" not in raw:
        return None
    found = {}
    for line in listed:
        item_id = ((line.get("parent") or {}).get("invoice_item_details") or {}).get("invoice_item")
        if not item_id:
            return None
        found[str(item_id)] = lines.item_of(line)
    return found


def _path(path: str, external_id: str) -> str:
    return f"{path}/{quote(external_id, safe='')}"


def _of_lines(parameter: str) -> str:
    return lines.FIELD
