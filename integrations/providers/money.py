"""How decimal amounts become minor units and back: by the decimals that ISO 4217 gives a currency. Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from integrations.providers.errors import BadRecord
from integrations.providers.types import Money

# Source: ISO 4217, list one, read in November 2026. Every other currency has two decimals.
_DECIMALS: dict[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST = 2**53  # of an amount; beyond it is a mistake, and beyond 64 bits it could not be stored


def decimals(currency: str) -> int:
    """Return how many decimals an amount of the currency has."""
    return _DECIMALS.get(currency, 2)


def words(money: Money) -> str:
    """Return an amount for a sentence: 1,204.50 GBP, 1,200 JPY."""
    places = decimals(money.currency)
    return f"{Decimal(money.minor).scaleb(-places):,.{places}f} {money.currency}"


@lru_cache(maxsize=512)
def _places(currency: str) -> int:
    if not _CURRENCY.fullmatch(currency):
        raise BadRecord(f"“{currency:.20}” is not a currency.")
    return decimals(currency)


def from_decimal(value: Any, currency: Any) -> Money:
    """Return a decimal amount as minor units; what is finer than these is rounded, halves away from zero.

    `value` is a number or its text. Raises BadRecord for anything else, and for what is no currency.
    """
    if not isinstance(currency, str):
        raise BadRecord(f"“{currency!s:.20}” is not a currency.")
    places = _places(currency)
    try:
        if isinstance(value, bool):
            raise TypeError("not a number")
        minor = Decimal(str(value)).scaleb(places).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    except (InvalidOperation, TypeError) as error:
        raise BadRecord(f"“{value!s:.40}” is not an amount.") from error
    if not minor.is_finite() or abs(minor) > _LARGEST:
        raise BadRecord(f"“{value!s:.40}” is not an amount.")
    return Money(int(minor), currency)


def as_number(money: Money) -> int | float:
    """Return an amount as a number for JSON, whose shortest text has the currency's own decimals at most."""
    exact = Decimal(money.minor).scaleb(-decimals(money.currency))
    return int(exact) if exact == exact.to_integral_value() else float(exact)
