"""The templates that ship with Backline: data files, carried into their table at every release.

There is one for each provider and object that fits every venue. What another kind of venue does differently is told as
changes to it, in a file of its own with the reason: a rule that is named there takes on what is said, or is left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from django.db import transaction
from django.utils import timezone

from integrations.models import VenueType
from mappings.models import Direction, FieldMappingTemplate

_SHIPPED = Path(__file__).parent / "shipped"
_COLUMNS = ["name", "description", "provider", "object_type", "venue_type", "rules", "is_default", "refreshed_at"]
Entry: TypeAlias = Mapping[str, Any]


def refresh() -> int:
    """Write every shipped template into its table and return how many there are. May be called any number of times."""
    rows = [FieldMappingTemplate(**entry, refreshed_at=timezone.now()) for entry in shipped()]
    with transaction.atomic():
        FieldMappingTemplate.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["key"], update_fields=_COLUMNS
        )
    return len(rows)


def shipped() -> Iterator[dict[str, Any]]:
    """Yield every template as its columns: for each object the general one, and those that differ by kind of venue."""
    general = {
        entry["key"]: _general(path.stem, entry)
        for path in sorted(_SHIPPED.glob("*.json"))
        for entry in orjson.loads(path.read_bytes())
    }
    yield from general.values()
    for path in sorted((_SHIPPED / "venues").glob("*.json")):
        venue_type, told = VenueType(path.stem), orjson.loads(path.read_bytes())
        for change in told["changes"]:
            yield _for_venues(general[change["of"]], venue_type, told["because"], change["rules"])


def _general(provider: str, entry: Entry) -> dict[str, Any]:
    return {
        "key": entry["key"], "name": entry["name"], "description": entry.get("description", ""), "provider": provider,
        "object_type": entry["object_type"], "venue_type": VenueType.GENERAL, "rules": entry["rules"],
        "is_default": True,
    }  # fmt: skip


def _for_venues(general: Entry, venue_type: VenueType, because: str, changes: list[Entry]) -> dict[str, Any]:
    return {
        **general, "key": f"{general['key']}-{venue_type}", "name": f"{general['name']} – {venue_type.label.lower()}",
        "description": because, "venue_type": venue_type, "rules": _changed(general["rules"], changes),
    }  # fmt: skip


def _changed(rules: list[Entry], changes: list[Entry]) -> list[Entry]:
    """Return the rules with the changes. Raises KeyError for a change of a rule that is not there."""
    told = {_place(rule): dict(rule) for rule in rules}
    for change in changes:
        if change.get("left_out"):
            del told[_place(change)]
        else:
            told[_place(change)] |= change
    return list(told.values())


def _place(rule: Entry) -> tuple[str, str]:
    return rule.get("direction", Direction.IN), rule["target"]
