"""What tax a sale bears: by the codes of its lines, or as its sender says."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company

_SALE_LINE = "SalesItemLineDetail"
_DECIDES = ("Line", "TxnTaxDetail", "GlobalTaxCalculation", "ApplyTaxAfterDiscount")


def tax_of(
    company: Company, before: Document | None, document: Document, lines: list[Document], left: float
) -> Document:
    """The tax of a sale; `left` is the share of its lines that the discount leaves.

    A total that came with this write counts, and the difference is noted. In America the tax is worked out anew
    whatever was sent. A write that touches nothing of it leaves the tax as it is.
    """
    if before is not None and all(document.get(name) is before.get(name) for name in _DECIDES):
        kept: Document = before["TxnTaxDetail"]
        return kept
    is_inclusive = document.get("GlobalTaxCalculation") == "TaxInclusive"
    base = left if document.get("ApplyTaxAfterDiscount") else 1
    by_rate: dict[int, float] = {}
    for line in lines:
        place = _rate_of(company, line)
        if place is not None:
            by_rate[place] = by_rate.get(place, 0) + line["Amount"] * base
    tax_lines = [_tax_line(company, place, amount, is_inclusive) for place, amount in by_rate.items()]
    total = company.country.rounded(sum(line["Amount"] for line in tax_lines))
    given = _given(before, document)
    if given is None or company.country.is_american:
        return {"TotalTax": total, "TaxLine": tax_lines}
    return {"TotalTax": given, "TaxLine": _overridden(company, tax_lines, company.country.rounded(given - total))}


def _given(before: Document | None, document: Document) -> float | None:
    """The total that came with this write."""
    told = document.get("TxnTaxDetail")
    total: float | None = (told or {}).get("TotalTax")
    return None if before is not None and told is before.get("TxnTaxDetail") else total


def _overridden(company: Company, tax_lines: list[Document], difference: float) -> list[Document]:
    """The tax lines with what was sent instead of what was worked out."""
    if not difference or not tax_lines:
        return tax_lines
    first, *others = tax_lines
    detail = first["TaxLineDetail"] | {"OverrideDeltaAmount": difference}
    amount = company.country.rounded(first["Amount"] + difference)
    return [first | {"Amount": amount, "TaxLineDetail": detail}, *others]


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
    rounded = company.country.rounded
    tax = rounded(amount * percent / (100 + percent if is_inclusive else 100))
    detail = {
        "TaxRateRef": {"value": str(place + 1), "name": name}, "PercentBased": True, "TaxPercent": percent,
        "NetAmountTaxable": rounded(amount - tax if is_inclusive else amount),
    }  # fmt: skip
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
