"""What QuickBooks works out of the lines of a transaction: their numbers, the subtotal, tax, total and balance."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.errors import QuickBooksError, bad_reference, business, missing

_SALE_LINE, _DISCOUNT_LINE = "SalesItemLineDetail", "DiscountLineDetail"


def work_out_sale(company: Company, document: Document) -> Document:
    """A sale with its computed fields. QuickBooksError where its figures contradict each other."""
    lines = [line for line in document.get("Line") or [] if line and line["DetailType"] != "SubTotalLineDetail"]
    if not any(line["DetailType"] == _SALE_LINE for line in lines):
        raise missing("Line")
    for line in lines:
        _check_amount(line)
    net = _sum(line["Amount"] for line in lines if line["DetailType"] == _SALE_LINE)
    discount = _sum(_discount(line, net) for line in lines if line["DetailType"] == _DISCOUNT_LINE)
    tax = _tax(company, document, lines)
    is_inclusive = document.get("GlobalTaxCalculation") == "TaxInclusive"
    total = _money(net - discount + (0 if is_inclusive else tax["TotalTax"]))
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


def _check_amount(line: Document) -> None:
    kind = line["DetailType"]
    if kind == "DescriptionOnly":
        return
    if line.get(kind) is None:
        raise missing(kind)
    if kind == _SALE_LINE and line.get("Amount") is None:
        raise missing("Amount")
    detail = line[kind]
    if kind == _SALE_LINE and detail.get("Qty") and detail.get("UnitPrice"):
        right = _money(detail["Qty"] * detail["UnitPrice"])
        if abs(right - line["Amount"]) >= 0.01:
            detail = f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}"
            raise QuickBooksError(6070, "Amount calculation incorrect in the request", detail)


def _discount(line: Document, net: float) -> float:
    detail = line[_DISCOUNT_LINE]
    if detail.get("PercentBased"):
        line["Amount"] = _money(net * detail.get("DiscountPercent", 0) / 100)
    if line.get("Amount") is None:
        raise QuickBooksError(6090, "Discount Line missing required info.")
    return float(line["Amount"])


def _tax(company: Company, document: Document, lines: list[Document]) -> Document:
    """The tax of the lines by their codes; outside of America a total that was sent is believed."""
    is_inclusive = document.get("GlobalTaxCalculation") == "TaxInclusive"
    by_rate: dict[int, float] = {}
    for line in lines:
        place = _rate_of(company, line)
        if place is not None:
            by_rate[place] = by_rate.get(place, 0) + line["Amount"]
    tax_lines = [_tax_line(company, place, amount, is_inclusive) for place, amount in by_rate.items()]
    total = _sum(line["Amount"] for line in tax_lines)
    given = (document.get("TxnTaxDetail") or {}).get("TotalTax")
    is_believed = given is not None and not company.country.is_american and not tax_lines
    return {"TotalTax": given if is_believed else total, "TaxLine": tax_lines}


def _rate_of(company: Company, line: Document) -> int | None:
    """The place of the rate that a line is taxed with."""
    if line["DetailType"] != _SALE_LINE:
        return None
    code = (line[_SALE_LINE].get("TaxCodeRef") or {}).get("value", "NON")
    if code in ("TAX", "NON"):
        return 0 if code == "TAX" else None
    return int(code) - 1


def _tax_line(company: Company, place: int, amount: float, is_inclusive: bool) -> Document:
    name, percent = company.country.taxes[place]
    tax = _money(amount * percent / (100 + percent if is_inclusive else 100))
    detail = {
        "TaxRateRef": {"value": str(place + 1), "name": name}, "PercentBased": True, "TaxPercent": percent,
        "NetAmountTaxable": _money(amount - tax if is_inclusive else amount),
    }  # fmt: skip
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _numbered(lines: list[Document]) -> list[Document]:
    """Lines keep the ids that they had; new ones get the next."""
    taken = {line["Id"] for line in lines if line.get("Id")}
    free = (str(one) for one in range(1, 10_000) if str(one) not in taken)
    return [line | {"Id": line.get("Id") or next(free), "LineNum": place + 1} for place, line in enumerate(lines)]


def _money(amount: float) -> float:
    return round(amount + 1e-9, 2)


def _sum(amounts: Any) -> float:
    return _money(sum(amounts))
