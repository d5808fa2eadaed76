"""How an invoice is made: an order with its lines, a draft for the order and, unless it stays one, its publication.

A step that is refused takes back those before it: nothing that is half made stays behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from integrations.providers.errors import Conflict, Invalid, Misconfigured, NotFound, PermissionMissing, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square import bodies_of_invoices as bodies
from integrations.providers.square import invoice_steps as steps
from integrations.providers.square import order_lines, records
from integrations.providers.square.invoice_search import Orders, invoice_of, orders_of
from integrations.providers.types import JSON, Money, Operation, Write

_FORGETTABLE = 2  # attempts that a key protects beyond doubt
_MAIN_LOCATION = "square.main_location"  # in the session's memory


@dataclass(frozen=True, slots=True)
class InvoiceMaker:
    """Makes invoices, and goes on from what earlier attempts made."""

    api: ApiSession

    def before(self, writes: Sequence[Write]) -> Orders:
        """Return the orders that earlier attempts made, of those writes whose keys may be forgotten."""
        return self._searched([each for each in writes if each.attempt > _FORGETTABLE])

    def made(self, write: Write, before: Orders) -> JSON:
        """Return the invoice with its order, made as far as it is not there yet.

        Two calls for a draft and three for one that is published; a search more where an order was made `before`.
        Raises Invalid, or Transient while it is open.
        """
        try:
            order, draft = self._left(write, before) or (self._ordered(write), None)
            draft = draft or self._drafted(write, self._checked(write, order))
            if bodies.wants_publishing(write) and draft.get("status") == bodies.DRAFT:
                draft = self._published(write, draft)
        except Conflict as error:
            raise Transient(str(error), code=error.code) from error
        return draft | {"order": order}

    def _ordered(self, write: Write) -> JSON:
        try:
            return steps.ordered(self.api, write, bodies.order(write, self._location(write)))
        except Misconfigured as error:  # the key made an order before, of another content
            return self._found(write, error)[0]
        except NotFound as error:
            raise Invalid(str(error), code=error.code) from error

    def _checked(self, write: Write, order: JSON) -> JSON:
        """Return the order; gives it up and raises Invalid where Square makes another sum of its lines."""
        wanted, found = write.values.get("total_money"), records.readable(records.order, order).get("total_money")
        if wanted is None or wanted == found:
            return order
        steps.give_up_order(self.api, order)
        told = order_lines.text(found) if isinstance(found, Money) else "nothing"
        raise Invalid(f"Square makes this {told}, and the invoice says {order_lines.text(wanted)}.", field="line_items")

    def _drafted(self, write: Write, order: JSON) -> JSON:
        try:
            return steps.drafted(self.api, write, bodies.draft(write, order))
        except Misconfigured as error:
            return self._found(write, error)[1] or _hidden()
        except (Invalid, PermissionMissing):
            steps.give_up_order(self.api, order)
            raise
        except NotFound as error:
            steps.give_up_order(self.api, order)
            raise Invalid("Square does not know this customer any more.", field=bodies.CUSTOMER) from error

    def _published(self, write: Write, draft: JSON) -> JSON:
        """Return the published invoice; takes the draft away again where Square refuses to publish it.

        The answer to a repeated request tells how the draft was then. One that has moved on since is looked at.
        """
        try:
            return steps.published(self.api, write, draft)
        except NotFound as error:
            raise Invalid("Its draft was deleted in Square. Change it here to have it made again.") from error
        except Conflict:
            now = steps.fetched(self.api, str(draft["id"]))
            if now.get("version") == draft.get("version"):
                raise
            return self._published(write, now) if now.get("status") == bodies.DRAFT else now
        except (Invalid, PermissionMissing):
            steps.delete_draft(self.api, draft)
            raise

    def _left(self, write: Write, before: Orders) -> tuple[JSON, JSON | None] | None:
        """Return the order of an earlier attempt with its invoice; one without counts while it is not given up."""
        orders = before.get(write.ours, [])
        for order in orders:
            if (invoice := invoice_of(self.api, order, write)) is not None:
                return order, invoice
        return next(((each, None) for each in orders if each.get("state") == "OPEN"), None)

    def _searched(self, writes: Sequence[Write]) -> Orders:
        news = [each for each in writes if each.operation is Operation.CREATE and bodies.refusal(each) is None]
        return orders_of(self.api, news, self._location)

    def _found(self, write: Write, error: Misconfigured) -> tuple[JSON, JSON | None]:
        """Return order and invoice that a key made before; Transient while Square's search does not show them."""
        if error.code != "IDEMPOTENCY_KEY_REUSED":
            raise error
        return self._left(write, self._searched([write])) or _hidden()

    def _location(self, write: Write) -> str:
        """Return where an invoice is made: where the write says, else at the seller's main location."""
        chosen = write.values.get("location_id") or self.api.account.get("main_location_id")
        if chosen:
            return str(chosen)
        with self.api.memory_lock:
            if _MAIN_LOCATION not in self.api.memory:
                merchant = self.api.get("/v2/merchants/me").body.get("merchant") or {}
                self.api.memory[_MAIN_LOCATION] = str(merchant.get("main_location_id") or "")
            return str(self.api.memory[_MAIN_LOCATION])


def _hidden() -> NoReturn:
    raise Transient("Square made this invoice before, and its search does not show it yet.", code="key_reused")
