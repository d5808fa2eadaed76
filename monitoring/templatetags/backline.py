"""How states, times and numbers are written into pages; the words come from `monitoring/wording.py`."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from integrations.models import Venue
from integrations.pages import address
from integrations.providers import PROVIDERS
from monitoring import wording
from monitoring.wording import Look
from syncing import columns
from syncing.columns import Cell
from syncing.models import SyncLog

register = template.Library()

# One shape for each state, so that none is told by colour alone; drawn on a 16 x 16 grid.
_LINE = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-width'
_SHAPES = {
    "dot": '<circle cx="8" cy="8" r="5.5" fill="currentColor"/>',
    "ring": f'<circle cx="8" cy="8" r="5" {_LINE}="2.5" stroke-dasharray="22 9.4"/>',
    "hollow": f'<circle cx="8" cy="8" r="5" {_LINE}="2"/>',
    "triangle": '<path d="M8 2 15 14H1Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round"/>'
    '<path class="cut" d="M8 6.4v3.4M8 11.8v.3" stroke-width="1.7" stroke-linecap="round"/>',
    "broken-link": f'<path d="M6.6 9.4 4.7 11.3a2.1 2.1 0 0 1-3-3L3.6 6.4M9.4 6.6l1.9-1.9a2.1 2.1 0 0 1 3 3l-1.9 1.9'
    f'M5.6 2l.6 1.9M2 5.6M10.4 14l-.6-1.9" {_LINE}="1.8"/>',
    "bars": f'<path d="M5.2 3.5v9M10.8 3.5v9" {_LINE}="3"/>',
    "cross": f'<path d="m3.5 3.5 9 9m0-9-9 9" {_LINE}="2.6"/>',
}
_SVG = '<svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">{}</svg>'


@register.simple_tag
def shape(name: str) -> SafeString:
    """Return the icon of a state; it is decoration beside the word, so screen readers skip it."""
    return format_html(_SVG, mark_safe(_SHAPES[name]))  # noqa: S308 - our own constants


@register.simple_tag
def badge(label: str, tone: str, shape_name: str) -> SafeString:
    """Return a state as shape and word."""
    return format_html('<span class="badge tone-{}">{} {}</span>', tone, shape(shape_name), label)


@register.simple_tag
def outcome(value: str) -> SafeString:
    """Return how a run ended, as shape and word."""
    return _look(wording.OUTCOMES[value])


@register.simple_tag
def link_state(value: str) -> SafeString:
    """Return how a record stands, as shape and word."""
    return _look(wording.LINK_STATES[value])


@register.simple_tag
def link_state_label(value: str) -> str:
    """Return how a record stands, as a word."""
    return wording.LINK_STATES[value].label


@register.simple_tag
def provider_name(key: str) -> str:
    """Return what a provider is called."""
    return PROVIDERS[key].spec.name


@register.simple_tag
def noun(object_type: str, count: int = 1) -> str:
    """Return "customer" or "customers", whichever fits the count."""
    return wording.noun(object_type, count)


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """Return "4 minutes ago" or "in 4 minutes", with the exact time on it."""
    if moment is None:
        return "–"
    now = timezone.now()
    return _time(moment, wording.ago(moment, now) if moment <= now else wording.ahead(moment, now))


@register.simple_tag
def due(moment: datetime) -> SafeString:
    """Return "in 4 minutes", or "any moment now" once the time has come, with the exact time on it."""
    return _time(moment, wording.ahead(moment, timezone.now()))


@register.simple_tag
def at(moment: datetime | None) -> SafeString | str:
    """Return "09:12" or "14 Nov, 09:12" in the venue's zone, with the exact time on it."""
    if moment is None:
        return "–"
    return _time(moment, wording.clock(moment, timezone.get_current_timezone(), timezone.now()))


@register.simple_tag
def clock_seconds(moment: datetime) -> SafeString:
    """Return "09:12:04" in the venue's zone, with the exact time on it."""
    return _time(moment, f"{timezone.localtime(moment):%H:%M:%S}")


@register.simple_tag
def on(moment: datetime | date | None) -> SafeString | str:
    """Return "14 Nov" in the venue's zone."""
    if moment is None:
        return "–"
    words = wording.day(moment, timezone.get_current_timezone(), timezone.now())
    return _time(moment, words) if isinstance(moment, datetime) else words


@register.simple_tag
def to(name: str, venue: Venue, **parts: Any) -> str:
    """Return the address of a page of the venue."""
    return address(name, venue, query=None, **{key: str(value) for key, value in parts.items()})


@register.simple_tag
def run_counts(run: SyncLog) -> str:
    """Return what a run did, in counts."""
    return wording.run_counts(run)


@register.simple_tag
def connection_event(event: Mapping[str, str]) -> SafeString:
    """Return what happened to a connection and when."""
    return format_html("{}, {}", wording.event(event["event"], event["by"]), at(datetime.fromisoformat(event["at"])))


@register.simple_tag
def days(runs: Sequence[SyncLog]) -> list[tuple[str, list[SyncLog]]]:
    """Return runs, newest first, under the day they began on."""
    zone, now = timezone.get_current_timezone(), timezone.now()
    grouped = itertools.groupby(runs, key=lambda run: wording.relative_day(run.started_at, zone, now))
    return [(day, list(of_day)) for day, of_day in grouped]


@register.simple_tag
def value(cell: Cell) -> SafeString | str:
    """Return a value of a record in words: money with its currency, times in the venue's zone."""
    found = cell.value
    if found in (None, "", [], {}):
        return "–"
    if isinstance(found, Mapping):
        return _mapping(found)
    if isinstance(found, datetime):
        return _time(found, wording.day_and_time(found, timezone.get_current_timezone(), timezone.now()))
    if isinstance(found, date):
        return f"{found.day} {found:%b %Y}"
    if isinstance(found, bool):
        return "Yes" if found else "No"
    return _choice(found) if cell.kind == "choice" else str(found)


@register.simple_tag
def table_of(entries: Sequence[Any]) -> dict[str, Any]:
    """Return a list of small objects as a table, a list of anything else as one line."""
    if not all(isinstance(entry, Mapping) for entry in entries):
        return {"plain": ", ".join(str(entry) for entry in entries)}
    headings, rows = columns.table(entries)
    return {"headings": headings, "rows": rows}


@register.simple_tag(takes_context=True)
def poll_attributes(context: template.Context, url: str) -> SafeString | str:
    """Return what makes a moving part fetch itself again: nothing once there is nothing to wait for."""
    if not context["polling"]:
        return ""
    pace, polls = ("3s", context["polls"]) if context["quickly"] else ("60s", context["polls"])
    return format_html(
        ' data-hx-get="{}&polls={}" data-hx-trigger="every {}" data-hx-swap="outerHTML"', url, polls, pace
    )


@register.simple_tag(takes_context=True)
def poll_again(context: template.Context, url: str, target: str) -> SafeString | str:
    """Return what takes up quick polling again, once somebody is there, after a page was left alone for a while."""
    if not context["polling"] or context["quickly"]:
        return ""
    return format_html(
        '<span data-hx-get="{}&polls=0" data-hx-target="{}" data-hx-swap="outerHTML" '
        'data-hx-trigger="mousemove from:body once, keydown from:body once, touchstart from:body once, '
        'focus from:window once"></span>',
        url,
        target,
    )


@register.filter
def number(value: float | None) -> str:
    """Return a number with grouping."""
    return "–" if value is None else wording.number(value)


@register.filter
def took(seconds: float) -> str:
    """Return how long something took."""
    return wording.took(seconds)


@register.filter
def remaining(seconds: float) -> str:
    """Return about how long is left."""
    return wording.remaining(seconds)


@register.filter
def every(minutes: int) -> str:
    """Return "every 15 minutes"."""
    return wording.interval(minutes)


@register.filter
def trigger(value: str) -> str:
    """Return what started a run."""
    return wording.TRIGGERS.get(value, value)


@register.filter
def objects(value: str) -> str:
    """Return the plural of an object type as a heading."""
    return wording.objects_label(value)


@register.simple_tag
def object_names(kinds: Iterable[str]) -> list[str]:
    """Return the plurals of several object types."""
    return [wording.noun(each, 2) for each in kinds]


@register.filter
def listed(words: Sequence[str], joint: str = "or") -> str:
    """Return "Mia, Tom or Ada"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}" if words else ""


def _mapping(found: Mapping[str, Any]) -> str:
    if "minor" in found:
        return wording.money(found["minor"], found["currency"])
    if "id" in found and "type" in found:
        return f"{str(found['type']).capitalize()} …{str(found['id'])[-6:]}"
    return ", ".join(
        f"{name.replace('_', ' ')}: {each}" for name, each in found.items() if not isinstance(each, Mapping)
    )


def _choice(text: Any) -> str:
    words = str(text).replace("_", " ")
    return words[:1].upper() + (words[1:].lower() if words.isupper() else words[1:])


def _look(look: Look) -> SafeString:
    return badge(look.label, look.tone, look.shape)


def _time(moment: datetime, words: str) -> SafeString:
    local = timezone.localtime(moment)
    exact = f"{local.day} {local:%b %Y, %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)
