"""Which of our variations is which one of Square's, and what Square is sent for it. Pure.

Ours are typed values by field id: `id`, `name`, `sku`, `price_money`, `sellable`, each of which may be absent.
"""

from collections.abc import Mapping, Sequence

from integrations.providers.types import JSON, Money, Values

_NAMED_BY = ("id", "sku", "name")  # the surest first
_ONLY_NAME = "Regular"  # what Square itself calls the only variation of an item
_WHERE = ("present_at_all_locations", "present_at_location_ids", "absent_at_location_ids")


def paired(ours: Sequence[Values], theirs: Sequence[Values]) -> list[int | None]:
    """Return for each of ours the place of the one there that it is, None where it is new."""
    found: list[int | None] = [None] * len(ours)
    free = list(range(len(theirs)))
    for name in _NAMED_BY:
        for place, each in enumerate(ours):
            if found[place] is None and each.get(name):
                found[place] = next((at for at in free if theirs[at].get(name) == each[name]), None)
                free = [at for at in free if at != found[place]]
    if len(ours) == len(theirs) == 1:
        return [0]
    return found


def are_same(ours: Sequence[Values] | None, theirs: Sequence[Values] | None) -> bool:
    """Return whether ours say what is there already, in whichever order; none at all says nothing.

    An item has a variation always: one that has none here has one there that is named and priced by nobody.
    """
    if not ours:
        return True
    there = list(theirs or [])
    places = paired(ours, there)
    return len(ours) == len(there) and all(
        at is not None and _says(each, there[at]) for each, at in zip(ours, places, strict=True)
    )


def made(values: Values, variation_id: str, item: JSON, *, user_data: str = "") -> JSON:
    """Return a variation to make, present where its item is."""
    data = _data(values, {"item_id": item["id"]}) | ({"user_data": user_data} if user_data else {})
    where = {name: item[name] for name in _WHERE if name in item}
    return {"type": "ITEM_VARIATION", "id": variation_id, **where, "item_variation_data": data}


def changed(values: Values, raw: JSON) -> JSON:
    """Return a variation with our values in it; what we do not know of it stays."""
    return raw | {"item_variation_data": _data(values, raw.get("item_variation_data") or {})}


def _data(values: Values, before: JSON) -> JSON:
    """Return the data with our values: without a price of ours the price is asked for at the till."""
    price = values.get("price_money")
    data = {name: value for name, value in before.items() if name not in ("sku", "price_money", "pricing_type")}
    data["name"] = values.get("name") or before.get("name") or values.get("sku") or _ONLY_NAME
    data |= {"sku": values["sku"]} if values.get("sku") else {}
    data |= {"sellable": values["sellable"]} if values.get("sellable") is not None else {}
    if isinstance(price, Money):
        amount = {"amount": price.minor, "currency": price.currency}
        return data | {"pricing_type": "FIXED_PRICING", "price_money": amount}
    return data | {"pricing_type": "VARIABLE_PRICING"}


def _says(ours: Values, theirs: Mapping[str, object]) -> bool:
    """Return whether one of ours says what is there: what it does not tell, Square has its own word for."""
    sellable, is_sellable = ours.get("sellable"), theirs.get("sellable", True)
    return (
        ours.get("name") in (None, theirs.get("name"))
        and (ours.get("sku") or None) == theirs.get("sku")
        and ours.get("price_money") == theirs.get("price_money")
        and sellable in (None, is_sellable)
    )
