"""What one sale is made of: lines, tax and sums, for all generated transactions."""

from __future__ import annotations

from typing import NamedTuple

from integrations.sandbox.generation import Document, roll
from integrations.sandbox.quickbooks.countries import Country
from integrations.sandbox.quickbooks.goods import Good, Items


class Line(NamedTuple):
    good: Good
    quantity: int

    @property
    def amount(self) -> int:
        return self.quantity * self.good.price


class Sale(NamedTuple):
    """One sale in minor units, tax on top. `number` is its own chance."""

    number: int
    lines: list[Line]
    net: int
    tax: int

    @property
    def total(self) -> int:
        return self.net + self.tax


_CLOAKROOM = Good("", "Cloakroom", 0, 250)


class Till:
    """Makes sales out of chance, and writes them as QuickBooks does."""

    def __init__(self, country: Country, items: Items) -> None:
        self._items, self.country = items, country
        self._rate = country.taxes[0][1]
        self.currency_ref = country.currency_ref
        self._rate_ref = {"value": "1", "name": country.taxes[0][0]}
        self._code = "TAX" if country.is_american else "1"

    def sale(self, key: bytes, index: int, *, most_lines: int = 3) -> Sale:
        number = roll(key, index)
        lines = [self._line(number >> 24 + 20 * place) for place in range(1 + number % most_lines)]
        net = sum([line.amount for line in lines])
        return Sale(number, lines, net, round(net * self._rate / 100))

    def _line(self, number: int) -> Line:
        good = self._items.good(number % self._items.sellable) if self._items.sellable else _CLOAKROOM
        return Line(good, 1 + (number >> 16) % 4)

    def body(self, sale: Sale) -> Document:
        """Lines, tax and total of a sale."""
        lines = [self._line_document(line, place + 1) for place, line in enumerate(sale.lines)]
        net = self.country.amount(sale.net)
        lines.append({"Amount": net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
        detail = {
            "TaxRateRef": self._rate_ref, "PercentBased": True, "TaxPercent": self._rate, "NetAmountTaxable": net,
        }  # fmt: skip
        tax = self.country.amount(sale.tax)
        return {
            "CurrencyRef": self.currency_ref,
            "GlobalTaxCalculation": "TaxExcluded",
            "Line": lines,
            "TxnTaxDetail": {
                "TotalTax": tax,
                "TaxLine": [{"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}],
            },
            "TotalAmt": self.country.amount(sale.total),
        }

    def _line_document(self, line: Line, place: int) -> Document:
        detail: Document = {
            "UnitPrice": self.country.amount(line.good.price), "Qty": line.quantity,
            "TaxCodeRef": {"value": self._code},
        }  # fmt: skip
        if line.good.id:
            detail["ItemRef"] = {"value": line.good.id, "name": line.good.name}
        return {
            "Id": str(place),
            "LineNum": place,
            "Description": line.good.name,
            "Amount": self.country.amount(line.amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }


def method_of(number: int) -> Document:
    """How it was paid, mostly by card."""
    return {"value": "1", "name": "Cash"} if number % 3 == 0 else {"value": "2", "name": "Card"}
