"""What a transaction does to other records: invoices are paid, customers owe more or less."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.ledger import keep, move
from integrations.sandbox.quickbooks.sums import applied_by

_OWED = {"Invoice": 1, "Payment": -1, "CreditMemo": -1}


def post(
    double: QuickBooksDouble, company: Company, kind: str, before: Document | None, after: Document | None
) -> None:
    """Carry the difference between two states of a transaction over to what it touches."""
    if kind == "Payment":
        _pay(double, company, before, after)
    if kind == "Invoice" and before is not None and not (after or {}).get("LinkedTxn"):
        _unlink(double, company, before)
    if kind in _OWED:
        for document, sign in ((before, -1), (after, 1)):
            if document is not None and document["TotalAmt"]:
                amount = sign * _OWED[kind] * document["TotalAmt"]
                _owe(double, company, document["CustomerRef"]["value"], amount)


def _owe(double: QuickBooksDouble, company: Company, customer_id: str, amount: float) -> None:
    entry = company.shelves["Customer"].live(customer_id)
    if entry is not None:
        balance = round(entry.document["Balance"] + amount, 2)
        move(double, company, "Customer", entry, Balance=balance, BalanceWithJobs=balance)


def _pay(double: QuickBooksDouble, company: Company, before: Document | None, after: Document | None) -> None:
    old, new = (applied_by(one) if one else {} for one in (before, after))
    payment_id = (after or before or {})["Id"]
    for invoice_id in {**old, **new}:
        entry = company.shelves["Invoice"].live(invoice_id)
        paid = new.get(invoice_id, 0) - old.get(invoice_id, 0)
        if entry is None or (not paid and (invoice_id in old) == (invoice_id in new)):
            continue
        links = [one for one in entry.document["LinkedTxn"] if one["TxnId"] != payment_id]
        links += [{"TxnId": payment_id, "TxnType": "Payment"}] if invoice_id in new else []
        balance = round(entry.document["Balance"] - paid, 2)
        keep(double, company, "Invoice", entry, entry.document | {"Balance": balance, "LinkedTxn": links})


def _unlink(double: QuickBooksDouble, company: Company, invoice: Document) -> None:
    """The payments of an invoice that is gone are unapplied."""
    for linked in invoice["LinkedTxn"]:
        entry = company.shelves["Payment"].live(linked["TxnId"])
        if entry is None:
            continue
        lines = [line for line in entry.document["Line"] if _invoice_of(line) != invoice["Id"]]
        free = round(entry.document["TotalAmt"] - sum(line["Amount"] for line in lines), 2)
        keep(double, company, "Payment", entry, entry.document | {"Line": lines, "UnappliedAmt": free})


def _invoice_of(line: Document) -> str | None:
    return next((one["TxnId"] for one in line.get("LinkedTxn") or [] if one["TxnType"] == "Invoice"), None)
