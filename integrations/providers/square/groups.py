"""The names of customers' groups: Square shows a customer's groups by id only."""

from typing import Any

from integrations.providers import errors
from integrations.providers.http import ApiSession

_NAMES = "square.group_names"  # in the session's memory


def add_names(api: ApiSession, customers: list[Any]) -> None:
    """Put `group_names` beside the `group_ids` of each customer; asked for only when an unknown group is met."""
    members = [raw for raw in customers if isinstance(raw, dict) and raw.get("group_ids")]
    met = {each for raw in members for each in raw["group_ids"]}
    with api.memory_lock:
        names: dict[str, str] = api.memory.get(_NAMES, {})
        if met - names.keys():
            names = api.memory[_NAMES] = dict.fromkeys(met, "") | _all(api)
    for raw in members:
        raw["group_names"] = [names[each] for each in raw["group_ids"] if names.get(each)]


def _all(api: ApiSession) -> dict[str, str]:
    """Return every group's name by id. One call for each fifty."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        body = api.get("/v2/customers/groups", {"limit": 50, "cursor": cursor}).body
        found |= {group["id"]: group.get("name") or "" for group in body.get("groups") or []}
        following = body.get("cursor")
        if not following:
            return found
        if following == cursor:
            raise errors.Transient("Square gave the same page cursor twice.", code="cursor_loop")
        cursor = following
