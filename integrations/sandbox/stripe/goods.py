"""What the venue sells: products with one to three prices each."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document, Timeline, key_of, pick, roll
from integrations.sandbox.stripe.money import Market
from integrations.sandbox.stripe.stems import Stems

PRODUCT, PRICE = "prod_", "price_1"
MOST_PRICES = 3
_NIGHTS = [
    "Friday Night Residency", "Lantern Jazz Session", "Sunday Matinée", "Comedy Basement", "Open Mic",
    "Northern Soul All-Nighter", "Queer Cabaret ✨", "New Year's Eve Ball", "Film with Live Score",
]  # fmt: skip
_EXTRAS = [
    "Tour T-Shirt",
    "Lantern Tote",
    "Enamel Pin 🏮",
    "Screen-Print Poster",
    "Vinyl LP",
    "Drinks Token",
    "Cloakroom",
]
_HIRES = ["Private Hire, Main Room", "Rehearsal Day", "Workshop Series", "Sound Engineer"]

#: names, labels of the prices, cheapest price in hundredths, step to the next, unit label
_SHELVES = [
    (_NIGHTS, ("Early bird", "Standard", "VIP"), 900, 500, "ticket"),
    (_NIGHTS, ("Standing", "Seated", "Box"), 1500, 800, "ticket"),
    (_EXTRAS, ("Regular",), 400, 0, None),
    (_HIRES, ("Weekday", "Weekend"), 18_000, 6_000, "day"),
]


def is_bare(index: int) -> bool:
    """One product in twelve was announced but has no price yet."""
    return index % 12 == 7


class Offer(NamedTuple):
    """One product and what its prices are called and cost, in minor units."""

    name: str
    unit: str | None
    prices: list[tuple[str, int]]


class Products:
    """Products by index."""

    def __init__(self, key: bytes, timeline: Timeline, *, market: Market, livemode: bool) -> None:
        self.count, self.market, self.livemode = timeline.count, market, livemode
        self._key = key_of(key, "product")
        self._stems, self.price_stems = Stems(key, "product", 14), Stems(key, "price")
        self.created, self.updated = timeline.created, timeline.created
        self.offer = lru_cache(maxsize=4096)(self._offer)

    def id_of(self, index: int) -> str:
        return PRODUCT + self._stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._stems.index_of(PRODUCT, record_id)

    def price_id(self, index: int, place: int) -> str:
        return PRICE + self.price_stems.of(index * MOST_PRICES + place)

    def exists(self, index: int) -> bool:
        return True

    def _offer(self, index: int) -> Offer:
        names, labels, cheapest, step, unit = _SHELVES[index % len(_SHELVES)]
        number = roll(self._key, index)
        volume = index // len(_SHELVES) // len(names)
        name = pick(names, index // len(_SHELVES)) + (f" No. {volume + 1}" if volume else "")
        base = (cheapest + number % 9 * 50) * self.market.scale
        kept = () if is_bare(index) else labels[: number // 16 % len(labels) + 1]
        return Offer(name, unit, [(label, base + place * step) for place, label in enumerate(kept)])

    def document(self, index: int) -> Document:
        offer, created = self.offer(index), self.created(index) // SECOND
        return {
            "id": self.id_of(index),
            "object": "product",
            "active": index % 17 != 11,
            "created": created,
            "default_price": self.price_id(index, 0) if offer.prices else None,
            "description": f"{offer.name}, at the venue." if index % 3 else None,
            "images": [],
            "livemode": self.livemode,
            "marketing_features": [],
            "metadata": {"season": "winter"} if index % 5 == 2 else {},
            "name": offer.name,
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": offer.unit,
            "updated": created,
            "url": None,
        }


class Prices:
    """Prices, three slots for each product; a product with fewer prices leaves slots empty."""

    def __init__(self, products: Products) -> None:
        self.count, self._products = products.count * MOST_PRICES, products

    def id_of(self, index: int) -> str:
        return PRICE + self._products.price_stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._products.price_stems.index_of(PRICE, record_id)

    def exists(self, index: int) -> bool:
        product, place = divmod(index, MOST_PRICES)
        return place < len(self._products.offer(product).prices)

    def created(self, index: int) -> int:
        return self._products.created(index // MOST_PRICES)

    updated = created

    def document(self, index: int) -> Document:
        product, place = divmod(index, MOST_PRICES)
        label, amount = self._products.offer(product).prices[place]
        return {
            "id": self.id_of(index),
            "object": "price",
            "active": True,
            "billing_scheme": "per_unit",
            "created": self.created(index) // SECOND,
            "currency": self._products.market.currency,
            "custom_unit_amount": None,
            "livemode": self._products.livemode,
            "lookup_key": f"price-{product:05d}-{place + 1}" if product % 4 == 1 else None,
            "metadata": {},
            "nickname": label,
            "product": self._products.id_of(product),
            "recurring": None,
            "tax_behavior": "inclusive",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        }
