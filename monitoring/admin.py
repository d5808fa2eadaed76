"""Health and cost in the staff console; both are derived, so neither is changed by hand."""

from django.contrib import admin
from django.utils.safestring import SafeString

from integrations.admin import ConnectionProviderFilter, ReadOnlyAdmin, badge, link
from monitoring.models import IntegrationCost, IntegrationHealth

_SHAPES = {
    IntegrationHealth.Grade.GOOD: "●",
    IntegrationHealth.Grade.LATE: "◌",
    IntegrationHealth.Grade.FAILING: "▲",
    IntegrationHealth.Grade.BROKEN: "✕",
}


@admin.register(IntegrationHealth)
class IntegrationHealthAdmin(ReadOnlyAdmin):
    """The last computed health of each connection."""

    list_display = ("connection_link", "state", "why", "runs_24h", "failed_runs_24h", "computed_at")
    list_display_links = ("state",)
    list_filter = ("grade", ConnectionProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "connection__venue__slug", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("-computed_at",)

    @admin.display(description="connection")
    def connection_link(self, row: IntegrationHealth) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="grade", ordering="grade")
    def state(self, row: IntegrationHealth) -> SafeString:
        """Return the grade as shape and word."""
        return badge(row.get_grade_display(), _SHAPES[IntegrationHealth.Grade(row.grade)])

    @admin.display(description="reasons")
    def why(self, row: IntegrationHealth) -> str:
        """Return the reasons in one line."""
        return ", ".join(map(str, row.reasons)) or "–"


@admin.register(IntegrationCost)
class IntegrationCostAdmin(ReadOnlyAdmin):
    """What each connection used, by day and class of call."""

    list_display = ("day", "connection_link", "call_class", "calls", "money")
    list_filter = ("call_class", ConnectionProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "connection__venue__slug", "=connection__account_id")
    ids = ("connection_id",)
    date_hierarchy = "day"
    ordering = ("-day", "-calls")

    @admin.display(description="connection")
    def connection_link(self, row: IntegrationCost) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="amount", ordering="amount")
    def money(self, row: IntegrationCost) -> str:
        """Return the amount with its currency."""
        return f"{row.currency} {row.amount:.4f}"
