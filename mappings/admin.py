"""Mapping rules and their templates in the staff console. A version of rules is never changed; a template may be."""

from django.contrib import admin
from django.utils.safestring import SafeString

from integrations.admin import (
    ConnectionProviderFilter,
    HouseAdmin,
    ObjectFilter,
    ProviderFilter,
    ReadOnlyAdmin,
    badge,
    link,
)
from mappings.models import FieldMapping, FieldMappingTemplate


@admin.register(FieldMapping)
class FieldMappingAdmin(ReadOnlyAdmin):
    """The rules of every version."""

    list_display = (
        "rule", "connection_link", "object_type", "direction", "version", "state", "update_mode", "author",
        "created_at",
    )  # fmt: skip
    list_filter = (ObjectFilter, "direction", "update_mode", ConnectionProviderFilter)
    list_select_related = ("connection__venue", "author")
    search_fields = ("source", "target", "connection__venue__name", "=connection__account_id", "reason")
    ids = ("connection_id",)

    @admin.display(description="rule", ordering="target")
    def rule(self, row: FieldMapping) -> str:
        """Return where from and where to."""
        return f"{row.source} → {row.target}"

    @admin.display(description="connection")
    def connection_link(self, row: FieldMapping) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="state", ordering="paused_reason")
    def state(self, row: FieldMapping) -> SafeString:
        """Return whether the rule is held."""
        return badge("Held", "‖") if row.paused_reason else badge("In use", "●")


@admin.register(FieldMappingTemplate)
class FieldMappingTemplateAdmin(HouseAdmin):
    """What a venue's mapping begins with."""

    list_display = ("name", "key", "provider", "object_type", "venue_type", "owner", "is_default", "rule_count")
    list_filter = (ProviderFilter, ObjectFilter, "venue_type", "is_default")
    list_select_related = ("venue",)
    search_fields = ("name", "key", "venue__name")
    autocomplete_fields = ("venue",)
    readonly_fields = ("refreshed_at",)

    @admin.display(description="private to")
    def owner(self, row: FieldMappingTemplate) -> SafeString | str:
        """Return the venue it belongs to, if any."""
        return link(row.venue)

    @admin.display(description="rules")
    def rule_count(self, row: FieldMappingTemplate) -> int:
        """Return how many rules it has."""
        return len(row.rules)
