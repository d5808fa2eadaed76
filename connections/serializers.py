"""The bodies of the connection routes: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from connections.models import Connection, Method, Status
from connections.oauth import RETURN_TO
from integrations.api_contract import StrictSerializer
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from integrations.wish_rules import INTERVALS

_LONGEST_KEY = 500
_LONGEST_ID = 255
_OFFERED = ", ".join(map(str, INTERVALS))


class VenueRequest(StrictSerializer):
    """Every body may name the venue."""

    venue = serializers.CharField(
        required=False, help_text="Id or slug of one of your venues; may be left out if there is one."
    )


class ObjectsField(serializers.ListField):
    """Object types of the provider in the context; each other one is refused by name.

    `sent`: also what is sent there and never read.
    """

    child = serializers.CharField()

    def __init__(self, *, sent: bool = False, **options: Any) -> None:
        super().__init__(**({"allow_empty": False} | options))
        self._sent = sent

    def to_internal_value(self, data: Any) -> list[str]:
        """Return the names without doubles. Raises ValidationError for one that the provider does not have."""
        names = list(dict.fromkeys(super().to_internal_value(data)))
        provider: Provider = self.context["provider"]
        known = [each for each in ObjectType if each in (provider.parts if self._sent else provider.streams)]
        strange: Any = {
            position: [f"{provider.spec.name} has no “{name[:40]}”. It has {', '.join(known)}."]
            for position, name in enumerate(names)
            if name not in known
        }
        if strange:
            raise serializers.ValidationError(strange)
        return names


class ConnectConfig(StrictSerializer):
    """What to sync, which way, from where, since when, and how often."""

    objects = ObjectsField(required=False, help_text="Object types to read; left out: all.")
    direction = serializers.CharField(required=False, help_text="Always `in`: nothing is sent back so far.")
    interval = serializers.IntegerField(required=False, help_text=f"Minutes between two syncs: {_OFFERED}.")
    interval_minutes = serializers.IntegerField(required=False, help_text="The earlier name of `interval`.")
    chosen = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=_LONGEST_ID), allow_empty=False),
        required=False,
        help_text="Object type (location, audience) to the ids to read from; a type left out: all of them.",
    )
    begin = serializers.DateField(
        required=False, allow_null=True, help_text="Sales before this day are not read; null: all of them."
    )

    def validate_direction(self, value: str) -> str:
        """Return the direction; there is one."""
        if value != "in":
            raise serializers.ValidationError("Only “in” is offered: records come in, nothing is sent back.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the wishes by their names in `integrations.wishes`."""
        if {"interval", "interval_minutes"} <= attrs.keys():
            raise serializers.ValidationError({"interval": ["Send it once: interval_minutes is its earlier name."]})
        wish = {name: value for name, value in attrs.items() if name not in ("interval", "direction")}
        return wish | ({"interval_minutes": attrs["interval"]} if "interval" in attrs else {})


class ConnectRequest(VenueRequest):
    """Begin a connection. A key is checked live before anything is stored."""

    method = serializers.ChoiceField(choices=Method.values)
    return_to = serializers.ChoiceField(choices=RETURN_TO, required=False, help_text="Page to show after a sign-in.")
    config = ConnectConfig(required=False)
    api_key = serializers.CharField(required=False, write_only=True, max_length=_LONGEST_KEY)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; a key belongs to the method api_key and to no other."""
        by_key = attrs["method"] == Method.API_KEY
        if by_key and "api_key" not in attrs:
            raise serializers.ValidationError({"api_key": ["The method api_key needs the key."]})
        if not by_key and "api_key" in attrs:
            raise serializers.ValidationError({"api_key": ["A sign-in takes no key. Use the method api_key."]})
        return attrs


class DisconnectRequest(VenueRequest):
    """End a connection."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)
    revoke = serializers.BooleanField(default=True, help_text="Also end our access at the provider.")


class ReconnectRequest(VenueRequest):
    """Bring a connection back; mapping, links, bookmarks and history stay."""

    return_to = serializers.ChoiceField(choices=RETURN_TO, default="connection")


class ApiKeyRequest(VenueRequest):
    """A new key of the same account."""

    api_key = serializers.CharField(write_only=True, max_length=_LONGEST_KEY)
    dry_run = serializers.BooleanField(default=False, help_text="Only check the key; store nothing.")


class RefreshRequest(VenueRequest):
    """Renew the access."""

    force = serializers.BooleanField(default=False, help_text="Also when it is still fresh.")


class Trip(serializers.Serializer[Any]):
    """Where to send the browser, and until when it may come back."""

    authorization_url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class HeldKey(serializers.Serializer[Any]):
    """Enough of a key to tell two apart."""

    last4 = serializers.CharField()
    fingerprint = serializers.CharField()


class Access(serializers.Serializer[Any]):
    """How access was given and how long it lasts; never the secret."""

    method = serializers.ChoiceField(choices=Method.choices)
    present = serializers.BooleanField()
    obtained_at = serializers.DateTimeField(allow_null=True)
    access_expires_at = serializers.DateTimeField(allow_null=True)
    refresh_expires_at = serializers.DateTimeField(allow_null=True)
    refresh_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="The day on which even renewed access ends and its owner signs in again."
    )
    key = HeldKey(allow_null=True)


class ExternalAccount(serializers.Serializer[Any]):
    """The account at the provider."""

    id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class ConnectionMade(serializers.Serializer[Any]):
    """A connection as it stands after it was made or changed."""

    connection = serializers.UUIDField()
    provider = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    connected_at = serializers.DateTimeField()
    account = ExternalAccount()
    scopes = serializers.ListField(child=serializers.CharField())
    access = Access()


class KeyChecked(serializers.Serializer[Any]):
    """A key that works; nothing was stored."""

    valid = serializers.BooleanField()
    account = ExternalAccount()
    scopes = serializers.ListField(child=serializers.CharField())


class DisconnectStep(serializers.Serializer[Any]):
    """One step of ending a connection."""

    step = serializers.ChoiceField(choices=["disconnect", "stop_syncs", "remove_webhooks", "revoke", "destroy_access"])
    result = serializers.ChoiceField(choices=["done", "skipped", "warning", "nothing_to_do"])
    detail = serializers.CharField()


class Disconnected(serializers.Serializer[Any]):
    """What was done, step by step."""

    steps = DisconnectStep(many=True)


class Reconnected(serializers.Serializer[Any]):
    """The stored access works again."""

    reconnected = serializers.BooleanField()


class Refreshed(serializers.Serializer[Any]):
    """The access as it stands."""

    refreshed = serializers.BooleanField()
    expires_at = serializers.DateTimeField(allow_null=True)
    refresh_expires_at = serializers.DateTimeField(allow_null=True)


def made(connection: Connection, access: dict[str, Any]) -> dict[str, Any]:
    """Return a connection in the shape of `ConnectionMade`."""
    return {
        "connection": connection.pk,
        "provider": connection.provider,
        "status": connection.status,
        "connected_at": connection.connected_at,
        "account": {"id": connection.account_id, "name": connection.account_name},
        "scopes": connection.scopes,
        "access": access,
    }
