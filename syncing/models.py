"""The queue, its history, the bookmarks, and the venue's own copy of every record."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Now
from django.utils import timezone

from connections.models import Connection
from connections.models import Status as ConnectionStatus
from integrations.ids import uuid7
from integrations.models import Venue
from mappings.models import Direction
from syncing.work import OPEN, WorkItem, WorkStatus

NEW = "new:"  # begins the external id of a counterpart that the provider has not named yet
_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_reference() -> str:
    """Return a short code such as 8F3K-2QPX that a person can read out on the telephone."""
    letters = [secrets.choice(_REFERENCE_ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


class Mode(models.TextChoices):
    """How much of a stream a job reads."""

    INCREMENTAL = "incremental", "What changed"
    FULL = "full", "Everything"


class Priority(models.IntegerChoices):
    """Who goes first; a number, so that it never sorts as text."""

    CRITICAL = 0, "Critical"
    HIGH = 1, "High"
    NORMAL = 2, "Normal"
    LOW = 3, "Low"


class Trigger(models.TextChoices):
    """What started a run."""

    FIRST = "first", "first sync"
    OWNER = "owner", "a person"
    SCHEDULE = "schedule", "the schedule"
    RETRY = "retry", "a retry"
    STAFF = "staff", "our team"
    EVENT = "event", "news from the provider"


class Outcome(models.TextChoices):
    """How a run ended, in the owner's words."""

    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    PARTLY = "partly_succeeded", "Partly succeeded"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    NOTHING = "nothing_to_do", "Skipped"


class SyncJobQuerySet(models.QuerySet["SyncJob"]):
    """Questions about the queue."""

    def open(self) -> "SyncJobQuerySet":
        """Return what waits or runs."""
        return self.filter(status__in=OPEN)

    def workable(self) -> "SyncJobQuerySet":
        """Return what may be worked on now: its connection is authorised and its venue has not paused it."""
        return self.open().filter(connection__status=ConnectionStatus.CONNECTED)

    def stale(self) -> "SyncJobQuerySet":
        """Return the running ones whose lease is over by the database's clock: their worker fell silent."""
        return self.filter(status=WorkStatus.RUNNING, lease_until__lt=Now())


class SyncJob(WorkItem):
    """One piece of work: one object type of one connection in one direction."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.UUIDField(default=uuid7, help_text="Shared by all jobs that one request or one due slot created.")
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="sync_jobs")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_jobs")
    object_type = models.CharField(max_length=20)
    direction = models.CharField(max_length=3, choices=Direction.choices, default=Direction.IN)
    mode = models.CharField(max_length=12, choices=Mode.choices, default=Mode.INCREMENTAL)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.SCHEDULE)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    log = models.ForeignKey("SyncLog", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="News came after it began to read: another read follows it."
    )

    objects = SyncJobQuerySet.as_manager()

    class Meta(WorkItem.Meta):
        db_table = "sync_queue"
        permissions = [
            ("force_sync", "Can sync many venues at once"),
            ("clear_queue", "Can take work out of the queue and put it back"),
            ("process_dead_letters", "Can retry and discard given-up work"),
            ("recover_stale", "Can let stale work go on"),
        ]
        constraints = [
            *WorkItem.Meta.constraints,
            models.UniqueConstraint(
                fields=["connection", "object_type", "direction"],
                condition=Q(status="queued"),
                name="one_waiting_job_per_stream",
            ),
            models.UniqueConstraint(
                fields=["connection", "object_type", "direction"],
                condition=Q(status="running"),
                name="one_running_job_per_stream",
            ),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="syncjob_priority_is_known"),
        ]
        indexes = [
            models.Index(fields=["priority", "not_before"], condition=Q(status="queued"), name="waiting_jobs"),
            models.Index(fields=["connection", "-queued_at"], name="jobs_of_a_connection"),
            models.Index(
                fields=["connection", "object_type", "direction", "-queued_at"],
                condition=Q(status__in=["succeeded", "dead"]),
                name="ended_jobs_of_a_stream",
            ),
            models.Index(fields=["run"], name="jobs_of_a_run"),
            models.Index(fields=["connection"], condition=Q(status="dead"), name="given_up_jobs"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="jobs_of_a_recovery"),
            models.Index(KT("set_aside__batch"), condition=Q(set_aside__isnull=False), name="jobs_set_aside"),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.direction} of {self.connection_id}: {self.get_status_display()}"


class SyncLog(models.Model):
    """One attempt at a job, from its start to its end: what the history shows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=9, unique=True, default=new_reference)
    job = models.ForeignKey(SyncJob, on_delete=models.SET_NULL, null=True, related_name="logs")
    run = models.UUIDField()
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="sync_logs")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_logs")
    provider = models.CharField(max_length=20)
    object_type = models.CharField(max_length=20)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    mode = models.CharField(max_length=12, choices=Mode.choices)
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(null=True, help_text="How many the provider says there are, where it does.")
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    calls = models.JSONField(default=dict, help_text="Calls to the provider by class.")
    bytes_in = models.PositiveBigIntegerField(default=0)
    error_class = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=120, blank=True)
    error_sentence = models.CharField(max_length=500, blank=True)
    timeline = models.JSONField(default=list, help_text="What happened on the way: {at, event, detail}.")

    class Meta:
        db_table = "sync_logs"
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["connection", "-started_at"], name="history_of_a_connection"),
            models.Index(fields=["venue", "-started_at"], name="history_of_a_venue"),
            models.Index(fields=["run"], name="logs_of_a_run"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="outcome_is_known"),
            models.CheckConstraint(
                condition=Q(outcome="running", finished_at=None)
                | (~Q(outcome="running") & Q(finished_at__isnull=False)),
                name="ended_runs_have_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.provider} {self.object_type} {self.get_outcome_display()}"

    @property
    def done(self) -> int:
        """Return how many records were settled, whatever the result."""
        return self.created + self.updated + self.unchanged + self.deleted

    @property
    def call_count(self) -> int:
        """Return the number of calls to the provider, of every class."""
        return sum(self.calls.values())


class SyncCursor(models.Model):
    """The bookmark of one stream of a connection, and when it is read next."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_cursors")
    object_type = models.CharField(max_length=20)
    direction = models.CharField(max_length=3, choices=Direction.choices, default=Direction.IN)
    position = models.JSONField(default=dict, help_text="The provider stream's own bookmark; saved with its rows.")
    next_run_at = models.DateTimeField(null=True, blank=True)
    last_succeeded_at = models.DateTimeField(null=True, blank=True)
    last_full_at = models.DateTimeField(null=True, blank=True)
    full_began_at = models.DateTimeField(
        null=True, blank=True, help_text="Set while a read of everything is under way."
    )
    mapped_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="The version of the rules by which the stored records were mapped."
    )
    mapped_to = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="How far mapping them again has come: the last link."
    )
    miscount = models.PositiveIntegerField(
        default=0, help_text="How many fewer the provider counted than we hold, right after everything was read."
    )
    reconciled_at = models.DateTimeField(
        null=True, blank=True, help_text="Up to when what the provider told was held against what we received."
    )
    reconcile_after = models.DateTimeField(
        null=True,
        blank=True,
        help_text="While somebody is at it the end of the lease; after a failure the next try.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "sync_cursors"
        constraints = [
            models.UniqueConstraint(fields=["connection", "object_type", "direction"], name="one_cursor_per_stream")
        ]
        indexes = [
            models.Index(fields=["next_run_at"], condition=Q(next_run_at__isnull=False), name="cursors_by_due_time")
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.direction} of {self.connection_id}"


class RecordQuerySet(models.QuerySet["Record"]):
    """Questions about records."""

    def live(self) -> "RecordQuerySet":
        """Return those that are not deleted."""
        return self.filter(deleted_at=None)


class Record(models.Model):
    """The venue's own copy of a customer, product, order …: canonical fields, and a version that real changes move."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="records", db_index=False)  # see indexes
    object_type = models.CharField(max_length=20)
    fields: Any = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=32)
    external_key: Any = models.CharField(
        max_length=200, null=True, blank=True, help_text="The venue's own key, where its system is the source."
    )
    identity: Any = models.CharField(
        max_length=340, null=True, blank=True, help_text="What tells it apart; empty where another record has it."
    )
    twin: Any = models.CharField(
        max_length=340, null=True, blank=True, help_text="What would tell it apart, where another record has that."
    )
    apart: Any = models.CharField(
        max_length=340, null=True, blank=True, help_text="The `twin` of which a person said that it is somebody else."
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged", db_index=False,
        help_text="The record that a person said it is the same as.",
    )  # fmt: skip
    source_updated_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now, db_default=Now())
    changed_at = models.DateTimeField(default=timezone.now, db_default=Now())

    objects = RecordQuerySet.as_manager()

    class Meta:
        db_table = "records"
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=1), name="record_versions_start_at_one"),
            models.UniqueConstraint(
                fields=["venue", "object_type", "external_key"],
                condition=Q(external_key__isnull=False),
                name="one_record_per_key_of_the_venue",
            ),
            models.UniqueConstraint(
                fields=["venue", "object_type", "identity"],
                condition=Q(identity__isnull=False),
                name="one_record_per_identity",
            ),
        ]
        indexes = [
            models.Index(fields=["venue", "object_type", "id"], name="records_of_a_venue"),
            models.Index(
                fields=["venue", "object_type", "twin"], condition=Q(twin__isnull=False), name="possible_duplicates"
            ),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="merged_records"),
            models.Index(
                F("venue"), KT("fields__order__id"), condition=Q(object_type="invoice"), name="invoices_of_orders"
            ),
        ]

    def __str__(self) -> str:
        for name in ("name", "number", "email", "company"):
            if self.fields.get(name):
                return f"{self.object_type} {self.fields[name]}"
        person = " ".join(filter(None, (self.fields.get("given_name"), self.fields.get("family_name"))))
        return f"{self.object_type} {person or self.id}"


class LinkState(models.TextChoices):
    """How a record stands towards one provider."""

    IN_STEP = "in_step", "Up to date"
    WAITING = "waiting", "Waiting"
    FAILING = "failing", "Failing"
    LEFT_OUT = "left_out", "Left out"
    CONFLICT = "conflict", "Conflict"
    DELETED = "deleted", "Deleted"


class RecordLink(models.Model):
    """A record's counterpart at one provider: its id there, what was last seen and sent, and what is wrong."""

    # No index of their own: the two unique constraints begin with these columns, and every index costs each write.
    record = models.ForeignKey(Record, on_delete=models.CASCADE, null=True, related_name="links", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="record_links", db_index=False)
    external_type = models.CharField(max_length=20)
    external_id = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=LinkState.choices, default=LinkState.IN_STEP)
    remote_version = models.CharField(max_length=64, blank=True)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    raw: Any = models.JSONField(default=dict, help_text="As received.")
    raw_hash = models.CharField(max_length=32, blank=True)
    base: Any = models.JSONField(
        null=True, help_text="Canonical fields as both sides last agreed; empty: as the record has them."
    )
    pulled_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    seen_at = models.DateTimeField(null=True, blank=True, db_default=Now(), help_text="Last met in a full read.")
    pushed_version = models.PositiveIntegerField(null=True, blank=True)
    pushed_hash = models.CharField(max_length=32, blank=True, db_default="", default="")
    push_key = models.CharField(max_length=45, blank=True, db_default="", default="")
    push_started_at = models.DateTimeField(null=True, blank=True)
    push: Any = models.JSONField(
        null=True, blank=True, help_text="A write under way: {operation, values, whole, version, attempt}."
    )
    problem = models.JSONField(null=True, blank=True, help_text="{class, code, field, sentence, since}")

    class Meta:
        db_table = "record_links"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_type", "external_id"], name="one_link_per_external_id"
            ),
            models.UniqueConstraint(
                fields=["record", "connection", "external_type"], name="one_link_per_record_and_connection"
            ),
            models.CheckConstraint(condition=Q(state__in=LinkState.values), name="link_state_is_known"),
            models.CheckConstraint(
                condition=Q(record__isnull=False) | Q(state__in=["failing", "left_out", "deleted"]),
                name="link_without_a_record_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "external_type", "state"],
                condition=~Q(state="in_step"),
                name="links_not_in_step",
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_type} {self.external_id} ({self.get_state_display()})"
