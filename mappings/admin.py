"""Mapping rules, their templates and the fields of accounts in the staff console. A version is never changed."""

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
from mappings.models import FieldMapping, FieldMappingTemplate, SchemaWatch


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


@admin.register(SchemaWatch)
class SchemaWatchAdmin(ReadOnlyAdmin):
    """The fields of each account as last seen, and what changed."""

    list_display = ("connection_link", "taken_at", "change_count", "due_at", "problem")
    list_filter = (ConnectionProviderFilter,)
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "=connection__account_id")
    ids = ("connection_id",)

    @admin.display(description="connection")
    def connection_link(self, row: SchemaWatch) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="changes")
    def change_count(self, row: SchemaWatch) -> int:
        """Return how many changes are known."""
        return len(row.changes)
