"""What may be told about a connection's access: how it was given and until when it lasts. Never the secret itself."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from connections.models import Connection, Method, OAuthToken, VenueApiKey


def of(connections: Iterable[Connection]) -> dict[UUID, dict[str, Any]]:
    """Return for each connection what `serializers.Access` shows. Two queries."""
    asked = list(connections)
    tokens: dict[UUID, Any] = {
        row["connection"]: row
        for row in OAuthToken.objects.filter(connection__in=asked).values(
            "connection", "access_expires_at", "refresh_expires_at", "refresh_ends_at", "obtained_at"
        )
    }
    keys: dict[UUID, Any] = {
        row["connection"]: row
        for row in VenueApiKey.objects.filter(connection__in=asked, status=VenueApiKey.Status.ACTIVE).values(
            "connection", "last4", "fingerprint", "created_at"
        )
    }
    return {each.pk: _told(each, tokens.get(each.pk), keys.get(each.pk)) for each in asked}


def _told(connection: Connection, token: dict[str, Any] | None, key: dict[str, Any] | None) -> dict[str, Any]:
    by_key = connection.method == Method.API_KEY
    held = key if by_key else token
    return {
        "method": connection.method,
        "present": held is not None,
        "obtained_at": held["created_at" if by_key else "obtained_at"] if held else None,
        "access_expires_at": token["access_expires_at"] if token and not by_key else None,
        "refresh_expires_at": token["refresh_expires_at"] if token and not by_key else None,
        "refresh_ends_at": token["refresh_ends_at"] if token and not by_key else None,
        "key": {"last4": key["last4"], "fingerprint": key["fingerprint"]} if key and by_key else None,
    }
