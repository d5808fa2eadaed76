"""What is in the catalogue of items that were written before: by the record they were made for, and by id."""

from collections.abc import Sequence

from integrations.providers.http import ApiSession
from integrations.providers.square import bodies_of_items, categories, paging
from integrations.providers.types import JSON, Write

_MOST_NAMES = 250  # of one search


def made_for(api: ApiSession, writes: Sequence[Write]) -> dict[str, JSON]:
    """Return by our record's id the items that were made for these writes. One call for each 250 names."""
    names = sorted({str(each.values.get("name")) for each in writes})
    found = [raw for at in range(0, len(names), _MOST_NAMES) for raw in _named(api, names[at : at + _MOST_NAMES])]
    found.sort(key=lambda raw: str(raw.get("created_at")), reverse=True)  # of copies the first one counts
    return {bodies_of_items.made_for(raw): raw for raw in found}


def current(api: ApiSession, ids: Sequence[str]) -> dict[str, JSON]:
    """Return by id those objects that are there. One call for a thousand, none for no ids."""
    if not ids:
        return {}
    asked = {"object_ids": list(ids), "include_related_objects": True}
    answer = api.post("/v2/catalog/batch-retrieve", asked, repeatable=True).body
    return {str(raw.get("id")): raw for raw in categories.with_names(answer)}


def _named(api: ApiSession, names: list[str]) -> list[JSON]:
    query = {"set_query": {"attribute_name": "name", "attribute_values": names}}
    asked = {"object_types": ["ITEM"], "query": query, "include_related_objects": True, "limit": 1000}
    return [raw for each in paging.answers(api, "/v2/catalog/search", asked) for raw in categories.with_names(each)]
