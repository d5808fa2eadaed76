"""Where an account trades and in which money: countries, fees, and currencies with and without cents."""

from __future__ import annotations

from dataclasses import dataclass

ZERO_DECIMAL = {
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
}  # fmt: skip
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | {
    "aed", "aud", "bgn", "brl", "cad", "chf", "cny", "czk", "dkk", "eur", "gbp", "hkd", "huf", "ils", "inr", "isk",
    "mxn", "nok", "nzd", "pln", "ron", "sek", "sgd", "thb", "try", "twd", "usd", "zar",
}  # fmt: skip


@dataclass(frozen=True)
class Market:
    """A country with its money. A fee is a share in ten-thousandths plus a fixed sum in minor units."""

    country: str
    currency: str
    share: int
    fixed: int

    @property
    def scale(self) -> int:
        """What a price in hundredths is multiplied by to be a price in minor units."""
        return 10 if self.currency in THREE_DECIMAL else 1

    def fee(self, amount: int) -> int:
        return amount * self.share // 10_000 + self.fixed


_MARKETS = {
    "gbp": ("GB", 150, 20), "eur": ("DE", 150, 25), "usd": ("US", 290, 30), "jpy": ("JP", 360, 0),
    "kwd": ("KW", 290, 100),
}  # fmt: skip


def market_of(currency: str) -> Market:
    country, share, fixed = _MARKETS.get(currency, ("GB", 290, 0))
    return Market(country, currency, share, fixed)
