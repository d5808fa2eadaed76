"""What the venue sells: categories, a tax, a discount, and items with one to three variations."""

from __future__ import annotations

from functools import lru_cache

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document, Ids, Timeline, key_of, pick, roll

CATEGORIES = ["Club nights", "Concerts", "Drinks", "Kitchen", "Merchandise", "Workshops"]
_TICKETS = [
    "Friday Night Residency", "Lantern Jazz Session", "Sunday Matinée", "Comedy Basement", "Northern Soul All-Nighter",
    "Open Mic", "Queer Cabaret ✨", "Drum & Bass Special", "New Year's Eve Ball", "Film with Live Score",
]  # fmt: skip
_DRINKS = [
    "House Lager", "Pale Ale", "Elderflower Spritz", "Negroni", "Espresso Martini", "Ginger Beer", "Rosé Brut",
    "Flat White", "Sparkling Water", "Mezcal Sour",
]  # fmt: skip
_PLATES = ["Loaded Fries", "Halloumi Bao", "Padrón Peppers", "Smash Burger", "Crème Brûlée", "Olives & Almonds"]
_GOODS = ["Tour T-Shirt", "Lantern Tote", "Enamel Pin 🏮", "Screen-Print Poster", "Vinyl LP", "Hoodie", "Beanie"]

#: name list, category index, product type, variation names, cheapest price in minor units, price step
_SHELVES = [
    (_TICKETS, 0, "EVENT", ("Early bird", "Standard", "VIP"), 800, 450),
    (_TICKETS, 1, "EVENT", ("Standing", "Seated", "Box"), 1400, 700),
    (_DRINKS, 2, "FOOD_AND_BEV", ("Half", "Regular", "Large"), 320, 190),
    (_PLATES, 3, "FOOD_AND_BEV", ("Regular", "Sharing"), 550, 400),
    (_GOODS, 4, "REGULAR", ("S", "M", "L"), 1200, 0),
]


class Catalogue:
    """Catalogue objects by index: first the fixed ones (categories, tax, discount), then the items."""

    def __init__(self, key: bytes, timeline: Timeline, *, currency: str, tax: tuple[str, str]) -> None:
        self.fixed = len(CATEGORIES) + 2
        self.count = self.fixed + timeline.count
        self.items = timeline.count
        self._timeline, self._currency, self._tax = timeline, currency, tax
        self._ids = Ids(key_of(key, "catalogue id"), 24)
        self._variation_ids = Ids(key_of(key, "variation id"), 24)
        self._key = key_of(key, "item")
        self.id_of = lru_cache(maxsize=4096)(self._ids.of)
        self.index_of = self._ids.index_of
        self.priced = lru_cache(maxsize=4096)(self._priced)

    def created(self, index: int) -> int:
        return self._timeline.begin if index < self.fixed else self._timeline.created(index - self.fixed)

    def updated(self, index: int) -> int:
        return self._timeline.begin if index < self.fixed else self._timeline.updated(index - self.fixed)

    def exists(self, index: int) -> bool:
        return True

    def tax_id(self) -> str:
        return self.id_of(len(CATEGORIES))

    def discount_id(self) -> str:
        return self.id_of(len(CATEGORIES) + 1)

    def item_of_variation(self, variation_id: str) -> int | None:
        """The index of the item that holds this generated variation."""
        slot = self._variation_ids.index_of(variation_id)
        if slot is None or slot // 4 >= self.items or slot % 4 >= len(self.priced(slot // 4)[1]):
            return None
        return self.fixed + slot // 4

    def document(self, index: int) -> Document:
        moment = self.updated(index)
        document: Document = {
            "type": "ITEM",
            "id": self.id_of(index),
            "created_at": rfc3339(self.created(index)),
            "updated_at": rfc3339(moment),
            "version": moment,
            "is_deleted": False,
            "present_at_all_locations": True,
        }
        if index >= self.fixed:
            document["item_data"] = self._item(index - self.fixed, document)
        elif index < len(CATEGORIES):
            document["type"] = "CATEGORY"
            document["category_data"] = {
                "name": CATEGORIES[index], "category_type": "REGULAR_CATEGORY", "is_top_level": True,
                "online_visibility": True,
            }  # fmt: skip
        elif index == len(CATEGORIES):
            document["type"] = "TAX"
            document["tax_data"] = {
                "name": self._tax[0], "calculation_phase": "TAX_SUBTOTAL_PHASE", "inclusion_type": "INCLUSIVE",
                "percentage": self._tax[1], "enabled": True, "applies_to_custom_amounts": True,
            }  # fmt: skip
        else:
            document["type"] = "DISCOUNT"
            document["discount_data"] = {
                "name": "Members' tenth", "discount_type": "FIXED_PERCENTAGE", "percentage": "10",
            }  # fmt: skip
        return document

    def _priced(self, item: int) -> tuple[str, list[tuple[str, str, int]]]:
        """The item's name and its variations as (id, name, price)."""
        names, _, _, variations, cheapest, step = _SHELVES[item % len(_SHELVES)]
        number = roll(self._key, item)
        volume = item // len(_SHELVES) // len(names)
        name = pick(names, item // len(_SHELVES)) + (f" No. {volume + 1}" if volume else "")
        base = cheapest + number % 9 * 50
        kept = variations[: number // 16 % len(variations) + 1]
        return name, [
            (self._variation_ids.of(item * 4 + place), label, base + place * step) for place, label in enumerate(kept)
        ]

    def _item(self, item: int, outer: Document) -> Document:
        _, category, product_type, _, _, _ = _SHELVES[item % len(_SHELVES)]
        number = roll(self._key, item)
        name, variations = self.priced(item)
        data: Document = {
            "name": name,
            "is_taxable": True,
            "tax_ids": [self.tax_id()],
            "product_type": product_type,
            "categories": [{"id": self.id_of(category), "ordinal": item}],
            "reporting_category": {"id": self.id_of(category), "ordinal": item},
            "is_archived": False,
            "variations": [self._variation(item, place, outer) for place in range(len(variations))],
        }
        if number >> 8 & 3:
            text = f"{name}, at the venue. Doors and kitchen from six." if product_type == "EVENT" else f"{name}."
            data |= {"description": text, "description_html": f"<p>{text}</p>", "description_plaintext": text}
        return data

    def _variation(self, item: int, place: int, outer: Document) -> Document:
        variation_id, label, price = self.priced(item)[1][place]
        shared = {name: outer[name] for name in ("created_at", "updated_at", "version", "is_deleted")}
        data: Document = {
            "item_id": outer["id"],
            "name": label,
            "ordinal": place + 1,
            "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": price, "currency": self._currency},
            "sellable": True,
            "stockable": True,
        }
        if (item + place) % 5:
            data["sku"] = f"SKU-{item:05d}-{place + 1}"
        return {"type": "ITEM_VARIATION", "id": variation_id, **shared,
                "present_at_all_locations": True, "item_variation_data": data}  # fmt: skip
