"""The one state machine that every queued row follows.

        claim                  succeed
QUEUED ---------> RUNNING ---------------> SUCCEEDED
  ^  ^               |  |   final failure, or stale and attempts used up
  |  +-- retry ------+  +----------------> DEAD ----requeue---> QUEUED
  +---- lease over                         CANCELLED (stopped, cleared, superseded)

A claim adds one to `attempts` and `fence` and sets the lease by the database's clock. Every later write of that run
carries `WHERE fence = mine`, so a worker that wakes late changes nothing.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class WorkStatus(models.TextChoices):
    """Where a queued row stands."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    DEAD = "dead", "Given up"
    CANCELLED = "cancelled", "Stopped"


OPEN = (WorkStatus.QUEUED, WorkStatus.RUNNING)


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
    failure_sentence = models.CharField(max_length=500, blank=True)
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
