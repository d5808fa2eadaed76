"""The page on which an owner sees which field goes where, changes it, tries it on records, and takes it back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from connections import lifecycle
from connections.models import Connection
from integrations.catalogue import provider_or_404
from integrations.ids import uuid_of
from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.permissions import may
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from mappings import canonical, field_list, own_templates, rules, versions, watching
from mappings.models import Direction, FieldMappingTemplate
from mappings.rules import RuleData
from mappings.saving import Saved
from syncing import fields as watched
from syncing import mapping, mapping_form, mapping_rows, mapping_sides, tasks
from syncing.mapping import Offer

_TRIED, _EXAMPLES_SHOWN, _MOST_OFFERED = 50, 5, 3
_VERSIONS = 10  # of the history
_STRATEGIES = {
    "merge": "Take it over, keep my own fields beside it", "fill_empty": "Only fill what nothing fills yet",
    "replace": "Take it over exactly; my own fields go",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked at: the rules of one object of one connection in one direction."""

    request: HttpRequest
    member: VenueMembership
    connection: Connection
    provider: Provider
    kind: ObjectType
    direction: Direction
    version: int
    current: Sequence[RuleData]

    @property
    def given(self) -> Any:
        """Return what was posted."""
        return self.request.POST

    @property
    def seen(self) -> int:
        """Return the version that the form was made from."""
        return number(self.given.get("version"))

    def mine(self, every: Sequence[RuleData]) -> list[RuleData]:
        """Return the rules that are looked at."""
        return [each for each in every if (each.object_type, each.direction) == (self.kind, self.direction)]


@dataclass(slots=True)
class _Shown:
    """What the page shows beside the rules in force: rules that are not saved, what was found, what is asked."""

    wanted: Sequence[RuleData] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


@require_http_methods(["GET", "POST"])
@page()
def rules_page(request: HttpRequest, member: VenueMembership, provider: str, object_type: str) -> HttpResponseBase:
    """Show the rules of one object in one direction; admins change them, go back, or accept what mends a held one."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    kind, direction = _which(request, found, object_type)
    versions.install_default(connection)
    now = versions.in_force(connection)
    asked = _Asked(request, member, connection, found, kind, direction, now, rules.of(connection, now))
    shown = _Shown()
    if request.method == "POST":
        if not may(member, Role.VENUE_ADMIN):
            raise Problem("forbidden", "Only a venue admin can change which field goes where.")
        done = _act(asked)
        if isinstance(done, str):
            messages.success(request, done)
            query = {"direction": str(direction)}
            return see_other(address("mapping", member.venue, provider=provider, object_type=kind, query=query))
        shown = done
    has_faults = bool(shown.more.get("issues"))
    return render(request, member, "syncing/mapping.html", context(asked, shown), status=400 if has_faults else 200)


def context(asked: _Asked, shown: _Shown) -> dict[str, Any]:
    """Return all that the page shows."""
    connection, kind, direction = asked.connection, asked.kind, asked.direction
    every = shown.wanted if shown.wanted is not None else asked.current
    mine = asked.mine(every)
    words = asked.request.GET.get("q", "").strip()
    record = uuid_of(asked.request.GET.get("record") or asked.given.get("record") or "")
    examples = mapping.examples(connection, kind, direction, words=words, chosen=None if words else record)
    looked_at = next((each for each in examples if each[0] == record), examples[0] if examples else None)
    tried = mapping.tried(
        connection, kind, direction, mine, record=looked_at[0] if looked_at else None, last=1, sample=None
    )
    rows = mapping_rows.rows(
        connection, asked.provider, kind, direction, mine, tried=tried[0][1] if tried else (), errors=shown.errors
    )
    findings = watched.proposals(connection, kind)
    labels = field_list.labels_of(connection)
    unsaved = [] if shown.wanted is None else rules.differences(asked.current, shown.wanted, labels)
    return {
        "provider": asked.provider, "connection": connection, "kind": kind, "direction": direction,
        "version": asked.version, "kinds": _kinds(asked.provider), "directions": _directions(asked.provider, kind),
        "rows": rows, "filled": sum(row.rule is not None and not row.rule.paused_reason for row in rows),
        "lacking": [row.label for row in rows if row.group == "Required" and row.rule is None],
        "examples": examples, "example": looked_at, "words": words, "winners": mapping_rows.WINNERS, "unsaved": unsaved,
        "history": _history(connection, labels),
        "held": _held(findings, mapping.offers(connection, kind, findings), direction),
        "reached": mapping.reach(connection, [kind]), "mends_itself": watching.mends_itself(connection),
        "templates": _templates(asked), "strategies": _STRATEGIES, **shown.more,
    }  # fmt: skip


def _act(asked: _Asked) -> str | _Shown:
    """Do what was asked; return the sentence of what was done, or what the page shows."""
    acts: dict[str, Callable[[_Asked], str | _Shown]] = {
        "look": _look, "test": _test, "save": _save, "restore": _restore, "accept": _accept, "mends": _mends,
        "template": _take_template, "keep_template": _keep_template, "drop_template": _drop_template, "reset": _reset,
    }  # fmt: skip
    act = acts.get(asked.given.get("act", ""))
    if act is None:
        raise Problem("validation_failed", "This page knows no such action. Go back and try again.")
    return act(asked)


def _wanted(asked: _Asked) -> list[RuleData]:
    targets = mapping_sides.targets(asked.connection, asked.provider, asked.kind, asked.direction)
    return mapping_form.wanted(asked.given, asked.kind, asked.direction, targets, asked.current)


def _look(asked: _Asked) -> _Shown:
    """Show what was chosen so far, with the examples that come of it; nothing is saved."""
    return _Shown(_wanted(asked))


def _test(asked: _Asked) -> _Shown:
    wanted = _wanted(asked)
    return _Shown(wanted, {"tried": _tried(asked, wanted), "impact": _impact(asked, wanted)})


def _save(asked: _Asked) -> str | _Shown:
    wanted = _wanted(asked)
    try:
        saved = mapping.save(
            asked.connection, wanted, seen=asked.seen, by=asked.request.user,
            reason=asked.given.get("reason", "")[:200], confirmed=asked.given.get("confirmed") == "yes",
        )  # fmt: skip
    except Problem as problem:
        return _refused(asked, wanted, problem)
    return _done(asked, saved)


def _refused(asked: _Asked, wanted: Sequence[RuleData], problem: Problem) -> _Shown:
    """Return what the page shows of rules that are not saved. Raises what is no fault of theirs."""
    if problem.code not in ("mapping_broken", "confirm_mismatch"):
        raise problem
    errors: dict[str, list[str]] = {}
    told = []
    for each in problem.more["errors"]:
        place = each["pointer"].removeprefix("/rules").strip("/")
        rule = wanted[int(place)] if place else None
        if rule is not None and (rule.object_type, rule.direction) == (asked.kind, asked.direction):
            errors.setdefault(rule.target, []).append(each["detail"])
        told.append((rule.target if rule is not None else "", each["detail"]))
    more = {"issues": told, "asks": problem.code == "confirm_mismatch", "impact": _impact(asked, wanted)}
    return _Shown(wanted, more, errors)


def _restore(asked: _Asked) -> str:
    saved = mapping.restore(asked.connection, number(asked.given.get("to")), seen=asked.seen, by=asked.request.user)
    tasks.ring(len(saved.objects))
    return f"Version {asked.given['to']} is back, as version {saved.version}."


def _accept(asked: _Asked) -> str:
    found = mapping.offers(asked.connection, asked.kind, watched.proposals(asked.connection, asked.kind))
    version = mapping.heal(asked.connection, asked.kind, found, [asked.given.get("offer", "")], by=asked.request.user)
    tasks.ring()
    return f"Mended, as version {version}. What waited goes on."


def _mends(asked: _Asked) -> str:
    wished = asked.given.get("mends_itself") == "yes"
    watching.let_mend(asked.connection, wished)
    if wished:
        return "What is certain and loses nothing is put right by itself from now on. It stands in the versions."
    return "Nothing is put right by itself any more; it is proposed here."


def _template(asked: _Asked) -> FieldMappingTemplate:
    found = own_templates.offered(asked.connection).filter(object_type=asked.kind)
    template = found.filter(key=asked.given.get("template", "")).first()
    if template is None:
        raise Problem("not_found", "There is no such template for this venue.")
    return template


def _take_template(asked: _Asked) -> str | _Shown:
    """Show what a template would change, and with a yes take it over."""
    template, strategy = _template(asked), asked.given.get("strategy", "merge")
    if strategy not in _STRATEGIES:
        raise Problem("validation_failed", "Choose how the template is taken over.")
    wanted = mapping.merged(asked.connection, template, strategy)
    return _offer(
        asked, wanted, f"Template “{template.name}”", act="template",
        hidden={"template": template.key, "strategy": strategy},
    )  # fmt: skip


def _reset(asked: _Asked) -> str | _Shown:
    """Show what going back to the template of this kind of venue would change, and with a yes do it."""
    others = [each for each in asked.current if each.object_type != asked.kind]
    again = [each for each in versions.default_rules(asked.connection) if each.object_type == asked.kind]
    return _offer(asked, others + again, "What the template says", act="reset", hidden={})


def _offer(
    asked: _Asked, wanted: Sequence[RuleData], reason: str, *, act: str, hidden: Mapping[str, str]
) -> str | _Shown:
    if asked.given.get("confirmed") != "yes":
        differences = rules.differences(asked.current, wanted, field_list.labels_of(asked.connection))
        if not differences:
            return "It would change nothing: these are your rules already."
        offer = {"title": reason, "act": act, "hidden": hidden, "differences": differences}
        return _Shown(None, {"offer": offer, "impact": _impact(asked, wanted)})
    try:
        saved = mapping.save(
            asked.connection, wanted, seen=asked.seen, by=asked.request.user, reason=reason, confirmed=True
        )
    except Problem as problem:
        return _refused(asked, wanted, problem)
    return _done(asked, saved)


def _keep_template(asked: _Asked) -> str:
    name = " ".join(asked.given.get("name", "").split())[:120]
    if not name:
        raise Problem("validation_failed", "Give the template a name.")
    kept = own_templates.keep(asked.connection, asked.kind, name)
    return f"Saved as your template “{kept.name}”."


def _drop_template(asked: _Asked) -> str:
    name = own_templates.remove(asked.connection, asked.given.get("template", ""))
    return f"Your template “{name}” is gone. The rules in force stay."


def _done(asked: _Asked, saved: Saved) -> str:
    tasks.ring(len(saved.objects))
    if not saved.objects:
        return "Nothing was different, so nothing was saved."
    impact = mapping.impact(asked.connection, saved)
    many = "1 record is" if impact.records == 1 else f"{impact.records:,} records are"
    told = f"Saved as version {saved.version}. {many} mapped again, without a new download."
    if impact.sent:
        told += f" Up to {impact.sent:,} of them are sent again."
    return told


def _impact(asked: _Asked, wanted: Sequence[RuleData]) -> mapping.Impact:
    unlike = rules.unlike(asked.current, wanted)
    objects = sorted({each.object_type for each in unlike})
    sent = sorted({each.object_type for each in unlike if each.direction == Direction.OUT})
    return mapping.impact(asked.connection, Saved(asked.version, [], objects, sent))


def _tried(asked: _Asked, wanted: Sequence[RuleData]) -> dict[str, Any]:
    """Return how many of the last fifty records are fine with these rules, and what is wrong with the others."""
    found = mapping.tried(asked.connection, asked.kind, asked.direction, wanted, record=None, last=_TRIED, sample=None)
    labels = mapping_sides.targets(asked.connection, asked.provider, asked.kind, asked.direction)
    amiss = [
        (name, [f"{labels[row.target].label if row.target in labels else row.target}: {row.warning}"
                for row in rows if row.warning])
        for name, rows in found
    ]  # fmt: skip
    amiss = [(name, why) for name, why in amiss if why]
    return {"count": len(found), "fine": len(found) - len(amiss), "amiss": amiss[:_EXAMPLES_SHOWN], "more": len(amiss)}


def _templates(asked: _Asked) -> list[dict[str, Any]]:
    """Return the templates of the object, each with why it is offered and how much it would change."""
    mine = [each for each in asked.current if each.object_type == asked.kind]
    return [
        {
            "key": each.key, "name": each.name, "why": own_templates.why(asked.connection, each),
            "own": each.venue_id is not None,
            "changes": len(rules.differences(mine, rules.of_template(each.object_type, each.rules))),
        }
        for each in own_templates.offered(asked.connection).filter(object_type=asked.kind)
    ]  # fmt: skip


def _held(found: Any, offers: Sequence[Offer], direction: Direction) -> list[dict[str, Any]]:
    """Return the rules that are held in this direction, why, and what would mend them."""
    mine = [each for each in found.diagnoses if each.broken.is_out == (direction == Direction.OUT)]
    return [
        {
            "target": each.broken.rule.target, "why": each.sentence,
            "offers": [offer for offer in offers
                       if (offer.row.direction, offer.row.target) == (direction, each.broken.rule.target)
                       ][:_MOST_OFFERED],
        }
        for each in mine
    ]  # fmt: skip


def _history(connection: Connection, labels: rules.Labels) -> list[dict[str, Any]]:
    """Return the latest versions, each with what it changed. Three queries."""
    known = mapping.history(connection)[: _VERSIONS + 1]
    found = rules.of_versions(connection, [each["version"] for each in known])
    told = []
    for place, each in enumerate(known[:_VERSIONS]):
        before = known[place + 1]["version"] if place + 1 < len(known) else 0
        changes = rules.differences(found[before], found[each["version"]], labels) if before else []
        told.append(each | {"changes": changes[:_EXAMPLES_SHOWN], "more": max(0, len(changes) - _EXAMPLES_SHOWN)})
    return told


def _which(request: HttpRequest, provider: Provider, object_type: str) -> tuple[ObjectType, Direction]:
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


def number(text: str | None) -> int:
    """Return the number of a version, 0 for what is none: there is no such version."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
