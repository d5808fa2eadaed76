"""What is wrong with rules before they are saved: errors keep them from being saved, warnings are to be confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from integrations.providers import PROVIDERS
from integrations.providers.types import FieldType as T
from integrations.providers.types import ObjectType
from mappings import canonical, ways
from mappings.catalogue import Fields
from mappings.change import Context
from mappings.engine import BadRule, Rule, compile_rules
from mappings.models import Direction, UpdateMode
from mappings.outbound import DERIVED
from mappings.rules import RuleData


class Level(StrEnum):
    """How much an issue matters."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something about a rule, by its place in the list (None: about all of them), with a sentence for the owner."""

    level: Level
    code: str
    sentence: str
    place: int | None = None


# Paths that tell who somebody is, each with what an owner calls its category.
PERSONAL: dict[str, str] = {
    "given_name": "name", "family_name": "name", "full_name": "name", "email": "contact details",
    "phone": "contact details", "address": "address", "birthday": "date of birth", "note": "notes about people",
    "tags": "groups of people", "marketing_consent": "marketing consent",
}  # fmt: skip
_IDENTITY: dict[ObjectType, frozenset[str]] = {ObjectType.CUSTOMER: frozenset({"email", "phone"})}


def issues(
    provider: str, rules: Sequence[RuleData], *, before: Sequence[RuleData], context: Context, fields: Fields
) -> list[Issue]:
    """Return everything about the rules that an owner should know; `before` are those in force. Pure.

    `fields` are those of the account. A rule that is held because its field changed is not judged: it does nothing.
    """
    found: list[Issue] = []
    for place, rule in enumerate(rules):
        told = [] if rule.paused_reason else _of_rule(provider, place, rule, context, fields)
        found += [each for each in told if each.level is Level.ERROR or rule not in before]
    found += _doubles(rules)
    for kind in sorted({rule.object_type for rule in rules}):
        if kind in PROVIDERS[provider].parts:
            found += _of_object(ObjectType(kind), rules, context)
            found += _demanded(provider, ObjectType(kind), rules, before, fields)
    found += _of_changes(rules, before)
    return found


def word(kind: T) -> str:
    """Return an owner's word for a type of field."""
    return _TYPE_WORDS.get(kind, str(kind))


def loses(rule: RuleData) -> bool:
    """Return whether a part of the value is lost on the way."""
    return bool(ways.losses(rule.transforms))


def _of_rule(provider: str, place: int, rule: RuleData, context: Context, fields: Fields) -> list[Issue]:
    parts = PROVIDERS[provider].parts
    name = PROVIDERS[provider].spec.name
    if rule.object_type not in parts:
        return [_error(place, "unknown_object", f"{name} has no {rule.object_type}.")]
    kind = ObjectType(rule.object_type)
    known = {each.id: each for each in fields.get(kind, parts[kind].fields)}
    theirs = {each.id: each.type for each in known.values()}
    ours = {each.path: each.type for each in canonical.OBJECTS[kind].fields} | dict.fromkeys(DERIVED, T.TEXT)
    sources, targets = (theirs, ours) if rule.direction == Direction.IN else (ours, theirs)
    here, there = "here", f"at {name}"
    from_where, to_where = (there, here) if rule.direction == Direction.IN else (here, there)
    asked = [*((each, sources, from_where) for each in rule.rule().reads), (rule.target, targets, to_where)]
    found = [
        _error(place, "unknown_field", f"There is no field “{given}” {where}.")
        for given, fields_there, where in asked
        if given not in fields_there
    ]
    if rule.direction == Direction.OUT and not found and not known[rule.target].writable:
        found.append(_error(place, "read_only", f"{name} lets nobody change “{known[rule.target].label}”."))
    try:
        compile_rules([replace(rule.rule(), target="x")], context)
    except BadRule as error:
        return [*found, _error(place, "bad_transform", str(error))]
    if not found:
        found += _of_types(place, rule, sources[rule.source], targets[rule.target])
    return found


def _of_types(place: int, rule: RuleData, source: T, target: T) -> list[Issue]:
    found = [_warning(place, "lossy", f"On the way {part}.") for part in ways.losses(rule.transforms)]
    made = ways.made(rule.transforms, source)
    if made is not None and not ways.fits(made, target):
        found.append(_error(place, "wrong_type", f"A {word(made)} does not fit into a field for a {word(target)}."))
    if rule.update_mode == UpdateMode.APPEND and target is not T.LIST:
        found.append(_error(place, "wrong_mode", f"Only a list can be added to; this is a {word(target)}."))
    return found


def _doubles(rules: Sequence[RuleData]) -> list[Issue]:
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for place, rule in enumerate(rules):
        key = (rule.object_type, rule.direction, rule.target)
        if key in seen:
            found.append(_error(place, "same_target", f"Rule {seen[key] + 1} fills “{rule.target}” already; keep one."))
        seen.setdefault(key, place)
    return found


def _of_object(kind: ObjectType, rules: Sequence[RuleData], context: Context) -> list[Issue]:
    """Return what the rules of an object lack together."""
    shape = canonical.OBJECTS[kind]
    mine = [rule for rule in rules if rule.object_type == kind]
    inward = [rule for rule in mine if rule.direction == Direction.IN]
    found = []
    if inward:
        filled = {rule.target for rule in inward}
        found += [
            _lack(f"Nothing fills {each.label.lower()}, which every {shape.singular} needs.")
            for each in shape.fields
            if each.required and each.path not in filled
        ]
        if shape.one_of and not filled & set(shape.one_of):
            found.append(_lack(f"A {shape.singular} needs {shape.one_of_label}: fill one of them."))
        found += _overlaps(inward, context)
    return found


def _demanded(
    provider: str, kind: ObjectType, rules: Sequence[RuleData], before: Sequence[RuleData], fields: Fields
) -> list[Issue]:
    """Return what the provider demands and nothing fills; what it lacked already keeps nobody from saving the rest."""
    filled, once = _filled_there(kind, rules), _filled_there(kind, before)
    name = PROVIDERS[provider].spec.name
    return [
        Issue(
            Level.WARNING if once and each.id not in once else Level.ERROR, "required_unmapped",
            f"Nothing fills “{each.label}”, which {name} demands of every {canonical.OBJECTS[kind].singular}.",
        )
        for each in fields.get(kind, ())
        if filled and each.required and each.writable and each.id not in filled
    ]  # fmt: skip


def _filled_there(kind: ObjectType, rules: Sequence[RuleData]) -> set[str]:
    return {rule.target for rule in rules if rule.object_type == kind and rule.direction == Direction.OUT}


def _overlaps(inward: Sequence[RuleData], context: Context) -> list[Issue]:
    """Return whether one rule fills a part of what another one fills; its transforms are judged by themselves."""
    once = {rule.target: Rule(rule.source, rule.target) for rule in inward}
    try:
        compile_rules(once.values(), context)
    except BadRule as error:
        return [Issue(Level.ERROR, "overlap", str(error))]
    return []


def _of_changes(rules: Sequence[RuleData], before: Sequence[RuleData]) -> list[Issue]:
    """Return what is new in a way that an owner should have seen."""
    found = []
    known = {each.key: each for each in before}
    left = {(each.object_type, _root(each.source)) for each in before if each.direction == Direction.OUT}
    for place, rule in enumerate(rules):
        old = known.get(rule.key)
        if old == rule:
            continue
        kind = rule.object_type
        path = rule.target if rule.direction == Direction.IN else rule.source
        if kind in list(ObjectType) and path in _IDENTITY.get(ObjectType(kind), ()) and rule.direction == Direction.IN:
            found.append(
                _warning(place, "identity_key", f"People are told apart by {path}: a change here may make doubles.")
            )
        category = PERSONAL.get(_root(rule.source)) if kind == ObjectType.CUSTOMER else None
        if rule.direction == Direction.OUT and category and (kind, _root(rule.source)) not in left:
            found.append(_warning(place, "personal_data", f"Personal data leaves that did not before: {category}."))
    return found


def _error(place: int, code: str, sentence: str) -> Issue:
    return Issue(Level.ERROR, code, sentence, place)


def _warning(place: int, code: str, sentence: str) -> Issue:
    return Issue(Level.WARNING, code, sentence, place)


def _lack(sentence: str) -> Issue:
    return Issue(Level.ERROR, "required_unmapped", sentence)


def _root(path: str) -> str:
    return path.partition(".")[0]


_TYPE_WORDS: Mapping[T, str] = {
    T.MONEY: "sum of money", T.DATETIME: "date and time", T.BOOLEAN: "yes or no", T.REFERENCE: "pointer to a record",
    T.EMAIL: "e-mail address", T.PHONE: "phone number",
}  # fmt: skip
