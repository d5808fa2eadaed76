"""What differs from country to country: money, zone, taxes and addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """`taxes` are (name, percent), the standard rate first. Addresses are (town, region, postal code).

    `decimals` is how many an amount of the currency has.
    """

    code: str
    iso3: str
    currency: str
    currency_name: str
    zone: str
    taxes: tuple[tuple[str, float], ...]
    towns: tuple[tuple[str, str, str], ...]
    decimals: int = 2

    def amount(self, minor: int) -> float:
        """Minor units as the number that records hold."""
        return minor / 10**self.decimals

    def rounded(self, amount: float) -> float:
        """An amount to the smallest coin, halves up."""
        return round(amount + 1e-9, self.decimals)

    @property
    def is_american(self) -> bool:
        return self.code == "US"

    @property
    def currency_ref(self) -> dict[str, str]:
        return {"value": self.currency, "name": self.currency_name}


COUNTRIES = {
    "GBP": Country(
        "GB", "GBR", "GBP", "British Pound Sterling", "Europe/London",
        (("20.0% S", 20.0), ("5.0% R", 5.0), ("0.0% Z", 0.0), ("Exempt", 0.0)),
        (("London", "Greater London", "SE1 7RG"), ("London", "Greater London", "E8 1HE"),
         ("Bristol", "Bristol", "BS1 4QD"), ("Brighton", "East Sussex", "BN1 1UB")),
    ),
    "EUR": Country(
        "DE", "DEU", "EUR", "Euro", "Europe/Berlin",
        (("19% USt", 19.0), ("7% USt", 7.0), ("0% USt", 0.0), ("Steuerfrei", 0.0)),
        (("Hamburg", "HH", "20457"), ("Bremen", "HB", "28195"), ("Kiel", "SH", "24103"), ("Lübeck", "SH", "23552")),
    ),
    "USD": Country(
        "US", "USA", "USD", "United States Dollar", "America/Los_Angeles",
        (("California", 8.5), ("Out of scope", 0.0)),
        (("Oakland", "CA", "94608"), ("San Francisco", "CA", "94110"), ("Berkeley", "CA", "94704")),
    ),
    "JPY": Country(
        "JP", "JPN", "JPY", "Japanese Yen", "Asia/Tokyo",
        (("10% S", 10.0), ("8% R", 8.0), ("0% Z", 0.0), ("Exempt", 0.0)),
        (("Shibuya", "Tokyo", "150-0002"), ("Taito", "Tokyo", "110-0005"), ("Kita", "Osaka", "530-0001")),
        decimals=0,
    ),
}  # fmt: skip
