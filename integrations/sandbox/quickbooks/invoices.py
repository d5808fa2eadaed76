"""What customers owe and what they paid: generated invoices, and one payment for each that is closed.

The newest invoices are open, at most one for each customer, so that what somebody owes is found at once.
"""

from __future__ import annotations

from math import gcd

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document, Timeline, key_of
from integrations.sandbox.persons import People
from integrations.sandbox.quickbooks.naming import customer_ref, doc_number, index_of_doc_number
from integrations.sandbox.quickbooks.numbered import Numbered
from integrations.sandbox.quickbooks.tills import Till, method_of
from integrations.sandbox.quickbooks.zones import Zone

TRANSACTIONS = 5  # kinds that share one sequence of ids


class Invoices(Numbered):
    """Invoices by index; those from `closed` on are open."""

    def __init__(
        self, key: bytes, timeline: Timeline, zone: Zone, *, till: Till, people: People, customers: int
    ) -> None:
        super().__init__(timeline, zone, stride=TRANSACTIONS)
        self._key, self._till, self._people, self._customers = key_of(key, "invoice"), till, people, customers
        self._step = next(step for step in range(7919, 16_000) if gcd(step, customers or 1) == 1)
        self._unstep = pow(self._step, -1, customers) if customers > 1 else 0
        self.closed = self.count - min(self.count // 4, customers)

    def customer_of(self, index: int) -> int:
        return (self.count - 1 - index) * self._step % self._customers

    def owed_by(self, customer: int) -> int:
        """What a customer owes in minor units."""
        if not self.count or not self._customers:
            return 0
        index = self.count - 1 - customer * self._unstep % self._customers
        return self.total_of(index) if index >= self.closed else 0

    @property
    def currency_ref(self) -> Document:
        return self._till.currency_ref

    def total_of(self, index: int) -> int:
        return self._till.sale(self._key, index).total

    def amount_of(self, index: int) -> float:
        return self._till.country.amount(self.total_of(index))

    def index_of_name(self, name: str) -> int | None:
        return index_of_doc_number(name, "", self.count)

    def number_of(self, index: int) -> str:
        return doc_number("", index)

    def customer_ref(self, index: int) -> Document:
        return customer_ref(self._people, self.customer_of(index))

    def document(self, index: int) -> Document:
        sale = self._till.sale(self._key, index)
        number, created = sale.number, self.created(index)
        document: Document = {
            **self.head(index, (number >> 100) % 3),
            "DocNumber": self.number_of(index),
            "TxnDate": self.zone.day(created),
            "DueDate": self.zone.day(created + (14 if number >> 104 & 1 else 30) * DAY),
            **self._till.body(sale),
            "CustomerRef": self.customer_ref(index),
            "SalesTermRef": {"value": "2"} if number >> 104 & 1 else {"value": "3"},
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NotSet",
            "EmailStatus": ("NotSet", "EmailSent", "NeedToSend", "EmailSent")[number >> 108 & 3],
            "Balance": self._till.country.amount(sale.total) if index >= self.closed else 0,
            "LinkedTxn": [],
        }
        if index < self.closed:
            document["LinkedTxn"] = [{"TxnId": str(index * TRANSACTIONS + 2), "TxnType": "Payment"}]
        if (number >> 112) % 5 == 0:
            document["PrivateNote"] = f"Hire of the hall, ref {number >> 120 & 4095}"
        return document


class Payments(Numbered):
    """Payments by index: number n pays invoice n, at the time of that invoice's last change."""

    def __init__(self, timeline: Timeline, zone: Zone, *, invoices: Invoices, accounts: dict[str, Document]) -> None:
        super().__init__(timeline, zone, stride=TRANSACTIONS, place=1)
        self.count = invoices.closed
        self._invoices, self._accounts = invoices, accounts

    def created(self, index: int) -> int:
        return self._invoices.updated(index)

    def updated(self, index: int) -> int:
        return self._invoices.updated(index)

    def document(self, index: int) -> Document:
        total = self._invoices.amount_of(index)
        linked = {"TxnId": self._invoices.id_of(index), "TxnType": "Invoice"}
        return {
            **self.head(index),
            "TxnDate": self.zone.day(self.created(index)),
            "CustomerRef": self._invoices.customer_ref(index),
            "CurrencyRef": self._invoices.currency_ref,
            "DepositToAccountRef": self._accounts["Undeposited"],
            "PaymentMethodRef": method_of(index),
            "TotalAmt": total,
            "UnappliedAmt": 0,
            "ProcessPayment": False,
            "Line": [{"Amount": total, "LinkedTxn": [linked]}],
        }
