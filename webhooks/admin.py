"""What providers were asked to tell us and what they told, in the staff console."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.admin import ConnectionProviderFilter, ProviderFilter, ReadOnlyAdmin, badge, link, presence, pretty
from syncing.admin import WORK_SHAPES
from syncing.work import WorkStatus
from webhooks.models import Verdict, WebhookEvent, WebhookSubscription

_VERDICT_SHAPES = {
    Verdict.ACCEPTED: "●",
    Verdict.FOUND: "◐",
    Verdict.IGNORED: "○",
    Verdict.UNROUTABLE: "▲",
    Verdict.UNREADABLE: "◆",
    Verdict.REFUSED: "■",
}
_LONGEST_BODY = 20_000
_PROOFS = ("signature", "authorization", "secret", "token")


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ReadOnlyAdmin):
    """What is registered where."""

    secrets = ("signing_secret", "previous_secret", "url_token_hash")
    told = ("secret", "former_secret")
    list_display = (
        "connection_link",
        "external_id",
        "state",
        "secret",
        "former_secret",
        "created_at",
        "last_received_at",
    )
    list_display_links = ("external_id", "secret")
    list_filter = ("active", ConnectionProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("=external_id", "connection__venue__name", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("-created_at",)

    @admin.display(description="connection")
    def connection_link(self, row: WebhookSubscription) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="state", ordering="active")
    def state(self, row: WebhookSubscription) -> SafeString:
        """Return whether it is in use."""
        return badge("Active", "●") if row.active else badge("Off", "○")

    @admin.display(description="signing secret")
    def secret(self, row: WebhookSubscription) -> str:
        """Return whether there is one."""
        return presence(row.signing_secret)

    @admin.display(description="former secret")
    def former_secret(self, row: WebhookSubscription) -> str:
        """Return whether there is one."""
        return presence(row.previous_secret)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """Every event once, as it arrived."""

    secrets = ("headers",)
    told = ("size", "content", "sent_headers")
    list_display = (
        "event_type", "provider", "connection_link", "said", "state", "attempts", "received_at", "dedupe_key",
    )  # fmt: skip
    list_display_links = ("event_type", "dedupe_key")
    list_filter = ("status", "verdict", ProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("=dedupe_key", "=account_id", "event_type", "connection__venue__name")
    ids = ("id", "connection_id")
    ordering = ("-received_at",)

    def get_queryset(self, request: Any) -> Any:
        """Return the events; a list needs no bodies."""
        rows = super().get_queryset(request)
        return rows if getattr(request.resolver_match, "kwargs", {}).get("object_id") else rows.defer("body", "headers")

    @admin.display(description="connection")
    def connection_link(self, row: WebhookEvent) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="verdict", ordering="verdict")
    def said(self, row: WebhookEvent) -> SafeString:
        """Return the verdict as shape and word."""
        return badge(row.get_verdict_display(), _VERDICT_SHAPES[Verdict(row.verdict)])

    @admin.display(description="status", ordering="status")
    def state(self, row: WebhookEvent) -> SafeString:
        """Return the status as shape and word."""
        return badge(row.get_status_display(), WORK_SHAPES[WorkStatus(row.status)])

    @admin.display(description="size")
    def size(self, row: WebhookEvent) -> str:
        """Return the length of the body."""
        return f"{len(row.body):,} bytes"

    @admin.display(description="body")
    def content(self, row: WebhookEvent) -> SafeString:
        """Return the body as text."""
        return format_html("<pre>{}</pre>", bytes(row.body)[:_LONGEST_BODY].decode(errors="replace"))

    @admin.display(description="headers")
    def sent_headers(self, row: WebhookEvent) -> SafeString:
        """Return the headers, without what proves the sender."""
        masked = {
            name: "••••" if any(word in name.lower() for word in _PROOFS) else value
            for name, value in row.headers.items()
        }
        return pretty(masked)
