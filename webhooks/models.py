"""What we asked providers to tell us, and every delivery they made."""

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.utils import timezone

from connections.fields import SealedField
from connections.models import Connection
from integrations.ids import uuid7
from syncing.work import WorkItem


class SubscriptionQuerySet(models.QuerySet["WebhookSubscription"]):
    """Questions about registrations."""

    def of(self, upkeep: "WebhookUpkeep") -> "SubscriptionQuerySet":
        """Return those of a connection, or of our application at a provider."""
        return self.filter(provider=upkeep.provider, connection=upkeep.connection_id)

    def current(self) -> "SubscriptionQuerySet":
        """Return those that are registered or about to be: one for each connection and place."""
        return self.filter(active=True, retired_at=None)


class WebhookSubscription(models.Model):
    """One registration at a provider, and the secrets that prove its deliveries.

    It is stored before the provider is asked, and its address never changes: a registration that cannot be used any
    more is retired, and another takes its place. What is retired is still accepted for a while.
    """

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="webhook_subscriptions",
        help_text="Empty for the one of our application, which tells of everybody who signed in.",
    )  # fmt: skip
    provider = models.CharField(max_length=20)
    place = models.CharField(max_length=120, blank=True, help_text="The audience it tells of; empty: all there is.")
    external_id = models.CharField(max_length=120, blank=True, help_text="Empty until the provider has confirmed it.")
    url_token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the URL.")
    events = models.JSONField(default=list)
    signing_secret = SealedField(null=True)
    previous_secret = SealedField(null=True, help_text="Still accepted while a rotation is under way.")
    active = models.BooleanField(default=True, help_text="Whether what is delivered to its address is accepted.")
    created_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Last found at the provider as it should be.")
    last_received_at = models.DateTimeField(null=True, blank=True)
    roll_asked_at = models.DateTimeField(null=True, blank=True, help_text="Since when it shall get another secret.")
    rolled_at = models.DateTimeField(null=True, blank=True, help_text="When the secret replaced the former one.")
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Since when another has its place.")
    removed_at = models.DateTimeField(null=True, blank=True, help_text="Since when it is gone at the provider.")

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "webhooks"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"],
                condition=~Q(external_id=""),
                name="one_subscription_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["provider", "connection", "place"],
                nulls_distinct=False,
                condition=Q(active=True, retired_at=None),
                name="one_current_subscription_per_place",
            ),
        ]

    def __str__(self) -> str:
        return f"Events of {self.connection or self.provider}"

    def secret_context(self) -> str:
        """Return what binds this row's secrets to it."""
        return f"{self.connection.venue_id if self.connection else 'application'}|{self.provider}"


class WebhookUpkeep(models.Model):
    """Whose registrations have to be seen to, and when: one row for each connection, or our application at a provider.

    `seen_…` is what was true when it was last seen to; once something else is, it is due.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, null=True, related_name="webhook_upkeep")
    provider = models.CharField(max_length=20)
    due_at = models.DateTimeField(default=timezone.now)
    lease_owner = models.CharField(max_length=160, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Turns in a row that failed.")
    seen_address = models.CharField(max_length=500, blank=True)
    seen_connected_at = models.DateTimeField(null=True, blank=True)
    seen_wishes_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When everything was last as it should be.")
    failure_class = models.CharField(max_length=20, blank=True)
    failure_code = models.CharField(max_length=120, blank=True)
    problem = models.CharField(max_length=500, blank=True, help_text="Why nothing is registered, as a sentence.")

    class Meta:
        db_table = "webhook_upkeep"
        verbose_name_plural = "webhook upkeep"
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(connection=None), name="one_upkeep_of_our_application_per_provider"
            )
        ]

    def __str__(self) -> str:
        return f"Upkeep of {self.connection or self.provider}"


class Verdict(models.TextChoices):
    """What the verifier, the reader and the router made of a delivery, or that there was none."""

    ACCEPTED = "accepted", "Accepted"
    FOUND = "found", "Found by reconciling, never delivered"
    IGNORED = "ignored", "Not of interest"
    UNROUTABLE = "unroutable", "No such account here"
    UNREADABLE = "unreadable", "Cannot be read"
    REFUSED = "refused", "Not signed by the provider"


class WebhookEvent(WorkItem):
    """One event as it arrived; the dedupe key makes a second delivery of it a no-op.

    A delivery of several events is several rows with the same `delivery`; the first of them holds its bytes. Of
    deliveries that were not signed by the provider one a minute leaves a row, without its bytes. What was found in the
    provider's own list has no delivery, and its body is the event as it was listed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20)
    # No index of its own: "events_of_a_connection" begins with it, and every index costs each delivery.
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="webhook_events", db_index=False
    )
    account_id = models.CharField(max_length=120, blank=True)
    event_type = models.CharField(max_length=120, blank=True)
    object_type = models.CharField(max_length=20, blank=True, help_text="Ours; empty when it is not of interest.")
    external_id = models.CharField(max_length=255, blank=True)
    happened_at = models.DateTimeField(null=True, blank=True, help_text="By the provider's clock.")
    is_revocation = models.BooleanField(default=False)
    dedupe_key = models.CharField(max_length=120)
    delivery = models.UUIDField(null=True, blank=True, help_text="Shared by the events that came in one request.")
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.ACCEPTED)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta(WorkItem.Meta):
        db_table = "integration_webhooks"
        constraints = [
            *WorkItem.Meta.constraints,
            models.UniqueConstraint(fields=["provider", "account_id", "dedupe_key"], name="one_row_per_event"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verdict_is_known"),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(status="queued"), name="waiting_events"),
            models.Index(fields=["lease_until"], condition=Q(status="running"), name="events_under_way"),
            models.Index(fields=["connection", "-received_at"], name="events_of_a_connection"),
            models.Index(fields=["connection"], condition=Q(status="dead"), name="given_up_events"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="events_of_a_recovery"),
            models.Index(KT("set_aside__batch"), condition=Q(set_aside__isnull=False), name="events_set_aside"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_type} {self.dedupe_key}"
