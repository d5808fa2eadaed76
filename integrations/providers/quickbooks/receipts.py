"""What a sale comes to in QuickBooks' terms: lines without tax, one discount, one total of tax. Pure.

A till tells of each line the discount, the tax and the total, and the tax lies on top of the price or inside it. Here
a line is what it costs before its discount and without tax, and the discount is without tax, too. So lines less
discount plus tax are the total in either case, to the smallest coin. Amounts are minor units of the sale's currency.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.providers.lines import quantity_of
from integrations.providers.types import Money, Values

_WHOLE = "Sale"  # the one line of a sale that tells none


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `unit_price` only where as many at that price are the amount; `code` is a tax code that was chosen."""

    name: str
    amount: int
    quantity: Decimal = Decimal(1)
    unit_price: int | None = None
    item: str = ""
    code: str = ""
    is_taxed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sale. What was charged for service is without tax, like the lines.

    `unplaced` is tax that lies inside the total, while no line says that it holds it.
    """

    entries: tuple[Entry, ...]
    service: int
    tip: int
    discount: int
    tax: int
    is_service_taxed: bool = False
    unplaced: int = 0

    @property
    def total(self) -> int:
        """Return what QuickBooks works out."""
        return sum(each.amount for each in self.entries) + self.service + self.tip - self.discount + self.tax


def sheet(values: Values) -> Sheet:
    """Return the sale that typed values tell of. Its `total` is theirs, unless they contradict each other.

    Taxes and discounts of the sale as a whole count where they are more than those of its lines together: a tax on
    the service charge, a voucher for everything.
    """
    total, service, tip = (_minor(values.get(name)) for name in ("TotalAmt", "service_charge", "tip"))
    lines = [_Line.of(each) for each in values.get("lines") or []]
    if not lines:
        lines = [_Line.rest(values, total - service - tip)]
    more_tax = max(0, _sum(values.get("taxes")) - sum(line.tax for line in lines))
    more_off = max(0, _sum(values.get("discounts")) - sum(line.told_discount for line in lines))
    told = sum(line.total for line in lines) + service + tip
    ways = ((0, 0), (more_tax, 0), (0, more_off), (more_tax, more_off))
    on_top, off = next((way for way in ways if told + way[0] - way[1] == total), (0, 0))
    inside = more_tax if not on_top and more_tax <= service else 0
    return Sheet(
        entries=tuple(line.entry for line in lines),
        service=service - inside,
        tip=tip,
        discount=sum(line.discount for line in lines) + off,
        tax=sum(line.tax for line in lines) + on_top + inside,
        is_service_taxed=bool(on_top or inside),
        unplaced=more_tax - on_top - inside,
    )


def currencies(value: Any) -> set[str]:
    """Return the currencies of all amounts in a value, however deep."""
    if isinstance(value, Money):
        return {value.currency}
    inner: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {found for each in inner for found in currencies(each)}


def holds_lines(wanted: Iterable[Values], there: Iterable[Values]) -> bool:
    """Return whether lines as they are read are those that these would become."""
    return _are_entries([_Line.of(line).entry for line in wanted], list(there))


def holds(wanted: Sheet, there: Values) -> bool:
    """Return whether a receipt, by its typed values, is this sale."""
    same = (wanted.service, wanted.tip, wanted.discount, wanted.tax) == (
        _minor(there.get("service_charge")), _minor(there.get("tip")), _sum(there.get("discounts")),
        _sum(there.get("taxes")),
    )  # fmt: skip
    return same and _are_entries(wanted.entries, there.get("lines") or [])


def same_sum(ours: Any, theirs: Any) -> bool:
    """Return whether two lists of taxes or discounts, or two amounts, come to the same."""
    return _sum(ours) == _sum(theirs)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as a till tells it; `total` is what it adds to the sale, `discount` is without the tax in it."""

    entry: Entry
    total: int
    tax: int
    discount: int
    told_discount: int

    @classmethod
    def of(cls, line: Values) -> "_Line":
        tax, told, quantity = _minor(line.get("tax")), _minor(line.get("discount")), quantity_of(line)
        gross = _gross(line, quantity)
        total = line["total"].minor if isinstance(line.get("total"), Money) else gross - told + tax
        discount = told - _share(told, tax, total) if tax and gross - told == total else told
        amount = total - tax + discount
        price = line.get("unit_price")
        is_exact = isinstance(price, Money) and _rounded(price.minor * quantity) == amount
        entry = Entry(
            _name(line), amount, quantity, price.minor if isinstance(price, Money) and is_exact else None,
            _reference(line, "ItemRef"), _reference(line, "TaxCodeRef"), tax != 0,
        )  # fmt: skip
        return cls(entry, total, tax, discount, told)

    @classmethod
    def rest(cls, values: Values, left: int) -> "_Line":
        """Return the one line of a sale that tells none."""
        tax, discount = _sum(values.get("taxes")), _sum(values.get("discounts"))
        return cls(Entry(_WHOLE, left - tax + discount, is_taxed=tax != 0), left, tax, discount, discount)


def _are_entries(wanted: Iterable[Entry], there: list[Values]) -> bool:
    wanted = list(wanted)
    return len(wanted) == len(there) and all(_is_entry(*pair) for pair in zip(wanted, there, strict=True))


def _is_entry(wanted: Entry, found: Values) -> bool:
    """Return whether a line that was read is the one; where none was named, QuickBooks puts an item of its own."""
    there = (found.get("name") or "", _minor(found.get("amount")), quantity_of(found))
    item = found.get("ItemRef.value") if wanted.item else ""
    return there == (wanted.name, wanted.amount, wanted.quantity) and item == wanted.item


def _name(line: Values) -> str:
    name, variant = (str(line.get(part) or "").strip() for part in ("name", "variant"))
    return f"{name} ({variant})" if name and variant and variant != name else name or variant


def _gross(line: Values, quantity: Decimal) -> int:
    if isinstance(line.get("gross"), Money):
        return _minor(line["gross"])
    return _rounded(_minor(line.get("unit_price")) * quantity)


def _reference(line: Values, name: str) -> str:
    return str(line.get(f"{name}.value") or "")


def _share(amount: int, tax: int, total: int) -> int:
    """Return how much of an amount is tax, where a total holds so much of it."""
    return _rounded(Decimal(amount) * tax / total) if total else 0


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _minor(money: Any) -> int:
    return money.minor if isinstance(money, Money) else 0


def _sum(value: Any) -> int:
    return sum(map(_minor, _amounts(value)))


def _amounts(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (each.get("amount") for each in value if isinstance(each, Mapping))
    else:
        yield value
