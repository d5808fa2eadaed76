"""What the company sells: categories first, then services, goods without stock and goods with stock."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from integrations.sandbox.clock import date_text
from integrations.sandbox.generation import Document, Timeline, key_of, pick, roll
from integrations.sandbox.quickbooks.countries import Country
from integrations.sandbox.quickbooks.naming import numbered_name
from integrations.sandbox.quickbooks.numbered import SomeInactive
from integrations.sandbox.quickbooks.zones import Zone

CATEGORIES = ["Tickets", "Bar", "Merchandise"]
_NAMES = [
    ["Friday Night Residency", "Lantern Jazz Session", "Sunday Matinée", "Comedy Basement", "Open Mic", "Hall hire"],
    ["House Lager", "Elderflower Spritz", "Negroni", "Flat White", "Loaded Fries", "Halloumi Bao"],
    ["Tour T-Shirt", "Lantern Tote", "Enamel Pin 🏮", "Screen-Print Poster", "Vinyl LP", "Beanie"],
]
_TYPES = ["Service", "NonInventory", "Inventory"]
_CHEAPEST = [900, 350, 1200]


class Good(NamedTuple):
    """What a sale needs to know of an item; the price is in minor units."""

    id: str
    name: str
    shelf: int
    price: int


class Items(SomeInactive):
    """Items by index. The category repeats every third item."""

    def __init__(
        self, key: bytes, timeline: Timeline, zone: Zone, *, country: Country, accounts: dict[str, Document]
    ) -> None:
        super().__init__(timeline, zone)
        self._key, self._country, self._accounts = key_of(key, "item"), country, accounts
        self.fixed = min(len(CATEGORIES), self.count)
        self.sellable = self.count - self.fixed
        self.good = lru_cache(maxsize=4096)(self._good)

    def index_of_name(self, name: str) -> int | None:
        if name in CATEGORIES[: self.fixed]:
            return CATEGORIES.index(name)
        return numbered_name(name, self.count)

    def _good(self, item: int) -> Good:
        """The item behind the categories with this number."""
        shelf = item % len(CATEGORIES)
        name = pick(_NAMES[shelf], item // len(CATEGORIES))
        price = _CHEAPEST[shelf] + roll(self._key, item) % 19 * 50
        index = self.fixed + item
        return Good(self.id_of(index), f"{name} ({index + 1})", shelf, price)

    def document(self, index: int) -> Document:
        if index < self.fixed:
            name = CATEGORIES[index]
            return {
                "Name": name, "Active": True, "FullyQualifiedName": name, "Type": "Category", "SubItem": False,
                **self.head(index),
            }  # fmt: skip
        good = self.good(index - self.fixed)
        number = roll(self._key, index)
        kind = _TYPES[good.shelf]
        document: Document = {
            "Name": good.name,
            "Active": self.is_active(index),
            "SubItem": True,
            "ParentRef": {"value": self.id_of(good.shelf), "name": CATEGORIES[good.shelf]},
            "Level": 1,
            "FullyQualifiedName": f"{CATEGORIES[good.shelf]}:{good.name}",
            "Taxable": True,
            "UnitPrice": self._country.amount(good.price),
            "Type": kind,
            "IncomeAccountRef": self._accounts["Tickets" if kind == "Service" else "Sales"],
            "PurchaseCost": 0 if kind == "Service" else self._country.amount(good.price // 3),
            "TrackQtyOnHand": kind == "Inventory",
            **self.head(index, number % 5),
        }
        if number >> 8 & 3:
            document["Description"] = f"{good.name}, at the venue."
        if number >> 12 & 3:
            document["Sku"] = f"SKU-{index:05d}"
        if kind == "Inventory":
            document |= {
                "QtyOnHand": (number >> 20) % 240,
                "InvStartDate": date_text(self.timeline.begin // 86_400_000),
                "AssetAccountRef": self._accounts["Stock"],
                "ExpenseAccountRef": self._accounts["Cost"],
            }
        return document
