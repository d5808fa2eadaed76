"""The API's shapes of recovery: what is asked, what is told first, what was done."""

from typing import Any

from rest_framework import serializers

from integrations.api_contract import StrictSerializer
from integrations.api_docs import choices_of
from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass
from integrations.providers.types import ObjectType
from monitoring.dead_letters import MOST, Filter
from monitoring.venue_named import VenueNamed
from syncing.models import Mode
from webhooks.recovery import How


class Meant(StrictSerializer):
    """Which pieces of work are meant; at least one field."""

    kind = serializers.ChoiceField(choices=["job", "event", "record"], required=False)
    provider = serializers.ChoiceField(choices=list(PROVIDERS), required=False)
    venue = VenueNamed(required=False, help_text="Id or slug of a venue.")
    connection = serializers.UUIDField(required=False)
    object = serializers.ChoiceField(choices=choices_of(ObjectType), required=False)
    error_class = serializers.ChoiceField(choices=choices_of(ErrorClass), required=False)
    cause = serializers.RegexField(r"^[0-9a-f]{32}\Z", required=False, help_text="Of `GET admin/dead-letters`.")
    ids = serializers.ListField(
        child=serializers.RegexField(r"^([0-9a-f-]{36}|[0-9]{1,18})\Z"), required=False, max_length=MOST
    )

    def to_internal_value(self, data: Any) -> Filter:
        """Return the filter. Raises ValidationError."""
        given = super().to_internal_value(data)
        given["object_type"] = given.pop("object", None)
        given["ids"] = tuple(given["ids"]) if "ids" in given else None
        return Filter(**given)


class _Acting(StrictSerializer):
    filter = Meant()
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(default=False, help_text="Only tell what would be done.")


class ForceSync(_Acting):
    """Sync what is meant now."""

    mode = serializers.ChoiceField(choices=Mode.choices, default=Mode.INCREMENTAL)
    unless_within_minutes = serializers.IntegerField(min_value=0, max_value=10_080, default=0)


class ClearQueue(_Acting):
    """Take waiting work out of the queue; `confirm` is what the dry run answered."""

    confirm = serializers.CharField(required=False, max_length=2000, default="")


class ProcessDeadLetters(_Acting):
    """Retry given-up work, or set it aside; discarding wants the `confirm` of a dry run."""

    action = serializers.ChoiceField(choices=["retry", "discard"])
    canary = serializers.BooleanField(default=False, help_text="Only one of each cause.")
    mode = serializers.ChoiceField(choices=choices_of(How), default=How.REPROCESS)
    confirm = serializers.CharField(required=False, max_length=2000, default="")


class RecoverStale(StrictSerializer):
    """Let stale work go on."""

    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(default=False, help_text="Only tell what is stale.")


class Restore(StrictSerializer):
    """Put back what an action took out."""

    batch = serializers.UUIDField(help_text="As the action answered it.")


class RetryEvents(StrictSerializer):
    """Try given-up events again."""

    venue = serializers.CharField(required=False, max_length=120, help_text="Id or slug of one of your venues.")
    ids = serializers.ListField(child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST)
    filter = Meant(required=False)
    mode = serializers.ChoiceField(choices=choices_of(How), default=How.REPROCESS)
    dry_run = serializers.BooleanField(default=False)


class Told(serializers.Serializer[Any]):
    """What would be done, and the token that confirms exactly that."""

    count = serializers.IntegerField()
    by = serializers.DictField(child=serializers.IntegerField())
    confirm = serializers.CharField()


class NotDone(serializers.Serializer[Any]):
    """Something that was left alone."""

    reason = serializers.CharField()


class WasDone(serializers.Serializer[Any]):
    """What was done: how many in all and of each kind, and what was left alone. `batch` is its id for `restore`."""

    batch = serializers.UUIDField()
    count = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    skipped = NotDone(many=True)


class Cause(serializers.Serializer[Any]):
    """Given-up work of one cause."""

    cause = serializers.CharField()
    provider = serializers.CharField()
    error_class = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()
    size = serializers.IntegerField()
    jobs = serializers.IntegerField()
    events = serializers.IntegerField()
    records = serializers.IntegerField()
    venues = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)


class Causes(serializers.Serializer[Any]):
    """All causes, the most frequent first."""

    causes = Cause(many=True)


class StaleItem(serializers.Serializer[Any]):
    """A piece of work without a sign of life."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    provider = serializers.CharField()
    object = serializers.CharField()
    last_sign_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    cause = serializers.CharField()
    cause_said = serializers.CharField()
    next_said = serializers.CharField()


class WasStale(serializers.Serializer[Any]):
    """What goes on, and what woke up by itself; `stale` is what a dry run found."""

    recovered = StaleItem(many=True)
    awake = StaleItem(many=True)
    stale = StaleItem(many=True)


class EventsRetried(serializers.Serializer[Any]):
    """How many were meant, and how many are tried again."""

    matched = serializers.IntegerField()
    requeued = serializers.IntegerField()
