"""Venues, members, the catalogue and the wishes in the staff console, and the parts that every app's admin shares."""

import functools
import json
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import connection as database
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.models import (
    ApiIdempotencyKey,
    ApiToken,
    AuditEntry,
    Integration,
    IntegrationConfig,
    Venue,
    VenueMembership,
)
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType

_COUNT_EXACTLY_BELOW = 10_000
# Steps from one operation to the next over the index; a DISTINCT would read every row.
_OPERATIONS = """
WITH RECURSIVE held AS (
    (SELECT operation FROM audit_entries ORDER BY operation LIMIT 1)
    UNION ALL
    SELECT (SELECT operation FROM audit_entries WHERE operation > held.operation ORDER BY operation LIMIT 1)
    FROM held WHERE held.operation IS NOT NULL
)
SELECT operation FROM held WHERE operation IS NOT NULL
"""


# --- shared by all ----------------------------------------------------------------------------------------------------


def badge(word: str, shape: str) -> SafeString:
    """Return a status as a shape and a word; the colour is never the only sign."""
    return format_html('<span class="badge"><span aria-hidden="true">{}</span> {}</span>', shape, word)


def link(target: models.Model | None, text: str = "") -> SafeString | str:
    """Return a link to another row's page, or a dash."""
    if target is None:
        return "–"
    name = f"admin:{target._meta.app_label}_{target._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[target.pk]), text or str(target))


def listing(model: type[models.Model], text: str, **filters: Any) -> SafeString:
    """Return a link to a list of rows."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return format_html('<a href="{}?{}">{}</a>', address, query, text)


def pretty(value: Any) -> SafeString:
    """Return JSON on several lines."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False, default=str))


def presence(sealed: Any) -> str:
    """Return all that may be said of a stored secret: that it is there, and under which master key."""
    return f"present, sealed under key “{sealed.key_id}”" if sealed else "–"


class EstimatedPaginator(Paginator):
    """Counts an unfiltered large table by PostgreSQL's own estimate, which costs nothing."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows."""
        rows: Any = self.object_list
        if not rows.query.where:
            with database.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
                )
                (estimate,) = cursor.fetchone()
            if estimate >= _COUNT_EXACTLY_BELOW:
                return int(estimate)
        return int(rows.count())


class ProviderFilter(admin.SimpleListFilter):
    """By provider, without asking the table which ones it holds."""

    title = "provider"
    parameter_name = "provider"
    column: ClassVar[str] = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the known providers."""
        return [(key, provider.spec.name) for key, provider in PROVIDERS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen provider."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ConnectionProviderFilter(ProviderFilter):
    """By the provider of the row's connection."""

    column = "connection__provider"


class ObjectFilter(admin.SimpleListFilter):
    """By object type, without asking the table which ones it holds."""

    title = "object"
    parameter_name = "object_type"
    column: ClassVar[str] = "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the known object types."""
        return [(str(each), str(each).capitalize()) for each in ObjectType]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen object type."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


@functools.cache
def _as_json(name: str) -> Callable[[models.Model], SafeString]:
    def shown(row: models.Model) -> SafeString:
        return pretty(getattr(row, name))

    shown.__name__ = name
    shown.short_description = name.replace("_", " ")  # type: ignore[attr-defined]
    return shown


class HouseAdmin(admin.ModelAdmin):
    """How every table is listed."""

    list_per_page = 50
    show_full_result_count = False
    ids: ClassVar[tuple[str, ...]] = ()  # columns that a search for an id looks into

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows with that id when it is one, else those that hold the words."""
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        named = models.Q()
        for column in self.ids:
            named |= models.Q(**{column: wanted})
        return queryset.filter(named) if self.ids else queryset.none(), False


class ReadOnlyAdmin(HouseAdmin):
    """What the house writes itself: to be looked at, never to be changed by hand. `secrets` are never shown."""

    secrets: ClassVar[tuple[str, ...]] = ()
    paginator = EstimatedPaginator
    told: ClassVar[tuple[str, ...]] = ()  # methods shown above the columns

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return every column but the secrets, JSON on several lines."""
        shown: list[Any] = list(self.told)
        for field in self.model._meta.concrete_fields:
            if field.name not in self.secrets and not isinstance(field, models.BinaryField):
                shown.append(_as_json(field.name) if isinstance(field, models.JSONField) else field.name)
        return shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return all of them."""
        return self.get_fields(request, obj)


# --- our own tables ---------------------------------------------------------------------------------------------------


class MembershipInline(admin.TabularInline):
    """Who belongs to the venue."""

    model = VenueMembership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Venue)
class VenueAdmin(HouseAdmin):
    """The tenants."""

    list_display = ("name", "slug", "venue_type", "time_zone", "currency", "members", "created_at")
    list_filter = ("venue_type", "currency")
    search_fields = ("name", "slug")
    ids = ("id",)
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ("id", "created_at")
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the venues with the number of their members."""
        return super().get_queryset(request).annotate(member_count=Count("memberships"))

    @admin.display(ordering="member_count")
    def members(self, venue: Any) -> SafeString:
        """Return how many there are, and where they stand."""
        return listing(VenueMembership, str(venue.member_count), venue=venue.pk)


@admin.register(VenueMembership)
class VenueMembershipAdmin(HouseAdmin):
    """Who may do what where."""

    list_display = ("user", "venue_link", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "venue")
    search_fields = ("user__username", "user__email", "venue__name", "venue__slug")
    autocomplete_fields = ("user", "venue")

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: VenueMembership) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Who lets which program in, without what opens."""

    list_display = ("name", "prefix", "user", "venue_link", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("revoked_at", "expires_at")
    list_select_related = ("user", "venue")
    search_fields = ("name", "prefix", "user__username", "user__email", "venue__name", "venue__slug")
    ids = ("id",)
    secrets = ("digest",)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: ApiToken) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnlyAdmin):
    """Who has a second factor. To remove one lets its person, once it is sure who asks, set up another."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    secrets = ("data",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person's rights allow it."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Integration)
class IntegrationAdmin(HouseAdmin):
    """The catalogue; code writes it, staff only switch a provider off for new connections."""

    list_display = ("name", "provider", "category", "offered", "enabled", "refreshed_at")
    list_filter = ("enabled",)
    search_fields = ("name", "provider")
    fields = ("enabled", "provider", "name", "category", "benefit", "ways", "offered", "refreshed_at")
    readonly_fields = ("provider", "name", "category", "benefit", "ways", "offered", "refreshed_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a release writes the rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a release would write it again."""
        return False

    @admin.display(description="objects")
    def offered(self, row: Integration) -> str:
        """Return the object types in one line."""
        return ", ".join(each["object"] for each in row.objects_offered)

    @admin.display(description="ways to authorise")
    def ways(self, row: Integration) -> str:
        """Return the methods in one line."""
        return ", ".join(row.methods)


class PausedFilter(admin.SimpleListFilter):
    """Held still at this moment, or not."""

    title = "paused now"
    parameter_name = "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return yes and no."""
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the chosen ones."""
        paused = IntegrationConfig.objects.paused().values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=paused)
        return queryset.exclude(pk__in=paused) if self.value() == "no" else queryset


class OperationFilter(admin.SimpleListFilter):
    """By operation; the table is asked once for each that it holds, however many rows there are."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the operations that the table holds."""
        with database.cursor() as cursor:
            cursor.execute(_OPERATIONS)
            return [(name, name.replace("_", " ").capitalize()) for (name,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen one."""
        return queryset.filter(operation=self.value()) if self.value() else queryset


class MethodFilter(admin.SimpleListFilter):
    """By the method of the request."""

    title = "method"
    parameter_name = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the methods that change something."""
        return [(name, name) for name in ("POST", "PUT", "PATCH", "DELETE")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen one."""
        return queryset.filter(method=self.value()) if self.value() else queryset


class OutcomeFilter(admin.SimpleListFilter):
    """What was done, or refused, or broke."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds of status."""
        return [("done", "Done"), ("refused", "Refused"), ("broke", "Broke")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the chosen ones."""
        least, below = {"done": (0, 400), "refused": (400, 500), "broke": (500, 1000)}.get(
            self.value() or "", (0, 1000)
        )
        return queryset.filter(status__gte=least, status__lt=below) if self.value() else queryset


@admin.register(IntegrationConfig)
class IntegrationConfigAdmin(HouseAdmin):
    """What venues wish."""

    list_display = ("venue_link", "integration", "state", "every", "objects", "template", "updated_at")
    list_display_links = ("integration",)
    list_filter = ("integration", PausedFilter)
    list_select_related = ("venue", "integration")
    search_fields = ("venue__name", "venue__slug", "integration__provider")
    autocomplete_fields = ("venue", "integration", "paused_by")
    readonly_fields = ("updated_at",)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: IntegrationConfig) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="state")
    def state(self, row: IntegrationConfig) -> SafeString:
        """Return whether syncs hold still."""
        return badge("Paused", "‖") if row.is_paused else badge("Runs", "●")

    @admin.display(description="interval", ordering="interval_minutes")
    def every(self, row: IntegrationConfig) -> str:
        """Return the interval in words."""
        return f"every {row.interval_minutes} minutes"

    @admin.display(description="objects")
    def objects(self, row: IntegrationConfig) -> str:
        """Return the chosen object types in one line."""
        return ", ".join(row.directions) or "none"


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what over the API."""

    list_display = ("at", "who", "venue_link", "operation", "about", "outcome", "request_id")
    list_filter = (OperationFilter, OutcomeFilter, MethodFilter, "at")
    list_select_related = ("venue",)
    search_fields = ("who", "venue__name", "venue__slug", "about")
    ids = ("id", "venue_id")
    date_hierarchy = "at"
    ordering = ("-at",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what the words find, and the request of that very id, however its sender wrote it."""
        found, may_have_doubles = super().get_search_results(request, queryset, search_term)
        return found | queryset.filter(request_id=search_term.strip()), may_have_doubles

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: AuditEntry) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="status", ordering="status")
    def outcome(self, row: AuditEntry) -> SafeString:
        """Return the status with the shape of its kind."""
        return badge(str(row.status), "●" if row.status < 400 else "✕")


@admin.register(ApiIdempotencyKey)
class ApiIdempotencyKeyAdmin(ReadOnlyAdmin):
    """Requests with a key; their answers are sealed and not shown."""

    secrets = ("answer",)
    list_display = ("route", "user", "key", "state", "status", "created_at")
    list_filter = ("state", "created_at")
    list_select_related = ("user",)
    search_fields = ("=key", "route", "user__username")
    ordering = ("-created_at",)
