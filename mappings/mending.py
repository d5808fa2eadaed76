"""What would mend the rules that are held, and what comes into force when somebody accepts it?

Accepting makes the next version of the connection's rules; the one before stays as it was, so it can be gone back to.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from connections.models import Connection
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import catalogue, healing, holding
from mappings.engine import Rule
from mappings.evidence import Sample
from mappings.healing import Case, Findings, Proposal
from mappings.holding import ruled_of
from mappings.models import Direction, FieldMapping, SchemaWatch
from mappings.rules import context_of

_KEPT = (
    "connection_id", "object_type", "direction", "source", "target", "transforms", "default", "required", "update_mode",
    "who_wins", "paused_reason", "lost", "reason", "author_id",
)  # fmt: skip


def findings(connection: Connection, object_type: ObjectType, samples: Sequence[Sample]) -> Findings:
    """Return for each held rule of an object why it is held and what would mend it, best first.

    A rule of which nothing is different any more is not among them: the next look lets it go on.
    """
    rows = FieldMapping.objects.in_force(connection).filter(object_type=object_type)
    watch = SchemaWatch.objects.filter(connection=connection).first()
    new = catalogue.from_json(watch.fields if watch else {}).get(object_type, [])
    lost = {each.id: each for row in rows if row.lost and (each := catalogue.field_of(row.lost))}
    heirs = {each.stable for each in lost.values() if each.stable}
    old = [*lost.values(), *(each for each in new if each.id not in lost and each.stable not in heirs)]
    return healing.examine(
        Case(object_type, old, new, [ruled_of(row) for row in rows], samples, context_of(connection))
    )


@transaction.atomic
def accept(
    connection: Connection, object_type: ObjectType, chosen: Iterable[tuple[FieldMapping, Proposal]], *, by: Any
) -> int:
    """Put proposals in the place of held rules and return the version that is in force now.

    A rule that a proposal takes along (two names that become one) gives way as well. Raises Problem stale_version when
    the rules were changed meanwhile, and Problem conflict where another rule fills a target already.
    """
    Connection.objects.select_for_update().get(pk=connection.pk)
    rows = list(FieldMapping.objects.in_force(connection))
    picked = {row.pk: proposal for row, proposal in chosen}
    if not picked.keys() <= {row.pk for row in rows}:
        raise Problem("stale_version", "The rules were changed meanwhile. Look at them again.")
    version = rows[0].version + 1
    made = mended(rows, [picked.get(row.pk) for row in rows], by=by)
    FieldMapping.objects.bulk_create(_placed(made, version))
    holding.note_need(connection)
    return version


def mended(rows: Sequence[FieldMapping], proposals: Sequence[Proposal | None], *, by: Any) -> list[FieldMapping]:
    """Return the rules of the next version, not stored yet: each as it is, or those of the proposal in its place.

    Raises Problem conflict where two of them would fill one target. Pure.
    """
    made = [each for row, proposal in zip(rows, proposals, strict=True) for each in _next(row, proposal, by)]
    _refuse_doubles(made)
    return made


def _next(row: FieldMapping, proposal: Proposal | None, by: Any) -> list[FieldMapping]:
    if proposal is None:
        return [_copy(row)]
    return [_mended(row, rule, proposal, by) for rule in proposal.rules]


def _copy(row: FieldMapping, **changes: Any) -> FieldMapping:
    kept = {name: getattr(row, name) for name in _KEPT}
    return FieldMapping(**kept | changes)


def _mended(row: FieldMapping, rule: Rule, proposal: Proposal, by: Any) -> FieldMapping:
    label = " and ".join(each.label for each in proposal.fields)
    was = (row.lost or {}).get("label", row.target)
    return _copy(
        row, source=rule.source, target=rule.target, transforms=list(rule.transforms), paused_reason="", lost=None,
        author_id=by.pk if by else None, reason=f"{label} in place of {was} ({proposal.score} of 100)"[:200],
    )  # fmt: skip


def _refuse_doubles(made: list[FieldMapping]) -> None:
    """Take out rules that are the same twice. Raises Problem conflict for two different ones to one target."""
    seen: dict[tuple[str, str, str], FieldMapping] = {}
    for row in list(made):
        place = (row.object_type, row.direction, row.target)
        if place not in seen:
            seen[place] = row
        elif (row.source, row.transforms) == (seen[place].source, seen[place].transforms):
            made.remove(row)
        else:
            side = "here" if row.direction == Direction.IN else "there"
            raise Problem("conflict", f"Two rules would fill {row.target} {side}. Keep one of them.")


def _placed(made: Iterable[FieldMapping], version: int) -> list[FieldMapping]:
    """Return the rules with the version and their places, in their order."""
    places: dict[tuple[str, str], int] = {}
    placed = []
    for row in made:
        place = (row.object_type, row.direction)
        places[place] = row.position = places.get(place, 0) + 1
        row.version = version
        placed.append(row)
    return placed
