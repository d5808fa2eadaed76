"""The API's shapes of what our team sees over all venues: how all stand, how the platform does, what waits."""

from typing import Any

from rest_framework import serializers

from integrations.api_docs import choices_of
from integrations.providers.errors import ErrorClass
from monitoring.recovery_bodies import Cause
from monitoring.wording import CardStatus

# --- all venues -------------------------------------------------------------------------------------------------------


class VenueBrief(serializers.Serializer[Any]):
    """A venue."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class Spend(serializers.Serializer[Any]):
    """Calls since the first of the month, and what they cost by currency, as decimal text."""

    calls = serializers.IntegerField()
    amounts = serializers.DictField(child=serializers.CharField())


class LastError(serializers.Serializer[Any]):
    """Why the last of the attempts that failed did, and when it began. Of the last thirty days."""

    at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `class`, which Python keeps for itself."""
        return {"class": serializers.ChoiceField(choices=choices_of(ErrorClass)), **super().get_fields()}


class VenueRow(serializers.Serializer[Any]):
    """One provider at one venue. `lag_seconds`: how long ago the object succeeded that was read longest ago."""

    venue = VenueBrief()
    provider = serializers.CharField()
    connection = serializers.UUIDField(allow_null=True)
    status = serializers.ChoiceField(choices=choices_of(CardStatus))
    status_label = serializers.CharField()
    lag_seconds = serializers.IntegerField(allow_null=True)
    dead_letters = serializers.IntegerField()
    spend = Spend()
    last_error = LastError(allow_null=True)


class AllVenues(serializers.Serializer[Any]):
    """A page of rows, by the venues' names. `next_cursor` is null on the last one."""

    as_of = serializers.DateTimeField()
    spend_since = serializers.DateField()
    next_cursor = serializers.CharField(allow_null=True)
    results = VenueRow(many=True)


# --- health -----------------------------------------------------------------------------------------------------------


class Answering(serializers.Serializer[Any]):
    """Whether something answers, and how fast it just did."""

    up = serializers.BooleanField()
    answered_in_ms = serializers.FloatField(allow_null=True)


class WorkersSeen(serializers.Serializer[Any]):
    """Worker processes that gave a sign of life in the last minute or have work, and the queues that they serve.

    Null while Redis is away, which alone knows of idle ones. `working` is how many threads have a piece of work.
    """

    seen_lately = serializers.IntegerField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    queues = serializers.ListField(child=serializers.CharField(), allow_null=True)
    working = serializers.IntegerField()


class BeatSeen(serializers.Serializer[Any]):
    """Whether beat sent something in the last five minutes."""

    seen_lately = serializers.BooleanField()
    last_seen_at = serializers.DateTimeField(allow_null=True)


class Platform(serializers.Serializer[Any]):
    """What everything stands on."""

    database = Answering()
    broker = Answering()
    workers = WorkersSeen()
    beat = BeatSeen()


class ProviderHealth(serializers.Serializer[Any]):
    """One provider over all venues: its breaker, null while Redis is away, and the attempts of the last hour.

    `up` is false while the provider is left alone because it did not answer.
    """

    provider = serializers.CharField()
    up = serializers.BooleanField(allow_null=True)
    breaker = serializers.ChoiceField(choices=["closed", "open", "half-open"], allow_null=True)
    breaker_since = serializers.DateTimeField(allow_null=True)
    accounts_left_alone = serializers.IntegerField(allow_null=True)
    runs = serializers.IntegerField()
    error_rate = serializers.FloatField(allow_null=True, help_text="Share of the runs that failed; null without any.")
    p50_ms = serializers.IntegerField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)


class HealthSummary(serializers.Serializer[Any]):
    """How the platform does at this moment."""

    as_of = serializers.DateTimeField()
    platform = Platform()
    providers = ProviderHealth(many=True)
    connections = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many stand in each of the owner’s six words."
    )
    top_causes = Cause(many=True)


# --- queue ------------------------------------------------------------------------------------------------------------


class QueueRow(serializers.Serializer[Any]):
    """One queue, priority and provider. Events are worked off without priorities."""

    queue = serializers.ChoiceField(choices=["syncs", "webhooks"])
    priority = serializers.ChoiceField(choices=["critical", "high", "normal", "low"], allow_null=True)
    provider = serializers.CharField()
    depth = serializers.IntegerField()
    ready = serializers.IntegerField(help_text="Of the depth, that whose time has come.")
    oldest_age_seconds = serializers.FloatField(allow_null=True)
    running = serializers.IntegerField()
    throughput_1h = serializers.IntegerField()
    wait_p50_seconds = serializers.FloatField(allow_null=True)
    wait_p95_seconds = serializers.FloatField(allow_null=True)
    retrying = serializers.IntegerField()
    retried_1h = serializers.IntegerField()
    dead = serializers.IntegerField()
    dead_in_1h = serializers.IntegerField()
    dead_out_1h = serializers.IntegerField()


class QueueMetrics(serializers.Serializer[Any]):
    """What waits and runs."""

    as_of = serializers.DateTimeField()
    results = QueueRow(many=True)
