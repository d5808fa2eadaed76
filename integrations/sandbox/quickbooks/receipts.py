"""What was paid on the spot and what was given back: generated sales receipts, refund receipts and credit memos."""

from __future__ import annotations

from integrations.sandbox.generation import Document, Timeline, key_of
from integrations.sandbox.persons import People
from integrations.sandbox.quickbooks.invoices import TRANSACTIONS
from integrations.sandbox.quickbooks.naming import customer_ref, doc_number, index_of_doc_number
from integrations.sandbox.quickbooks.numbered import Numbered
from integrations.sandbox.quickbooks.tills import Sale, Till, method_of
from integrations.sandbox.quickbooks.zones import Zone


class Receipts(Numbered):
    """What the three kinds share: a sale, a number with a prefix, and perhaps a customer."""

    prefix, place, most_lines = "SR-", 2, 3

    def __init__(
        self, key: bytes, timeline: Timeline, zone: Zone, *, till: Till, people: People, customers: int,
        accounts: dict[str, Document],
    ) -> None:  # fmt: skip
        super().__init__(timeline, zone, stride=TRANSACTIONS, place=self.place)
        self._key, self._till, self._people = key_of(key, self.prefix), till, people
        self._customers, self._accounts = customers, accounts

    def index_of_name(self, name: str) -> int | None:
        return index_of_doc_number(name, self.prefix, self.count)

    def number_of(self, index: int) -> str:
        return doc_number(self.prefix, index)

    def document(self, index: int) -> Document:
        sale = self._till.sale(self._key, index, most_lines=self.most_lines)
        document: Document = {
            **self.head(index, (sale.number >> 100) % 2),
            "DocNumber": self.number_of(index),
            "TxnDate": self.zone.day(self.created(index)),
            **self._till.body(sale),
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NotSet",
            "Balance": 0,
        }
        customer = self._customer(sale)
        if customer is not None:
            document["CustomerRef"] = customer_ref(self._people, customer)
        return document | self._more(sale)

    def _customer(self, sale: Sale) -> int | None:
        return (sale.number >> 120) % self._customers if self._customers else None

    def _more(self, sale: Sale) -> Document:
        return {"DepositToAccountRef": self._accounts["Undeposited"], "PaymentMethodRef": method_of(sale.number >> 140)}


class SalesReceipts(Receipts):
    """Paid on the spot, in three of ten cases by nobody known."""

    def _customer(self, sale: Sale) -> int | None:
        return super()._customer(sale) if (sale.number >> 116) % 10 < 7 else None

    def _more(self, sale: Sale) -> Document:
        note = {"PrivateNote": f"Till {sale.number >> 150 & 7}"} if (sale.number >> 156) % 6 == 0 else {}
        return super()._more(sale) | {"EmailStatus": "NotSet"} | note


class RefundReceipts(Receipts):
    """Money given back."""

    prefix, place, most_lines = "RF-", 3, 1


class CreditMemos(Receipts):
    """Credit given and used up."""

    prefix, place, most_lines = "CM-", 4, 1

    def _more(self, sale: Sale) -> Document:
        return {"RemainingCredit": 0, "EmailStatus": "NotSet"}
