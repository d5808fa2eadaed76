"""What QuickBooks is only ever sent: receipts of sales and of refunds. Nothing of them is read.

A sale is sent when it is complete, and made void when it is cancelled later; a refund when the money went back. The
total that QuickBooks works out is compared with ours to the smallest coin; a new receipt of another one does not stay.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from integrations.providers.base import Outlet
from integrations.providers.errors import Conflict, Invalid
from integrations.providers.http import ApiSession
from integrations.providers.money import words
from integrations.providers.quickbooks import (
    accounts,
    bodies,
    bodies_of_receipts,
    lookups,
    receipts,
    records_of_receipts,
)
from integrations.providers.quickbooks.bodies_of_invoices import anchor
from integrations.providers.quickbooks.bodies_of_receipts import AMERICAN, REFUND_SUMS, SUMS
from integrations.providers.quickbooks.fields import (
    REFUND_RECEIPT,
    REFUND_RECEIPT_WRITABLE,
    SALES_RECEIPT,
    SALES_RECEIPT_WRITABLE,
)
from integrations.providers.quickbooks.writes import Written
from integrations.providers.types import JSON, ExternalRecord, Money, ObjectType, Operation, Values, Write, WriteResult

_LEFT_OUT = "Left out: "
_VOID, _COMPLETED = "void", "completed"
_AMERICA = frozenset({"US", "USA"})


class Receipts(Written):
    """What both kinds have in common. `word` is what an owner calls it, `sums` are the values that make its lines."""

    is_sale = True
    has_prices = True
    named_by = "DocNumber"
    word: ClassVar[str]
    sums: ClassVar[frozenset[str]]

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes; see `base.Outlet`. What somebody touched there meanwhile is looked up and written again.

        Nothing reads receipts, so nobody else would; what the write leaves alone stays as it is there.
        """
        results = dict(zip((each.key for each in writes), super().write_batch(api, writes), strict=True))
        stale = [each for each in writes if isinstance(results[each.key].error, Conflict)]
        now = lookups.as_they_are(self, api, stale)
        fresh = [self._as_of_now(each, now[each.external_id], api) for each in stale if each.external_id in now]
        results |= {each.key: each for each in super().write_batch(api, fresh)} if fresh else {}
        return list(results.values())

    def unfit(self, write: Write) -> str:
        """Return why a receipt is not made, or not changed, as a sentence for the owner; "" when it is."""
        if write.operation is Operation.DELETE:
            return ""
        status, is_new = write.whole.get("status"), write.operation is Operation.CREATE
        if not is_new and self.values(write.raw).get("status") == _VOID:
            return f"{_LEFT_OUT}this {self.word} is void in QuickBooks, and stays so."
        if status == _VOID and not is_new:
            return ""
        if status != _COMPLETED:
            return f"{_LEFT_OUT}only a completed {self.word} goes to QuickBooks."
        return self._contradiction(write.whole) if is_new or self.sums & write.values.keys() else ""

    def refusal(self, api: ApiSession, write: Write) -> Invalid | None:
        """Return why a write cannot be sent: it is unfit, or its amounts are not in the currency of the books."""
        if sentence := self.unfit(write):
            told = sentence.removeprefix(_LEFT_OUT)
            return Invalid(told[0].upper() + told[1:])
        home = write.raw.get("home_currency") or api.account.get("currency")
        foreign = next((each for each in sorted(receipts.currencies(write.whole)) if home and each != home), None)
        if foreign is None or write.operation is Operation.DELETE:
            return None
        return Invalid(f"The books are kept in {home}, and this {self.word} is in {foreign}.", field="TotalAmt")

    def prepared(self, api: ApiSession, write: Write) -> Write:
        """Return the write with what American lines say instead of a tax code."""
        if write.operation is Operation.DELETE or api.account.get("country") not in _AMERICA:
            return write
        return replace(write, whole=write.whole | AMERICAN)

    def flaw(self, write: Write, record: ExternalRecord) -> Invalid | None:
        """Return that QuickBooks works out another total than ours, None where it is the same."""
        is_new = write.operation is Operation.CREATE
        is_void = write.whole.get("status") == _VOID
        if write.operation is Operation.DELETE or is_void or not (is_new or self.sums & write.values.keys()):
            return None
        ours, theirs = write.whole["TotalAmt"], self.values(record.raw).get("TotalAmt")
        if ours == theirs or not isinstance(theirs, Money):
            return None
        return Invalid(
            f"QuickBooks works out {words(theirs)} for this {self.word} over {words(ours)}.", field="TotalAmt"
        )

    def holds(self, write: Write, raw: JSON) -> bool:
        """Return whether a receipt is as a write that changes it wants it: of a void one nothing else counts."""
        if write.whole.get("status") == _VOID:
            return self.values(raw).get("status") == _VOID
        return self._is_as_wanted(write, raw)

    def is_made_by(self, write: Write, raw: JSON) -> bool:
        """Return whether a receipt bears the id of our record."""
        return anchor(write) in str(raw.get("PrivateNote"))

    def _as_of_now(self, write: Write, raw: JSON, api: ApiSession) -> Write:
        record = self.record(raw, api)
        return replace(write, raw=record.raw, version=record.version, attempt=1)

    def _is_as_wanted(self, write: Write, raw: JSON) -> bool:
        return super().holds(write, raw)

    def _contradiction(self, whole: Values) -> str:
        """Return why the figures cannot become a receipt, "" where they can."""
        total: Any = whole.get("TotalAmt")
        if not isinstance(total, Money):
            return f"{_LEFT_OUT}this {self.word} has no total."
        found = sorted(receipts.currencies(whole))
        if len(found) > 1:
            return f"{_LEFT_OUT}this {self.word} has amounts in {' and '.join(found)}."
        if total.minor < 0:
            return f"{_LEFT_OUT}QuickBooks takes no {self.word} of less than nothing."
        return ""


class SalesReceipts(Receipts):
    """Orders that were paid on the spot."""

    object_type = ObjectType.ORDER
    fields = SALES_RECEIPT
    reader = staticmethod(records_of_receipts.sales_receipt)
    writable = SALES_RECEIPT_WRITABLE
    created_only = frozenset({
        "currency", "tip_item", "service_charge_item", "taxed_code", "untaxed_code", "DepositToAccountRef.value",
    })  # fmt: skip
    word = "sale"
    sums = SUMS

    def body(self, write: Write) -> JSON:
        """Return what is sent of a sale."""
        return bodies_of_receipts.sales_receipt(write)

    def item(self, write: Write) -> JSON:
        """Return operation and body as a batch takes them; void is an update with an option of its own."""
        if write.operation is Operation.UPDATE and write.whole.get("status") == _VOID:
            return {"operation": "update", "optionsData": "void", self.entity: bodies.named(write)}
        return super().item(write)

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there already: QuickBooks holds the same sale in its own terms."""
        if name == "lines" and isinstance(ours, list) and isinstance(theirs, list):
            return receipts.holds_lines(ours, theirs)
        if name == "DocNumber" and not bodies_of_receipts.is_number(ours):
            return bodies_of_receipts.is_made_up(theirs)
        return receipts.same_sum(ours, theirs) if name in SUMS else ours == theirs

    def _is_as_wanted(self, write: Write, raw: JSON) -> bool:
        values, sent = self.values(raw), dict(write.values)
        if sent.keys() & SUMS and not receipts.holds(receipts.sheet(write.whole), values):
            return False
        body = bodies_of_receipts.sales_receipt(write)
        plain = {name: value for name, value in sent.items() if name not in SUMS}
        return all(values.get(name) == value for name, value in _as_sent(plain, body).items())

    def _contradiction(self, whole: Values) -> str:
        if sentence := super()._contradiction(whole):
            return sentence
        sheet, total = receipts.sheet(whole), whole["TotalAmt"]
        if sheet.unplaced:
            return f"{_LEFT_OUT}this sale holds tax that none of its lines does."
        if sheet.total != total.minor:
            told = words(Money(sheet.total, total.currency))
            return f"{_LEFT_OUT}what this sale consists of comes to {told}, and its total is {words(total)}."
        return ""


class RefundReceipts(Receipts):
    """Money that was given back. QuickBooks cannot make these void; one that failed later keeps no amount instead."""

    object_type = ObjectType.REFUND
    fields = REFUND_RECEIPT
    reader = staticmethod(records_of_receipts.refund_receipt)
    writable = REFUND_RECEIPT_WRITABLE
    created_only = frozenset({"currency", "payment", "ItemRef.value", "untaxed_code", "DepositToAccountRef.value"})
    word = "refund"
    sums = REFUND_SUMS

    def body(self, write: Write) -> JSON:
        """Return what is sent of a refund."""
        return bodies_of_receipts.refund_receipt(write)

    def prepared(self, api: ApiSession, write: Write) -> Write:
        """Return the write with the account that the money went out of. Raises Invalid where there is none to take."""
        write = super().prepared(api, write)
        name = "DepositToAccountRef.value"
        if write.operation is not Operation.CREATE or write.values.get(name):
            return write
        account = accounts.undeposited(api)
        if not account:
            raise Invalid(
                "Choose the account that refunds are paid from: the books have none for undeposited funds.", field=name
            )
        return replace(write, values=write.values | {name: account}, whole=write.whole | {name: account})


def _as_sent(values: Values, body: JSON) -> Values:
    """Return values as they stand in a body, where that says them in another way: a number that fits, the day."""
    sent = {name: body.get(name, value) for name, value in values.items() if name != "placed_on"}
    return sent | ({"TxnDate": body["TxnDate"]} if "placed_on" in values and "TxnDate" in body else {})


OUTLETS: Mapping[ObjectType, Outlet] = {outlet.object_type: outlet for outlet in (SalesReceipts(), RefundReceipts())}
