"""By which id Mailchimp knows a product's variant, and what is sent of it. Pure.

The id is the variant's own key, else its SKU, else its place in the product: always the same for the same variant, so
that the lines of an order find it. A product without variants is sold as the one that bears its own id. What is none
of the products is sold as one that is called so.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.providers.money import as_number
from integrations.providers.types import JSON, Money, Values

OTHER = "other"  # the product for other sales, and its only variant
# The products of a store: the titles of their variants by their ids.
Shelf = Mapping[str, Mapping[str, str]]
_LONGEST_ID = 50


def id_of(variant: Mapping[str, Any], place: int | None = None) -> str:
    """Return a variant's id, "" for one that has neither key nor SKU and no place."""
    told = (str(each).strip() for each in (variant.get("key"), variant.get("sku"), place) if each is not None)
    found = next(filter(None, told), "")
    has_place_in_a_path = len(found) <= _LONGEST_ID and found not in (".", "..")
    return found if has_place_in_a_path else hashlib.sha256(found.encode()).hexdigest()[:32]


def sent(variants: Sequence[Values] | None, product: str, title: str, currency: str) -> list[JSON]:
    """Return the variants of a product for Mailchimp, which wants at least one, and no two with one id.

    A price in another currency than the store's would be read as one in it, so it is sent as none.
    """
    if not variants:
        return [{"id": product, "title": title}]
    return [{"id": key} | _facts(each, title, currency) for key, each in zip(_ids(variants), variants, strict=True)]


def are_there(ours: Sequence[Values] | None, theirs: Sequence[Values] | None) -> bool:
    """Return whether the variants that would be sent are those that Mailchimp has; its own order does not count."""
    there = {each.get("id"): each for each in theirs or []}
    wanted = dict(zip(_ids(ours or []), ours or [], strict=True))
    return wanted.keys() == there.keys() and all(_is_told(each, there[key]) for key, each in wanted.items())


def _ids(variants: Sequence[Values]) -> list[str]:
    """Return an id for each; the second of two that would have the same one gets its place beside it."""
    found: list[str] = []
    for place, variant in enumerate(variants, start=1):
        wanted = id_of(variant, place)
        found.append(f"{wanted[: _LONGEST_ID - 5]}-{place}" if wanted in found else wanted)
    return found


def _facts(variant: Values, title: str, currency: str) -> JSON:
    price = variant.get("price")
    is_ours = isinstance(price, Money) and price.currency == currency
    return {
        "title": str(variant.get("title") or title),
        "sku": str(variant.get("sku") or ""),
        "price": as_number(price) if isinstance(price, Money) and is_ours else 0,
    }


def _is_told(ours: Values, theirs: Values) -> bool:
    return all(theirs.get(name) == ours[name] for name in ("title", "sku", "price") if ours.get(name))
