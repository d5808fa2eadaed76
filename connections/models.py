"""The authorised links to providers, and the only homes of their secrets."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from connections.fields import SealedField
from integrations.ids import uuid7
from integrations.models import Venue


class Status(models.TextChoices):
    """What is stored of a link; the six words an owner reads are derived in `monitoring/overview.py`."""

    CONNECTED = "connected", "Connected"
    REAUTHORISE = "reauthorise", "Reconnect needed"
    DISCONNECTED = "disconnected", "Not connected"


class Method(models.TextChoices):
    """How the owner authorised us."""

    OAUTH = "oauth", "Sign-in at the provider"
    API_KEY = "api_key", "Pasted key"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Questions about connections."""

    def live(self) -> "ConnectionQuerySet":
        """Return those that are authorised or were and wait for their owner: at most one per venue and provider."""
        return self.exclude(status=Status.DISCONNECTED)

    def untold(self, now: datetime) -> "ConnectionQuerySet":
        """Return those that need their owner and of which no mail has told yet, unless somebody is sending it."""
        nobody = Q(telling_until=None) | Q(telling_until__lt=now)
        return self.filter(nobody, status=Status.REAUTHORISE, owner_told_at=None)

    def with_access_to_renew(self, now: datetime, within: timedelta, grant_within: timedelta) -> "ConnectionQuerySet":
        """Return the connected ones whose access would end unused, those that failed least and end first in front.

        Access that lives longer than `within` is due when less of it is left. What lives an hour is renewed by whoever
        needs it; only its grant, which ends when nobody does, is due when less than `grant_within` of it is left.
        """
        long_lived = Q(oauth_token__access_expires_at__gt=F("oauth_token__obtained_at") + within)
        access = long_lived & Q(oauth_token__access_expires_at__lt=now + within)
        grant = Q(oauth_token__refresh_expires_at__lt=now + grant_within, oauth_token__obtained_at__lt=now - within)
        found = self.filter(access | grant, status=Status.CONNECTED, oauth_token__refresh_token__isnull=False)
        return found.order_by("oauth_token__failures", "oauth_token__access_expires_at")


class Connection(models.Model):
    """The authorised link between a venue and one account at a provider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="connections")
    provider = models.CharField(max_length=20)
    environment = models.CharField(max_length=20, default="production")
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.OAUTH)
    account_id = models.CharField(max_length=120)
    account_name = models.CharField(max_length=200, blank=True)
    account_details = models.JSONField(default=dict, blank=True)
    scopes = models.JSONField(default=list, blank=True, help_text="Permissions the provider granted.")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CONNECTED)
    status_since = models.DateTimeField(default=timezone.now)
    status_class = models.CharField(max_length=20, blank=True, help_text="Error class that led here, if one did.")
    status_detail = models.CharField(max_length=300, blank=True)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    connected_at = models.DateTimeField(default=timezone.now)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    owner_told_at = models.DateTimeField(null=True, blank=True, help_text="When a mail asked to reconnect it.")
    telling_until = models.DateTimeField(null=True, blank=True, help_text="Until when somebody is sending that mail.")
    revoked_at_provider = models.BooleanField(null=True, blank=True, help_text="Whether the provider confirmed it.")
    history = models.JSONField(default=list, blank=True, help_text="What happened to the link, oldest first.")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        db_table = "connections"
        ordering = ["venue", "provider"]
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "provider"],
                condition=~Q(status="disconnected"),
                name="one_live_connection_per_venue_and_provider",
            ),
            models.UniqueConstraint(
                fields=["provider", "environment", "account_id"],
                condition=~Q(status="disconnected"),
                name="one_venue_per_provider_account",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="connection_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.venue} · {self.provider} ({self.get_status_display()})"


class OAuthToken(models.Model):
    """The only home of OAuth secrets. Changed by `tokens.py` alone, under its lease."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="oauth_token")
    access_token = SealedField()
    refresh_token = SealedField(null=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_ends_at = models.DateTimeField(
        null=True, blank=True, help_text="Where even a refreshed grant ends; only its owner can begin a new one."
    )
    obtained_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1, help_text="Grows by one with every stored refresh.")
    refresh_owner = models.CharField(max_length=80, blank=True)
    refresh_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_failure = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "oauth_tokens"
        verbose_name = "OAuth token"

    def __str__(self) -> str:
        ends = f"until {self.access_expires_at:%d %b %Y, %H:%M} UTC" if self.access_expires_at else "without an end"
        return f"Access of {self.connection}, {ends}"

    def secret_context(self) -> str:
        """Return what binds this row's secrets to it."""
        return f"{self.connection.venue_id}|{self.connection.provider}"


class VenueApiKey(models.Model):
    """The only home of pasted keys."""

    class Status(models.TextChoices):
        """Whether the key is the one in use."""

        ACTIVE = "active", "In use"
        RETIRED = "retired", "Replaced"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="api_keys")
    key = SealedField(null=True, help_text="Empty once retired.")
    fingerprint = models.CharField(max_length=12)
    last4 = models.CharField(max_length=4)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "venue_api_keys"
        verbose_name = "venue API key"
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(status="active"), name="one_key_in_use_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(status="retired") | Q(key__isnull=False), name="key_in_use_has_its_secret"
            ),
        ]

    def __str__(self) -> str:
        return f"Key ending {self.last4} of {self.connection}"

    def secret_context(self) -> str:
        """Return what binds this row's secret to it."""
        return f"{self.connection.venue_id}|{self.connection.provider}"


class OAuthState(models.Model):
    """One trip to a provider's consent page and back: usable once, by the same session, within ten minutes."""

    state_hash = models.CharField(max_length=64, unique=True)
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=20)
    session_hash = models.CharField(max_length=64)
    pkce_verifier = SealedField(null=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="+", help_text="Set for a reconnect."
    )
    return_to = models.CharField(max_length=40, default="welcome")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "oauth_states"
        verbose_name = "OAuth state"
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="state_ends_after_it_began")
        ]

    def __str__(self) -> str:
        return f"{self.user} to {self.provider} for {self.venue}, {'used' if self.used_at else 'open'}"

    def secret_context(self) -> str:
        """Return what binds this row's verifier to it."""
        return f"{self.venue_id}|{self.provider}"
