"""Which rules are in force for a connection, and the first version that it gets from the templates."""

from typing import NamedTuple

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings import holding, rules
from mappings.engine import Mapper, Rule, compile_rules
from mappings.models import Direction, FieldMapping, FieldMappingTemplate, UpdateMode
from mappings.outbound import OutboundMapper
from mappings.rules import RuleData


def mapper_for(connection: Connection, object_type: ObjectType) -> Mapper:
    """Return the compiled inbound rules in force; the default template's when there were none. Raises BadRule."""
    return compile_rules(_rules(connection, object_type, Direction.IN), rules.context_of(connection))


def outbound_mapper_for(connection: Connection, object_type: ObjectType) -> OutboundMapper:
    """Return the compiled outbound rules in force; the default template's when there were none. Raises BadRule."""
    return OutboundMapper(_rules(connection, object_type, Direction.OUT), rules.context_of(connection))


class Filling(NamedTuple):
    """How a rule fills a canonical path: who wins there ("" as the object's policy), and one of `UpdateMode`."""

    who_wins: str = ""
    mode: str = UpdateMode.OVERWRITE


def inbound_rules(connection: Connection, object_type: ObjectType) -> dict[str, Filling]:
    """Return the canonical paths that the rules in force fill, and how."""
    rows = FieldMapping.objects.in_force(connection).filter(
        object_type=object_type, direction=Direction.IN, paused_reason=""
    )
    return {target: Filling(wins, mode) for target, wins, mode in rows.values_list("target", "who_wins", "update_mode")}


def in_force(connection: Connection) -> int:
    """Return the number of the version in force, 0 when there are no rules yet."""
    newest = FieldMapping.objects.filter(connection=connection).order_by("-version")
    return newest.values_list("version", flat=True).first() or 0


def differ(connection: Connection, object_type: str, direction: Direction, one: int, other: int) -> bool:
    """Return whether two versions map an object differently in one direction."""
    return _as_data(connection, object_type, direction, one) != _as_data(connection, object_type, direction, other)


class Changed(NamedTuple):
    """Field ids that are filled on the way out and were not before, and those that are filled by another rule."""

    new: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()


def changed_targets(connection: Connection, object_type: str, one: int, other: int) -> Changed:
    """Return what the second version fills by another rule than the first, on the way out."""
    if one == other:
        return Changed()
    before = {str(rule[0]): rule for rule in _as_data(connection, object_type, Direction.OUT, one)}
    now = {str(rule[0]): rule for rule in _as_data(connection, object_type, Direction.OUT, other)}
    return Changed(
        frozenset(now.keys() - before.keys()), frozenset(key for key in now.keys() & before if now[key] != before[key])
    )


def default_rules(connection: Connection) -> list[RuleData]:
    """Return what the templates say for a connection, all objects together."""
    return [
        each for template in _defaults(connection) for each in rules.of_template(template.object_type, template.rules)
    ]


def install_default(connection: Connection) -> None:
    """Give every object without rules those of its default template: in version 1, or in the version in force.

    Called twice, or by two workers at once, it does it once.
    """
    in_force = FieldMapping.objects.in_force(connection)
    version = in_force.values_list("version", flat=True).first() or 1
    ruled = set(in_force.values_list("object_type", "direction"))
    FieldMapping.objects.bulk_create(
        [
            FieldMapping(
                connection=connection,
                version=version,
                object_type=template.object_type,
                direction=rule.get("direction", Direction.IN),
                position=position,
                source=rule["source"],
                target=rule["target"],
                transforms=rule.get("transforms", []),
                default=rule.get("default"),
                required=rule.get("required", False),
                update_mode=rule.get("update_mode", UpdateMode.OVERWRITE),
                who_wins=rule.get("who_wins", ""),
                reason=f"Template “{template.name}”",
            )
            for template in _defaults(connection)
            for position, rule in enumerate(template.rules, start=1)
            if (template.object_type, rule.get("direction", Direction.IN)) not in ruled
        ],
        ignore_conflicts=True,
    )


def _as_data(connection: Connection, object_type: str, direction: Direction, version: int) -> list[tuple[object, ...]]:
    rows = FieldMapping.objects.filter(
        connection=connection, version=version, object_type=object_type, direction=direction
    ).order_by("target")
    told = ("target", "source", "transforms", "default", "required", "update_mode", "who_wins", "paused_reason")
    return list(rows.values_list(*told))


def _rules(connection: Connection, object_type: ObjectType, direction: Direction) -> list[Rule]:
    found = _in_force(connection, object_type, direction)
    if not found:
        install_default(connection)
        found = _in_force(connection, object_type, direction)
    return found


def _in_force(connection: Connection, object_type: ObjectType, direction: Direction) -> list[Rule]:
    """Return the rules that run: those that are not held, and what makes records wait where a held one is required."""
    rows = FieldMapping.objects.in_force(connection).filter(object_type=object_type, direction=direction)
    return [
        rules.rule_of(row) if not row.paused_reason else rules.waiting(row)
        for row in rows
        if not row.paused_reason or holding.must_have(row)
    ]


def _defaults(connection: Connection) -> list[FieldMappingTemplate]:
    """Return one template for each object: the venue type's own where there is one, else the general one."""
    found = FieldMappingTemplate.objects.filter(
        provider=connection.provider, is_default=True, venue_type__in=[connection.venue.venue_type, "general"]
    )
    best = {template.object_type: template for template in found if template.venue_type == "general"}
    best |= {template.object_type: template for template in found if template.venue_type != "general"}
    return list(best.values())
