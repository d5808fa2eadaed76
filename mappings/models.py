"""Mapping rules by version, the templates they begin with, and the fields of each account as they were last seen."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue, VenueType


class Direction(models.TextChoices):
    """Which way values travel, seen from Backline."""

    IN = "in", "From the provider"
    OUT = "out", "To the provider"


class UpdateMode(models.TextChoices):
    """What happens to a value that is already there."""

    OVERWRITE = "overwrite", "Always replace"
    IF_NEW = "if_new", "Only for new records"
    IF_EMPTY = "if_empty", "Only when empty"
    APPEND = "append", "Add to the list"


class FieldMappingQuerySet(models.QuerySet["FieldMapping"]):
    """Questions about rules."""

    def in_force(self, connection: Connection) -> "FieldMappingQuerySet":
        """Return the rules of the connection's newest version, in their order."""
        newest = FieldMapping.objects.filter(connection=connection).order_by("-version").values("version")[:1]
        return self.filter(connection=connection, version=models.Subquery(newest)).order_by("object_type", "position")


class FieldMapping(models.Model):
    """One rule of one version. What a version says is never changed, saving makes the next one; a rule may be held."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="field_mappings")
    version = models.PositiveIntegerField()
    object_type = models.CharField(max_length=20)
    direction = models.CharField(max_length=3, choices=Direction.choices, default=Direction.IN)
    position = models.PositiveIntegerField()
    source = models.CharField(max_length=120, help_text="Field id on the side the value comes from.")
    target = models.CharField(max_length=120, help_text="Field id on the side the value goes to.")
    transforms = models.JSONField(default=list, blank=True)
    default = models.JSONField(null=True, blank=True, help_text="Taken when the source is empty.")
    required = models.BooleanField(default=False)
    update_mode = models.CharField(max_length=10, choices=UpdateMode.choices, default=UpdateMode.OVERWRITE)
    who_wins = models.CharField(max_length=10, blank=True, help_text="Empty: as the object's policy says.")
    paused_reason = models.CharField(max_length=200, blank=True, help_text="Set: this rule alone is held.")
    lost = models.JSONField(
        null=True, blank=True, help_text="The provider’s field as it was, where the rule is held because it changed."
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = FieldMappingQuerySet.as_manager()

    class Meta:
        db_table = "field_mappings"
        ordering = ["connection", "version", "object_type", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "version", "object_type", "direction", "position"],
                name="one_rule_per_position_of_a_version",
            ),
            models.UniqueConstraint(
                fields=["connection", "version", "object_type", "direction", "target"],
                name="one_rule_per_target_of_a_version",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="mapping_versions_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.object_type}: {self.source} → {self.target} (version {self.version})"


class FieldMappingTemplate(models.Model):
    """A named set of rules for one provider, object and venue type; shipped as data or saved by a venue."""

    key = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    provider = models.CharField(max_length=20)
    object_type = models.CharField(max_length=20)
    venue_type = models.CharField(max_length=20, choices=VenueType.choices, default=VenueType.GENERAL)
    venue = models.ForeignKey(
        Venue, on_delete=models.CASCADE, null=True, blank=True, help_text="Set: private to that venue."
    )
    rules = models.JSONField(help_text="List of {source, target, transforms, default, required, update_mode}.")
    is_default = models.BooleanField(default=False)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "field_mapping_templates"
        ordering = ["provider", "object_type", "venue_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "object_type", "venue_type"],
                condition=Q(is_default=True),
                name="one_default_template_per_object_and_venue_type",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SchemaWatchQuerySet(models.QuerySet["SchemaWatch"]):
    """Questions about what is known of accounts' fields."""

    def untold(self, now: datetime) -> "SchemaWatchQuerySet":
        """Return those that wait for an owner's decision of which no mail has told, unless somebody is sending it."""
        nobody = Q(telling_until=None) | Q(telling_until__lt=now)
        return self.filter(nobody, decision_since__isnull=False, owner_told_at=None)


class SchemaWatch(models.Model):
    """What is known of one account's fields: when they were looked at, what they were, and what changed since."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="schema_watch")
    fields: Any = models.JSONField(default=dict, help_text="By object, as last seen.")
    taken_at = models.DateTimeField(null=True, blank=True, help_text="When they were last seen; empty: never.")
    changes: Any = models.JSONField(
        default=list, blank=True, help_text="What was different, with the date, the newest last."
    )
    chosen: Any = models.JSONField(default=dict, blank=True, help_text="What the owner read from then.")
    due_at = models.DateTimeField(default=timezone.now, help_text="When they are looked at again.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last look saw nothing.")
    mends_itself = models.BooleanField(
        default=False, help_text="What is certain and loses nothing is put right without asking."
    )
    decision_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when a field that must be filled has none; empty: every one has."
    )
    decision: Any = models.JSONField(
        null=True, blank=True, help_text="What is to be decided: {object, direction, sentence}."
    )
    owner_told_at = models.DateTimeField(null=True, blank=True, help_text="When a mail told of it.")
    telling_until = models.DateTimeField(null=True, blank=True, help_text="Somebody is sending the mail until then.")

    objects = SchemaWatchQuerySet.as_manager()

    class Meta:
        db_table = "schema_watches"
        verbose_name_plural = "schema watches"
        indexes = [models.Index(fields=["due_at"], name="schema_watches_due")]

    def __str__(self) -> str:
        seen = f"seen {self.taken_at:%d %b %Y, %H:%M} UTC" if self.taken_at else "not seen yet"
        return f"Fields of {self.connection}, {seen}"
