"""What QuickBooks works out of the lines of a transaction: their numbers, the subtotal, tax, total and balance."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.errors import QuickBooksError, bad_reference, business, missing
from integrations.sandbox.quickbooks.taxes import tax_of

_SALE_LINE, _DISCOUNT_LINE = "SalesItemLineDetail", "DiscountLineDetail"


def work_out_sale(company: Company, before: Document | None, document: Document) -> Document:
    """A sale with its computed fields. QuickBooksError where its figures contradict each other."""
    lines = [line for line in document.get("Line") or [] if line and line["DetailType"] != "SubTotalLineDetail"]
    if not any(line["DetailType"] == _SALE_LINE for line in lines):
        raise missing("Line")
    rounded = company.country.rounded
    for line in lines:
        _check_amount(company, line)
    net = rounded(sum(line["Amount"] for line in lines if line["DetailType"] == _SALE_LINE))
    discount = rounded(sum(_discount(company, line, net) for line in lines if line["DetailType"] == _DISCOUNT_LINE))
    tax = tax_of(company, before, document, lines, (net - discount) / net if net else 1)
    is_inclusive = document.get("GlobalTaxCalculation") == "TaxInclusive"
    total = rounded(net - discount + (0 if is_inclusive else tax["TotalTax"]))
    if total < 0:
        raise business("Transaction amount must be 0 or greater.")
    subtotal = {"Amount": net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    return document | {
        "CurrencyRef": company.country.currency_ref,
        "Line": [*_numbered(lines), subtotal],
        "TxnTaxDetail": tax,
        "TotalAmt": total,
    }


def work_out_payment(company: Company, document: Document, old: Document | None) -> Document:
    """A payment with what is left of it. QuickBooksError when it pays more than there is, or somebody else's."""
    total, applied = document["TotalAmt"], applied_by(document)
    if total < 0 or _sum(applied.values()) > total:
        raise business("The amount applied to invoices is more than the payment.")
    before = applied_by(old) if old else {}
    for invoice_id, amount in applied.items():
        _check_invoice(company, document, invoice_id, amount, before.get(invoice_id, 0))
    return document | {
        "CurrencyRef": company.country.currency_ref, "UnappliedAmt": _money(total - _sum(applied.values())),
    }  # fmt: skip


def applied_by(payment: Document) -> dict[str, float]:
    """How much a payment gives to which invoice."""
    applied: dict[str, float] = {}
    for line in payment.get("Line") or []:
        for linked in (line or {}).get("LinkedTxn") or []:
            if linked["TxnType"] == "Invoice":
                applied[linked["TxnId"]] = _money(applied.get(linked["TxnId"], 0) + line.get("Amount", 0))
    return applied


def _check_invoice(company: Company, payment: Document, invoice_id: str, amount: float, before: float) -> None:
    invoice = company.shelves["Invoice"].live(invoice_id)
    if invoice is None:
        raise bad_reference("TxnId", invoice_id)
    if invoice.document["CustomerRef"]["value"] != payment["CustomerRef"]["value"]:
        raise business("The linked invoice belongs to another customer.")
    if amount > _money(invoice.document["Balance"] + before):
        raise business("The amount applied is more than the open balance of the invoice.")


def _check_amount(company: Company, line: Document) -> None:
    kind = line["DetailType"]
    if kind == "DescriptionOnly":
        return
    if line.get(kind) is None:
        raise missing(kind)
    if kind == _SALE_LINE and line.get("Amount") is None:
        raise missing("Amount")
    detail = line[kind]
    if kind == _SALE_LINE and detail.get("Qty") and detail.get("UnitPrice"):
        right = company.country.rounded(detail["Qty"] * detail["UnitPrice"])
        if right != company.country.rounded(line["Amount"]):
            detail = f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}"
            raise QuickBooksError(6070, "Amount calculation incorrect in the request", detail)


def _discount(company: Company, line: Document, net: float) -> float:
    detail = line[_DISCOUNT_LINE]
    if detail.get("PercentBased"):
        line["Amount"] = company.country.rounded(net * detail.get("DiscountPercent", 0) / 100)
    if line.get("Amount") is None:
        raise QuickBooksError(6090, "Discount Line missing required info.")
    return float(line["Amount"])


def _numbered(lines: list[Document]) -> list[Document]:
    """Lines keep the ids that they had; new ones get the next."""
    taken = {line["Id"] for line in lines if line.get("Id")}
    free = (str(one) for one in range(1, 10_000) if str(one) not in taken)
    return [line | {"Id": line.get("Id") or next(free), "LineNum": place + 1} for place, line in enumerate(lines)]


def _money(amount: float) -> float:
    return round(amount + 1e-9, 2)


def _sum(amounts: Any) -> float:
    return _money(sum(amounts))
