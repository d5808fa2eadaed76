"""Rules and the records that they carry: what a change reaches, what rules would make of a record, what follows."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Max

from connections.models import Connection
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.errors import BadRecord
from integrations.providers.types import ObjectType
from mappings import field_list, mending, rules, saving, trying, versions
from mappings.healing import Findings, Proposal
from mappings.models import Direction, FieldMapping, FieldMappingTemplate
from mappings.rules import RuleData
from mappings.saving import Saved
from mappings.trying import Tried
from syncing import consent, own_list, queue
from syncing.models import LinkState, Record, RecordLink, SyncCursor, Trigger
from syncing.queue import Wanted

_AMISS, _LATEST = 3, 12  # records that are offered as examples


def reach(connection: Connection, objects: Collection[str]) -> int:
    """Return how many stored records of these objects are mapped again. One query."""
    links = RecordLink.objects.filter(connection=connection, external_type__in=list(objects))
    return links.exclude(state=LinkState.DELETED).count()


@dataclass(frozen=True, slots=True)
class Impact:
    """What saving leads to: records mapped again here, records looked at again on their way out, and calls for these.

    `calls` is the least that sending all of them takes; `metered` whether such calls count against an allowance.
    """

    records: int
    sent: int
    calls: int
    metered: bool


def impact(connection: Connection, saved: Saved) -> Impact:
    """Return what saving leads to, or has led to. A query for each object that is sent there, and two more."""
    provider = PROVIDERS[connection.provider]
    begun = [ObjectType(each) for each in saved.sent if each in provider.writers]
    counts = {each: reach(connection, [each]) for each in begun if consent.has_begun(connection, each)}
    calls = sum(math.ceil(count / provider.writers[each].batch_size) for each, count in counts.items())
    is_metered = provider.call_class("POST", "/") in provider.spec.metered
    return Impact(reach(connection, saved.objects), sum(counts.values()), calls, calls > 0 and is_metered)


def save(
    connection: Connection, wanted: Sequence[RuleData], *, seen: int, by: Any, reason: str, confirmed: bool
) -> Saved:
    """Save the rules, and queue what maps the stored records of the changed objects again. Raises as `saving.save`."""
    saved = saving.save(connection, wanted, seen=seen, by=by, reason=reason, confirmed=confirmed)
    _map_again(connection, saved.objects, by)
    return saved


def restore(connection: Connection, version: int, *, seen: int, by: Any) -> Saved:
    """Bring an earlier version back; else as `save`. Raises Problem not_found."""
    saved = saving.restore(connection, version, seen=seen, by=by)
    _map_again(connection, saved.objects, by)
    return saved


def merged(connection: Connection, template: FieldMappingTemplate, strategy: str) -> list[RuleData]:
    """Return the rules in force with a template's: in their place, over them, or only for what nothing fills."""
    now = rules.of(connection, versions.in_force(connection))
    offered = rules.of_template(template.object_type, template.rules)
    keys = {each.key for each in offered}
    if strategy == "replace":
        return [each for each in now if each.object_type != template.object_type] + offered
    if strategy == "merge":
        return [each for each in now if each.key not in keys] + offered
    filled = {each.key for each in now}
    return now + [each for each in offered if each.key not in filled]


def examples(
    connection: Connection, kind: ObjectType, direction: Direction, *, words: str = "", chosen: UUID | None = None
) -> list[tuple[UUID, str]]:
    """Return records to look at the rules with, each with its name: some with a problem first, then the latest.

    `words` narrow them as they do in the list of records; the record with the id `chosen` is among them in any case.
    """
    every = Record.objects.live().filter(venue=connection.venue_id, object_type=kind)
    if direction == Direction.IN:
        every = every.filter(links__connection=connection)
    found = own_list.matching(every, kind, words)
    amiss = found.filter(links__connection=connection, links__problem__isnull=False).order_by("-pk")[:_AMISS]
    latest = [*found.order_by("-pk")[:_LATEST], *(every.filter(pk=chosen) if chosen else ())]
    known = {each.pk: f"{_named(each)} (with a problem)" for each in amiss}
    known |= {each.pk: _named(each) for each in latest if each.pk not in known}
    return list(known.items())


def _named(record: Record) -> str:
    """Return what an owner calls a record; its kind stands on the page already."""
    return str(record).removeprefix(f"{record.object_type} ")


def tried(
    connection: Connection,
    kind: ObjectType,
    direction: Direction,
    wanted: Sequence[RuleData],
    *,
    record: UUID | None,
    last: int,
    sample: dict[str, Any] | None,
) -> list[tuple[str, list[Tried]]]:
    """Return what the rules would make of a sample, of one record, or of the last few. Writes nothing, calls nobody."""
    mine = [each for each in wanted if (each.object_type, each.direction) == (kind, direction)]
    context = rules.context_of(connection)
    theirs = field_list.of(PROVIDERS[connection.provider], connection).get(kind, [])

    def run(values: Mapping[str, Any]) -> list[Tried]:
        if direction == Direction.IN:
            return trying.inward(mine, values, context)
        return trying.outward(mine, values, context, theirs)

    if sample is not None:
        return [("", run(sample))]
    if direction == Direction.OUT:
        found = Record.objects.live().filter(venue=connection.venue_id, object_type=kind)
        found = found.filter(pk=record) if record else found.order_by("-pk")[:last]
        return [(str(each), run(each.fields)) for each in found]
    links = RecordLink.objects.filter(connection=connection, external_type=kind).exclude(state=LinkState.DELETED)
    links = links.filter(record=record) if record else links.order_by("-pk")[:last]
    part = PROVIDERS[connection.provider].parts[kind]
    told: list[tuple[str, list[Tried]]] = []
    for link in links.select_related("record"):
        try:
            values = part.values(link.raw)
        except BadRecord:
            continue
        told.append((str(link.record or link.external_id), run(values)))
    return told


def history(connection: Connection) -> list[dict[str, Any]]:
    """Return every version, the newest first: {version, author, reason, created_at, rules}. One query."""
    rows = (
        FieldMapping.objects.filter(connection=connection)
        .values("version")
        .annotate(
            count=Count("pk"),
            who=Max("author__email"),
            why=Max("reason"),
            reasons=Count("reason", distinct=True),
            at=Max("created_at"),
        )
    )
    return [
        {"version": row["version"], "author": row["who"], "created_at": row["at"], "rules": row["count"],
         "reason": row["why"] if row["reasons"] == 1 else "What the templates say"}
        for row in rows.order_by("-version")[:200]
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal for a rule that is held, by a name that says which: direction, what the rule fills, and its place."""

    id: str
    row: FieldMapping
    proposal: Proposal
    is_certain: bool


def offers(connection: Connection, kind: ObjectType, found: Findings) -> list[Offer]:
    """Return every proposal for the rules of an object that are held, the best first for each rule."""
    held = FieldMapping.objects.in_force(connection).filter(object_type=kind).exclude(paused_reason="")
    rows = {(row.direction == Direction.OUT, row.target): row for row in held}
    return [
        Offer(f"{row.direction}:{row.target}:{place}", row, proposal, is_certain=proposal is each.certain)
        for each in found.diagnoses
        if (row := rows.get((each.broken.is_out, each.broken.rule.target)))
        for place, proposal in enumerate(each.proposals, start=1)
    ]


def heal(connection: Connection, kind: ObjectType, known: Sequence[Offer], wanted: Collection[str], *, by: Any) -> int:
    """Put these offers into force as the next version and return it. Raises Problem not_found or stale_version.

    Two offers for one rule, or two rules for one field, are a conflict.
    """
    chosen = [each for each in known if each.id in wanted]
    if missing := sorted(set(wanted) - {each.id for each in chosen}):
        raise Problem("not_found", f"There is no proposal “{missing[0]}” any more. Look at them again.")
    if len({each.row.pk for each in chosen}) < len(chosen):
        raise Problem("conflict", "Two proposals for the same rule were chosen. Choose one of them.")
    version = mending.accept(connection, kind, [(each.row, each.proposal) for each in chosen], by=by)
    _map_again(connection, [kind], by)
    return version


def safe(known: Sequence[Offer]) -> list[str]:
    """Return the offers that are certain and lose nothing: one for each rule that has such a one."""
    return [each.id for each in known if each.is_certain]


def _map_again(connection: Connection, objects: Collection[str], by: Any) -> None:
    """Queue what works on each changed object: a read maps what is stored first, sending looks at everything again."""
    planned = SyncCursor.objects.filter(
        connection=connection, object_type__in=list(objects), next_run_at__isnull=False
    ).values_list("object_type", "direction")
    wanted = [Wanted(connection.pk, ObjectType(kind), Direction(direction)) for kind, direction in planned]
    queue.enqueue_many(wanted, trigger=Trigger.OWNER, actor=by)
