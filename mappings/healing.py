"""Which rules broke when a provider's fields changed, and what would mend each of them? Pure.

Every rule whose field is gone, is another one or does not take any more what it took is told, whether or not anything
can take its place. What scores 90 and more, loses nothing, is not required and leaves the next best ten points behind
may be applied by itself where the owner allowed it; 60 to 89 is proposed; the rest is listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from integrations.providers.types import Field, FieldType, ObjectType
from mappings import canonical, evidence
from mappings.canonical import CanonicalField
from mappings.change import Context
from mappings.differences import Difference, Kind, differences
from mappings.engine import Rule
from mappings.evidence import CERTAIN_FROM, PROPOSED_FROM, Evidence, Lost, Offer, Sample
from mappings.offers import NAME_PARTS, offers

_MARGIN = 10
_MOST_LISTED = 8
_FULL_NAME = CanonicalField("full_name", "Full name")
_BREAKS_BOTH = frozenset({Kind.REMOVED, Kind.RENAMED, Kind.REPLACED, Kind.RETYPED})


class Verdict(StrEnum):
    """What may be done with a proposal."""

    APPLY = "apply"
    PROPOSE = "propose"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Ruled:
    """One rule in force and its direction."""

    rule: Rule
    is_out: bool = False

    @property
    def field_id(self) -> str:
        """Return the provider's field that it needs."""
        return self.rule.target if self.is_out else self.rule.source

    @property
    def field_ids(self) -> tuple[str, ...]:
        """Return every field of the provider's that it needs: a combined value is made of several."""
        return (self.rule.target,) if self.is_out else self.rule.reads

    @property
    def path(self) -> str:
        """Return the canonical path that it needs."""
        return self.rule.source if self.is_out else self.rule.target


@dataclass(frozen=True, slots=True)
class Proposal:
    """The rules that would take the place of a broken one, with what speaks for each of them."""

    rules: tuple[Rule, ...]
    fields: tuple[Field, ...]
    evidence: tuple[Evidence, ...]
    verdict: Verdict = Verdict.LIST

    @property
    def score(self) -> int:
        """Return the points out of 100: those of the weaker part where there are two."""
        return min(each.score for each in self.evidence)

    @property
    def is_lossless(self) -> bool:
        """Return whether nothing that was carried is lost."""
        return all(each.is_lossless for each in self.evidence)

    @property
    def against(self) -> str:
        """Return what speaks against it, "" when nothing does."""
        return next((each.against for each in self.evidence if each.against), "")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A broken rule: why, what would mend it, best first, and whether its object has to wait until it is mended."""

    broken: Ruled
    sentence: str
    is_required: bool
    proposals: tuple[Proposal, ...]

    @property
    def certain(self) -> Proposal | None:
        """Return what may take its place by itself where the owner allowed it."""
        first = self.proposals[0] if self.proposals else None
        return first if first is not None and first.verdict is Verdict.APPLY else None


@dataclass(frozen=True, slots=True)
class Findings:
    """Every broken rule, and the fields that the provider wants filled now and no rule fills."""

    diagnoses: tuple[Diagnosis, ...]
    unfilled: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One object of a connection: its fields before and now, its rules, and some records."""

    object_type: ObjectType
    old: Sequence[Field]
    new: Sequence[Field]
    rules: Sequence[Ruled]
    samples: Sequence[Sample]
    context: Context


def examine(case: Case) -> Findings:
    """Return what broke and what would mend it."""
    found = broken(case)
    whole = [ruled for ruled in case.rules if not any(ruled == each for each, _, _ in found)]
    diagnoses = tuple(_diagnosis(ruled, field, why, case, whole) for ruled, field, why in found)
    return Findings(_without_clashes(diagnoses), unfilled(case))


def broken(case: Case) -> list[tuple[Ruled, Field, str]]:
    """Return the rules that cannot go on, each with the field that it lost and the reason in an owner's words."""
    changes = differences(case.old, case.new)
    return [(ruled, *why) for ruled in case.rules if (why := _why(ruled, changes, case))]


def unfilled(case: Case) -> tuple[Field, ...]:
    """Return what must be filled now and is not, where anything is sent at all."""
    filled = {each.rule.target for each in case.rules if each.is_out}
    demanded = [each.after for each in differences(case.old, case.new) if each.kind is Kind.DEMANDED]
    return tuple(field for field in demanded if field is not None and filled and field.id not in filled)


def _why(ruled: Ruled, changes: Sequence[Difference], case: Case) -> tuple[Field, str] | None:
    """Return which field a rule has lost and why it cannot go on as it is, None when it can."""
    for each in changes:
        if each.before is not None and each.before.id in ruled.field_ids and _breaks(ruled, each, case):
            return each.before, each.sentence
    return None


def _breaks(ruled: Ruled, change: Difference, case: Case) -> bool:
    if change.kind in _BREAKS_BOTH:
        return True
    if not ruled.is_out or change.after is None:
        return False
    if change.kind is Kind.CLOSED:
        return True
    values = evidence.sent(ruled.rule, case.samples, case.context)
    values += [ruled.rule.default] if ruled.rule.default is not None else []
    if change.kind is Kind.SHORTENED:
        return evidence.overflowing(change.after.longest, values) > 0
    return change.kind is Kind.NARROWED and any(str(value) not in change.after.choices for value in values)


def _diagnosis(ruled: Ruled, field: Field, why: str, case: Case, whole: Sequence[Ruled]) -> Diagnosis:
    lost = Lost(ruled.rule, ruled.is_out, field, _canonical(case.object_type, ruled.path))
    is_required = ruled.rule.required or lost.canonical.required or (ruled.is_out and field.required)
    in_use = {each.field_id for each in whole if each.is_out is ruled.is_out}
    is_combined = len(ruled.rule.reads) > 1  # which of several fields another one stands for is for a person to say
    found = [] if is_combined else _best(lost, case, in_use)
    return Diagnosis(ruled, why, is_required, _judged(found, is_required=is_required))


def _canonical(object_type: ObjectType, path: str) -> CanonicalField:
    fields = (*canonical.OBJECTS[object_type].fields, _FULL_NAME)
    return next((each for each in fields if each.path == path), CanonicalField(path, path, FieldType.TEXT))


def _best(lost: Lost, case: Case, in_use: set[str]) -> list[Proposal]:
    """Return one proposal for each field that is there, the best first, and for two fields that share what was one."""
    singles: list[Proposal] = []
    for field in case.new:
        if lost.is_out and not field.writable:
            continue
        weighed = [_single(offer, lost, case, in_use) for offer in offers(lost, field)]
        singles.append(max(weighed, key=_rank))
    both = _shared_out(lost, case, in_use)
    return sorted([*singles, *both], key=_rank, reverse=True)[:_MOST_LISTED]


def _rank(proposal: Proposal) -> tuple[int, int, bool]:
    points = sum(e.identity + e.type + e.label + e.profile for e in proposal.evidence) // len(proposal.evidence)
    return proposal.score, points, len(proposal.rules) > 1


def _single(offer: Offer, lost: Lost, case: Case, in_use: set[str]) -> Proposal:
    found = evidence.weigh(lost, offer, case.samples, case.context)
    if offer.field.id in in_use:
        found = replace(found, against=found.against or "another rule uses it already", is_lossless=False)
    return Proposal((offer.rule,), (offer.field,), (found,))


def _shared_out(lost: Lost, case: Case, in_use: set[str]) -> list[Proposal]:
    """Return the proposal to send first and last names into two fields, where they went into one."""
    if not lost.is_out or lost.path != "full_name":
        return []
    parts = []
    for path in NAME_PARTS:
        part = replace(lost, rule=replace(lost.rule, source=path), canonical=_canonical(case.object_type, path))
        there = [Offer(replace(part.rule, target=each.id), each, path) for each in case.new if each.writable]
        if not there:
            return []
        parts.append(max((_single(offer, part, case, in_use) for offer in there), key=_rank))
    first, last = parts
    if first.fields == last.fields:
        return []
    return [Proposal(first.rules + last.rules, first.fields + last.fields, first.evidence + last.evidence)]


def _judged(found: Sequence[Proposal], *, is_required: bool) -> tuple[Proposal, ...]:
    """Return the proposals with their verdicts; at most the first may be applied."""
    judged = [replace(each, verdict=_by_points(each)) for each in found]
    if judged and _is_certain(judged, is_required=is_required):
        judged[0] = replace(judged[0], verdict=Verdict.APPLY)
    return tuple(judged)


def _by_points(proposal: Proposal) -> Verdict:
    return Verdict.PROPOSE if proposal.score >= PROPOSED_FROM else Verdict.LIST


def _is_certain(judged: Sequence[Proposal], *, is_required: bool) -> bool:
    best = judged[0]
    ahead = best.score - (judged[1].score if len(judged) > 1 else 0)
    is_plain = len(best.rules) == 1
    return best.score >= CERTAIN_FROM and best.is_lossless and is_plain and not is_required and ahead >= _MARGIN


def _without_clashes(diagnoses: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """Return the diagnoses so that no two of them would by themselves fill the same target."""
    targets = [
        (each.broken.is_out, rule.target)
        for each in diagnoses
        for rule in (each.proposals[0].rules if each.proposals else ())
    ]
    return tuple(
        replace(each, proposals=(replace(each.proposals[0], verdict=Verdict.PROPOSE), *each.proposals[1:]))
        if _applies(each) and targets.count((each.broken.is_out, each.proposals[0].rules[0].target)) > 1
        else each
        for each in diagnoses
    )


def _applies(diagnosis: Diagnosis) -> bool:
    return bool(diagnosis.proposals) and diagnosis.proposals[0].verdict is Verdict.APPLY
