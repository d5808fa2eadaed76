"""The bodies of the overview: what a venue's integrations look like to the API and the widget."""

from typing import Any

from rest_framework import serializers

from connections.serializers import Access, ExternalAccount
from integrations.api_docs import choices_of
from integrations.providers.errors import ErrorClass
from monitoring.wording import CardStatus, Tone


class VenueNamed(serializers.Serializer[Any]):
    """A venue."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    timezone = serializers.CharField()


class Summary(serializers.Serializer[Any]):
    """The verdict over all providers."""

    text = serializers.CharField()
    needs_you = serializers.IntegerField()
    syncing = serializers.IntegerField()
    connected = serializers.IntegerField()
    not_connected = serializers.IntegerField()


class AccountHint(serializers.Serializer[Any]):
    """The provider's account, and enough of its id to tell two apart."""

    label = serializers.CharField()  # type: ignore[assignment]
    id_hint = serializers.CharField()


class CardAction(serializers.Serializer[Any]):
    """The one next step. A GET is a link, a POST a form."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    method = serializers.ChoiceField(choices=["GET", "POST"])
    href = serializers.CharField()


class Notice(serializers.Serializer[Any]):
    """Something to do before long; the status is as it was."""

    message = serializers.CharField()
    action = CardAction()


class StandingCounts(serializers.Serializer[Any]):
    """How many records stand how."""

    up_to_date = serializers.IntegerField()
    left_out = serializers.IntegerField()
    failing = serializers.IntegerField()
    waiting = serializers.IntegerField()


class ObjectStanding(StandingCounts):
    """One object type."""

    object = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    direction = serializers.CharField()


class Progress(serializers.Serializer[Any]):
    """How far the read under way is; null where nobody knows."""

    object = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    percent = serializers.IntegerField(allow_null=True)
    rate = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)


class ProblemGroup(serializers.Serializer[Any]):
    """Records, or a whole object, with the same problem."""

    object = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    first_seen_at = serializers.DateTimeField(allow_null=True)
    sentence = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `class`, which Python keeps for itself."""
        return {"class": serializers.ChoiceField(choices=choices_of(ErrorClass)), **super().get_fields()}


class LastDay(serializers.Serializer[Any]):
    """The last day's runs."""

    success_rate_24h = serializers.FloatField(allow_null=True)
    p95_ms = serializers.IntegerField(allow_null=True)


class IntegrationCard(serializers.Serializer[Any]):
    """One provider at one venue, self-sufficient for a card, a widget or a row."""

    provider = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=choices_of(CardStatus))
    status_label = serializers.CharField()
    tone = serializers.ChoiceField(choices=choices_of(Tone))
    since = serializers.DateTimeField(allow_null=True)
    message = serializers.CharField()
    account = AccountHint(allow_null=True)
    action = CardAction()
    last_success_at = serializers.DateTimeField(allow_null=True)
    next_run_at = serializers.DateTimeField(allow_null=True)
    late = serializers.BooleanField()
    test_mode = serializers.BooleanField(help_text="Whether the account holds the provider's test data.")
    notice = Notice(allow_null=True)
    counts = StandingCounts()
    progress = Progress(allow_null=True)
    problems = ProblemGroup(many=True)
    objects = ObjectStanding(many=True)
    health = LastDay()
    links = serializers.DictField(child=serializers.CharField())


class Widget(serializers.Serializer[Any]):
    """The dashboard widget of one venue, the most urgent provider first."""

    venue = VenueNamed()
    summary = Summary()
    poll_after_seconds = serializers.IntegerField()
    integrations = IntegrationCard(many=True)


class Widgets(serializers.Serializer[Any]):
    """The widgets of all your venues, when you belong to several and name none."""

    venues = Widget(many=True)
    poll_after_seconds = serializers.IntegerField()


class Permission(serializers.Serializer[Any]):
    """One permission at the provider, with the reason we ask for it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField()
    granted = serializers.BooleanField()


class Permissions(serializers.Serializer[Any]):
    """What the provider granted and what is missing; both empty while nothing is connected."""

    granted = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField())


class Capability(serializers.Serializer[Any]):
    """An object type that can be synced, and which ways."""

    object = serializers.CharField()
    directions = serializers.ListField(child=serializers.CharField())


class IntegrationRow(IntegrationCard):
    """A provider at the venue, with what it can do and how it is authorised."""

    category = serializers.CharField()
    benefit = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField())
    capabilities = Capability(many=True)
    connection = serializers.UUIDField(allow_null=True)
    external_account = ExternalAccount(allow_null=True)
    scopes = Permissions()
    access = Access(allow_null=True)


class IntegrationList(serializers.Serializer[Any]):
    """Every provider, connected or not."""

    venue = VenueNamed()
    summary = Summary()
    poll_after_seconds = serializers.IntegerField()
    integrations = IntegrationRow(many=True)


class HistoryEntry(serializers.Serializer[Any]):
    """Something that happened to the connection."""

    at = serializers.DateTimeField()
    event = serializers.CharField()
    by = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class ScheduledObject(serializers.Serializer[Any]):
    """When one object type was read and will be."""

    object = serializers.CharField()
    last_succeeded_at = serializers.DateTimeField(allow_null=True)
    last_full_at = serializers.DateTimeField(allow_null=True)
    next_run_at = serializers.DateTimeField(allow_null=True)


class Schedule(serializers.Serializer[Any]):
    """How often, and when next."""

    interval_minutes = serializers.IntegerField(allow_null=True, help_text="Null before the first connect.")
    objects = ScheduledObject(many=True)


class Settings(serializers.Serializer[Any]):
    """The venue's wishes."""

    directions = serializers.DictField(child=serializers.CharField())
    chosen = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Object type to the ids that are read from; a type left out: all of them.",
    )
    begin = serializers.DateField(allow_null=True, help_text="Sales before this day are not read; null: all are.")
    template = serializers.CharField(allow_blank=True)
    paused = serializers.BooleanField()
    paused_until = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField(allow_blank=True)


class Webhook(serializers.Serializer[Any]):
    """What tells us of changes at the provider. The address comes without the word that nobody else may know."""

    url = serializers.CharField()
    active = serializers.BooleanField()
    events = serializers.ListField(child=serializers.CharField(), help_text="By the provider’s own names.")
    created_at = serializers.DateTimeField(allow_null=True)
    last_received_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(allow_blank=True, help_text="Why changes are not told, empty when they are.")


class IntegrationInFull(IntegrationRow):
    """One provider with its history, schedule, settings, and who wins when both sides changed."""

    venue = VenueNamed()
    permissions = Permission(many=True)
    history = HistoryEntry(many=True)
    schedule = Schedule()
    settings = Settings()
    who_wins = serializers.DictField(child=serializers.CharField())
    webhooks = Webhook(many=True)
