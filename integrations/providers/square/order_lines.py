"""What the lines of an invoice come to as Square reckons them, and what it is sent for them. Pure.

Square is told quantities, prices, discounts and rates of tax, and works out the rest itself. So a line is taken only
when that leads to the amounts that it says; nothing is billed that differs by a penny from what the venue has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from integrations.providers.errors import Invalid
from integrations.providers.money import decimals
from integrations.providers.types import JSON, Money, Values

FIELD = "line_items"
_MOST_DECIMALS = 5  # of a quantity
_RATE_DECIMALS = 7  # of a percentage of at most ten characters
_LONGEST_QUANTITY = 12
_UNIT = {"measurement_unit": {"generic_unit": "UNIT", "type": "TYPE_GENERIC"}}
_AMOUNTS = ("base_price_money", "gross_sales_money", "total_discount_money", "total_tax_money", "total_money")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; amounts in minor units. `rate` is the tax in per cent, "" without one, within the price or on top."""

    name: str
    variation: str
    quantity: Decimal
    price: Money
    discount: int
    tax: int
    total: int
    rate: str
    is_inside: bool

    @property
    def net(self) -> int:
        """Return what the tax is reckoned on."""
        return self.total if self.is_inside else self.total - self.tax

    @property
    def has_exact_tax(self) -> bool:
        """Return whether the tax needs no rounding."""
        return _tax_at(self.net, Decimal(self.rate or 0), is_inside=self.is_inside) == self.tax


def read(lines: Sequence[Values], total: Money | None) -> list[Line]:
    """Return the lines as Square reckons them. Raises Invalid when they do not come to what they, or `total`, say."""
    currencies = {each[name].currency for each in lines for name in _AMOUNTS if isinstance(each.get(name), Money)}
    currencies |= {total.currency} if total else set()
    if len(currencies) > 1:
        raise _unlike(f"An invoice has one currency, and this has {', '.join(sorted(currencies))}.")
    found = [_line(each, place) for place, each in enumerate(lines, start=1)]
    whole = sum(each.total for each in found)
    if total is not None and whole != total.minor:
        lines_say = text(Money(whole, total.currency))
        raise _unlike(f"The lines come to {lines_say}, and the invoice says {text(total)}.")
    return found


def order_parts(lines: Sequence[Line]) -> JSON:
    """Return lines, discounts and taxes of the order that Square is sent."""
    parts: JSON = {"line_items": [], "discounts": [], "taxes": {}}
    for place, line in enumerate(lines):
        body = _body(line, place)
        if line.discount:
            uid = f"discount-{place}"
            amount = _money(Money(line.discount, line.price.currency))
            parts["discounts"].append({"uid": uid, "name": "Discount", "type": "FIXED_AMOUNT", "scope": "LINE_ITEM",
                                       "amount_money": amount})  # fmt: skip
            body["applied_discounts"] = [{"discount_uid": uid}]
        if line.rate:
            tax = _tax(line, place)
            parts["taxes"][tax["uid"]] = tax
            body["applied_taxes"] = [{"tax_uid": tax["uid"]}]
        parts["line_items"].append(body)
    parts["taxes"] = list(parts["taxes"].values())
    return {name: found for name, found in parts.items() if found}


def are_same(ours: Sequence[Values] | None, theirs: Sequence[Values] | None) -> bool:
    """Return whether our lines say what is there: Square adds ids, and words where ours have none."""
    ours, theirs = list(ours or []), list(theirs or [])
    return len(ours) == len(theirs) and all(_says(one, other) for one, other in zip(ours, theirs, strict=True))


def text(money: Money) -> str:
    """Return an amount as a person reads it, such as 12.50 GBP."""
    return f"{Decimal(money.minor).scaleb(-decimals(money.currency)):,f} {money.currency}"


def _line(values: Values, place: int) -> Line:
    quantity = _quantity(values, place)
    price = _price(values, quantity, place)
    gross = _even(price.minor * quantity)
    told = {name: values[name].minor for name in _AMOUNTS if isinstance(values.get(name), Money)}
    discount, tax = told.get("total_discount_money", 0), told.get("total_tax_money", 0)
    if min(price.minor, discount, tax, gross - discount) < 0:
        raise _unlike(f"Line {place} has an amount below zero, which Square does not take.")
    if told.get("gross_sales_money", gross) != gross:
        _differ(place, Money(gross, price.currency), Money(told["gross_sales_money"], price.currency))
    net, total = gross - discount, told.get("total_money", gross - discount + tax)
    is_inside = bool(tax) and total == net
    if total != net + tax and not is_inside:
        _differ(place, Money(net + tax, price.currency), Money(total, price.currency))
    rate = _rate(net, tax, place, is_inside=is_inside) if tax else ""
    name, variation = str(values.get("name") or ""), str(values.get("variation_name") or "")
    return Line(name, variation, quantity, price, discount, tax, total, rate, is_inside)


def _quantity(values: Values, place: int) -> Decimal:
    try:
        found = Decimal(str(values.get("quantity") or 1))
    except InvalidOperation as error:
        raise _unlike(f"Line {place} has no quantity that can be read.") from error
    if not found.is_finite() or found < 0 or found != round(found, _MOST_DECIMALS):
        raise _unlike(f"Square counts with at most {_MOST_DECIMALS} decimals from zero up; line {place} does not.")
    if len(_plain(found)) > _LONGEST_QUANTITY:
        raise _unlike(f"Line {place} has a larger quantity than Square can hold.")
    return found


def _price(values: Values, quantity: Decimal, place: int) -> Money:
    """Return the price of one: as it is said, else what makes the line, where that is a whole amount."""
    price: Any = values.get("base_price_money")
    if isinstance(price, Money):
        return price
    is_plain = not any(values.get(name) for name in ("total_discount_money", "total_tax_money"))
    whole: Any = values.get("gross_sales_money") or (values.get("total_money") if is_plain else None)
    if isinstance(whole, Money) and quantity and _even(int(whole.minor / quantity) * quantity) == whole.minor:
        return Money(int(whole.minor / quantity), whole.currency)
    raise _unlike(f"Line {place} has no price that Square can reckon with.")


def _rate(net: int, tax: int, place: int, *, is_inside: bool) -> str:
    """Return the tax in per cent with the fewest decimals that lead to its amount."""
    base = net - tax if is_inside else net
    exact = Decimal(tax) / base * 100 if base > 0 else Decimal(1000)
    for places in range(_RATE_DECIMALS + 1):
        rate = round(exact, places)
        if rate <= 100 and _even(_tax_at(net, rate, is_inside=is_inside)) == tax:
            return _plain(rate)
    raise _unlike(f"Line {place} has a tax that Square cannot reckon.")


def _tax_at(net: int, rate: Decimal, *, is_inside: bool) -> Decimal:
    return net - net / (1 + rate / 100) if is_inside else net * rate / 100


def _body(line: Line, place: int) -> JSON:
    body: JSON = {"uid": f"line-{place}", "name": line.name or line.variation or "Item",
                  "quantity": _plain(line.quantity), "base_price_money": _money(line.price)}  # fmt: skip
    body |= {"variation_name": line.variation} if line.variation else {}
    places = -int(line.quantity.normalize().as_tuple().exponent)
    return body | ({"quantity_unit": _UNIT | {"precision": places}} if places > 0 else {})


def _tax(line: Line, place: int) -> JSON:
    """Return the tax of a line: one for all with its rate where nothing is rounded, else one of its own.

    A tax on several lines is rounded once and shared out, and the shares might not be the amounts that we have.
    """
    kind = "INCLUSIVE" if line.is_inside else "ADDITIVE"
    uid = f"tax-{line.rate}-{kind.lower()}" if line.has_exact_tax else f"tax-{place}"
    return {"uid": uid, "name": "Tax", "type": kind, "percentage": line.rate, "scope": "LINE_ITEM"}


def _says(ours: Values, theirs: Values) -> bool:
    named = (ours.get(name) in (None, theirs.get(name)) for name in ("name", "variation_name", "base_price_money"))
    shares = (_minor(ours, name) == _minor(theirs, name) for name in ("total_discount_money", "total_tax_money"))
    quantities = (Decimal(str(each.get("quantity") or 1)) for each in (ours, theirs))
    is_as_much = ours.get("total_money") in (None, theirs.get("total_money"))
    return all(named) and all(shares) and len(set(quantities)) == 1 and is_as_much


def _minor(line: Values, name: str) -> int:
    amount: Any = line.get(name)
    return amount.minor if isinstance(amount, Money) else 0


def _differ(place: int, square: Money, ours: Money) -> None:
    raise _unlike(f"Line {place} comes to {text(square)} in Square, and it says {text(ours)}.")


def _unlike(sentence: str) -> Invalid:
    return Invalid(sentence, field=FIELD, code="lines")


def _money(money: Money) -> JSON:
    return {"amount": money.minor, "currency": money.currency}


def _even(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))


def _plain(number: Decimal) -> str:
    """Return a decimal number without an exponent and without zeros at its end."""
    return f"{number.normalize():f}"
