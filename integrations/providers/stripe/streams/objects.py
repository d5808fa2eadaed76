"""Stripe's objects that are read, one small class each."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import ClassVar

from integrations.providers.base import Stream
from integrations.providers.http import ApiSession
from integrations.providers.stripe import fields, records
from integrations.providers.stripe.bodies import CUSTOMER_FIELDS
from integrations.providers.stripe.streams.paging import pages
from integrations.providers.stripe.streams.stream import Deletable, Dress, StripeStream
from integrations.providers.stripe.streams.windows import SplitByCreation
from integrations.providers.stripe.writes_of_customers import MOST_CLAUSES, CustomerWriter
from integrations.providers.types import JSON, ExternalRecord, ObjectType, Write, WriteResult

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

    def fetched(self, api: ApiSession, external_id: str) -> ExternalRecord | None:
        """Return a product as it is now, with its prices."""
        record = super().fetched(api, external_id)
        if record is None or record.deleted:
            return record
        return replace(record, raw=_with_prices(record.raw, _prices(api, external_id)))

    def dress(self, api: ApiSession) -> Dress:
        """Return what adds prices to a listed product: all of them are held, unless they are too many."""
        listed = list(islice(_prices(api), _MOST_PRICES + 1))
        if len(listed) > _MOST_PRICES:
            return lambda raw: _with_prices(raw, _prices(api, raw["id"]))
        by_product: dict[str, list[JSON]] = {}
        for price in listed:
            by_product.setdefault(price["product"], []).append(price)
        return lambda raw: _with_prices(raw, by_product.get(raw["id"], []))


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
    """Invoices of every state; only drafts can be deleted."""

    object_type = ObjectType.INVOICE
    scope = "rak_invoice_read"
    fields = fields.INVOICE
    reader = staticmethod(records.invoice)
    path = "/v1/invoices"

    def complete(self, api: ApiSession, record: ExternalRecord) -> ExternalRecord:
        """Return the invoice with all its lines; a list shows the first ones only."""
        return _with_all(api, record, "lines", f"{self.path}/{record.id}/lines")


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (
    Customers(), Products(), Orders(), Payments(), Refunds(), Payouts(), Invoices(),
)}  # fmt: skip


def _prices(api: ApiSession, product: str | None = None) -> Iterator[JSON]:
    """Yield the prices of one product, or of all; archived ones, too."""
    for listed in pages(api, "/v1/prices", {"product": product}):
        yield from listed.entries


def _with_prices(raw: JSON, prices: Iterator[JSON] | list[JSON]) -> JSON:
    """Return a product with its prices in the order of their making, whichever way they were found."""
    return raw | {"prices": sorted(prices, key=lambda price: (price["created"], price["id"]))}


def _with_all(api: ApiSession, record: ExternalRecord, part: str, path: str) -> ExternalRecord:
    """Return a record with all entries of an embedded list under `all_...`, if the list was cut off."""
    if not (record.raw.get(part) or {}).get("has_more"):
        return record
    entries = [each for listed in pages(api, path, {}) for each in listed.entries]
    return replace(record, raw=record.raw | {f"all_{part}": entries})
