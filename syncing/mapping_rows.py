"""The rows of the page: what fills each field, what could fill it, what may be done on the way, and an example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from connections.models import Connection
from integrations.providers import money
from integrations.providers.base import Provider
from integrations.providers.types import FieldType as T
from integrations.providers.types import Money, ObjectType
from mappings import canonical, judging, ways
from mappings.models import Direction, UpdateMode
from mappings.rules import RuleData
from mappings.trying import Tried
from mappings.ways import WAYS, Wish
from syncing import mapping_form, mapping_sides
from syncing.mapping_form import KEEP, TEXTS
from syncing.mapping_sides import Side

WINNERS = [
    ("", "as usual for these records"), ("newest", "newest change"), ("ours", "always ours"),
    ("theirs", "always theirs"), ("ask", "ask me"),
]  # fmt: skip
_RECOMMENDED: Mapping[ObjectType, frozenset[str]] = {
    kind: frozenset(shape.one_of) for kind, shape in canonical.OBJECTS.items()
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list. `reason` tells why it cannot be chosen, "" when it can."""

    value: str
    label: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an owner says for the change of a row: the input's name, its wish, and what it holds."""

    name: str
    wish: Wish
    value: Any
    choices: list[Choice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """What fills one field, what could, how, and an example from the venue's own records."""

    id: str
    label: str
    type: str
    group: str
    rule: RuleData | None
    choices: list[Choice]
    way: str
    way_told: str
    way_help: str
    ways: list[Choice]
    asked: list[Asked]
    default: str
    takes_default: bool
    modes: list[tuple[str, str]]
    mode: str
    wins: str
    can_win: bool
    example: tuple[str, str]
    errors: list[str]

    @property
    def is_special(self) -> bool:
        """Return whether something is set of what stands behind “More”."""
        return bool(self.asked or self.default or self.wins or self.mode != UpdateMode.OVERWRITE or self.errors)


def rows(
    connection: Connection,
    provider: Provider,
    kind: ObjectType,
    direction: Direction,
    mine: Sequence[RuleData],
    *,
    tried: Sequence[Tried] = (),
    errors: Mapping[str, list[str]] | None = None,
) -> list[Row]:
    """Return a row for each field that can be filled: those that must be, those that should be, and the others."""
    targets = mapping_sides.targets(connection, provider, kind, direction)
    sources = mapping_sides.sources(connection, provider, kind, direction)
    by_target, examples = {each.target: each for each in mine}, {each.target: each for each in tried}
    is_two_way = direction == Direction.IN and kind in provider.writers
    made = [
        _row(kind, side, by_target.get(side.id), sources, examples.get(side.id), (errors or {}).get(side.id, []),
             is_two_way=is_two_way)
        for side in targets.values()
    ]  # fmt: skip
    order = ("Required", "Recommended", "Other")
    return sorted(made, key=lambda row: order.index(row.group))


def _row(
    kind: ObjectType, side: Side, rule: RuleData | None, sources: Mapping[str, Side], tried: Tried | None,
    errors: list[str], *, is_two_way: bool,
) -> Row:  # fmt: skip
    key = mapping_form.chosen(rule)
    source = sources.get(rule.source) if rule else None
    return Row(
        id=side.id, label=side.label, type=judging.word(side.type), group=_group(kind, side), rule=rule,
        choices=_sources(sources, side, rule), way=key, way_told=ways.told(rule.transforms) if rule else "",
        way_help=WAYS[key].help if key in WAYS else "", ways=_ways(source, side, rule, key),
        asked=_asked(rule, side, sources) if rule and key in WAYS else [],
        default=mapping_form.word(rule.default) if rule else "", takes_default=side.type in TEXTS,
        modes=[(value, words) for value, words in UpdateMode.choices
               if value != UpdateMode.APPEND or side.type is T.LIST],
        mode=rule.update_mode if rule else UpdateMode.OVERWRITE, wins=rule.who_wins if rule else "",
        can_win=is_two_way, example=_example(tried), errors=errors,
    )  # fmt: skip


def _group(kind: ObjectType, side: Side) -> str:
    if side.is_required:
        return "Required"
    return "Recommended" if side.id in _RECOMMENDED[kind] else "Other"


def _sources(sources: Mapping[str, Side], side: Side, rule: RuleData | None) -> list[Choice]:
    """Return what could fill a field: first what fits, then what does not, with the reason."""
    found = [Choice(each.id, each.label, _reason(each, side, rule)) for each in sources.values()]
    if rule is not None and rule.source not in sources:
        found.insert(0, Choice(rule.source, f"{rule.source} (removed)"))
    return sorted(found, key=lambda each: bool(each.reason))


def _reason(source: Side, side: Side, rule: RuleData | None) -> str:
    """Return why a field cannot fill another one, "" when it can: as it is, or by a change that there is."""
    if (rule is not None and rule.source == source.id) or ways.fits(source.type, side.type):
        return ""
    if any(not way.makes_any for way in ways.offered(source.type, side.type) if way.key not in ("text", "fixed")):
        return ""
    return f"{judging.word(source.type)}, does not fit"


def _ways(source: Side | None, side: Side, rule: RuleData | None, key: str) -> list[Choice]:
    if source is None:
        return [Choice(KEEP, ways.told(rule.transforms))] if rule and rule.transforms else [Choice("", "As it is")]
    offered = ways.offered(source.type, side.type)
    kept = [Choice(KEEP, ways.told(rule.transforms))] if rule is not None and key == KEEP else []
    if key in WAYS and WAYS[key] not in offered:
        kept.append(Choice(key, WAYS[key].name))
    plain = [Choice("", "As it is")] if ways.fits(source.type, side.type) or key == "" else []
    return [*plain, *kept, *(Choice(way.key, way.name) for way in offered)]


def _asked(rule: RuleData, side: Side, sources: Mapping[str, Side]) -> list[Asked]:
    return [
        Asked(
            f"wish:{side.id}:{wish.name}", wish, mapping_form.shown(rule, wish),
            [Choice(each.id, each.label) for each in sources.values() if each.type in TEXTS and each.id != rule.source]
            if wish.kind == "fields" else [Choice(each, each) for each in wish.choices],
        )
        for wish in WAYS[mapping_form.chosen(rule)].wishes
    ]  # fmt: skip


def _example(tried: Tried | None) -> tuple[str, str]:
    return (short(tried.input), tried.warning or short(tried.output)) if tried is not None else ("", "")


def short(value: Any) -> str:
    """Return a value in at most sixty characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Money):
        return money.words(value)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%-d %b %Y, %H:%M}"
    parts = value if isinstance(value, list) else [] if value is None else [value]
    text = ", ".join(str(part.get("name", "…") if isinstance(part, Mapping) else part) for part in parts)
    return text if len(text) <= 60 else f"{text[:59]}…"
