"""Stripe's objects that are read, one small class each."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import ClassVar

from integrations.providers.base import Stream
from integrations.providers.http import ApiSession
from integrations.providers.stripe import bodies_of_invoices, bodies_of_products, fields, lines, prices, records
from integrations.providers.stripe.bodies import CUSTOMER_FIELDS
from integrations.providers.stripe.streams.paging import pages
from integrations.providers.stripe.streams.prices import beside, listed
from integrations.providers.stripe.streams.stream import Deletable, Dress, StripeStream
from integrations.providers.stripe.streams.windows import SplitByCreation
from integrations.providers.stripe.writes_of_customers import MOST_CLAUSES, CustomerWriter
from integrations.providers.stripe.writes_of_invoices import InvoiceWriter
from integrations.providers.stripe.writes_of_products import ProductWriter
from integrations.providers.types import JSON, ExternalRecord, ObjectType, Values, Write, WriteResult

_HANDFUL = 5  # of writes at once, where each costs several calls
_MOST_PRICES = 20_000  # that one read holds; an account with more is asked product by product


class Customers(SplitByCreation, Deletable, StripeStream):
    """People and companies that bought or may buy."""

    object_type = ObjectType.CUSTOMER
    scope = "rak_customer_read"
    fields = fields.CUSTOMER
    reader = staticmethod(records.customer)
    path = "/v1/customers"
    is_sale = False
    batch_size: ClassVar[int] = MOST_CLAUSES
    writable: ClassVar[frozenset[str]] = CUSTOMER_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset()
    deletable: ClassVar[bool] = True

    def calls(self, writes: Sequence[Write]) -> int:
        """Return one call for each, and one that looks what changed there before."""
        return len(writes) + any(write.external_id for write in writes)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make, change and delete customers, one call for each."""
        return CustomerWriter(api, self.record, self.fetched).write(writes)


class Products(Deletable, StripeStream):
    """Products with their prices, which are objects of their own; not cut, so that prices are listed but once."""

    object_type = ObjectType.PRODUCT
    scope = "rak_product_read"
    fields = fields.PRODUCT
    reader = staticmethod(records.product)
    path = "/v1/products"
    is_sale = False
    lists_new = False
    batch_size: ClassVar[int] = _HANDFUL
    writable: ClassVar[frozenset[str]] = bodies_of_products.PRODUCT_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset()
    deletable: ClassVar[bool] = True

    def fetched(self, api: ApiSession, external_id: str) -> ExternalRecord | None:
        """Return a product as it is now, with its prices."""
        record = super().fetched(api, external_id)
        if record is None or record.deleted:
            return record
        return replace(record, raw=beside(record.raw, listed(api, external_id)))

    def dress(self, api: ApiSession) -> Dress:
        """Return what adds prices to a listed product: all of them are held, unless they are too many."""
        found = list(islice(listed(api), _MOST_PRICES + 1))
        if len(found) > _MOST_PRICES:
            return lambda raw: beside(raw, listed(api, raw["id"]))
        by_product: dict[str, list[JSON]] = {}
        for price in found:
            by_product.setdefault(price["product"], []).append(price)
        return lambda raw: beside(raw, by_product.get(raw["id"], []))

    def unfit(self, write: Write) -> str:
        """Return why a product cannot be sent: its prices could not be told apart, or are finer than Stripe counts."""
        return str(bodies_of_products.refusal(write) or "")

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there; prices do in any order, and with archived ones beside them."""
        if name != prices.FIELD:
            return (ours or None) == (theirs or None)
        return prices.says_the_same(_entries(ours), _entries(theirs))

    def calls(self, writes: Sequence[Write]) -> int:
        """Return the calls for the products and their prices, and one that looks what changed there before."""
        return sum(map(bodies_of_products.calls, writes)) + any(write.external_id for write in writes)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make, change and put away products with their prices; see `writes_of_products` for the number of calls."""
        return ProductWriter(api, self.record).write(writes)


class Orders(SplitByCreation, StripeStream):
    """Checkout sessions that were completed; the others are baskets that were left behind."""

    object_type = ObjectType.ORDER
    scope = "rak_checkout_session_read"
    fields = fields.ORDER
    reader = staticmethod(records.order)
    path = "/v1/checkout/sessions"
    expands = ("line_items",)
    filters: ClassVar[dict[str, str]] = {"status": "complete"}

    def counts(self, raw: JSON) -> bool:
        """Return whether the basket was bought."""
        return raw.get("status") == "complete"

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the order with all its lines; a list shows the first ones only."""
        return _with_all(api, record, "line_items", f"{self.path}/{record.id}/line_items")


class Payments(SplitByCreation, StripeStream):
    """Charges with what they brought to the balance: fee and net."""

    object_type = ObjectType.PAYMENT
    scope = "rak_charge_read"
    fields = fields.PAYMENT
    reader = staticmethod(records.payment)
    path = "/v1/charges"
    expands = ("balance_transaction",)


class Refunds(SplitByCreation, StripeStream):
    """Refunds with what they took from the balance."""

    object_type = ObjectType.REFUND
    scope = "rak_refund_read"
    fields = fields.REFUND
    reader = staticmethod(records.refund)
    path = "/v1/refunds"
    expands = ("balance_transaction",)


class Payouts(SplitByCreation, StripeStream):
    """Payouts; what an automatic one consists of is fetched for it alone."""

    object_type = ObjectType.PAYOUT
    scope = "rak_payout_read"
    fields = fields.PAYOUT
    reader = staticmethod(records.payout)
    path = "/v1/payouts"

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the payout with its movements; Stripe does not tell them of one that was made by hand."""
        if record.raw.get("automatic") is not True:
            return record
        listing = pages(api, "/v1/balance_transactions", {"payout": record.id})
        movements = [each for listed in listing for each in listed.entries]
        return replace(record, raw=record.raw | {"balance_transactions": movements})


class Invoices(SplitByCreation, Deletable, StripeStream):
    """Invoices of every state; only drafts can be made, changed and deleted."""

    object_type = ObjectType.INVOICE
    scope = "rak_invoice_read"
    fields = fields.INVOICE
    reader = staticmethod(records.invoice)
    path = "/v1/invoices"
    batch_size: ClassVar[int] = _HANDFUL
    writable: ClassVar[frozenset[str]] = bodies_of_invoices.INVOICE_FIELDS
    created_only: ClassVar[frozenset[str]] = frozenset({"customer", "status"})
    deletable: ClassVar[bool] = True

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the invoice with all its lines; a list shows the first ones only."""
        return _with_all(api, record, "lines", f"{self.path}/{record.id}/lines")

    def unfit(self, write: Write) -> str:
        """Return why an invoice is not drafted or changed, such as a customer that is not at Stripe."""
        return str(bodies_of_invoices.refusal(write) or "")

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there; lines do in any order, and a bill has to fall due at some time."""
        if name == lines.FIELD:
            return lines.says_the_same(_entries(ours), _entries(theirs))
        return (ours or None) == (theirs or None) or (name == "due_date" and ours is None)

    def calls(self, writes: Sequence[Write]) -> int:
        """Return the calls for the drafts and their lines, and one that looks what changed there before."""
        return sum(map(bodies_of_invoices.calls, writes)) + any(write.external_id for write in writes)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Draft, change and take back invoices; see `writes_of_invoices` for the number of calls."""
        return InvoiceWriter(api, self.record, self.complete).write(writes)


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (
    Customers(), Products(), Orders(), Payments(), Refunds(), Payouts(), Invoices(),
)}  # fmt: skip


def _entries(value: object) -> list[Values]:
    return value if isinstance(value, list) else []


def _with_all(api: ApiSession, record: ExternalRecord, part: str, path: str) -> ExternalRecord:
    """Return a record with all entries of an embedded list under `all_...`, if the list was cut off."""
    if not (record.raw.get(part) or {}).get("has_more"):
        return record
    entries = [each for listed in pages(api, path, {}) for each in listed.entries]
    return replace(record, raw=record.raw | {f"all_{part}": entries})
