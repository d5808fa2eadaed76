"""How an invoice that is there changes and ends.

Changes name the version that they are made to. One that was sent before is looked at first: what of it is there already
is not sent again, and anything else that changed meanwhile is a conflict.
"""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.providers.errors import Conflict, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.square import bodies_of_invoices as bodies
from integrations.providers.square import invoice_steps as steps
from integrations.providers.types import JSON, Values, Write

_MOVING = ("updated_at", "public_url")  # what changes without anybody changing the invoice


@dataclass(frozen=True, slots=True)
class InvoiceChanger:
    """Changes invoices. `values` and `is_same` are those of the stream that reads them."""

    api: ApiSession
    values: Callable[[JSON], Values]
    is_same: Callable[[str, object, object], bool]

    def changed(self, write: Write) -> JSON:
        """Return the invoice with our changes, sent as far as they are not there yet: one call, or one for each step.

        Another customer of a draft costs a call more, and publishing one.
        """
        invoice = self._undisturbed(write) if write.attempt > 1 else write.raw
        for change in bodies.changes(write, invoice):
            invoice = steps.changed(self.api, write, invoice, change)
        if bodies.wants_publishing(write) and invoice.get("status") == bodies.DRAFT:
            invoice = steps.published(self.api, write, invoice)
        return self._with_order(write, invoice)

    def ended(self, write: Write) -> tuple[JSON, bool]:
        """Return the invoice as it ended, and whether it is gone: drafts are deleted, for Square cancels none."""
        gone = write.raw | {"status": bodies.CANCELED}, True
        try:
            invoice = steps.fetched(self.api, write.external_id) if write.attempt > 1 else write.raw
        except NotFound:
            return gone
        if invoice.get("status") == bodies.DRAFT:
            steps.delete_draft(self.api, invoice)
            return gone
        if invoice.get("status") in bodies.PAYABLE:
            invoice = steps.cancelled(self.api, invoice)
        return self._with_order(write, invoice), False

    def _undisturbed(self, write: Write) -> JSON:
        """Return the invoice as it is now. Raises Conflict when anybody but an earlier attempt of ours changed it."""
        invoice = steps.fetched(self.api, write.external_id)
        before, there = self.values(write.raw), self.values(invoice | {"order": write.raw.get("order")})
        for name in (before.keys() | there.keys()) - set(_MOVING):
            if not any(self.is_same(name, each, there.get(name)) for each in _on_the_way(write, name, before)):
                raise Conflict("It was changed in Square meanwhile.", code="VERSION_MISMATCH")
        return invoice

    def _with_order(self, write: Write, invoice: JSON) -> JSON:
        """Return an invoice as a read brings it, with its order: the one that is known, for its lines stay."""
        return invoice | {"order": write.raw.get("order") or steps.order_of(self.api, invoice)}


def _on_the_way(write: Write, name: str, before: Values) -> list[object]:
    """Return what a field may hold while a change of ours is under way: the customer of a draft is cleared first."""
    ours = [write.values[name]] if name in write.values else []
    return [before.get(name), *ours, *([None] if ours and name == bodies.CUSTOMER else [])]
