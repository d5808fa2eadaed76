"""Figures derived from the tables below; both can be rebuilt from them at any time."""

from django.db import models
from django.db.models import Q

from connections.models import Connection


class IntegrationHealth(models.Model):
    """The last computed health of a connection."""

    class Grade(models.TextChoices):
        """One word for the state of a connection."""

        GOOD = "good", "Good"
        LATE = "late", "Late"
        FAILING = "failing", "Failing"
        BROKEN = "broken", "Broken"

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="health")
    grade = models.CharField(max_length=10, choices=Grade.choices)
    reasons = models.JSONField(default=list)
    runs_24h = models.PositiveIntegerField(default=0)
    failed_runs_24h = models.PositiveIntegerField(default=0)
    p95_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="Within how many milliseconds 95 of 100 runs of the last 24 hours ended."
    )
    computed_at = models.DateTimeField()

    class Meta:
        db_table = "integration_health"
        constraints = [
            models.CheckConstraint(condition=Q(failed_runs_24h__lte=models.F("runs_24h")), name="failures_are_runs")
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.get_grade_display()}"


class IntegrationCost(models.Model):
    """What one connection used on one day: calls by class, bytes, runs and money."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="costs")
    day = models.DateField()
    call_class = models.CharField(max_length=20)
    calls = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    currency = models.CharField(max_length=3, default="USD")

    class Meta:
        db_table = "integration_costs"
        constraints = [
            models.UniqueConstraint(fields=["connection", "day", "call_class"], name="one_cost_per_day_and_class"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.connection}, {self.day}: {self.calls} {self.call_class} calls"
