"""What an owner posts of the rules of one object in one direction, read into rules; what was not sent stays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from integrations.providers.types import FieldType as T
from integrations.providers.types import ObjectType
from mappings.engine import COMBINE
from mappings.models import Direction
from mappings.rules import RuleData
from mappings.ways import WAYS, Way, Wish
from syncing.mapping_sides import Side

KEEP = "="  # a chain that is no single change: it stays
TEXTS = frozenset({T.TEXT, T.CHOICE, T.EMAIL, T.PHONE, T.COUNTRY})  # what an owner can name a value for


def wanted(
    given: QueryDict, kind: ObjectType, direction: Direction, targets: Mapping[str, Side], current: Sequence[RuleData]
) -> list[RuleData]:
    """Return all rules, with those of this object and direction as the form says."""
    others = [each for each in current if (each.object_type, each.direction) != (kind, direction)]
    mine = {each.target: each for each in current if (each.object_type, each.direction) == (kind, direction)}
    made = (_rule(given, kind, direction, side, mine.get(target)) for target, side in targets.items())
    return others + [each for each in made if each is not None]


def chosen(rule: RuleData | None) -> str:
    """Return the change that stands in the list for a rule: "" as it is, a change's key, or that its chain stays."""
    steps = rule.transforms if rule else []
    if not steps:
        return ""
    only = WAYS.get(str(steps[0].get("name", ""))) if len(steps) == 1 else None
    return only.key if only is not None and only.offered else KEEP


def shown(rule: RuleData, wish: Wish) -> Any:
    """Return what a rule says for a wish of its change, as the form shows it."""
    value = rule.transforms[0].get(wish.name, wish.otherwise) if rule.transforms else wish.otherwise
    if wish.kind == "table":
        return "\n".join(f"{key} = {word(each)}" for key, each in (value or {}).items())
    if wish.kind == "fields":
        return list(value or [])
    return word(value)


def _rule(
    given: QueryDict, kind: ObjectType, direction: Direction, side: Side, old: RuleData | None
) -> RuleData | None:
    name = side.id
    source = given.get(f"field:{name}", old.source if old else "")
    if not source:
        return None
    base = old or RuleData(kind, direction, source, name)
    steps = _steps(given, side, base, source)
    is_other = old is None or old.source != source or list(old.transforms) != list(steps)
    rule = replace(
        base, source=source, transforms=steps, default=_default(given, side, base),
        update_mode=given.get(f"mode:{name}", base.update_mode), who_wins=given.get(f"wins:{name}", base.who_wins),
        paused_reason="" if is_other else base.paused_reason,
    )  # fmt: skip
    return old if old is not None and replace(rule, transforms=old.transforms) == old and not is_other else rule


def _steps(given: QueryDict, side: Side, base: RuleData, source: str) -> Sequence[Mapping[str, Any]]:
    key, name = given.get(f"way:{side.id}"), side.id
    if key is None:  # the page without a list of changes: a new source comes as it is
        return base.transforms if base.source == source else []
    if key == KEEP:
        return base.transforms
    way = WAYS.get(key)
    if way is None:
        return []
    if chosen(base) == key and not any(f"wish:{name}:{wish.name}" in given for wish in way.wishes):
        return base.transforms
    return [{"name": key, **{wish.name: _wish(given, side, way, wish) for wish in way.wishes}}]


def _wish(given: QueryDict, side: Side, way: Way, wish: Wish) -> Any:
    """Return what was said for a wish. What cannot be read is left as it came: the judge says what is wrong with it."""
    field = f"wish:{side.id}:{wish.name}"
    if wish.kind == "fields":
        return [each for each in given.getlist(field) if each]
    if field not in given:
        return {} if wish.kind == "table" else wish.otherwise
    text = given.get(field, "").replace("\r\n", "\n")
    if wish.kind == "number":
        return int(text) if text.strip().isascii() and text.strip().isdigit() and len(text) < 10 else text
    if wish.kind == "table":
        pairs = (line.partition("=") for line in text.split("\n") if line.strip())
        return {before.strip(): _read(after.strip(), side.type) for before, _, after in pairs}
    if way.key == COMBINE or text.strip():
        return text if way.key == COMBINE else text.strip()
    return None if wish.name == "otherwise" else ""


def _read(text: str, kind: T) -> Any:
    """Return what a word stands for in a field of this type."""
    return text.lower() in ("true", "yes") if kind is T.BOOLEAN else text


def _default(given: QueryDict, side: Side, base: RuleData) -> Any:
    text = given.get(f"empty:{side.id}")
    if text is None or side.type not in TEXTS or text == word(base.default):
        return base.default
    return text.strip() or None


def word(value: Any) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
