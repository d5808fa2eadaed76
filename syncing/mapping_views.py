"""The page on which an owner sees which field goes where, changes it, tries it on records, and takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from connections import lifecycle
from connections.models import Connection
from integrations.catalogue import provider_or_404
from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.permissions import may
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.types import FieldType, ObjectType
from mappings import canonical, field_list, judging, rules, versions
from mappings.models import Direction
from mappings.rules import RuleData
from syncing import fields as watched
from syncing import mapping, tasks
from syncing.mapping import Offer

_TRIED, _EXAMPLES_SHOWN = 50, 5
_WAYS = {
    "trim": "trim", "lower": "lower-case", "upper": "upper-case", "phone": "international", "birthday": "birthday",
    "choice": "choice table", "each": "each entry", "total": "sum", "only": "only entry", "country": "country code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """What fills one field: the rule there is, what could fill it instead, and an example from the owner's records."""

    name: str
    label: str
    type: str
    needed: bool
    rule: RuleData | None
    choices: list[tuple[str, str]]
    way: str
    example: tuple[str, str]


@require_http_methods(["GET", "POST"])
@page()
def rules_page(request: HttpRequest, member: VenueMembership, provider: str, object_type: str) -> HttpResponseBase:
    """Show the rules of one object in one direction; admins change them, go back, or accept what mends a held one."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    kind, direction = _asked(request, found, object_type)
    versions.install_default(connection)
    now = versions.in_force(connection)
    current = rules.of(connection, now)
    shown: dict[str, Any] = {}
    if request.method == "POST":
        if not may(member, Role.VENUE_ADMIN):
            raise Problem("forbidden", "Only a venue admin can change which field goes where.")
        done = _act(request, connection, found, kind, direction, current)
        if isinstance(done, str):
            messages.success(request, done)
            query = {"direction": str(direction)}
            return see_other(address("mapping", member.venue, provider=provider, object_type=kind, query=query))
        shown = done
        current = shown.pop("wanted", current)
    mine = [each for each in current if (each.object_type, each.direction) == (kind, direction)]
    diagnoses = watched.proposals(connection, kind)
    offers = mapping.offers(connection, kind, diagnoses)
    shown |= {
        "provider": found, "connection": connection, "kind": kind, "direction": direction, "version": now,
        "kinds": _kinds(found), "directions": _directions(found, kind),
        "rows": _rows(connection, found, kind, direction, mine),
        "history": _history(connection), "held": _held(diagnoses, offers, direction),
        "reached": mapping.reach(connection, [kind]),
    }  # fmt: skip
    return render(request, member, "syncing/mapping.html", shown, status=400 if shown.get("issues") else 200)


def _act(
    request: HttpRequest, connection: Connection, provider: Provider, kind: ObjectType, direction: Direction,
    current: Sequence[RuleData],
) -> str | dict[str, Any]:  # fmt: skip
    """Do what was asked; return the sentence of what was done, or what the page shows beside the rules."""
    act, seen = request.POST.get("act", ""), _number(request.POST.get("version"))
    if act == "restore":
        saved = mapping.restore(connection, _number(request.POST.get("to")), seen=seen, by=request.user)
        tasks.ring(len(saved.objects))
        return f"Version {request.POST['to']} is back, as version {saved.version}."
    if act == "accept":
        found = mapping.offers(connection, kind, watched.proposals(connection, kind))
        version = mapping.heal(connection, kind, found, [request.POST.get("offer", "")], by=request.user)
        tasks.ring()
        return f"Mended, as version {version}. What waited goes on."
    wanted = _wanted(request.POST, connection, provider, kind, direction, current)
    if act == "test":
        return {"wanted": wanted, "tried": _tried(connection, kind, direction, wanted)}
    try:
        saved = mapping.save(
            connection, wanted, seen=seen, by=request.user, reason=request.POST.get("reason", "")[:200],
            confirmed=request.POST.get("confirmed") == "yes",
        )  # fmt: skip
    except Problem as problem:
        if problem.code not in ("mapping_broken", "confirm_mismatch"):
            raise
        needs_a_yes = problem.code == "confirm_mismatch"
        return {"wanted": wanted, "issues": [each["detail"] for each in problem.more["errors"]], "asks": needs_a_yes}
    tasks.ring(len(saved.objects))
    if not saved.objects:
        return "Nothing was different, so nothing was saved."
    count = mapping.reach(connection, saved.objects)
    return f"Saved as version {saved.version}. {count:,} records are mapped again, without a new download."


def _wanted(
    given: Mapping[str, str], connection: Connection, provider: Provider, kind: ObjectType, direction: Direction,
    current: Sequence[RuleData],
) -> list[RuleData]:  # fmt: skip
    """Return all rules with those of this object and direction as the form says."""
    others = [each for each in current if (each.object_type, each.direction) != (kind, direction)]
    mine = {each.target: each for each in current if (each.object_type, each.direction) == (kind, direction)}
    made = []
    for target in _targets(connection, provider, kind, direction):
        source = given.get(f"field:{target}", "")
        old = mine.get(target)
        if not source:
            continue
        if old is not None and old.source == source:
            made.append(old)
        elif old is not None:
            made.append(replace(old, source=source, transforms=[], paused_reason=""))
        else:
            made.append(RuleData(kind, direction, source, target))
    return others + made


def _rows(
    connection: Connection, provider: Provider, kind: ObjectType, direction: Direction, mine: Sequence[RuleData]
) -> list[_Row]:
    by_target = {each.target: each for each in mine}
    sources = _sources(connection, provider, kind, direction)
    examples = _examples(connection, kind, direction, mine)
    return [
        _Row(
            f"field:{target}", label, judging.word(type_), needed, by_target.get(target),
            [(name, words) for name, (words, made) in sources.items()
             if judging.fits(made, type_) or _is_source(by_target.get(target), name)],
            _way(by_target.get(target)), examples.get(target, ("", "")),
        )
        for target, (label, type_, needed) in _targets(connection, provider, kind, direction).items()
    ]  # fmt: skip


def _targets(
    connection: Connection, provider: Provider, kind: ObjectType, direction: Direction
) -> dict[str, tuple[str, FieldType, bool]]:
    """Return what can be filled: its label, its type, and whether it must be."""
    if direction == Direction.IN:
        return {each.path: (each.label, each.type, each.required) for each in canonical.OBJECTS[kind].fields}
    theirs = field_list.of(provider, connection).get(kind, [])
    return {each.id: (each.label, each.type, each.required) for each in theirs if each.writable}


def _sources(
    connection: Connection, provider: Provider, kind: ObjectType, direction: Direction
) -> dict[str, tuple[str, FieldType]]:
    """Return what a field can be filled from, with its label and type."""
    if direction == Direction.OUT:
        return {each.path: (each.label, each.type) for each in canonical.OBJECTS[kind].fields}
    return {each.id: (each.label, each.type) for each in field_list.of(provider, connection).get(kind, [])}


def _examples(
    connection: Connection, kind: ObjectType, direction: Direction, mine: Sequence[RuleData]
) -> dict[str, tuple[str, str]]:
    """Return by what a rule fills what goes in and what comes out, of the newest record; empty where there is none."""
    found = mapping.tried(connection, kind, direction, mine, record=None, last=1, sample=None)
    rows = found[0][1] if found else []
    return {row.target: (_short(row.input), row.warning or _short(row.output)) for row in rows}


def _tried(
    connection: Connection, kind: ObjectType, direction: Direction, wanted: Sequence[RuleData]
) -> dict[str, Any]:
    """Return how many of the last fifty records are fine with these rules, and what is wrong with the others."""
    found = mapping.tried(connection, kind, direction, wanted, record=None, last=_TRIED, sample=None)
    amiss = [(name, [f"{row.target}: {row.warning}" for row in rows if row.warning]) for name, rows in found]
    amiss = [(name, why) for name, why in amiss if why]
    return {"count": len(found), "fine": len(found) - len(amiss), "amiss": amiss[:_EXAMPLES_SHOWN], "more": len(amiss)}


def _held(found: Any, offers: Sequence[Offer], direction: Direction) -> list[dict[str, Any]]:
    """Return the rules that are held in this direction, why, and what would mend them."""
    mine = [each for each in found.diagnoses if each.broken.is_out == (direction == Direction.OUT)]
    return [
        {
            "target": each.broken.rule.target, "why": each.sentence,
            "offers": [offer for offer in offers
                       if (offer.row.direction, offer.row.target) == (direction, each.broken.rule.target)][:3],
        }
        for each in mine
    ]  # fmt: skip


def _history(connection: Connection) -> list[dict[str, Any]]:
    known = mapping.history(connection)[:10]
    told = []
    for place, each in enumerate(known):
        before = known[place + 1]["version"] if place + 1 < len(known) else 0
        changes = (
            rules.differences(rules.of(connection, before), rules.of(connection, each["version"])) if before else []
        )
        told.append(each | {"changes": changes[:_EXAMPLES_SHOWN], "more": max(0, len(changes) - _EXAMPLES_SHOWN)})
    return told


def _asked(request: HttpRequest, provider: Provider, object_type: str) -> tuple[ObjectType, Direction]:
    """Return the object and the direction. Raises Problem not_found."""
    if object_type not in provider.parts:
        raise Problem("not_found", f"{provider.spec.name} has no such records.")
    kind = ObjectType(object_type)
    wanted = request.POST.get("direction") or request.GET.get("direction") or Direction.IN
    known = [each for each, _ in _directions(provider, kind)]
    return kind, Direction(wanted) if wanted in known else Direction(known[0])


def _directions(provider: Provider, kind: ObjectType) -> list[tuple[str, str]]:
    name = provider.spec.name
    found = [(str(Direction.IN), f"From {name}")] if kind in provider.streams else []
    return found + ([(str(Direction.OUT), f"To {name}")] if kind in provider.writers else [])


def _kinds(provider: Provider) -> list[tuple[str, str]]:
    return [(str(kind), canonical.OBJECTS[kind].plural.capitalize()) for kind in ObjectType if kind in provider.parts]


def _way(rule: RuleData | None) -> str:
    if rule is None:
        return ""
    names = [str(step.get("name", "")) for step in rule.transforms]
    return ", ".join(_WAYS.get(name, name.replace("_", " ")) for name in names) or "as it is"


def _number(text: str | None) -> int:
    """Return the number of a version, 0 for what is none: there is no such version."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _is_source(rule: RuleData | None, name: str) -> bool:
    return rule is not None and rule.source == name


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    parts = value if isinstance(value, list) else [] if value is None else [value]
    text = ", ".join(str(part.get("name", "…") if isinstance(part, Mapping) else part) for part in parts)
    return text if len(text) <= 60 else f"{text[:59]}…"
