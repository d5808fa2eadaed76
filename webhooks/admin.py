"""What providers were asked to tell us and what they told, in the staff console."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.admin import ProviderFilter, ReadOnlyAdmin, badge, link, presence, pretty
from integrations.providers import PROVIDERS
from syncing.admin import WORK_SHAPES
from syncing.work import WorkStatus
from webhooks import addresses, portal, rotation
from webhooks.models import Verdict, WebhookEvent, WebhookSubscription, WebhookUpkeep

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
    told = ("state", "secret", "former_secret")
    list_display = (
        "title",
        "external_id",
        "state",
        "secret",
        "former_secret",
        "created_at",
        "checked_at",
        "last_received_at",
    )
    list_display_links = ("external_id", "secret")
    list_filter = ("active", ProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("=external_id", "connection__venue__name", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("-created_at",)
    actions = ("roll",)
    change_list_template = "admin/webhooks/subscriptions.html"

    @admin.display(description="connection")
    def title(self, row: WebhookSubscription) -> SafeString | str:
        """Return a link to the connection, or whose application it is of."""
        return link(row.connection) if row.connection else f"Our application at {PROVIDERS[row.provider].spec.name}"

    @admin.display(description="state", ordering="active")
    def state(self, row: WebhookSubscription) -> SafeString:
        """Return whether it is in use."""
        if not row.active:
            return badge("Off", "○")
        if row.retired_at:
            return badge("Retired, still accepted", "◌")
        return badge("Active", "●") if row.external_id else badge("Not confirmed", "▲")

    @admin.display(description="signing secret")
    def secret(self, row: WebhookSubscription) -> str:
        """Return whether there is one."""
        return presence(row.signing_secret)

    @admin.display(description="former secret")
    def former_secret(self, row: WebhookSubscription) -> str:
        """Return whether there is one."""
        return presence(row.previous_secret)

    def has_roll_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may change registrations."""
        return bool(request.user.has_perm("webhooks.change_webhooksubscription"))

    @admin.action(description="Roll the secret", permissions=["roll"])
    def roll(self, request: HttpRequest, queryset: QuerySet[WebhookSubscription]) -> HttpResponse | None:
        """Say what it does; once confirmed ask for other secrets and leave a log entry for each."""
        chosen = list(rotation.can_roll(queryset).select_related("connection__venue"))
        if "confirmed" not in request.POST:
            shown = self.admin_site.each_context(request) | {
                "title": "Roll the secret", "opts": self.opts, "chosen": chosen,
                "left_out": queryset.count() - len(chosen),
            }  # fmt: skip
            return TemplateResponse(request, "admin/webhooks/roll.html", shown)
        asked = rotation.ask(queryset)
        for each in chosen:
            self.log_change(request, each, "Asked for another signing secret.")
        self.message_user(request, f"{asked} asked for another secret. The former ones are accepted for another day.")
        return None

    def get_urls(self) -> list[Any]:
        """Return the page of addresses before the stock ones."""
        view = self.admin_site.admin_view(self.addresses)
        return [path("addresses/", view, name="webhooks_addresses"), *super().get_urls()]

    def addresses(self, request: HttpRequest) -> HttpResponse:
        """Show what to paste where."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = self.admin_site.each_context(request) | {
            "title": "Addresses for the providers’ portals", "opts": self.opts, "portals": portal.overview(),
            "unreachable": addresses.why_unreachable(),
        }  # fmt: skip
        return TemplateResponse(request, "admin/webhooks/addresses.html", shown)


@admin.register(WebhookUpkeep)
class WebhookUpkeepAdmin(ReadOnlyAdmin):
    """Whether everything is registered that should be, and if not, why."""

    list_display = ("title", "state", "problem", "attempts", "checked_at", "due_at")
    list_display_links = ("state",)
    list_filter = ("failure_class", ProviderFilter)
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "=connection__account_id", "problem")
    ids = ("connection_id",)
    ordering = ("-attempts", "due_at")

    @admin.display(description="connection")
    def title(self, row: WebhookUpkeep) -> SafeString | str:
        """Return a link to the connection, or whose application it is."""
        return link(row.connection) if row.connection else f"Our application at {PROVIDERS[row.provider].spec.name}"

    @admin.display(description="state", ordering="attempts")
    def state(self, row: WebhookUpkeep) -> SafeString:
        """Return how the last turn ended."""
        if row.problem:
            return badge("Not registered", "▲")
        return badge("As it should be", "●") if row.checked_at else badge("Waiting", "◌")


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
