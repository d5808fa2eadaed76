"""How each of QuickBooks' objects is read: everything by query, then what changed by one call for all of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from integrations.providers.base import Stream
from integrations.providers.errors import Invalid
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import bodies, bodies_of_invoices, client, fields, queries, records
from integrations.providers.quickbooks.changes import ChangingStream
from integrations.providers.quickbooks.fields import CUSTOMER_WRITABLE, INVOICE_WRITABLE, PRODUCT_WRITABLE
from integrations.providers.quickbooks.reading import CutByTime, QuickBooksStream, listed
from integrations.providers.quickbooks.writes import Written
from integrations.providers.types import JSON, ExternalRecord, ObjectType, Page, Write


class Accounts(ChangingStream):
    """The accounts of the books. Names are made inactive, never deleted."""

    object_type = ObjectType.ACCOUNT
    fields = fields.ACCOUNT
    reader = staticmethod(records.account)


class TaxCodes(QuickBooksStream):
    """Tax codes: the one list whose changes QuickBooks does not tell. It is read whole, once a day."""

    object_type = ObjectType.TAX_CODE
    fields = fields.TAX_CODE
    reader = staticmethod(records.tax_code)
    rests: ClassVar[timedelta] = timedelta(days=1)

    def pages(self, api: ApiSession, since: str | None, reading: JSON) -> Iterator[Page]:
        """Yield the codes, each with its rates on sales beside it. One more call where any has rates."""
        rates: JSON | None = None
        for page in super().pages(api, since, reading):
            if rates is None and any(_rate_ids(record.raw) for record in page.records):
                rates = _rates(api)
            yield replace(page, records=[_with_rates(record, rates or {}) for record in page.records])


class Classes(ChangingStream):
    """Classes, by which a company tells its events or rooms apart."""

    object_type = ObjectType.CLASS
    fields = fields.CLASS
    reader = staticmethod(records.item_class)


class PaymentMethods(ChangingStream):
    """Ways to pay."""

    object_type = ObjectType.PAYMENT_METHOD
    fields = fields.PAYMENT_METHOD
    reader = staticmethod(records.payment_method)


class Customers(CutByTime, Written, ChangingStream):
    """Customers, with those that are inactive: QuickBooks has no other way to put one away."""

    object_type = ObjectType.CUSTOMER
    fields = fields.CUSTOMER
    reader = staticmethod(records.customer)
    is_counted = True
    has_prices = True
    writable = CUSTOMER_WRITABLE
    named_by = "DisplayName"

    def body(self, write: Write) -> JSON:
        """Return what is sent of a customer."""
        return bodies.customer(write)


class Products(CutByTime, Written, ChangingStream):
    """Items. A category is an item, too, to QuickBooks; it is left out and named on those that it holds."""

    object_type = ObjectType.PRODUCT
    fields = fields.PRODUCT
    reader = staticmethod(records.product)
    is_counted = True
    has_prices = True
    writable = PRODUCT_WRITABLE
    created_only = frozenset({"Type"})
    named_by = "Name"

    def body(self, write: Write) -> JSON:
        """Return what is sent of an item."""
        return bodies.item(write)

    def wants(self, raw: JSON) -> bool:
        """Return whether it is something that is sold."""
        return raw.get("Type") != "Category"


class Invoices(CutByTime, Written, ChangingStream):
    """Invoices. They are made void or deleted, by the owner only."""

    object_type = ObjectType.INVOICE
    fields = fields.INVOICE
    reader = staticmethod(records.invoice)
    is_sale = True
    is_counted = True
    has_prices = True
    writable = INVOICE_WRITABLE
    created_only = frozenset({"currency"})
    deletable = False
    named_by = "DocNumber"

    def body(self, write: Write) -> JSON:
        """Return what is sent of an invoice."""
        return bodies_of_invoices.invoice(write)

    def refusal(self, api: ApiSession, write: Write) -> Invalid | None:
        """Return why a write cannot be sent: lines in several currencies, or lines instead of a bundle."""
        if len(bodies_of_invoices.currencies(write.values)) > 1:
            return Invalid("An invoice has one currency, and its lines have several.", field="lines")
        if bodies_of_invoices.has_empty(write.values.get("lines") or []):
            return Invalid("A line of this invoice has neither words nor an amount.", field="lines")
        if "lines" in write.values and bodies_of_invoices.has_bundle(write.raw):
            return Invalid("This invoice holds a bundle; change its lines in QuickBooks.", field="lines")
        return None

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there: lines come back with ids, names and items of QuickBooks' own."""
        if name == "lines" and isinstance(ours, list) and isinstance(theirs, list):
            return bodies_of_invoices.holds_lines(ours, theirs)
        return ours == theirs

    def is_made_by(self, write: Write, raw: JSON) -> bool:
        """Return whether an invoice bears the id of our record."""
        return bodies_of_invoices.anchor(write) in str(raw.get("PrivateNote"))


class Payments(CutByTime, ChangingStream):
    """Payments on invoices. They are made void or deleted."""

    object_type = ObjectType.PAYMENT
    fields = fields.PAYMENT
    reader = staticmethod(records.payment)
    is_sale = True
    is_counted = True
    has_prices = True


STREAMS: dict[ObjectType, Stream] = {stream.object_type: stream for stream in (
    Accounts(), TaxCodes(), Classes(), PaymentMethods(), Customers(), Products(), Payments(), Invoices(),
)}  # fmt: skip


def _rates(api: ApiSession) -> JSON:
    """Return every tax rate in per cent by its id. One call."""
    asked = queries.select(queries.TAX_RATE, [queries.EVEN_INACTIVE], rows=queries.MOST_ROWS)
    return {rate.get("Id", ""): rate.get("RateValue") for rate in listed(client.query(api, asked), queries.TAX_RATE)}


def _with_rates(record: ExternalRecord, rates: JSON) -> ExternalRecord:
    ids = _rate_ids(record.raw)
    return replace(record, raw=record.raw | {"sales_rates": [rates.get(each) for each in ids]}) if ids else record


def _rate_ids(raw: JSON) -> list[str]:
    """Return the ids of the rates that a tax code puts on sales; none where they stand in an unknown shape."""
    try:
        details = (raw.get("SalesTaxRateList") or {}).get("TaxRateDetail") or []
        return [str(detail["TaxRateRef"]["value"]) for detail in details]
    except (AttributeError, KeyError, TypeError):
        return []
