"""Who comes to a venue, whichever provider asks: names, addresses and numbers by index.

The same venue and index give the same person at every provider, so that people met twice can be recognised.
"""

from __future__ import annotations

from dataclasses import dataclass

from integrations.sandbox.generation import key_of, pick, roll

_GIVEN = """
Amelia Oliver Zoë Noah Chloé Arthur Siân Leo Freya Mohammed Aoife Theo Ngozi Jack Renée Tomás Priya Łukasz Maja Søren
Ines Hugo Fatima Björn Eilidh José Yuki Daniel Grace Kofi Mei Rory Isla Dariusz Niamh Samuel Anaïs Callum
"""
_FAMILY = """
Okafor Smith Müller O'Neill García Patel Jones Nowak Brown Ferreira Williams Kowalczyk Taylor Dubois Singh Evans
Åkesson Wright Novák Khan Murphy Clarke Adeyemi Hughes López Begum Campbell Schröder Walsh Yilmaz Chen Bell Roux Fraser
Mac-Donald Ahmed St.Clair Hall
"""
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()
COMPANIES = ["Moonrise Promotions Ltd", "Café Lumière", "Northbank Events", "Studio Ætna", "The Paper Boat Co."]
NOTES = ["Prefers the balcony 🎭", "Wheelchair space, row A", "Allergic to nuts", "Regular on Fridays 🎶", "Press list"]
STREETS = ["Lower Marsh", "Rye Lane", "Mare Street", "The Cut", "Bermondsey Street", "Coldharbour Lane"]
TOWNS = {
    "GB": [("London", "SE1 7RG"), ("London", "E8 1HE"), ("Bristol", "BS1 4QD"), ("Brighton", "BN1 1UB")],
    "DE": [("Hamburg", "20457"), ("Bremen", "28195"), ("Kiel", "24103"), ("Lübeck", "23552")],
}
_LETTERS = str.maketrans("ëéâîñåäöüøóáíłÅŁŠčńïçźšěŻżæÆ", "eeainaaouooailalscniczsezzaa", "'-.")


@dataclass(frozen=True, slots=True)
class Person:
    """One guest. `number` is a large number that looks like chance, for whatever else has to be decided."""

    index: int
    number: int
    given: str
    family: str
    email: str


class People:
    """The guests of one venue. The e-mail address carries the index, so that a search by address is quick."""

    def __init__(self, seed: int, venue: str) -> None:
        self._key = key_of(seed, "people", venue)

    def person(self, index: int) -> Person:
        number = roll(self._key, index)
        given, family = pick(GIVEN, number), pick(FAMILY, number >> 16)
        host = pick(("example.com", "example.org", "example.net"), number >> 32)
        email = f"{given.lower().translate(_LETTERS)}.{family.lower().translate(_LETTERS)}.{index}@{host}"
        return Person(index, number, given, family, email)


def index_of_email(email: str) -> int | None:
    """The index that an address carries; None for one that was made by somebody else."""
    digits = email.partition("@")[0].rpartition(".")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else None


def phone_of(country: str, number: int) -> str:
    """Numbers from the ranges kept free for stories: some international, some as people write them at home."""
    last = number % 1000
    if country == "DE":
        return pick((f"+493023125{last:03d}", f"030 23125{last:03d}"), number >> 12)
    return pick((f"+447700900{last:03d}", f"07700 900{last:03d}", f"+442079460{last:03d}"), number >> 12)


def birthday_of(number: int) -> str:
    """YYYY-MM-DD; the year is 0000 where the person did not say it."""
    year = "0000" if number % 6 == 0 else str(1950 + number % 55)
    return f"{year}-{(number >> 8) % 12 + 1:02d}-{(number >> 16) % 28 + 1:02d}"
