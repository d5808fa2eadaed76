"""Venues, who belongs to them and by which tokens, the catalogue, a venue's wishes, and what was asked of the API."""

import zoneinfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.bearer import Bearer
from integrations.ids import uuid7, uuid_of


class VenueType(models.TextChoices):
    """What kind of house it is; decides which mapping template is offered first."""

    CLUB = "club", "Club"
    THEATRE = "theatre", "Theatre"
    FESTIVAL = "festival", "Festival"
    MUSIC_VENUE = "music_venue", "Music venue"
    COMEDY_CLUB = "comedy_club", "Comedy club"
    GENERAL = "general", "Other venue"


class Role(models.TextChoices):
    """What a member may do at a venue; each role may do all that the one before may."""

    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    VENUE_ADMIN = "venue_admin", "Venue admin"


def _known_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/London.")


class VenueQuerySet(models.QuerySet["Venue"]):
    """Questions about venues."""

    def of(self, user: object) -> "VenueQuerySet":
        """Return the venues the user is a member of; nobody's for an anonymous one."""
        if not getattr(user, "is_authenticated", False):
            return self.none()
        own = self.filter(memberships__user=user)
        if isinstance(user, Bearer):
            return own.filter(pk=user.grant.venue) if user.grant else own.none()
        return own

    def named(self, selector: str) -> "VenueQuerySet":
        """Return the venue that an id or a slug names, among these."""
        pk = uuid_of(selector)
        return self.filter(pk=pk) if pk else self.filter(slug=selector)


class Venue(models.Model):
    """A club, theatre or festival: the tenant. Everything below belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    venue_type = models.CharField(max_length=20, choices=VenueType.choices, default=VenueType.GENERAL)
    time_zone = models.CharField(max_length=64, default="Europe/London", validators=[_known_zone])
    currency = models.CharField(max_length=3, default="GBP")
    country = models.CharField(max_length=2, default="GB", help_text="Reads phone numbers written without a country.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VenueQuerySet.as_manager()

    class Meta:
        db_table = "venues"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class VenueMembership(models.Model):
    """A user's role at a venue."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="venue_memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "venue_memberships"
        constraints = [
            models.UniqueConstraint(fields=["venue", "user"], name="one_role_per_member_and_venue"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.venue} ({self.get_role_display()})"


class Scope(models.TextChoices):
    """What a token may do at its venue: each is one role, and holds those before it."""

    READ = "read", "Read"
    OPERATE = "operate", "Operate"
    MANAGE = "manage", "Manage"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Questions about tokens."""

    def standing(self) -> "ApiTokenQuerySet":
        """Return those that nobody revoked, ended or not."""
        return self.filter(revoked_at=None)


class ApiToken(models.Model):
    """What a server signs in with: one person's, at one venue. Of the token itself only a digest is here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Bearer, on_delete=models.CASCADE, related_name="api_tokens")
    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What it is for, in the person's words.")
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    prefix = models.CharField(max_length=10, help_text="How the token begins; tells it from others.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        db_table = "api_tokens"
        verbose_name = "API token"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "user", "name"],
                condition=Q(revoked_at=None),
                name="one_standing_token_per_person_venue_and_name",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0), name="token_scopes_are_known"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="token_ends_after_it_begins"),
        ]
        indexes = [models.Index(fields=["venue", "-created_at"], name="tokens_of_a_venue")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def has_ended(self) -> bool:
        """Return whether its time is over."""
        return self.expires_at <= timezone.now()


class Integration(models.Model):
    """The catalogue entry of a provider, refreshed from its `spec.py` by `manage.py release`."""

    provider = models.SlugField(primary_key=True, max_length=20)
    name = models.CharField(max_length=50)
    category = models.CharField(max_length=50)
    benefit = models.CharField(max_length=200, help_text="One line that says what connecting does for the owner.")
    methods = models.JSONField(default=list, help_text="Ways to authorise: oauth, api_key.")
    objects_offered = models.JSONField(default=list, help_text="Object types that can be synced, with directions.")
    enabled = models.BooleanField(default=True, help_text="Off: no venue can start a new connection.")
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "integrations"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IntegrationConfigQuerySet(models.QuerySet["IntegrationConfig"]):
    """Questions about a venue's wishes."""

    def paused(self) -> "IntegrationConfigQuerySet":
        """Return those that hold still now, by a date still to come or until further notice."""
        return self.filter(paused_at__isnull=False).filter(Q(paused_until=None) | Q(paused_until__gt=timezone.now()))


class IntegrationConfig(models.Model):
    """A venue's wishes for one provider. Never a secret, never the state of the link."""

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="integration_configs")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="configs")
    directions = models.JSONField(default=dict, help_text='Object type to "in", "out" or "both"; absent: not synced.')
    chosen = models.JSONField(
        default=dict, blank=True, help_text="Object type to the ids to read from, as locations; absent: all of them."
    )
    begin = models.DateField(null=True, blank=True, help_text="Sales before this day are not read; empty: all of them.")
    deletes = models.JSONField(
        default=list, blank=True, help_text="Object types of which what is deleted here is deleted there, too."
    )
    interval_minutes = models.PositiveIntegerField(default=15)
    who_wins = models.JSONField(default=dict, blank=True, help_text="Object type to newest, ours, theirs or ask.")
    template = models.CharField(max_length=80, blank=True, help_text="Key of the mapping template it began with.")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    pause_reason = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IntegrationConfigQuerySet.as_manager()

    class Meta:
        db_table = "integration_configs"
        constraints = [
            models.UniqueConstraint(fields=["venue", "integration"], name="one_config_per_venue_and_provider"),
            models.CheckConstraint(condition=Q(interval_minutes__gte=5), name="interval_is_five_minutes_or_more"),
            models.CheckConstraint(
                condition=Q(paused_until=None) | Q(paused_at__isnull=False), name="pause_end_needs_a_pause"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id} for {self.venue}"

    @property
    def is_paused(self) -> bool:
        """Return whether syncs hold still at this moment."""
        return self.paused_at is not None and (self.paused_until is None or self.paused_until > timezone.now())


class ApiIdempotencyKey(models.Model):
    """A request that was sent with an Idempotency-Key, and its answer; kept for a day."""

    class State(models.TextChoices):
        """Whether the request is under way, or has its answer."""

        RUNNING = "running", "Running"
        DONE = "done", "Done"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=300, help_text="Method and path.")
    request_hash = models.CharField(max_length=64, help_text="Of method, address and body: what makes it the same.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    fence = models.PositiveIntegerField(
        default=1, help_text="Grows when a claim is taken over; the former cannot answer."
    )
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    answer = models.TextField(blank=True, help_text="The body, sealed for this user and this key.")
    claimed_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "api_idempotency_keys"
        verbose_name = "idempotency key"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_request_per_user_and_key"),
            models.CheckConstraint(
                condition=Q(state="running") | Q(status__isnull=False), name="done_request_has_its_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} ({self.get_state_display()})"


class AuditEntry(models.Model):
    """A call of the API that was let in and meant to change something. Nothing of what was sent is here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    who = models.CharField(max_length=150, help_text="The user's name then, which outlives the account.")
    venue = models.ForeignKey(
        Venue, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Empty: an action over all venues."
    )
    operation = models.CharField(max_length=60)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    about = models.CharField(max_length=200, blank=True, help_text="Provider or object, and the id of what was made.")
    status = models.PositiveSmallIntegerField()
    request_id = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["venue", "-at"], name="audit_of_a_venue"),
            models.Index(fields=["operation", "-at"], name="audit_of_an_operation"),
            models.Index(fields=["-at"], name="audit_by_time"),
            models.Index(fields=["request_id"], name="audit_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.operation} ({self.status})"
