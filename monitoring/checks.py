"""What a check of a connection is, and all that our tables know which the checks look at. No provider is asked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Min, Q

from connections import access
from connections.models import Connection, OAuthToken
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from mappings.models import FieldMapping
from monitoring import dead_letters
from monitoring.card import Action, Card
from monitoring.dead_letters import Filter, Group
from monitoring.wording import CardStatus
from syncing.models import SyncJob
from syncing.work import WorkStatus
from webhooks import reports
from webhooks.models import Verdict, WebhookEvent


class CheckName(StrEnum):
    """What is checked."""

    TOKEN = "token"  # noqa: S105 - the name of a check
    SCOPES = "scopes"
    WEBHOOKS = "webhooks"
    FRESHNESS = "freshness"
    MAPPING = "mapping"
    QUEUE = "queue"


class CheckResult(StrEnum):
    """How a check ended, the worst first. `off` is what is not in use, `unknown` what nobody can tell."""

    FAILING = "failing"
    WARNING = "warning"
    UNKNOWN = "unknown"
    OFF = "off"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its result, a sentence, the facts behind it, and what mends it where anything does."""

    check: CheckName
    result: CheckResult
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)
    fix: Action | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What our tables know of a connection."""

    provider: Provider
    venue: Venue
    card: Card
    connection: Connection
    access: dict[str, Any]
    failures: int
    directions: dict[str, str]
    webhooks: list[dict[str, Any]]
    last_event_at: datetime | None
    rules: list[dict[str, Any]]
    jobs: dict[str, Any]
    causes: list[Group]
    now: datetime

    @property
    def name(self) -> str:
        """Return the provider's name."""
        return self.provider.spec.name

    @property
    def is_held(self) -> bool:
        """Return whether syncs wait for somebody by intention, so that nothing can be late."""
        return self.card.status in (CardStatus.PAUSED, CardStatus.REAUTHORISE)

    @property
    def reconnect(self) -> Action:
        """Return the button that brings new access."""
        return Action("reconnect", "Reconnect", "GET", self.card.links["connect"])


def facts_of(connection: Connection, card: Card, now: datetime) -> Facts:
    """Return what is known of a connection, read together with its venue and webhook upkeep. Ten queries."""
    config = IntegrationConfig.objects.filter(venue=connection.venue, integration=card.provider).first()
    token = OAuthToken.objects.filter(connection=connection).values_list("failures", flat=True).first()
    return Facts(
        provider=PROVIDERS[card.provider],
        venue=connection.venue,
        card=card,
        connection=connection,
        access=access.of([connection])[connection.pk],
        failures=token or 0,
        directions=config.directions if config else {},
        webhooks=reports.of(connection),
        last_event_at=_last_event_at(connection),
        rules=list(_rules(connection)),
        jobs=_jobs(connection, now),
        causes=list(dead_letters.groups(Filter(connection=connection.pk))),
        now=now,
    )


def _last_event_at(connection: Connection) -> datetime | None:
    """Return when news of this account came last, whoever had registered for it."""
    events = WebhookEvent.objects.filter(connection=connection).exclude(verdict=Verdict.FOUND)
    return events.order_by("-received_at").values_list("received_at", flat=True).first()


def _rules(connection: Connection) -> Any:
    columns = ("version", "object_type", "direction", "source", "target", "paused_reason")
    return FieldMapping.objects.in_force(connection).values(*columns)


def _jobs(connection: Connection, now: datetime) -> dict[str, Any]:
    is_running, is_waiting = Q(status=WorkStatus.RUNNING), Q(status=WorkStatus.QUEUED)
    found: dict[str, Any] = SyncJob.objects.open().filter(connection=connection).aggregate(
        waiting=Count("pk", filter=is_waiting),
        running=Count("pk", filter=is_running & Q(lease_until__gte=now)),
        silent=Count("pk", filter=is_running & Q(lease_until__lt=now)),
        oldest_ready_at=Min("queued_at", filter=is_waiting & Q(not_before__lte=now)),
    )  # fmt: skip
    return found
