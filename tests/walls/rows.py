"""One row of each kind for a venue, made from what its model asks for."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue
from tests.factories import ConnectionFactory, MembershipFactory

APPS = ("integrations", "connections", "mappings", "syncing", "webhooks", "monitoring")
_BY_TYPE: dict[str, Any] = {
    "JSONField": {}, "BinaryField": b"x", "SealedField": "x", "IntegerField": 1,
    "PositiveIntegerField": 1, "SmallIntegerField": 1, "PositiveSmallIntegerField": 1, "BigIntegerField": 1,
    "BooleanField": False, "ArrayField": ["read"],
}  # fmt: skip
# What a constraint asks for besides.
_MORE: dict[str, dict[str, Any]] = {
    "venue_api_keys": {"status": "retired"}, "record_links": {"state": "left_out", "problem": {"code": "x"}},
}  # fmt: skip


def of_a_venue() -> list[type[models.Model]]:
    """Return all models whose rows belong to a venue, by themselves or through a connection."""
    ours = [model for model in apps.get_models() if model._meta.app_label in APPS]
    return [model for model in ours if model is Venue or _owners(model)]


def one_of_each(venue: Venue) -> None:
    """Make them."""
    connection = ConnectionFactory(venue=venue, provider="square")
    MembershipFactory(venue=venue)
    for model in of_a_venue():
        if not of(model, venue).exists():
            _make(model, venue, connection)


def of(model: type[models.Model], venue: Venue) -> models.QuerySet[Any]:
    """Return the venue's rows, by the filter that the code is to write in each query."""
    every = model._base_manager.all()
    if model is Venue:
        return every.filter(pk=venue.pk)
    names = _owners(model)
    return every.filter(**({"venue": venue} if "venue" in names else {"connection__venue": venue}))


def _owners(model: type[models.Model]) -> set[str]:
    return {
        field.name
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in (Venue, Connection)
    }


def _make(model: type[models.Model], venue: Venue, connection: Connection) -> None:
    given = {
        field.name: _value(field, venue, connection)
        for field in model._meta.concrete_fields
        if field.name in _owners(model) or _is_asked_for(field)
    }
    model._base_manager.create(**given | _MORE.get(model._meta.db_table, {}))


def _is_asked_for(field: "models.Field[Any, Any]") -> bool:
    has_default = field.has_default() or field.has_db_default() or field.primary_key
    return not (field.null or has_default or (field.blank and field.empty_strings_allowed))


def _value(field: "models.Field[Any, Any]", venue: Venue, connection: Connection) -> Any:
    if field.is_relation:
        found: Any = {Venue: venue, Connection: connection}.get(field.related_model)  # type: ignore[call-overload]
        return found or venue.memberships.get().user
    if field.choices:
        return field.flatchoices[0][0]
    kind, in_an_hour = field.get_internal_type(), timezone.now() + timedelta(hours=1)
    if kind.startswith("Date"):
        return in_an_hour if kind == "DateTimeField" else in_an_hour.date()
    if kind in ("CharField", "TextField"):
        return venue.pk.hex[-min(12, field.max_length or 12) :]
    return connection.pk if kind == "UUIDField" else _BY_TYPE[type(field).__name__]
