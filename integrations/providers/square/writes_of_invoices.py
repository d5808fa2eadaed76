"""How invoices are written: each in the steps that Square has for it, for there are no bulk calls.

Each step has an idempotency key of its own that is made of the write's, so an attempt after a lost answer goes through
the same steps and makes nothing twice. How long Square remembers keys it does not say: from the third attempt on the
order is searched for first, by our record's id, and the invoice by the order; what is there is gone on from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from integrations.providers.errors import BadRecord, Conflict, Invalid, NotFound, ProviderError, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square import bodies_of_invoices as bodies
from integrations.providers.square.invoice_changing import InvoiceChanger
from integrations.providers.square.invoice_making import InvoiceMaker
from integrations.providers.square.invoice_search import Orders
from integrations.providers.types import JSON, ExternalRecord, Money, Operation, Values, Write, WriteResult

MOST_INVOICES = 10  # at a time, for each costs up to three calls
_OF_ONE_RECORD = (Invalid, Conflict, NotFound)


@dataclass(frozen=True, slots=True)
class InvoiceWriter:
    """Writes invoices. `record`, `values` and `is_same` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON], ExternalRecord]
    values: Callable[[JSON], Values]
    is_same: Callable[[str, object, object], bool]

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order.

        When Square stops answering in the middle, what was done is told and the rest is left as Transient; when it
        does not answer at all, that is raised.
        """
        before = InvoiceMaker(self.api).before(writes)
        results: list[WriteResult] = []
        for at, write in enumerate(writes):
            try:
                results.append(WriteResult(write.key, self._written(write, before)))
            except _OF_ONE_RECORD as error:
                results.append(WriteResult(write.key, error=_in_our_words(error)))
            except BadRecord as error:
                results.append(WriteResult(write.key, error=Transient(str(error), code="unreadable")))
            except Transient as error:
                if not results:
                    raise
                return results + [WriteResult(each.key, error=error) for each in writes[at:]]
        return results

    def _written(self, write: Write, before: Orders) -> ExternalRecord:
        unfit = bodies.refusal(write) or self._in_other_money(write)
        if unfit is not None:
            raise unfit
        if write.operation is Operation.CREATE:
            return self.record(InvoiceMaker(self.api).made(write, before))
        changer = InvoiceChanger(self.api, self.values, self.is_same)
        if write.operation is Operation.DELETE or write.values.get("status") == bodies.CANCELED:
            invoice, is_gone = changer.ended(write)
            return replace(self.record(invoice), deleted=is_gone or write.operation is Operation.DELETE)
        return self.record(changer.changed(write))

    def _in_other_money(self, write: Write) -> Invalid | None:
        total, home = write.values.get("total_money"), self.api.account.get("currency")
        if isinstance(total, Money) and home and total.currency != home:
            return Invalid(f"You sell in {home} at Square, and this invoice is in {total.currency}.",
                           field="total_money")  # fmt: skip
        return None


def _in_our_words(error: ProviderError) -> ProviderError:
    """Return the refusal with our field id in place of Square's path."""
    if isinstance(error, Invalid):
        error.field = bodies.field_of(error.field)
    return error
