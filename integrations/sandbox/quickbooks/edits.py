"""What happens at the company meanwhile: records changed, made and deleted by its own people."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.kinds import KINDS, Nature
from integrations.sandbox.quickbooks.ledger import keep, remove
from integrations.sandbox.quickbooks.naming import doc_number
from integrations.sandbox.quickbooks.postings import post
from integrations.sandbox.store import Entry

_HEAD = ("Id", "SyncToken", "MetaData")


@dataclass(frozen=True)
class Staff:
    """A hand at the company that edits its records."""

    double: QuickBooksDouble
    company: Company
    chance: random.Random

    def change(self, kind: str, number: int) -> list[str]:
        return [self.store(kind, entry, entry.document | _CHANGES[kind](self)) for entry in self._pick(kind, number)]

    def create(self, kind: str, number: int) -> list[str]:
        return [self.store(kind, None, _CREATIONS[kind](self)) for _ in range(number)]

    def delete(self, kind: str, number: int) -> list[str]:
        """Transactions go for good, names and goods are made inactive."""
        picked = self._pick(kind, number)
        for entry in picked:
            if KINDS[kind].nature is Nature.TRANSACTION:
                entry = self.company.shelves[kind].live(entry.document["Id"]) or entry
                remove(self.double, self.company, kind, entry)
                post(self.double, self.company, kind, entry.document, None)
            else:
                self.store(kind, entry, entry.document | {"Active": False})
        return [entry.document["Id"] for entry in picked]

    def store(self, kind: str, old: Entry | None, document: Document) -> str:
        kept = keep(self.double, self.company, kind, old, document)
        if old is None:
            post(self.double, self.company, kind, None, kept)
        return str(kept["Id"])

    def _pick(self, kind: str, number: int) -> list[Entry]:
        return list(islice(self.shuffled(kind), number))

    def shuffled(self, kind: str) -> Iterator[Entry]:
        """Live, active records in a random order; no categories."""
        shelf = self.company.shelves[kind]
        total = shelf.generated.count
        for rank in self.chance.sample(range(total), total) if total <= 100_000 else self._endless(total):
            entry = shelf.at(rank)
            if entry is not None and entry.document.get("Active", True) and entry.document.get("Type") != "Category":
                yield entry

    def _endless(self, total: int) -> Iterator[int]:
        seen: set[int] = set()
        while len(seen) < total:
            rank = self.chance.randrange(total)
            if rank not in seen:
                seen.add(rank)
                yield rank

    def model(self, kind: str) -> Document:
        """Some generated record without its head, to make a new one in its likeness."""
        for entry in self.shuffled(kind):
            return {name: value for name, value in entry.document.items() if name not in _HEAD}
        raise ValueError(f"{self.company.name} has no {kind} to copy from")

    @property
    def number(self) -> int:
        return self.chance.randrange(1000)

    def day(self, days: int = 0) -> str:
        return self.company.zone.day(self.double.now + days * DAY)

    def next_number(self, kind: str) -> int:
        return self.company.shelves[kind].next_rank()


def _change_customer(staff: Staff) -> Document:
    number = staff.number
    wishes: list[Document] = [
        {"Notes": f"Spoke at the bar, table {number}"},
        {"PrimaryPhone": {"FreeFormNumber": f"+447700900{number:03d}"}},
        {"PrimaryEmailAddr": {"Address": f"new.address.{number}@example.org"}},
        {"CompanyName": f"Northbank Events {number}"},
    ]
    return staff.chance.choice(wishes)


def _change_item(staff: Staff) -> Document:
    wishes: list[Document] = [
        {"UnitPrice": staff.company.country.rounded(5 + staff.number / 10)},
        {"Description": f"Now with seat {staff.number}"},
    ]
    return staff.chance.choice(wishes)


def _change_invoice(staff: Staff) -> Document:
    wishes: list[Document] = [
        {"PrivateNote": f"Called about it, desk {staff.number}"}, {"DueDate": staff.day(7 + staff.number % 60)},
        {"EmailStatus": "EmailSent", "BillEmail": {"Address": f"accounts.{staff.number}@example.com"}},
    ]  # fmt: skip
    return staff.chance.choice(wishes)


def _change_note(staff: Staff) -> Document:
    return {"PrivateNote": f"Checked, drawer {staff.number}"}


def _create_customer(staff: Staff) -> Document:
    fresh = staff.next_number("Customer")
    name = f"{staff.chance.choice(('Ottoline', 'Casimir', 'Thandi'))} Newcomer ({fresh + 1})"
    customer = staff.model("Customer") | {
        "GivenName": name.split()[0], "FamilyName": "Newcomer", "DisplayName": name, "FullyQualifiedName": name,
        "PrintOnCheckName": name, "Balance": 0, "BalanceWithJobs": 0,
        "PrimaryEmailAddr": {"Address": f"newcomer.{fresh}@example.net"},
    }  # fmt: skip
    customer.pop("CompanyName", None)
    return customer


def _create_item(staff: Staff) -> Document:
    model, fresh = staff.model("Item"), staff.next_number("Item")
    name = f"New on the list ({fresh + 1})"
    qualified = f"{model['ParentRef']['name']}:{name}"
    return model | {"Name": name, "FullyQualifiedName": qualified, "Sku": f"SKU-{fresh:05d}"}


def _create_invoice(staff: Staff) -> Document:
    model = staff.model("Invoice") | _of_active_customer(staff)
    number = doc_number("", staff.next_number("Invoice"))
    return model | {"DocNumber": number, "TxnDate": staff.day(), "DueDate": staff.day(30), "LinkedTxn": [],
                    "Balance": model["TotalAmt"], "EmailStatus": "NotSet"}  # fmt: skip


def _create_payment(staff: Staff) -> Document:
    """Pays an open invoice in full, or is money on account when none is open."""
    model = staff.model("Payment") | {"TxnDate": staff.day()}
    for entry in staff.shuffled("Invoice"):
        invoice = entry.document
        if invoice["Balance"] > 0:
            line = {"Amount": invoice["Balance"], "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
            return model | {"CustomerRef": invoice["CustomerRef"], "TotalAmt": invoice["Balance"], "Line": [line]}
    return model | {"Line": [], "UnappliedAmt": model["TotalAmt"]}


def _create_receipt(kind: str, prefix: str) -> Callable[[Staff], Document]:
    def create(staff: Staff) -> Document:
        model = staff.model(kind)
        credit = {"RemainingCredit": model["TotalAmt"], "Balance": model["TotalAmt"]} if kind == "CreditMemo" else {}
        number = doc_number(prefix, staff.next_number(kind))
        return model | {"DocNumber": number, "TxnDate": staff.day()} | credit

    return create


def _of_active_customer(staff: Staff) -> Document:
    customer = next(staff.shuffled("Customer")).document
    return {"CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]}}


_CHANGES: dict[str, Callable[[Staff], Document]] = {
    "Customer": _change_customer,
    "Vendor": lambda staff: {"PrimaryPhone": {"FreeFormNumber": f"+442079460{staff.number:03d}"}},
    "Item": _change_item,
    "Invoice": _change_invoice,
    "SalesReceipt": _change_note,
    "Payment": lambda staff: {"PaymentRefNum": f"SLIP-{staff.number:04d}"},
    "RefundReceipt": _change_note,
    "CreditMemo": _change_note,
    "Account": lambda staff: {"Description": f"Looked through, page {staff.number}"},
    "CompanyInfo": lambda staff: {"PrimaryPhone": {"FreeFormNumber": f"+442079460{staff.number:03d}"}},
}
_CREATIONS: dict[str, Callable[[Staff], Document]] = {
    "Customer": _create_customer,
    "Item": _create_item,
    "Invoice": _create_invoice,
    "SalesReceipt": _create_receipt("SalesReceipt", "SR-"),
    "Payment": _create_payment,
    "RefundReceipt": _create_receipt("RefundReceipt", "RF-"),
    "CreditMemo": _create_receipt("CreditMemo", "CM-"),
}
VERBS = {
    "change": tuple(_CHANGES),
    "create": tuple(_CREATIONS),
    "delete": ("Customer", "Vendor", "Item", "Invoice", "SalesReceipt", "Payment", "RefundReceipt", "CreditMemo"),
}
