"""What a stored rule is to the engine, and what its transforms may know of the venue."""

from connections.models import Connection
from mappings.engine import Rule
from mappings.models import FieldMapping
from mappings.transforms import Context

_NOTHING = [{"name": "choice", "table": {}}]


def rule_of(row: FieldMapping) -> Rule:
    """Return the rule as the engine takes it."""
    return Rule(row.source, row.target, row.transforms, row.default, row.required)


def waiting(row: FieldMapping) -> Rule:
    """Return the rule in place of a held one that must have a value: it never has one, so its records wait."""
    return Rule(row.source, row.target, _NOTHING, required=True)


def context_of(connection: Connection) -> Context:
    """Return what transforms may know of a run for this connection."""
    venue = connection.venue
    return Context(provider=connection.provider, timezone=venue.time_zone, country=venue.country)
