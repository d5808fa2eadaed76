"""What an owner may wish of a provider, and the sentence for what he may not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers.base import Chooser, Provider
from integrations.providers.types import SALES

# How often a connection may be synced, in minutes and in words.
INTERVALS: dict[int, str] = {5: "5 minutes", 15: "15 minutes", 30: "30 minutes", 60: "hour"}
EARLIEST = date(2000, 1, 1)


def check(
    config: IntegrationConfig, provider: Provider, *, offered: Collection[str] | None, wish: Mapping[str, Any]
) -> None:
    """Raise Problem validation_failed for the first wish that cannot be, naming its field."""
    if "objects" in wish:
        _check_objects(provider, list(wish["objects"]))
    if "interval_minutes" in wish:
        _check_interval(config, wish["interval_minutes"])
    if "chosen" in wish:
        _check_chosen(provider, wish["chosen"], offered)
    if wish.get("begin") is not None:
        today = timezone.localdate(timezone=ZoneInfo(config.venue.time_zone))
        _check_begin(provider, wish["begin"], today)


def _check_objects(provider: Provider, objects: Sequence[str]) -> None:
    if not objects:
        raise _refusal("objects", "Choose at least one thing to sync.")
    strange = next((each for each in objects if each not in provider.streams), None)
    if strange is not None:
        known = ", ".join(provider.streams)
        raise _refusal("objects", f"{provider.spec.name} has no “{strange[:40]}”. It has {known}.")


def _check_interval(config: IntegrationConfig, minutes: int) -> None:
    if minutes not in INTERVALS and minutes != config.interval_minutes:
        *most, longest = map(str, INTERVALS)
        listed = f"{', '.join(most)} and {longest}"
        raise _refusal("interval", f"Other intervals than {listed} minutes are not offered.")


def _check_chosen(provider: Provider, chosen: Mapping[str, Sequence[str]], offered: Collection[str] | None) -> None:
    for kind, ids in chosen.items():
        chooser = provider.chooser
        if chooser is None or kind != chooser.object_type:
            raise _refusal("chosen", f"{provider.spec.name} has no “{kind[:40]}” to choose from.")
        _check_ids(provider.spec.name, chooser, ids, offered)


def _check_ids(name: str, chooser: Chooser, ids: Sequence[str], offered: Collection[str] | None) -> None:
    one = str(chooser.object_type)
    if not ids:
        raise _refusal("chosen", f"Choose at least one {one}.")
    if not chooser.many and len(set(ids)) > 1:
        raise _refusal("chosen", f"Choose one {one}: {name} is read from one at a time.")
    if offered is not None and not set(ids) <= set(offered):
        raise _refusal("chosen", f"{name} does not offer one of the {one}s you chose. Choose from those it lists.")


def _check_begin(provider: Provider, begin: date, today: date) -> None:
    if not any(each in SALES for each in provider.streams):
        raise _refusal("begin", f"{provider.spec.name} has no sales, so there is no day to begin with.")
    if begin > today:
        raise _refusal("begin", "The first day of sales lies in the future. Choose today or an earlier day.")
    if begin < EARLIEST:
        raise _refusal("begin", "Choose a day after 1999, or leave it empty to read everything.")


def _refusal(field: str, sentence: str) -> Problem:
    error = {"pointer": f"/config/{field}", "code": "invalid", "detail": sentence}
    return Problem("validation_failed", sentence, errors=[error])
