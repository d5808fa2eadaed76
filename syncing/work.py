"""The one state machine that every queued row follows.

        claim                  succeed
QUEUED ---------> RUNNING ---------------> SUCCEEDED
  ^  ^               |  |   final failure, or stale and attempts used up
  |  +-- retry ------+  +----------------> DEAD ----requeue---> QUEUED
  +---- lease over                         CANCELLED (stopped, cleared, superseded)

A claim adds one to `attempts` and `fence` and sets the lease by the database's clock. Every later write of that run
carries `WHERE fence = mine`, so a worker that wakes late changes nothing.

Each failure is noted on the row: the last one in columns, all of them in `failures`. A row that staff took out of the
queue or discarded is CANCELLED and keeps in `set_aside` what it was, so that it comes back exactly as it had been.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Now
from django.utils import timezone


class WorkStatus(models.TextChoices):
    """Where a queued row stands."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    DEAD = "dead", "Given up"
    CANCELLED = "cancelled", "Stopped"


OPEN = (WorkStatus.QUEUED, WorkStatus.RUNNING)

# Codes of failures that nobody told: the worker was gone, or gave no sign of life.
SILENT = frozenset({"worker_lost", "worker_gone", "hangs"})
_KEPT = 20  # failures on a row: the first and the latest
# What a row holds of one failure more. Times are text as PostgreSQL writes JSON; `worker` is who had the lease.
_NOTED = f"""
(CASE WHEN jsonb_array_length({{row}}failures) >= {_KEPT} THEN {{row}}failures - 1 ELSE {{row}}failures END)
|| jsonb_build_object('at', now(), 'attempt', {{row}}attempts, 'worker', {{row}}lease_owner, 'class', {{failure_class}},
                      'code', {{code}}, 'field', {{field}}, 'sentence', {{sentence}})
"""


def noted(row: str, *, failure_class: str, code: str, field: str, sentence: str) -> str:
    """Return the SQL of `failures` with one more; `row` is the alias with its dot, the others are SQL of text."""
    return _NOTED.format(row=row, failure_class=failure_class, code=code, field=field, sentence=sentence)


def worker_lost(row: str, *, when: str) -> str:
    """Return the SQL that sets the columns of a failure to a worker that fell silent, where `when` holds."""
    sentence = "'The worker that had it fell silent.'"
    failures = noted(row, failure_class="'ours'", code="'worker_lost'", field="''", sentence=sentence)
    return f"""failures = CASE WHEN {when} THEN {failures} ELSE {row}failures END,
    first_failed_at = CASE WHEN {when} THEN coalesce({row}first_failed_at, now()) ELSE {row}first_failed_at END,
    last_failed_at = CASE WHEN {when} THEN now() ELSE {row}last_failed_at END"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a piece of work failed: our class, the provider's code and field, the owner's sentence."""

    error_class: str
    code: str = ""
    sentence: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        """Cut what is longer than its column."""
        for name, longest in (("error_class", 20), ("code", 120), ("sentence", 500), ("field", 120)):
            object.__setattr__(self, name, str(getattr(self, name)).replace("\x00", "")[:longest])

    def noted(self) -> dict[str, Any]:
        """Return what an UPDATE sets when work failed for this reason."""
        entry = noted("", **dict.fromkeys(("failure_class", "code", "field", "sentence"), "%s::text"))
        told = (self.error_class, self.code, self.field, self.sentence)
        return {
            "failure_class": self.error_class, "failure_code": self.code, "failure_field": self.field,
            "failure_sentence": self.sentence, "first_failed_at": Coalesce("first_failed_at", Now()),
            "last_failed_at": Now(), "failures": RawSQL(entry, told),  # noqa: S611 - a constant
        }  # fmt: skip

    def of_record(self) -> dict[str, Any]:
        """Return what a counterpart holds as its problem from now on: {class, code, field, sentence, since}.

        `since` is ISO 8601 to the microsecond: whether a record failed anew is told by it.
        """
        return {
            "class": self.error_class, "code": self.code, "field": self.field, "sentence": self.sentence,
            "since": timezone.now().isoformat(timespec="microseconds"),
        }  # fmt: skip


FORGIVEN = {"failure_class": "", "failure_code": "", "failure_field": "", "failure_sentence": ""}


class WorkItem(models.Model):
    """What every queued row has: its state, its lease, and why it failed."""

    status = models.CharField(max_length=10, choices=WorkStatus.choices, default=WorkStatus.QUEUED)
    attempts = models.PositiveIntegerField(default=0, help_text="Claims in a row that stored nothing.")
    not_before = models.DateTimeField(default=timezone.now)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    failure_class = models.CharField(max_length=20, blank=True)
    failure_code = models.CharField(max_length=120, blank=True, help_text="The provider's own code.")
    failure_field = models.CharField(max_length=120, blank=True, db_default="", default="")
    failure_sentence = models.CharField(max_length=500, blank=True)
    first_failed_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    failures: Any = models.JSONField(
        default=list, db_default=Value([], models.JSONField()),
        help_text="Every failure: {at, attempt, worker, class, code, field, sentence}.",
    )  # fmt: skip
    set_aside: Any = models.JSONField(
        null=True, blank=True, help_text="Taken out by staff: {batch, action, by, at, reason, status, finished_at}."
    )
    batch = models.UUIDField(null=True, blank=True, help_text="The recovery that it was last part of.")
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(status__in=WorkStatus.values), name="%(class)s_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_until__isnull=False), name="%(class)s_running_has_a_lease"
            ),
            models.CheckConstraint(
                condition=~Q(status="dead") | ~Q(failure_class=""), name="%(class)s_given_up_says_why"
            ),
        ]

    @property
    def fell_silent(self) -> bool:
        """Return whether the last thing that went wrong was that its worker gave no sign of life."""
        return bool(self.failures) and self.failures[-1]["code"] in SILENT
