"""What a venue wishes of a provider: which objects, how often. Kept from before the first connect to after the last."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from integrations.models import IntegrationConfig, Venue
from integrations.providers.base import Provider


def choose(
    venue: Venue, provider: Provider, *, objects: Iterable[str] | None = None, interval_minutes: int | None = None
) -> IntegrationConfig:
    """Store what is given, leave the rest as it is, and return the wishes. At first everything is read."""
    config, _ = IntegrationConfig.objects.get_or_create(
        venue=venue,
        integration_id=provider.spec.key,
        defaults={
            "directions": dict.fromkeys(provider.streams, "in"),
            "interval_minutes": settings.SYNC_INTERVAL_MINUTES,
        },
    )
    changes: dict[str, Any] = {}
    if objects is not None:
        changes["directions"] = {each: config.directions.get(each, "in") for each in objects}
    if interval_minutes is not None:
        changes["interval_minutes"] = interval_minutes
    for name, value in changes.items():
        setattr(config, name, value)
    config.save(update_fields=[*changes, "updated_at"])
    return config
