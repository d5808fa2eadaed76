"""Connections and their secrets in the staff console. A secret is never shown: only that it is there, and how old."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from connections.models import Connection, OAuthState, OAuthToken, Status, VenueApiKey
from integrations.admin import ConnectionProviderFilter, ProviderFilter, ReadOnlyAdmin, badge, link, presence

_SHAPES = {Status.CONNECTED: "●", Status.REAUTHORISE: "✕", Status.DISCONNECTED: "○"}


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """The links between venues and accounts."""

    list_display = (
        "title", "venue_link", "state", "status_since", "account", "environment", "method", "connected_at",
        "rules_link",
    )  # fmt: skip
    list_filter = ("status", ProviderFilter, "environment", "method", "status_class")
    list_select_related = ("venue",)
    search_fields = ("venue__name", "venue__slug", "=account_id", "account_name")
    ids = ("id", "venue_id")
    date_hierarchy = "connected_at"
    ordering = ("-connected_at",)

    @admin.display(description="provider", ordering="provider")
    def title(self, row: Connection) -> str:
        """Return the provider's key."""
        return row.provider

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: Connection) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="status", ordering="status")
    def state(self, row: Connection) -> SafeString:
        """Return the status as shape and word."""
        return badge(row.get_status_display(), _SHAPES[Status(row.status)])

    @admin.display(description="fields")
    def rules_link(self, row: Connection) -> SafeString:
        """Return a link to the page of its mapping rules."""
        return format_html('<a href="{}?connection={}">Which go where</a>', reverse("admin:console_fields"), row.pk)

    @admin.display(description="account", ordering="account_name")
    def account(self, row: Connection) -> str:
        """Return the account's name and id."""
        return f"{row.account_name or '–'} ({row.account_id})"


class EndsFilter(admin.SimpleListFilter):
    """By when the access ends."""

    title = "access ends"
    parameter_name = "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("over", "Is over"), ("day", "Within a day"), ("later", "Later")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the chosen tokens."""
        now = timezone.now()
        tomorrow = now + timedelta(days=1)
        chosen = {
            "over": {"access_expires_at__lt": now},
            "day": {"access_expires_at__gte": now, "access_expires_at__lt": tomorrow},
            "later": {"access_expires_at__gte": tomorrow},
        }
        return queryset.filter(**chosen.get(self.value() or "", {}))


@admin.register(OAuthToken)
class OAuthTokenAdmin(ReadOnlyAdmin):
    """Access by sign-in: how old, until when, how often renewing failed."""

    secrets = ("access_token", "refresh_token")
    told = ("access", "refresh")
    list_display = (
        "connection_link", "access", "refresh", "ends", "age", "version", "failures", "last_failure",
    )  # fmt: skip
    list_display_links = ("access",)
    list_filter = (EndsFilter, ConnectionProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "connection__venue__slug", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("access_expires_at",)

    @admin.display(description="connection")
    def connection_link(self, row: OAuthToken) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="access token")
    def access(self, row: OAuthToken) -> str:
        """Return whether there is one."""
        return presence(row.access_token)

    @admin.display(description="refresh token")
    def refresh(self, row: OAuthToken) -> str:
        """Return whether there is one."""
        return presence(row.refresh_token)

    @admin.display(description="ends", ordering="access_expires_at")
    def ends(self, row: OAuthToken) -> str:
        """Return how long the access lasts."""
        if row.access_expires_at is None:
            return "never"
        return "is over" if row.access_expires_at < timezone.now() else f"in {timeuntil(row.access_expires_at)}"

    @admin.display(description="age", ordering="obtained_at")
    def age(self, row: OAuthToken) -> str:
        """Return how long ago it was obtained."""
        return timesince(row.obtained_at)


@admin.register(VenueApiKey)
class VenueApiKeyAdmin(ReadOnlyAdmin):
    """Pasted keys, by their last four characters."""

    secrets = ("key",)
    told = ("stored",)
    list_display = ("ending", "connection_link", "state", "stored", "fingerprint", "age", "created_by", "retired_at")
    list_filter = ("status", ConnectionProviderFilter)
    list_select_related = ("connection__venue", "created_by")
    search_fields = ("=last4", "=fingerprint", "connection__venue__name", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("-created_at",)

    @admin.display(description="key", ordering="last4")
    def ending(self, row: VenueApiKey) -> str:
        """Return the masked key."""
        return f"••••{row.last4}"

    @admin.display(description="connection")
    def connection_link(self, row: VenueApiKey) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="status", ordering="status")
    def state(self, row: VenueApiKey) -> SafeString:
        """Return the status as shape and word."""
        return badge(row.get_status_display(), "●" if row.status == VenueApiKey.Status.ACTIVE else "○")

    @admin.display(description="secret")
    def stored(self, row: VenueApiKey) -> str:
        """Return whether it is still there."""
        return presence(row.key)

    @admin.display(description="age", ordering="created_at")
    def age(self, row: VenueApiKey) -> str:
        """Return how long ago it was given."""
        return timesince(row.created_at)


@admin.register(OAuthState)
class OAuthStateAdmin(ReadOnlyAdmin):
    """Trips to providers' consent pages of the last day."""

    secrets = ("pkce_verifier", "state_hash", "session_hash")
    list_display = ("created_at", "user", "venue_link", "provider", "state", "expires_at", "used_at", "return_to")
    list_filter = (ProviderFilter,)
    list_select_related = ("user", "venue")
    search_fields = ("venue__name", "user__username", "user__email")
    ids = ("venue_id", "connection_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: OAuthState) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="state")
    def state(self, row: OAuthState) -> SafeString:
        """Return where the trip stands."""
        if row.used_at:
            return badge("Used", "●")
        return badge("Too late", "✕") if row.expires_at < timezone.now() else badge("Under way", "◌")
