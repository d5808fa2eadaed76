"""The queue, its history, the bookmarks and the records in the staff console: never changed by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from integrations.admin import (
    ConnectionProviderFilter,
    ObjectFilter,
    ProviderFilter,
    ReadOnlyAdmin,
    badge,
    link,
    listing,
)
from syncing.models import LinkState, Outcome, Record, RecordLink, SyncCursor, SyncJob, SyncLog
from syncing.work import WorkStatus

WORK_SHAPES = {
    WorkStatus.QUEUED: "◌",
    WorkStatus.RUNNING: "◐",
    WorkStatus.SUCCEEDED: "●",
    WorkStatus.DEAD: "✕",
    WorkStatus.CANCELLED: "○",
}
_OUTCOME_SHAPES = {
    Outcome.RUNNING: "◐",
    Outcome.SUCCEEDED: "●",
    Outcome.PARTLY: "▲",
    Outcome.FAILED: "✕",
    Outcome.STOPPED: "‖",
    Outcome.NOTHING: "○",
}
_LINK_SHAPES = {
    LinkState.IN_STEP: "●",
    LinkState.WAITING: "◌",
    LinkState.FAILING: "✕",
    LinkState.LEFT_OUT: "‖",
    LinkState.CONFLICT: "▲",
    LinkState.DELETED: "○",
}


class SilentFilter(admin.SimpleListFilter):
    """Running, but the worker's lease is over."""

    title = "worker"
    parameter_name = "silent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choice."""
        return [("yes", "Fell silent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the stale jobs."""
        return queryset.filter(pk__in=SyncJob.objects.stale().values("pk")) if self.value() else queryset


@admin.register(SyncJob)
class SyncJobAdmin(ReadOnlyAdmin):
    """The queue."""

    list_display = (
        "object_type", "venue_link", "connection_link", "state", "mode", "priority", "trigger", "attempts", "queued_at",
        "failure", "history",
    )  # fmt: skip
    list_filter = (
        "status", SilentFilter, "priority", ConnectionProviderFilter, ObjectFilter, "trigger", "mode",
    )  # fmt: skip
    list_select_related = ("venue", "connection__venue", "log")
    search_fields = (
        "=log__reference", "venue__name", "venue__slug", "=connection__account_id", "=failure_class", "=failure_code",
    )  # fmt: skip
    ids = ("id", "run", "connection_id", "venue_id")
    ordering = ("-queued_at",)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: SyncJob) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="connection")
    def connection_link(self, row: SyncJob) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection, row.connection.provider)

    @admin.display(description="status", ordering="status")
    def state(self, row: SyncJob) -> SafeString:
        """Return the staff word: one that waits after a failure is retrying, one whose lease is over is stale."""
        if row.status == WorkStatus.RUNNING and row.lease_until and row.lease_until < timezone.now():
            return badge("Stale", "▲")
        if row.status == WorkStatus.QUEUED and row.failure_class:
            return badge(f"Retrying after {row.attempts}, next {row.not_before:%H:%M} UTC", "◌")
        return badge(row.get_status_display(), WORK_SHAPES[WorkStatus(row.status)])

    @admin.display(description="failure", ordering="failure_class")
    def failure(self, row: SyncJob) -> str:
        """Return the class and the provider's code."""
        return " · ".join(filter(None, (row.failure_class, row.failure_code))) or "–"

    @admin.display(description="last run")
    def history(self, row: SyncJob) -> SafeString | str:
        """Return a link to the log of the last attempt."""
        return link(row.log, row.log.reference) if row.log else "–"


@admin.register(SyncLog)
class SyncLogAdmin(ReadOnlyAdmin):
    """Every attempt."""

    list_display = (
        "reference", "venue_link", "provider", "object_type", "result", "trigger", "started_at", "took", "read",
        "created", "updated", "deleted", "left_out", "failed", "problem", "job_link",
    )  # fmt: skip
    list_filter = ("outcome", ProviderFilter, ObjectFilter, "trigger", "mode")
    list_select_related = ("venue", "job")
    search_fields = (
        "=reference",
        "venue__name",
        "venue__slug",
        "=connection__account_id",
        "=error_class",
        "=error_code",
    )
    ids = ("id", "run", "connection_id", "venue_id", "job_id")
    ordering = ("-started_at",)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: SyncLog) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="result", ordering="outcome")
    def result(self, row: SyncLog) -> SafeString:
        """Return the outcome as shape and word."""
        return badge(row.get_outcome_display(), _OUTCOME_SHAPES[Outcome(row.outcome)])

    @admin.display(description="took")
    def took(self, row: SyncLog) -> str:
        """Return how long it took so far."""
        return f"{((row.finished_at or timezone.now()) - row.started_at).total_seconds():.1f} s"

    @admin.display(description="problem", ordering="error_class")
    def problem(self, row: SyncLog) -> str:
        """Return the class and the provider's code."""
        return " · ".join(filter(None, (row.error_class, row.error_code))) or "–"

    @admin.display(description="job")
    def job_link(self, row: SyncLog) -> SafeString | str:
        """Return a link to the job."""
        return link(row.job, "job")


@admin.register(SyncCursor)
class SyncCursorAdmin(ReadOnlyAdmin):
    """How far each stream was read, and when it is read next."""

    list_display = (
        "object_type", "connection_link", "direction", "last_succeeded_at", "age", "last_full_at", "reconciled_at",
        "next_run_at",
    )  # fmt: skip
    list_filter = (ObjectFilter, ConnectionProviderFilter, "direction")
    list_select_related = ("connection__venue",)
    search_fields = ("connection__venue__name", "connection__venue__slug", "=connection__account_id")
    ids = ("connection_id",)
    ordering = ("next_run_at",)

    @admin.display(description="connection")
    def connection_link(self, row: SyncCursor) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="age", ordering="last_succeeded_at")
    def age(self, row: SyncCursor) -> str:
        """Return how long ago the stream was read through."""
        return timesince(row.last_succeeded_at) if row.last_succeeded_at else "never"


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin):
    """The venues' own copies."""

    list_display = ("name", "venue_link", "object_type", "state", "version", "changed_at", "source_updated_at", "links")
    list_filter = (ObjectFilter, ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("venue",)
    search_fields = ("=fields__email", "=fields__name", "=fields__number", "venue__slug")
    ids = ("id", "venue_id")
    ordering = ("-id",)

    @admin.display(description="record")
    def name(self, row: Record) -> str:
        """Return what it is called."""
        return str(row)

    @admin.display(description="venue", ordering="venue__name")
    def venue_link(self, row: Record) -> SafeString | str:
        """Return a link to the venue."""
        return link(row.venue)

    @admin.display(description="state", ordering="deleted_at")
    def state(self, row: Record) -> SafeString:
        """Return whether it was deleted."""
        return badge("Deleted", "○") if row.deleted_at else badge("Kept", "●")

    @admin.display(description="at providers")
    def links(self, row: Record) -> SafeString:
        """Return a link to its counterparts."""
        return listing(RecordLink, "show", record=row.pk)


@admin.register(RecordLink)
class RecordLinkAdmin(ReadOnlyAdmin):
    """What providers call our records."""

    list_display = (
        "external_id", "external_type", "connection_link", "record_link", "how", "problem_said", "pulled_at",
        "remote_version",
    )  # fmt: skip
    list_filter = ("state", ConnectionProviderFilter)
    list_select_related = ("connection__venue", "record")
    search_fields = ("=external_id", "=connection__account_id", "connection__venue__name")
    ids = ("record_id", "connection_id")
    ordering = ("-pk",)

    @admin.display(description="connection")
    def connection_link(self, row: RecordLink) -> SafeString | str:
        """Return a link to the connection."""
        return link(row.connection)

    @admin.display(description="record")
    def record_link(self, row: RecordLink) -> SafeString | str:
        """Return a link to the record."""
        return link(row.record)

    @admin.display(description="state", ordering="state")
    def how(self, row: RecordLink) -> SafeString:
        """Return the state as shape and word."""
        return badge(row.get_state_display(), _LINK_SHAPES[LinkState(row.state)])

    @admin.display(description="problem")
    def problem_said(self, row: RecordLink) -> str:
        """Return the owner's sentence."""
        return (row.problem or {}).get("sentence") or "–"
