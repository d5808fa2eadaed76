"""All that the API tells of a provider at a venue: its card, what it can do, how it is authorised, what was chosen."""

from typing import Any

from django.db.models import F

from connections import access
from connections.models import Connection, Status
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from monitoring import overview
from monitoring.overview import VenueOverview
from syncing.models import SyncCursor
from webhooks import reports


def of_venue(venue: Venue) -> dict[str, Any]:
    """Return every provider, connected or not, in the shape of `IntegrationList`. Six queries."""
    seen = overview.for_venue(venue)
    return overview.as_json(seen) | {"integrations": _rows(seen)}


def of_provider(venue: Venue, provider: str) -> dict[str, Any]:
    """Return one provider in the shape of `IntegrationInFull`. Ten queries."""
    seen = overview.for_venue(venue)
    row = next(each for each in _rows(seen) if each["provider"] == provider)
    connection = Connection.objects.filter(pk=row["connection"]).first()
    config = IntegrationConfig.objects.filter(venue=venue, integration=provider).first()
    return row | {
        "venue": overview.as_json(seen)["venue"],
        "permissions": _permissions(provider, row["scopes"]["granted"]),
        "history": list(reversed(connection.history)) if connection else [],
        "schedule": _schedule(config, connection),
        "settings": _settings(config),
        "who_wins": _who_wins(provider, config),
        "webhooks": reports.of(connection) if connection else [],
    }


def _rows(seen: VenueOverview) -> list[dict[str, Any]]:
    ids = [card.connection for card in seen.cards if card.connection]
    connections = {
        each.provider: each for each in Connection.objects.filter(pk__in=ids).exclude(status=Status.DISCONNECTED)
    }
    held = access.of(connections.values())
    cards = overview.as_json(seen)["integrations"]
    return [
        card | _capable(card["provider"]) | {"connection": shown.connection}
        | _authorised(connections.get(card["provider"]), held)
        for card, shown in zip(cards, seen.cards, strict=True)
    ]  # fmt: skip


def _capable(key: str) -> dict[str, Any]:
    provider = PROVIDERS[key]
    return {
        "category": provider.spec.category,
        "benefit": provider.spec.benefit,
        "methods": provider.methods,
        "capabilities": [{"object": str(each), "directions": ["in"]} for each in provider.streams],
    }


def _authorised(connection: Connection | None, held: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if connection is None:
        return {"external_account": None, "scopes": {"granted": [], "missing": []}, "access": None}
    asked = [scope.name for scope in PROVIDERS[connection.provider].spec.scopes]
    return {
        "external_account": {"id": connection.account_id, "name": connection.account_name},
        "scopes": {
            "granted": connection.scopes,
            "missing": [name for name in asked if name not in connection.scopes],
        },
        "access": held[connection.pk],
    }


def _permissions(provider: str, granted: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": scope.name, "label": scope.label, "reason": scope.reason, "granted": scope.name in granted}
        for scope in PROVIDERS[provider].spec.scopes
    ]


def _schedule(config: IntegrationConfig | None, connection: Connection | None) -> dict[str, Any]:
    bookmarks = SyncCursor.objects.filter(connection=connection) if connection else SyncCursor.objects.none()
    rows = bookmarks.order_by("pk").values("last_succeeded_at", "last_full_at", "next_run_at", object=F("object_type"))
    return {
        "interval_minutes": config.interval_minutes if config else None,
        "objects": list(rows),
    }


def _settings(config: IntegrationConfig | None) -> dict[str, Any]:
    paused = bool(config and config.is_paused)
    return {
        "directions": config.directions if config else {},
        "chosen": config.chosen if config else {},
        "begin": config.begin if config else None,
        "template": config.template if config else "",
        "paused": paused,
        "paused_until": config.paused_until if config and paused else None,
        "pause_reason": config.pause_reason if config and paused else "",
    }


def _who_wins(provider: str, config: IntegrationConfig | None) -> dict[str, str]:
    """Return the policy of each object; what is only read in is the provider's unless the venue said otherwise."""
    chosen = config.who_wins if config else {}
    return {str(each): chosen.get(each, "theirs") for each in PROVIDERS[provider].streams}
