"""The API's shapes of a connection's health: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from integrations.api_contract import StrictSerializer
from integrations.api_docs import choices_of
from integrations.providers.errors import ErrorClass
from monitoring.checks import CheckName, CheckResult
from monitoring.connection_metrics import Period
from monitoring.models import IntegrationHealth
from monitoring.serializers import CardAction
from monitoring.trial import StepName, StepResult
from monitoring.wording import CardStatus
from syncing.serializers import RecordCounts

_VENUE = "Id or slug of one of your venues; may be left out if there is one."


# --- what may be asked ------------------------------------------------------------------------------------------------


class HealthQuery(StrictSerializer):
    """Of which venue."""

    venue = serializers.CharField(required=False, max_length=120, help_text=_VENUE)


class MetricsQuery(HealthQuery):
    """Of which venue, and how far back."""

    period = serializers.ChoiceField(choices=choices_of(Period), default=Period.DAY)


class TrialRequest(StrictSerializer):
    """Which venue's connection is tested."""

    venue = serializers.CharField(required=False, max_length=120, help_text=_VENUE)


# --- health -----------------------------------------------------------------------------------------------------------


class HealthCheck(serializers.Serializer[Any]):
    """One check. `evidence` holds the facts behind it, by their names; `fix` is null where there is nothing to do."""

    check = serializers.ChoiceField(choices=choices_of(CheckName))
    result = serializers.ChoiceField(choices=choices_of(CheckResult))
    sentence = serializers.CharField()
    evidence = serializers.DictField()
    fix = CardAction(allow_null=True)


class ConnectionHealth(serializers.Serializer[Any]):
    """How healthy a connection is. Without one there is no grade, and `action` says how to connect.

    `reasons` are the checks that speak against it, the worst first.
    """

    provider = serializers.CharField()
    connection = serializers.UUIDField(allow_null=True)
    as_of = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=choices_of(CardStatus))
    status_label = serializers.CharField()
    message = serializers.CharField()
    action = CardAction()
    grade = serializers.ChoiceField(choices=IntegrationHealth.Grade.choices, allow_null=True)
    grade_label = serializers.CharField(allow_null=True)
    reasons = HealthCheck(many=True)
    checks = HealthCheck(many=True)


# --- metrics ----------------------------------------------------------------------------------------------------------


class RunNumbers(serializers.Serializer[Any]):
    """Attempts by how they ended; what had nothing to do succeeded."""

    total = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    partly_succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    stopped = serializers.IntegerField()
    running = serializers.IntegerField()


class Lag(serializers.Serializer[Any]):
    """Percentiles in milliseconds; null where nothing was measured."""

    p50 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)


class Latency(Lag):
    """How long attempts took, in milliseconds; null where none ended."""

    p99 = serializers.IntegerField(allow_null=True)


class EventNumbers(serializers.Serializer[Any]):
    """News from the provider: from when it happened to when it came, and from then to the end of its work."""

    events = serializers.IntegerField()
    given_up = serializers.IntegerField()
    delivery_lag_ms = Lag()
    work_lag_ms = Lag()


class ConnectionMetrics(serializers.Serializer[Any]):
    """What a provider did at a venue, in numbers. `success_rate` is the share of ended attempts that did not fail."""

    provider = serializers.CharField()
    period = serializers.ChoiceField(choices=choices_of(Period))
    since = serializers.DateTimeField()
    as_of = serializers.DateTimeField()
    runs = RunNumbers()
    success_rate = serializers.FloatField(allow_null=True)
    records = RecordCounts()
    latency_ms = Latency()
    webhooks = EventNumbers()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.IntegerField(), help_text=f"Attempts that failed by class: {', '.join(ErrorClass)}."
    )
    calls = serializers.DictField(child=serializers.IntegerField(), help_text="Calls to the provider by class.")
    calls_total = serializers.IntegerField()
    amounts = serializers.DictField(child=serializers.CharField(), help_text="Decimal text by currency.")


# --- test -------------------------------------------------------------------------------------------------------------


class TrialStep(serializers.Serializer[Any]):
    """One step of a test. `unknown` is what a trouble of the moment kept from us, `skipped` what was not asked."""

    step = serializers.ChoiceField(choices=choices_of(StepName))
    result = serializers.ChoiceField(choices=choices_of(StepResult))
    sentence = serializers.CharField()


class TrialOutcome(serializers.Serializer[Any]):
    """What a live test found. `passed` means that the provider accepts our access and nothing speaks against it."""

    provider = serializers.CharField()
    connection = serializers.UUIDField()
    tested_at = serializers.DateTimeField()
    took_ms = serializers.IntegerField()
    passed = serializers.BooleanField()
    steps = TrialStep(many=True)
