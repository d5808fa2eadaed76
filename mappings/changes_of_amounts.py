"""Changes of amounts of money and of numbers: smallest units, decimals, rounding. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from integrations.providers import money
from integrations.providers.errors import BadRecord
from integrations.providers.types import Money
from mappings.change import Change, Context, Unfit

_FINEST = 8  # decimals
_LARGEST = 2**53  # of an amount in its smallest units; beyond it is a mistake


def minor_units(_context: Context) -> Change:
    """An amount as a whole number of its smallest units: pence, cents, yen."""
    return lambda value: _money(value).minor


def money_of_minor_units(_context: Context, currency: str) -> Change:
    """An amount from a whole number of its smallest units."""
    known = _currency(currency)

    def change(value: Any) -> Money:
        try:
            minor = Decimal(str(value))
        except InvalidOperation as error:
            raise Unfit(f"“{value!s:.40}” is not a whole number") from error
        if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > _LARGEST:
            raise Unfit(f"“{value!s:.40}” is not a whole number")
        return Money(int(minor), known)

    return change


def decimal_amount(_context: Context) -> Change:
    """An amount as a decimal number, with the decimals that its currency has."""

    def change(value: Any) -> str:
        amount = _money(value)
        places = money.decimals(amount.currency)
        return f"{Decimal(amount.minor).scaleb(-places):.{places}f}"

    return change


def money_of_decimal(_context: Context, currency: str) -> Change:
    """An amount from a decimal number; what is finer than the currency’s smallest unit is refused, not rounded."""
    known = _currency(currency)

    def change(value: Any) -> Money:
        try:
            amount = money.from_decimal(value, known)
        except BadRecord as error:
            raise Unfit(str(error).rstrip(".")) from error
        if Decimal(amount.minor).scaleb(-money.decimals(known)) != Decimal(str(value)):
            raise Unfit(f"“{value!s:.40}” is finer than {known} can be")
        return amount

    return change


def _money(value: Any) -> Money:
    if not isinstance(value, Money):
        raise Unfit("this is not an amount of money")
    return value


def _currency(given: Any) -> str:
    if not isinstance(given, str) or not re.fullmatch("[A-Z]{3}", given):
        raise ValueError("a currency has three capital letters, such as GBP")
    return given


def rounded(_context: Context, to: int = 0) -> Change:
    """A number with so many decimals at most, halves away from zero; a text stays a text."""
    if isinstance(to, bool) or not isinstance(to, int) or not 0 <= to <= _FINEST:
        raise ValueError(f"from 0 to {_FINEST} decimals can be kept")
    step = Decimal(1).scaleb(-to)

    def change(value: Any) -> Any:
        try:
            if isinstance(value, bool):
                raise InvalidOperation
            found = Decimal(str(value)).quantize(step, rounding=ROUND_HALF_UP)
            if not found.is_finite():
                raise InvalidOperation
        except InvalidOperation as error:
            raise Unfit(f"“{value!s:.40}” is not a number") from error
        if isinstance(value, str):
            return str(found)
        return int(found) if to == 0 else float(found)

    return change
