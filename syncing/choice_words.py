"""A venue's choice in the owner's words: what is read, from where, since when, how often; what a change leads to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from integrations.models import IntegrationConfig
from integrations.providers.base import Provider, RestingStream
from integrations.providers.types import SALES, ObjectType
from integrations.wish_rules import INTERVALS
from integrations.wishes import read_objects
from mappings import canonical
from syncing.choosing import Carried

_RESTS = {timedelta(days=1): "once a day", timedelta(hours=1): "once an hour"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the choice: what it is about, and what was chosen."""

    label: str
    value: str


def lines(config: IntegrationConfig, provider: Provider, names: Mapping[str, str]) -> list[Line]:
    """Return the choice line by line. `names` are those of the places or audiences, by id. Pure."""
    objects = read_objects(provider, config.directions)
    told = [Line("What", capital(plurals(objects)) or "Nothing")]
    if provider.chooser is not None:
        kind = provider.chooser.object_type
        told.append(Line(capital(noun(kind, 2 if provider.chooser.many else 1)), places(config, provider, names)))
    if any(each in SALES for each in objects):
        told.append(Line("Sales", since(config.begin) if config.begin else "from the very first"))
    return [*told, Line("How often", every(config.interval_minutes))]


def places(config: IntegrationConfig, provider: Provider, names: Mapping[str, str]) -> str:
    """Return where is read from: "Main Hall and Canal Bar", "All locations"."""
    chooser = provider.chooser
    assert chooser is not None  # noqa: S101 - asked only where there is something to choose
    kind = chooser.object_type
    ids: list[str] = config.chosen.get(kind, [])
    if not ids:
        only = next(iter(names.values())) if len(names) == 1 else ""
        return only or (f"All {noun(kind, 2)}" if chooser.many else "Not chosen yet")
    known = [names[each] for each in ids if each in names]
    if not known:
        return f"{len(ids)} {noun(kind, len(ids))}"
    rest = len(ids) - len(known)
    return joined([*known, *([f"{rest} more"] if rest else [])])


def resting(config: IntegrationConfig, provider: Provider) -> list[str]:
    """Return a sentence for each pace that is slower than the venue's: "Tax codes are read once a day." Pure."""
    paces: dict[timedelta, list[ObjectType]] = {}
    for each in read_objects(provider, config.directions):
        stream = provider.streams[each]
        if isinstance(stream, RestingStream) and stream.rests > timedelta(minutes=config.interval_minutes):
            paces.setdefault(stream.rests, []).append(each)
    return [f"{capital(plurals(each))} are read {_pace(rests)}." for rests, each in paces.items()]


def consequences(carried: Carried, provider: Provider, names: Mapping[str, str]) -> str:
    """Return what a saved choice leads to, in whole sentences. Pure."""
    config, told = carried.config, []
    if carried.anew:
        told.append(f"{capital(plurals(carried.anew))} will be read again{_from_where(carried, provider, names)}.")
    if carried.added:
        told.append(f"{capital(plurals(carried.added))} will be read from now on.")
    if carried.dropped:
        told.append(f"{capital(plurals(carried.dropped))} are no longer read; what came in is kept.")
    if "interval_minutes" in carried.changed:
        told.append(f"{provider.spec.name} now syncs {every(config.interval_minutes)}.")
    return " ".join(told)


def since(day: date) -> str:
    """Return "since 1 Jan 2026"."""
    return f"since {dated(day)}"


def dated(day: date) -> str:
    """Return "1 Jan 2026"."""
    return f"{day.day} {day:%b %Y}"


def every(minutes: int) -> str:
    """Return "every 15 minutes"."""
    return f"every {interval(minutes)}"


def interval(minutes: int) -> str:
    """Return "15 minutes"."""
    return INTERVALS.get(minutes, f"{minutes} minutes")


def plurals(objects: Collection[ObjectType]) -> str:
    """Return "orders, payments and refunds"."""
    return joined([noun(each, 2) for each in objects])


def noun(object_type: ObjectType, count: int) -> str:
    """Return "location" or "locations"."""
    shape = canonical.OBJECTS[object_type]
    return shape.singular if count == 1 else shape.plural


def joined(words: Iterable[str]) -> str:
    """Return "Main Hall, Canal Bar and Terrace"."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def capital(text: str) -> str:
    """Return the text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _from_where(carried: Carried, provider: Provider, names: Mapping[str, str]) -> str:
    place = f" for {places(carried.config, provider, names)}" if "chosen" in carried.changed else ""
    day = carried.config.begin
    when = (f" from {dated(day)}" if day else " from the very first") if "begin" in carried.changed else ""
    return place.replace(" for All ", " for all ") + when


def _pace(rests: timedelta) -> str:
    hours = round(rests.total_seconds() / 3600)
    return _RESTS.get(rests) or (f"every {hours} hours" if hours > 1 else f"every {rests.seconds // 60} minutes")
