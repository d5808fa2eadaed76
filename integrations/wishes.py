"""What a venue wishes of a provider: which objects, from where, since when, how often.

Wishes are kept from before the first connect to after the last. What was asked for is judged here, for pages and API
alike; what follows from a change (the schedule, reading again) is for those above.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import transaction

from integrations import wish_rules
from integrations.models import IntegrationConfig, Venue
from integrations.providers.base import Provider
from integrations.providers.types import SALES, ObjectType, Option


class Wish(TypedDict, total=False):
    """What may be chosen; what is left out stays as it is. `chosen` without a type, and no `begin`, mean everything."""

    objects: Iterable[str]
    interval_minutes: int
    chosen: Mapping[str, Sequence[str]]
    begin: date | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The wishes as they stand, and the names of those that were changed."""

    config: IntegrationConfig
    changed: frozenset[str]


def of(venue: Venue, provider: Provider) -> IntegrationConfig:
    """Return the venue's wishes; at first everything is read."""
    config, _ = IntegrationConfig.objects.get_or_create(
        venue=venue,
        integration_id=provider.spec.key,
        defaults={
            "directions": dict.fromkeys(provider.streams, "in"),
            "interval_minutes": settings.SYNC_INTERVAL_MINUTES,
        },
    )
    return config


def choose(venue: Venue, provider: Provider, *, offered: Collection[str] | None = None, **wish: Unpack[Wish]) -> Choice:
    """Store what is given, leave the rest as it is, and say what changed.

    `offered` holds the ids that the provider was just heard to have; None where it cannot be asked yet. Raises Problem
    validation_failed, with the field, before anything is stored.
    """
    with transaction.atomic():
        config = IntegrationConfig.objects.select_for_update().get(pk=of(venue, provider).pk)
        wish_rules.check(config, provider, offered=offered, wish=wish)
        before = _facts(config, provider)
        given = _columns(config, wish)
        for name, value in given.items():
            setattr(config, name, value)
        if given:
            config.save(update_fields=[*given, "updated_at"])
    after = _facts(config, provider)
    return Choice(config, frozenset(name for name in after if after[name] != before[name]))


def check(venue: Venue, provider: Provider, *, offered: Collection[str] | None = None, **wish: Unpack[Wish]) -> None:
    """Raise Problem as `choose` would, without storing anything."""
    config = IntegrationConfig.objects.filter(venue=venue, integration=provider.spec.key).first()
    wish_rules.check(config or IntegrationConfig(venue=venue), provider, offered=offered, wish=wish)


def settle(venue: Venue, provider: Provider, options: Sequence[Option]) -> None:
    """Choose the likeliest where one must be chosen and none is; forget a choice that is another account's.

    For the moment after a connect, with what the account offers.
    """
    if provider.chooser is None or not options:
        return
    kind, ids = provider.chooser.object_type, [option.id for option in options]
    stored = of(venue, provider).chosen
    if not set(stored.get(kind, ())) & set(ids):
        choose(venue, provider, chosen={} if provider.chooser.many else {kind: ids[:1]}, offered=ids)


def is_open(config: IntegrationConfig, provider: Provider) -> bool:
    """Return whether the owner still has to say which one is read."""
    chooser = provider.chooser
    return chooser is not None and not chooser.many and not config.chosen.get(chooser.object_type)


def read_objects(provider: Provider, directions: Mapping[str, str]) -> list[ObjectType]:
    """Return the objects that are read for these wishes, with those that they need, in reading order. Pure."""
    asked = {each for each in provider.streams if directions.get(each) in ("in", "both")}
    needed = {need for each in asked for need in provider.streams[each].needs}
    return [each for each in provider.streams if each in asked | needed]


def depending_on(provider: Provider, changed: Collection[str]) -> list[ObjectType]:
    """Return the objects whose records are others once these wishes have changed. Pure."""
    kind = provider.chooser.object_type if provider.chooser else None
    return [
        each
        for each, stream in provider.streams.items()
        if ("chosen" in changed and kind in stream.needs) or ("begin" in changed and each in SALES)
    ]


def _columns(config: IntegrationConfig, wish: Wish) -> dict[str, Any]:
    """Return the columns that the wish changes, with their values."""
    values: dict[str, Any] = {}
    if "objects" in wish:
        sent = {each: way for each, way in config.directions.items() if way == "out"}
        values["directions"] = {each: config.directions.get(each, "in") for each in wish["objects"]} | sent
    if "interval_minutes" in wish:
        values["interval_minutes"] = wish["interval_minutes"]
    if "chosen" in wish:
        values["chosen"] = {kind: list(dict.fromkeys(ids)) for kind, ids in wish["chosen"].items()}
    if "begin" in wish:
        values["begin"] = wish["begin"]
    return {name: value for name, value in values.items() if getattr(config, name) != value}


def _facts(config: IntegrationConfig, provider: Provider) -> dict[str, Any]:
    """Return what the wishes come to, by the name of the wish; the order of ids means nothing."""
    return {
        "objects": read_objects(provider, config.directions),
        "interval_minutes": config.interval_minutes,
        "chosen": {kind: set(ids) for kind, ids in config.chosen.items()},
        "begin": config.begin,
    }
