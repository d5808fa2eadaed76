"""The corpus of scripted changes, read into cases for the healer, and what is judged of each.

A case names a base (an object of a provider with its fields) and what is done to it: `rename` (the same field under
another id), `remove`, `add`, `alter`. `holds` names the column of the cast that a field's values come from, `seen`
whether the same records are seen afterwards ("same", the default) or others. `truth` says for each canonical path
whose rule breaks what takes its place: a field, two fields, or null for nothing.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from integrations.problems import Problem
from integrations.providers.types import JSON, Field, FieldType, Money, ObjectType
from mappings import canonical, mending
from mappings.change import Context
from mappings.engine import Rule
from mappings.evidence import Sample
from mappings.healing import Case, Diagnosis, Findings, Proposal, Ruled, Verdict, examine
from mappings.holding import ruled_of
from mappings.models import Direction, FieldMapping

Accepted = list[tuple[Ruled, Proposal | None]]
HERE = Path(__file__).parent / "corpus"
SHIPPED = Path(canonical.__file__).parent / "shipped"
PROVIDERS = ("mailchimp", "square", "stripe", "quickbooks")
BEFORE, FROM = 16, 8  # the first 16 records are seen before; afterwards all 24, or those from the ninth on not before


@dataclass(frozen=True)
class Scripted:
    """One case with its truth."""

    name: str
    kind: str
    case: Case
    truth: JSON
    unfilled: frozenset[str]

    @property
    def is_held_back(self) -> bool:
        """Return whether the case is kept from tuning: by its name alone."""
        return sha256(self.name.encode()).digest()[0] % 2 == 1


@dataclass
class Judged:
    """What the healer made of one case.

    Of rules that have a successor: how many, for how many it is proposed first, and for how many it is at least the
    first that is listed. Of those that have none: how many, and for how many something is proposed all the same.
    """

    automatic: int = 0
    automatic_right: int = 0
    succeeded: int = 0
    proposed_first: int = 0
    listed_first: int = 0
    gone: int = 0
    gone_but_proposed: int = 0
    unbroken_told: int = 0
    silent: int = 0
    left_empty: int = 0
    clashes: int = 0
    faults: tuple[str, ...] = ()


@cache
def cases() -> tuple[Scripted, ...]:
    """Return the whole corpus."""
    bases, cast = _read("bases"), _read("cast")
    return tuple(_scripted(entry, bases, cast) for name in PROVIDERS for entry in _read(name))


def judge(scripted: Scripted) -> Judged:
    """Return how the healer does on one case."""
    findings, judged = examine(scripted.case), Judged()
    for diagnosis in findings.diagnoses:
        _judge(diagnosis, scripted, judged)
    judged.left_empty, judged.clashes = _afterwards(scripted, findings)
    judged.silent = _silent(scripted, findings) + len(scripted.unfilled - {each.id for each in findings.unfilled})
    return judged


def _judge(diagnosis: Diagnosis, scripted: Scripted, judged: Judged) -> None:
    path = diagnosis.broken.path
    known = f"{path}@out" if diagnosis.broken.is_out and f"{path}@out" in scripted.truth else path
    if known not in scripted.truth:
        judged.unbroken_told += 1
        judged.faults += (f"{path} was not broken",)
        return
    wanted = _wanted(scripted.truth[known])
    found = diagnosis.proposals[0] if diagnosis.proposals else None
    offered = [each.id for each in found.fields] if found else []
    is_proposed = found is not None and found.verdict is not Verdict.LIST
    if wanted:
        judged.succeeded += 1
        judged.listed_first += offered == wanted
        judged.proposed_first += offered == wanted and is_proposed
    else:
        judged.gone += 1
        judged.gone_but_proposed += is_proposed
    if (offered != wanted and wanted) or (is_proposed and not wanted):
        judged.faults += (f"{path}: {offered} and not {wanted}",)
    if found is not None and found.verdict is Verdict.APPLY:
        judged.automatic += 1
        judged.automatic_right += offered == wanted


def _silent(scripted: Scripted, findings: Findings) -> int:
    """Return how many rules lost their field, or should have been told of, without a word."""
    there = {each.id for each in scripted.case.new}
    told = [each.broken for each in findings.diagnoses if each.sentence]
    lost = [each for each in scripted.case.rules if each.field_id not in there]
    paths = {each.path for each in told} | {f"{each.path}@out" for each in told if each.is_out}
    return sum(each not in told for each in lost) + len(set(scripted.truth) - paths)


def _afterwards(scripted: Scripted, findings: Findings) -> tuple[int, int]:
    """Return how many required fields are empty and untold, and how often what is certain is refused as a conflict.

    Whatever is accepted: nothing, what is certain, or the first proposal of each. The last may be refused, and then
    nothing is changed.
    """
    nothing: Accepted = [(each.broken, None) for each in findings.diagnoses]
    certain: Accepted = [(each.broken, each.certain) for each in findings.diagnoses]
    firsts: Accepted = [(each.broken, next(iter(each.proposals), None)) for each in findings.diagnoses]
    empty = clashes = 0
    for accepted in (nothing, certain, firsts):
        try:
            empty += len(_empty(scripted, findings, _in_force(scripted, accepted)))
        except Problem:
            clashes += accepted is not firsts
    return empty, clashes


def _in_force(scripted: Scripted, accepted: Accepted) -> list[Ruled]:
    """Return the rules that do something in the next version. Raises Problem conflict, as accepting them does."""
    broken = [ruled for ruled, _ in accepted]
    rows = [_stored(scripted, each, is_held=each in broken) for each in scripted.case.rules]
    proposals = [next((to for ruled, to in accepted if ruled == each), None) for each in scripted.case.rules]
    return [ruled_of(row) for row in mending.mended(rows, proposals, by=None) if not row.paused_reason]


def _stored(scripted: Scripted, ruled: Ruled, *, is_held: bool) -> FieldMapping:
    rule = ruled.rule
    return FieldMapping(
        object_type=scripted.case.object_type, direction=Direction.OUT if ruled.is_out else Direction.IN,
        source=rule.source, target=rule.target, transforms=list(rule.transforms), default=rule.default,
        required=rule.required, paused_reason="held" if is_held else "",
    )  # fmt: skip


def _empty(scripted: Scripted, findings: Findings, rules: list[Ruled]) -> set[str]:
    waiting = {each.broken.is_out for each in findings.diagnoses if each.is_required} if findings.diagnoses else set()
    told = {each.id for each in findings.unfilled}
    out = {each.rule.target for each in rules if each.is_out}
    before = {each.rule.target for each in scripted.case.rules if each.is_out}
    if not before or True in waiting:
        return set()
    unmet = {each.id for each in scripted.case.old if each.required and each.id not in before}
    return {each.id for each in scripted.case.new if each.required} - out - told - unmet


def _wanted(truth: Any) -> list[str]:
    return [] if truth is None else [truth] if isinstance(truth, str) else truth


def _read(name: str) -> Any:
    return orjson.loads((HERE / f"{name}.json").read_bytes())


def _scripted(entry: JSON, bases: JSON, cast: JSON) -> Scripted:
    base, name = bases[entry["base"]], f"{entry['base']}: {entry['name']}"
    provider, kind = entry["base"].split(".")
    old, new = base["fields"], _changed(base["fields"], entry)
    case = Case(
        ObjectType(kind),
        [_field(id, each) for id, each in old.items()],
        [_field(id, each) for id, each in new.items()],
        [each for each in _rules(provider, kind, base["rules"]) if each.field_id in old],
        _samples(base["ours"], old, new, cast[base["cast"]], entry.get("seen", "same")),
        Context(provider=provider, timezone="Europe/London", country="GB"),
    )
    return Scripted(name, entry["kind"], case, entry["truth"], frozenset(entry.get("unfilled", ())))


def _changed(fields: JSON, entry: JSON) -> JSON:
    renames = entry.get("rename", {})
    kept = {id: each for id, each in fields.items() if id not in entry.get("remove", ()) and id not in renames}
    altered = {id: each | entry.get("alter", {}).get(id, {}) for id, each in kept.items()}
    renamed = {
        change["to"]: fields[id] | {key: value for key, value in change.items() if key != "to"}
        for id, change in renames.items()
    }
    return altered | renamed | entry.get("add", {})


def _field(id: str, each: JSON) -> Field:
    return Field(
        id, each["label"], FieldType(each.get("type", "text")), stable=each.get("stable", ""),
        writable=each.get("writable", True), required=each.get("required", False),
        choices=tuple(each.get("choices", ())), longest=each.get("longest", 0), aliases=tuple(each.get("aliases", ())),
    )  # fmt: skip


def _rules(provider: str, kind: str, own: list[JSON]) -> list[Ruled]:
    shipped = next(each["rules"] for each in orjson.loads((SHIPPED / f"{provider}.json").read_bytes())
                   if each["object_type"] == kind)  # fmt: skip
    return [
        Ruled(Rule(**{key: value for key, value in rule.items() if key != "direction"}), rule.get("direction") == "out")
        for rule in [*shipped, *own]
    ]


def _samples(ours: JSON, old: JSON, new: JSON, cast: JSON, seen: str) -> list[Sample]:
    count = len(next(iter(cast.values())))
    return [
        Sample(
            _row(old, cast, row) if row < BEFORE else {},
            _row(new, cast, row) if seen == "same" or row >= BEFORE else {},
            _ours(ours, cast, row) if row < BEFORE else {},
        )
        for row in range(count)
    ]


def _row(fields: JSON, cast: JSON, row: int) -> JSON:
    return {id: _typed(cast[each["holds"]][row]) for id, each in fields.items()}


def _ours(paths: JSON, cast: JSON, row: int) -> JSON:
    fields: JSON = {}
    for path, column in paths.items():
        *above, name = path.split(".")
        place = fields
        for part in above:
            place = place.setdefault(part, {})
        place[name] = cast[column][row]
    return fields


def _typed(value: Any) -> Any:
    return Money(**value) if isinstance(value, dict) else value
