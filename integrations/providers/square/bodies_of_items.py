"""What Square is sent for an item, from typed values by field id. Pure: the same write gives the same body.

Square replaces an item as a whole. So a change sends all of it as it was last read with our changes in it, and what we
do not know stays as it is. Left out is only what Square alone writes.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from integrations.providers.errors import Invalid
from integrations.providers.square import records, variations
from integrations.providers.types import JSON, Money, Operation, Write

ITEM_FIELDS: frozenset[str] = frozenset({"name", "description", "product_type", "is_archived", "variations"})
MOST_VARIATIONS = 250
_PLAIN = ("name", "description", "product_type", "is_archived")
_REPLACED = {"description": ("description", "description_html")}  # of the two, the one in HTML would count
_REFERENCE = "Backline record "  # begins the note on a variation that tells which record of ours it was made for
# What Square alone writes, by the object or the part of one that it stands in, and what a read puts beside an item.
_OF_AN_OBJECT = ("created_at", "updated_at", "category_name")
_OF_AN_ITEM = ("description_plaintext",)
_OF_A_VARIATION = ("ordinal",)
_OF_AN_OVERRIDE = ("sold_out", "sold_out_valid_until")
_OF_AN_ATTRIBUTE = ("custom_attribute_definition_id", "type", "key")
# Square says of the types of its online shop that they cannot be made, and of gift cards that it makes them itself.
_UNMAKEABLE = {
    "GIFT_CARD": "Square makes its gift cards itself, so they cannot be added to your items from here.",
}  # fmt: skip


def item(write: Write) -> JSON:
    """Return the item to make, or the whole of one that changes, with the versions that it is made to."""
    return _made(write) if write.operation is Operation.CREATE else _changed(write)


def writable(raw: JSON) -> JSON:
    """Return an item as it was read without what Square alone writes; equal to `item` where nothing changes."""
    data = _without(raw.get("item_data") or {}, _OF_AN_ITEM)
    there = [_writable_variation(each) for each in data.get("variations") or [] if not each.get("is_deleted")]
    return _writable_object(raw) | {"item_data": data | {"variations": there}}


def weight(body: JSON) -> int:
    """Return how many objects Square counts an item as: itself and its variations."""
    return 1 + len(body["item_data"]["variations"])


def request_key(keys: Iterable[str], objects: list[JSON]) -> str:
    """Return what Square knows a request by again: the same for the same writes with the same content."""
    return hashlib.sha256("\n".join(keys).encode() + b"\n" + orjson.dumps(objects)).hexdigest()


def temporary_id(write: Write) -> str:
    """Return the id that a new item has until Square gives it another."""
    return f"#{write.key}"


def made_for(raw: JSON) -> str:
    """Return the id of our record that an item was made for, "" where we did not make it."""
    for each in (raw.get("item_data") or {}).get("variations") or []:
        note = str((each.get("item_variation_data") or {}).get("user_data") or "")
        if note.startswith(_REFERENCE):
            return note.removeprefix(_REFERENCE)
    return ""


def refusal(write: Write, currency: str = "") -> Invalid | None:
    """Return why an item cannot be sent, None where it can; `currency` is the seller's where it is known."""
    kind, there = write.values.get("product_type"), write.values.get("variations") or []
    if write.operation is Operation.CREATE and kind in _UNMAKEABLE:
        return Invalid(_UNMAKEABLE[kind], field="product_type")
    if len(there) > MOST_VARIATIONS:
        return Invalid(f"Square takes at most {MOST_VARIATIONS} variations of an item.", field="variations")
    prices = {each["price_money"].currency for each in there if isinstance(each.get("price_money"), Money)}
    if len(prices) > 1 or (currency and prices - {currency}):
        told = f"in {currency}" if currency else "in one currency"
        return Invalid(f"Square keeps your prices {told}, and this has some in {', '.join(sorted(prices))}.",
                       field="variations")  # fmt: skip
    return None


def field_of(path: str) -> str:
    """Return our field id for the path in a refusal of Square's; the path itself where it is none of ours."""
    if "variation" in path:
        return "variations"
    last = path.rpartition(".")[2].removesuffix("_html")
    return last if last in ITEM_FIELDS else path


def _made(write: Write) -> JSON:
    body: JSON = {"type": "ITEM", "id": temporary_id(write), "present_at_all_locations": True}
    note = f"{_REFERENCE}{write.ours}"
    there = [
        variations.made(each, f"{body['id']}-{place}", body, user_data=note)
        for place, each in enumerate(write.values.get("variations") or [{}])
    ]
    data = {name: write.values[name] for name in _PLAIN if write.values.get(name) is not None}
    return body | {"item_data": data | {"variations": there}}


def _changed(write: Write) -> JSON:
    body = writable(write.raw)
    data: JSON = body["item_data"]
    for name in _PLAIN:
        if name in write.values and write.values[name] != data.get(name):
            data = _without(data, _REPLACED.get(name, (name,)))
            data |= {name: value} if (value := write.values[name]) is not None else {}
    if write.values.get("variations"):
        data = data | {"variations": _changed_variations(write, body)}
    return body | {"item_data": data}


def _changed_variations(write: Write, body: JSON) -> list[JSON]:
    """Return ours in our order, those that are there already with their ids and versions; the others go."""
    ours, there = write.values["variations"], body["item_data"]["variations"]
    places = variations.paired(ours, records.product(write.raw)["variations"])
    return [
        variations.made(each, f"{temporary_id(write)}-{place}", body)
        if at is None else variations.changed(each, there[at])
        for place, (each, at) in enumerate(zip(ours, places, strict=True))
    ]  # fmt: skip


def _writable_object(raw: JSON) -> JSON:
    body = _without(raw, _OF_AN_OBJECT)
    attributes = body.get("custom_attribute_values")
    if isinstance(attributes, dict):
        body["custom_attribute_values"] = {key: _without(each, _OF_AN_ATTRIBUTE) for key, each in attributes.items()}
    return body


def _writable_variation(raw: JSON) -> JSON:
    data = _without(raw.get("item_variation_data") or {}, _OF_A_VARIATION)
    overrides: Any = data.get("location_overrides")
    if isinstance(overrides, list):
        data["location_overrides"] = [_without(each, _OF_AN_OVERRIDE) for each in overrides]
    return _writable_object(raw) | {"item_variation_data": data}


def _without(part: JSON, names: Iterable[str]) -> JSON:
    return {name: value for name, value in part.items() if name not in names}
