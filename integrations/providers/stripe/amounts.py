"""How Stripe counts amounts: in the smallest units of ISO 4217, but for a few currencies. Pure.

Source: Stripe's page on currencies, November 2026.
"""

from decimal import Decimal
from fractions import Fraction

from integrations.providers.errors import Invalid
from integrations.providers.money import decimals
from integrations.providers.types import Money

# Where Stripe counts in other units than ISO 4217 says: Iceland and Uganda have none there, Madagascar has.
_MINOR_UNITS = {"ISK": Fraction(1, 100), "UGX": Fraction(1, 100), "MGA": Fraction(100)}
# How many of our minor units its smallest step is; amounts with three decimals have to end with a zero.
_STEPS = {"MGA": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}


def read(amount: int, currency: str) -> Money:
    """Return Stripe's amount as ours."""
    code = currency.upper()
    return Money(round(amount * _MINOR_UNITS.get(code, 1)), code)


def sent(money: Money) -> int:
    """Return our amount as Stripe's. Raises Invalid for one that is finer than Stripe takes."""
    step = _STEPS.get(money.currency, 1)
    if money.minor % step:
        least = Decimal(step).scaleb(-decimals(money.currency)).normalize()
        raise Invalid(f"Stripe takes amounts in {money.currency} in steps of {least:f} only.", code="too_fine")
    return int(money.minor / _MINOR_UNITS.get(money.currency, Fraction(1)))
