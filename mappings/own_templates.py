"""A venue's own templates: rules that it saved under a name, for itself alone."""

import uuid
from typing import Any

from django.db.models import Q, QuerySet

from connections.models import Connection
from integrations.models import VenueType
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import rules, versions
from mappings.models import FieldMappingTemplate

_MOST = 50


def offered(connection: Connection) -> QuerySet[FieldMappingTemplate]:
    """Return the templates of the provider that are for the venue's type or for all, and the venue's own."""
    own = Q(venue=connection.venue_id)
    shared = Q(venue=None, venue_type__in=[connection.venue.venue_type, VenueType.GENERAL])
    return FieldMappingTemplate.objects.filter(own | shared, provider=connection.provider)


def why(connection: Connection, template: FieldMappingTemplate) -> str:
    """Return why a template is offered to a venue, in a sentence."""
    if template.venue_id:
        return "You saved it."
    if template.venue_type == VenueType.GENERAL:
        return "It fits every kind of venue."
    return f"{connection.venue} is a {template.get_venue_type_display().lower()}. {template.description}"


def keep(connection: Connection, kind: ObjectType, name: str) -> FieldMappingTemplate:
    """Save the rules in force of an object as a template of the venue's own and return it.

    Raises Problem: conflict for a name that it has already or when it has fifty, not_found without any rule.
    """
    own = FieldMappingTemplate.objects.filter(venue=connection.venue_id)
    if own.filter(provider=connection.provider, object_type=kind, name=name).exists():
        raise Problem("conflict", f"You have a template “{name}” already. Choose another name.")
    if own.count() >= _MOST:
        raise Problem("conflict", f"You have {_MOST} templates. Remove one that you do not need any more first.")
    now = rules.of(connection, versions.in_force(connection))
    mine = [rules.as_entry(each) for each in now if each.object_type == kind]
    if not mine:
        raise Problem("not_found", "There are no rules to save.")
    return FieldMappingTemplate.objects.create(
        key=f"own-{uuid.uuid4().hex}", name=name, provider=connection.provider, object_type=kind,
        venue_type=connection.venue.venue_type, venue=connection.venue, rules=mine,
    )  # fmt: skip


def remove(connection: Connection, key: str) -> str:
    """Remove one of the venue's own templates and return its name. Raises Problem not_found for any other."""
    found: Any = FieldMappingTemplate.objects.filter(venue=connection.venue_id, key=key).first()
    if found is None:
        raise Problem("not_found", "There is no such template of yours.")
    found.delete()
    return str(found.name)
