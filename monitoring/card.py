"""The card: all that a page, a widget or a row needs to know about one provider at one venue."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from integrations.models import Venue
from monitoring.wording import CardStatus


@dataclass(frozen=True, slots=True)
class Action:
    """The one button of a card. A GET is a link, a POST a form."""

    code: str
    label: str
    method: str
    href: str

    @property
    def needs_admin(self) -> bool:
        """Return whether only a venue admin may do it."""
        return self.code in ("connect", "reconnect", "grant_permission", "start")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to do before long that changes no status, with its button."""

    message: str
    action: Action


@dataclass(frozen=True, slots=True)
class Account:
    """The provider's account: its name, and enough of its id to tell two apart."""

    label: str
    id_hint: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records stand how."""

    up_to_date: int = 0
    left_out: int = 0
    failing: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ObjectState:
    """One object type of a connection. `run` is "running", "waiting" or "": what is happening to it now."""

    object: str
    label: str
    up_to_date: int
    left_out: int
    failing: int
    waiting: int
    direction: str
    direction_label: str
    is_set_up: bool = False
    run: str = ""
    done: int = 0
    last_success_at: datetime | None = None
    left_out_why: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the read that is under way is. `total` and what follows from it are None where nobody knows."""

    object: str
    label: str
    done: int
    total: int | None
    percent: int | None
    rate: float | None
    eta_seconds: int | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Records, or a whole object, with the same problem."""

    error_class: str
    object: str
    count: int
    first_seen_at: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Health:
    """The last day's runs: the share that did not fail, and the 95th percentile of how long they took."""

    success_rate_24h: float | None = None
    p95_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One provider at one venue, self-sufficient for a card, a widget or a row."""

    provider: str
    name: str
    benefit: str
    status: CardStatus
    status_label: str
    tone: str
    shape: str
    since: datetime | None
    message: str
    account: Account | None
    action: Action
    last_success_at: datetime | None = None
    next_run_at: datetime | None = None
    late: bool = False
    counts: Counts = field(default_factory=Counts)
    progress: Progress | None = None
    problems: tuple[ProblemGroup, ...] = ()
    objects: tuple[ObjectState, ...] = ()
    health: Health = field(default_factory=Health)
    links: dict[str, str] = field(default_factory=dict)
    connection: UUID | None = None
    interval_minutes: int = 15
    paused_until: datetime | None = None
    test_mode: bool = False
    notice: Notice | None = None

    @property
    def problem_count(self) -> int:
        """Return how many records or objects have an open problem."""
        return sum(group.count for group in self.problems)

    @property
    def is_live(self) -> bool:
        """Return whether there is a connection, in whatever state."""
        return self.status != CardStatus.DISCONNECTED

    @property
    def is_started(self) -> bool:
        """Return whether anything was ever put on the schedule."""
        return bool(self.objects) and any(each.run or each.last_success_at for each in self.objects)


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict over a venue's cards."""

    text: str
    needs_you: int
    syncing: int
    connected: int
    not_connected: int


@dataclass(frozen=True, slots=True)
class VenueOverview:
    """A venue's cards, the most urgent first."""

    venue: Venue
    summary: Summary
    poll_after_seconds: int
    cards: tuple[Card, ...]

    def card(self, provider: str) -> Card:
        """Return the card of one provider."""
        return next(card for card in self.cards if card.provider == provider)


def as_json(overview: VenueOverview) -> dict[str, Any]:
    """Return the overview in the shape that the API and the widget share."""
    venue = overview.venue
    return {
        "venue": {"id": str(venue.pk), "slug": venue.slug, "name": venue.name, "timezone": venue.time_zone},
        "summary": asdict(overview.summary),
        "poll_after_seconds": overview.poll_after_seconds,
        "integrations": [_card_as_json(card) for card in overview.cards],
    }


def _card_as_json(card: Card) -> dict[str, Any]:
    return {
        "provider": card.provider,
        "name": card.name,
        "status": str(card.status),
        "status_label": card.status_label,
        "tone": str(card.tone),
        "since": card.since,
        "message": card.message,
        "account": asdict(card.account) if card.account else None,
        "action": asdict(card.action),
        "last_success_at": card.last_success_at,
        "next_run_at": card.next_run_at,
        "late": card.late,
        "test_mode": card.test_mode,
        "notice": asdict(card.notice) if card.notice else None,
        "counts": asdict(card.counts),
        "progress": asdict(card.progress) if card.progress else None,
        "problems": [
            {
                "class": group.error_class,
                "object": group.object,
                "count": group.count,
                "first_seen_at": group.first_seen_at,
                "sentence": group.sentence,
            }
            for group in card.problems
        ],
        "objects": [
            {
                "object": each.object,
                "label": each.label,
                "up_to_date": each.up_to_date,
                "left_out": each.left_out,
                "failing": each.failing,
                "waiting": each.waiting,
                "direction": each.direction,
            }
            for each in card.objects
        ],
        "health": asdict(card.health),
        "links": card.links,
    }
