"""The templates that ship with Backline: data files, carried into their table at every release."""

from pathlib import Path
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from mappings.models import FieldMappingTemplate

_SHIPPED = Path(__file__).parent / "shipped"


def refresh() -> int:
    """Write every shipped template into its table and return how many there are. May be called any number of times."""
    rows = [
        _row(path.stem, entry) for path in sorted(_SHIPPED.glob("*.json")) for entry in orjson.loads(path.read_bytes())
    ]
    changing = ["name", "description", "provider", "object_type", "venue_type", "rules", "is_default", "refreshed_at"]
    with transaction.atomic():
        FieldMappingTemplate.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["key"], update_fields=changing
        )
    return len(rows)


def _row(provider: str, entry: dict[str, Any]) -> FieldMappingTemplate:
    return FieldMappingTemplate(
        key=entry["key"],
        name=entry["name"],
        description=entry.get("description", ""),
        provider=provider,
        object_type=entry["object_type"],
        venue_type=entry.get("venue_type", "general"),
        rules=entry["rules"],
        is_default=entry.get("is_default", True),
        refreshed_at=timezone.now(),
    )
