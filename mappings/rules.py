"""A rule as data, as a row and as the engine takes it, and what is told of two versions in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings import canonical, ways
from mappings.change import Context
from mappings.engine import Rule
from mappings.models import Direction, FieldMapping, UpdateMode


@dataclass(frozen=True, slots=True)
class RuleData:
    """One rule, bound to field ids. Its `key` is what it fills."""

    object_type: str
    direction: str
    source: str
    target: str
    transforms: Sequence[Mapping[str, Any]] = field(default_factory=list)
    default: Any = None
    required: bool = False
    update_mode: str = UpdateMode.OVERWRITE
    who_wins: str = ""
    paused_reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what the rule fills; a version has one rule for it."""
        return self.object_type, self.direction, self.target

    def rule(self) -> Rule:
        """Return it as the engine takes it."""
        return Rule(self.source, self.target, self.transforms, self.default, self.required, self.update_mode)


# By object and field id, what the provider calls a field.
Labels: TypeAlias = Mapping[tuple[str, str], str]
_NOTHING = [{"name": "choice", "table": {}}]
_COLUMNS = tuple(RuleData.__dataclass_fields__)


def of(connection: Connection, version: int) -> list[RuleData]:
    """Return the rules of a version, in their order. One query."""
    rows = FieldMapping.objects.filter(connection=connection, version=version)
    return [RuleData(**row) for row in rows.order_by("object_type", "direction", "position").values(*_COLUMNS)]


def of_versions(connection: Connection, versions: Sequence[int]) -> dict[int, list[RuleData]]:
    """Return the rules of several versions, each in their order. One query."""
    rows = FieldMapping.objects.filter(connection=connection, version__in=versions)
    found: dict[int, list[RuleData]] = {version: [] for version in versions}
    for row in rows.order_by("object_type", "direction", "position").values("version", *_COLUMNS):
        found[row.pop("version")].append(RuleData(**row))
    return found


def of_template(object_type: str, entries: Sequence[Mapping[str, Any]]) -> list[RuleData]:
    """Return a template's rules as data."""
    return [
        RuleData(
            object_type, entry.get("direction", Direction.IN), entry["source"], entry["target"],
            entry.get("transforms", []), entry.get("default"), entry.get("required", False),
            entry.get("update_mode", UpdateMode.OVERWRITE), entry.get("who_wins", ""),
        )
        for entry in entries
    ]  # fmt: skip


def as_entry(rule: RuleData) -> dict[str, Any]:
    """Return a rule as a template holds it; what paused it is not taken along."""
    told = asdict(rule)
    del told["object_type"], told["paused_reason"]
    return told


def as_json(rule: RuleData) -> dict[str, Any]:
    """Return a rule in the API's shape."""
    told = asdict(rule)
    return {"object": told.pop("object_type"), **told}


def rule_of(row: FieldMapping) -> Rule:
    """Return the rule as the engine takes it."""
    return Rule(row.source, row.target, row.transforms, row.default, row.required, row.update_mode)


def waiting(row: FieldMapping) -> Rule:
    """Return the rule in place of a held one that must have a value: it never has one, so its records wait."""
    return Rule(row.source, row.target, _NOTHING, required=True)


def context_of(connection: Connection) -> Context:
    """Return what transforms may know of a run for this connection."""
    venue = connection.venue
    return Context(provider=connection.provider, timezone=venue.time_zone, country=venue.country)


def unlike(one: Sequence[RuleData], other: Sequence[RuleData]) -> list[RuleData]:
    """Return the rules that only one of two versions has."""
    return [each for each in one if each not in other] + [each for each in other if each not in one]


def differences(one: Sequence[RuleData], other: Sequence[RuleData], labels: Labels | None = None) -> list[str]:
    """Return what the second has that the first has not, and the other way round, in words for the owner.

    `labels` are what the provider’s fields are called; without them their ids are told.
    """
    known = labels or {}
    before, after = {each.key: each for each in one}, {each.key: each for each in other}
    told = [f"{_name(each, known)}: no longer filled" for key, each in before.items() if key not in after]
    for key, rule in after.items():
        old = before.get(key)
        if old is None:
            told.append(f"{_name(rule, known)}: filled from {_told(rule, known)}")
        elif old != rule:
            told.append(f"{_name(rule, known)}: {_told(old, known)} → {_told(rule, known)}")
    return told


def _name(rule: RuleData, labels: Labels) -> str:
    where = canonical.OBJECTS[ObjectType(rule.object_type)].plural.capitalize()
    return f"{where}{'' if rule.direction == Direction.IN else ' sent'}, {_target(rule, labels)}"


def _target(rule: RuleData, labels: Labels) -> str:
    if rule.direction == Direction.IN:
        return canonical.label(rule.object_type, rule.target)
    return labels.get((rule.object_type, rule.target), rule.target)


def _source(rule: RuleData, labels: Labels) -> str:
    if rule.direction == Direction.IN:
        return labels.get((rule.object_type, rule.source), rule.source)
    return canonical.label(rule.object_type, rule.source)


def _told(rule: RuleData, labels: Labels) -> str:
    extras = [
        f"else “{rule.default}”" if rule.default is not None else "", _MODES.get(rule.update_mode, ""),
        _WINNERS.get(rule.who_wins, ""), "paused" if rule.paused_reason else "",
    ]  # fmt: skip
    way = ways.told(rule.transforms)
    return ", ".join(filter(None, [f"{_source(rule, labels)} ({way[:1].lower()}{way[1:]})", *extras]))


# Who wins and what happens to what is there, within a sentence about a rule.
_WINNERS = {
    "newest": "the newest change wins", "ours": "ours always wins", "theirs": "theirs always wins",
    "ask": "asks when both changed",
}  # fmt: skip
_MODES: Mapping[str, str] = {
    UpdateMode.IF_NEW: "only for new records", UpdateMode.IF_EMPTY: "only when empty",
    UpdateMode.APPEND: "added to the list",
}  # fmt: skip
