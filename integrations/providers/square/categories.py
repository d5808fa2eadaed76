"""The names of items' categories: Square shows the categories of an item by id, and their names beside the items."""

from collections.abc import Mapping

from integrations.providers.types import JSON


def with_names(body: JSON) -> list[JSON]:
    """Return the objects of an answer, each item with the name of its category as `category_name`."""
    names = {
        related["id"]: (related.get("category_data") or {}).get("name")
        for related in body.get("related_objects") or []
        if related.get("type") == "CATEGORY"
    }
    return [_with_name(raw, names) for raw in body.get("objects") or []]


def _with_name(raw: JSON, names: Mapping[str, str | None]) -> JSON:
    data = raw.get("item_data") or {}
    ids = [entry["id"] for entry in data.get("categories") or []] or [data.get("category_id")]
    name = next((names[each] for each in ids if names.get(each)), None)
    return raw | {"category_name": name} if name else raw
