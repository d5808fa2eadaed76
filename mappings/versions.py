"""Which rules are in force for a connection, and the first version that it gets from the templates."""

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings import holding, rules
from mappings.engine import Mapper, Rule, compile_rules
from mappings.models import Direction, FieldMapping, FieldMappingTemplate
from mappings.outbound import OutboundMapper


def mapper_for(connection: Connection, object_type: ObjectType) -> Mapper:
    """Return the compiled inbound rules in force; the default template's when there were none. Raises BadRule."""
    return compile_rules(_rules(connection, object_type, Direction.IN), rules.context_of(connection))


def outbound_mapper_for(connection: Connection, object_type: ObjectType) -> OutboundMapper:
    """Return the compiled outbound rules in force; the default template's when there were none. Raises BadRule."""
    return OutboundMapper(_rules(connection, object_type, Direction.OUT), rules.context_of(connection))


def inbound_rules(connection: Connection, object_type: ObjectType) -> dict[str, str]:
    """Return the canonical paths that the rules in force fill, each with who wins there; "" as the object's policy."""
    rows = FieldMapping.objects.in_force(connection).filter(
        object_type=object_type, direction=Direction.IN, paused_reason=""
    )
    return dict(rows.values_list("target", "who_wins"))


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
                reason=f"Template “{template.name}”",
            )
            for template in _defaults(connection)
            for position, rule in enumerate(template.rules, start=1)
            if (template.object_type, rule.get("direction", Direction.IN)) not in ruled
        ],
        ignore_conflicts=True,
    )


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
