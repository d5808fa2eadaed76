"""Which rules are held because their field changed, and when do they go on?

A rule is held alone: everything else still syncs. One whose field must be filled stays in force as a rule without a
value, so that no record goes out, or comes in, without what it must have: `versions` compiles it so.
"""

from collections.abc import Mapping, Sequence

from django.db.models.functions import Now

from connections.models import Connection
from integrations.providers.types import Field, ObjectType
from mappings import canonical, catalogue, differences, healing
from mappings.evidence import Sample
from mappings.healing import Case, Ruled
from mappings.models import Direction, FieldMapping, SchemaWatch
from mappings.rules import context_of, rule_of

_DECIDED = {"decision_since": None, "decision": None, "owner_told_at": None, "telling_until": None}


def hold(
    connection: Connection,
    object_type: ObjectType,
    old: Sequence[Field],
    new: Sequence[Field],
    samples: Sequence[Sample],
) -> int:
    """Hold the rules of an object that a change broke, and return how many these are. Held ones stay as they are."""
    rows = list(
        FieldMapping.objects.in_force(connection).filter(object_type=object_type, paused_reason="", lost__isnull=True)
    )
    rules = [ruled_of(row) for row in rows]
    case = Case(object_type, old, new, rules, samples, context_of(connection))
    why = healing.broken(case)
    held = 0
    for row, ruled in zip(rows, rules, strict=True):
        reason, field = next(((each, field) for broken, field, each in why if broken is ruled), ("", None))
        if field is not None:
            lost = catalogue.as_json({object_type: [field]})[object_type][0]
            held += FieldMapping.objects.filter(pk=row.pk, paused_reason="").update(
                paused_reason=reason[:200], lost=lost
            )
    return held


def release(connection: Connection, fields: Mapping[ObjectType, Sequence[Field]]) -> int:
    """Let the rules go on whose field is again what it was, and return how many these are."""
    rows = FieldMapping.objects.in_force(connection).filter(lost__isnull=False)
    back = [row.pk for row in rows if _is_back(row, fields.get(ObjectType(row.object_type), ()))]
    return FieldMapping.objects.filter(pk__in=back, lost__isnull=False).update(paused_reason="", lost=None)


def held_kinds(connection: Connection) -> list[ObjectType]:
    """Return the objects of which a rule is held because its field changed. One query."""
    rows = FieldMapping.objects.in_force(connection).filter(lost__isnull=False).exclude(paused_reason="")
    return sorted({ObjectType(each) for each in rows.values_list("object_type", flat=True)})


def needs_owner(connection: Connection) -> list[FieldMapping]:
    """Return the held rules whose field must be filled: their records wait for a decision. One query."""
    rows = FieldMapping.objects.in_force(connection).filter(lost__isnull=False).exclude(paused_reason="")
    return [row for row in rows if must_have(row)]


def note_need(connection: Connection) -> None:
    """Store since when a field that must be filled waits for the owner, or that none does any more. Two queries."""
    watch = SchemaWatch.objects.filter(connection=connection)
    if not (waiting := needs_owner(connection)):
        watch.filter(decision_since__isnull=False).update(**_DECIDED)
        return
    first = waiting[0]
    told = {"object": first.object_type, "direction": first.direction, "sentence": first.paused_reason}
    watch.filter(decision_since=None).update(decision_since=Now(), decision=told)


def must_have(row: FieldMapping) -> bool:
    """Return whether a held rule fills what must not be empty: here, or in the field that it lost."""
    if row.lost is None:
        return False
    if row.direction == Direction.OUT:
        return row.required or catalogue.field_of(row.lost).required
    return row.required or any(
        each.required and each.path == row.target for each in canonical.OBJECTS[ObjectType(row.object_type)].fields
    )


def ruled_of(row: FieldMapping) -> Ruled:
    """Return a stored rule with its direction."""
    return Ruled(rule_of(row), is_out=row.direction == Direction.OUT)


def _is_back(row: FieldMapping, fields: Sequence[Field]) -> bool:
    was = catalogue.field_of(row.lost or {})
    there = next((each for each in fields if each.id == was.id), None)
    if there is None or differences.heir(was, [there]) is None:
        return False
    kinds = {each.kind for each in differences.differences([was], [there])}
    return not kinds - {differences.Kind.RELABELLED, differences.Kind.DEMANDED}
