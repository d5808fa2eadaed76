"""The staff console's page of one connection's rules: what an owner sees of them, to look at only."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings import canonical, rules, versions
from mappings.models import Direction
from syncing import mapping, mapping_rows


@require_safe
def fields_page(request: HttpRequest) -> HttpResponse:
    """Show which field goes where for one connection, object and direction; nothing can be changed here."""
    if not request.user.has_perm("mappings.view_fieldmapping"):
        raise PermissionDenied
    connection = _connection(request.GET.get("connection", ""))
    provider = PROVIDERS[connection.provider]
    kinds = [kind for kind in ObjectType if kind in provider.parts]
    kind = next((each for each in kinds if each == request.GET.get("object")), kinds[0])
    ways = _directions(connection, kind)
    direction = next((each for each in ways if each == request.GET.get("direction")), ways[0])
    version = versions.in_force(connection)
    mine = [each for each in rules.of(connection, version) if (each.object_type, each.direction) == (kind, direction)]
    tried = mapping.tried(connection, kind, direction, mine, record=None, last=1, sample=None)
    shown: dict[str, Any] = {
        "title": f"Fields of {connection}", "connection": connection, "provider": provider, "version": version,
        "kind": kind, "kinds": [(each, canonical.OBJECTS[each].plural) for each in kinds], "direction": direction,
        "directions": [(each, each.label) for each in ways], "history": mapping.history(connection)[:20],
        "rows": mapping_rows.rows(connection, provider, kind, direction, mine, tried=tried[0][1] if tried else ()),
    }  # fmt: skip
    return TemplateResponse(request, "admin/console/fields.html", admin.site.each_context(request) | shown)


def _connection(key: str) -> Connection:
    try:
        found = Connection.objects.select_related("venue").filter(pk=key).first()
    except (ValidationError, ValueError):
        found = None
    if found is None or found.provider not in PROVIDERS:
        raise Http404("There is no such connection.")
    return found


def _directions(connection: Connection, kind: ObjectType) -> list[Direction]:
    provider = PROVIDERS[connection.provider]
    found = [Direction.IN] if kind in provider.streams else []
    return found + ([Direction.OUT] if kind in provider.writers else [])
