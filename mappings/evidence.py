"""How well does a field take the place of one that a rule has lost? Named parts that add up to 100, with reasons. Pure.

| part | points |
|---|---|
| the provider shows that it is the same field: a stable id, or an id it had before | 40 |
| else at least eight records hold the very values in it, beyond what chance gives | 25 |
| the type is the same, or one that can hold it | 20, 10 |
| what it is called | 0 to 20 |
| what its values look like, or how many records agree | 0 to 20 |

So a name and a type alone come to 40, and what nobody but the values vouches for to 85: such a field is proposed at
most. What speaks against a field cannot be outweighed; it is listed, with the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.providers.types import Field, FieldType
from mappings import differences, labels, profiles
from mappings.canonical import CanonicalField
from mappings.change import Context
from mappings.differences import TYPE_WORDS
from mappings.engine import Rule, compile_rules
from mappings.outbound import found_at

SAME_FIELD, SAME_VALUES, SAME_TYPE, LIKE_TYPE, MOST_LABEL, MOST_PROFILE = 40, 25, 20, 10, 20, 20
PROPOSED_FROM, CERTAIN_FROM = 60, 90
_SHOWN = 3
_INTO_TEXT = frozenset({
    FieldType.EMAIL, FieldType.PHONE, FieldType.CHOICE, FieldType.COUNTRY, FieldType.NUMBER, FieldType.DATE,
    FieldType.DATETIME,
})  # fmt: skip
_OUT_OF_TEXT = frozenset({FieldType.EMAIL, FieldType.PHONE, FieldType.CHOICE, FieldType.COUNTRY, FieldType.DATE})
_OTHERS = frozenset({(FieldType.DATETIME, FieldType.DATE), (FieldType.COUNTRY, FieldType.CHOICE)})


@dataclass(frozen=True, slots=True)
class Sample:
    """One record: its values at the provider before and after, by field id, and ours by canonical fields.

    Empty where nothing is known of it.
    """

    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    ours: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lost:
    """A rule whose field is not what it was: the field as it was, and the canonical path that it stands for."""

    rule: Rule
    is_out: bool
    field: Field
    canonical: CanonicalField

    @property
    def path(self) -> str:
        """Return the canonical path."""
        return self.rule.source if self.is_out else self.rule.target


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to mend a rule: the rule that would take its place, and what it makes of the field: a canonical path."""

    rule: Rule
    field: Field
    means: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The points of an offer by part, the reasons in words, and what speaks against it, "" when nothing does."""

    identity: int
    type: int
    label: int
    profile: int
    reasons: tuple[str, ...]
    against: str
    is_lossless: bool
    samples: tuple[tuple[str, str], ...]

    @property
    def score(self) -> int:
        """Return the points; with something against it, too few to be proposed."""
        points = self.identity + self.type + self.label + self.profile
        return min(points, PROPOSED_FROM - 1) if self.against else points


def weigh(lost: Lost, offer: Offer, samples: Sequence[Sample], context: Context) -> Evidence:
    """Return what speaks for an offer and against it."""
    pairs = _pairs(lost, offer, samples, context)
    both = [pair for pair in pairs if pair[0] is not None and pair[1] is not None]
    if len(both) >= profiles.FEW:
        values = profiles.compare(pairs)
    else:
        values = profiles.compare_apart((ours for ours, _ in pairs), (theirs for _, theirs in pairs))
    is_same = _is_same_field(lost.field, offer.field)
    identity = SAME_FIELD if is_same else SAME_VALUES if values.is_proof else 0
    type_points = _type_points(lost, offer)
    label = round(MOST_LABEL * labels.likeness((lost.field.label, lost.field.id), offer.means, offer.field))
    held = _held(lost, offer, samples, context)
    return Evidence(
        identity, type_points, label, round(MOST_PROFILE * values.likeness),
        reasons=tuple(_reasons(lost, offer, values, is_same=is_same, type_points=type_points, label=label)),
        against=_against(offer, values, held, type_points=type_points),
        is_lossless=_is_lossless(lost, offer, values, held, type_points=type_points),
        samples=tuple((_shown(ours), _shown(theirs)) for ours, theirs in (both or pairs)[:_SHOWN]),
    )  # fmt: skip


def _is_same_field(before: Field, after: Field) -> bool:
    return differences.heir(before, [after]) is after


def _pairs(lost: Lost, offer: Offer, samples: Sequence[Sample], context: Context) -> list[tuple[Any, Any]]:
    """Return for each record what the rule carried, and what the offer would, side by side."""
    was, would_be = _carrier(lost.rule, context), _carrier(offer.rule, context)
    pairs = []
    for sample in samples:
        if lost.is_out:
            ours = would_be(found_at(sample.ours, offer.rule.source))
            pair = ours if ours is not None else sample.old.get(lost.rule.target), sample.new.get(offer.field.id)
        else:
            before = was(sample.old.get(lost.rule.source))
            ours = before if before is not None else found_at(sample.ours, lost.rule.target)
            pair = ours, would_be(sample.new.get(offer.field.id))
        pairs.append(pair)
    return [(_filled(ours), _filled(theirs)) for ours, theirs in pairs]


def _held(lost: Lost, offer: Offer, samples: Sequence[Sample], context: Context) -> list[Any]:
    """Return the values, as the provider writes them, that the field would have to hold."""
    if not lost.is_out:
        values = [sample.old.get(lost.rule.source) for sample in samples]
    else:
        would_be = _carrier(offer.rule, context)
        values = [would_be(found_at(sample.ours, offer.rule.source)) for sample in samples]
        values = [
            value if value is not None else sample.old.get(lost.rule.target)
            for value, sample in zip(values, samples, strict=True)
        ]
    return [value for value in values if _filled(value) is not None]


def _carrier(rule: Rule, context: Context) -> Any:
    run = compile_rules([Rule("value", "value", rule.transforms)], context)
    return lambda value: run({"value": value}).fields.get("value")


def _filled(value: Any) -> Any:
    return None if value in ("", [], {}) else value


def _type_points(lost: Lost, offer: Offer) -> int:
    """Return how well the type fits, in the direction in which the values go."""
    before, after = lost.field.type, offer.field.type
    if before is after:
        return SAME_TYPE
    source, target = (before, after) if lost.is_out else (after, before)
    fits = (
        (target is FieldType.TEXT and source in _INTO_TEXT)
        or (source is FieldType.TEXT and target in _OUT_OF_TEXT)
        or (source, target) in _OTHERS
    )
    return LIKE_TYPE if fits else 0


def _against(offer: Offer, values: profiles.Likeness, held: Sequence[Any], *, type_points: int) -> str:
    """Return what no number of points makes up for."""
    if not type_points:
        return f"it is {TYPE_WORDS[offer.field.type]}, which does not go with what was there"
    if values.is_contradiction:
        return f"{values.compared - values.agreeing} of {values.compared} records hold other values there"
    if offer.field.choices and held and 2 * _within(offer.field.choices, held) < len(held):
        return "it takes other choices than those in use"
    return ""


def _is_lossless(lost: Lost, offer: Offer, values: profiles.Likeness, held: Sequence[Any], *, type_points: int) -> bool:
    """Return whether everything that the rule carried goes on being carried, and something showed that it does."""
    is_wide_enough = type_points == SAME_TYPE or (offer.field if lost.is_out else lost.field).type is FieldType.TEXT
    if not is_wide_enough or not _takes(lost, offer, held):
        return False
    if values.compared:
        return values.agreeing == values.compared and values.missing == 0
    return values.likeness >= 0.7


def _takes(lost: Lost, offer: Offer, held: Sequence[Any]) -> bool:
    """Return whether length and choices hold everything: what is in use, and what could be before."""
    if not lost.is_out:
        return True
    before, after = lost.field, offer.field
    if after.choices and not (set(after.choices) >= set(before.choices) and _within(after.choices, held) == len(held)):
        return False
    if not after.longest:
        return True
    most = max((len(str(value)) for value in held), default=0)
    return after.longest >= (before.longest or 2 * most)


def overflowing(longest: int, held: Iterable[Any]) -> int:
    """Return how many values are longer than a field takes."""
    return sum(1 for value in held if isinstance(value, str) and len(value) > longest > 0)


def sent(rule: Rule, samples: Sequence[Sample], context: Context) -> list[Any]:
    """Return what a rule on its way out sends of these records."""
    would_be = _carrier(rule, context)
    values = (would_be(found_at(sample.ours, rule.source)) for sample in samples)
    return [value for value in values if _filled(value) is not None]


def _within(choices: Sequence[str], held: Iterable[Any]) -> int:
    known = set(choices)
    return sum(1 for value in held if str(value) in known)


def _reasons(
    lost: Lost, offer: Offer, values: profiles.Likeness, *, is_same: bool, type_points: int, label: int
) -> Iterable[str]:
    if is_same:
        yield f"it is the same field as “{lost.field.label}”"
    if type_points == SAME_TYPE:
        yield f"same type ({TYPE_WORDS[offer.field.type]})"
    elif type_points:
        yield f"{TYPE_WORDS[offer.field.type]} goes with {TYPE_WORDS[lost.field.type]}"
    if label >= MOST_LABEL // 2:
        yield f"“{offer.field.label}” is called much like “{lost.canonical.label}”"
    if values.compared:
        yield f"{values.agreeing} of {values.compared} records hold the same value there"
    elif values.looks:
        yield f"it holds {values.looks}"
    if values.missing:
        yield f"{values.missing} records have nothing there"
    if 0 < offer.field.longest < lost.field.longest:
        yield f"it takes {offer.field.longest} characters, and {lost.field.longest} went in before"


def _shown(value: Any) -> str:
    return "" if value is None else profiles.plain(value)[:80]
