"""The copy: what owners never read, and how times, numbers and amounts are told."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from integrations.problems import CODES
from integrations.providers.errors import ErrorClass
from monitoring import wording
from monitoring.explanations import EXPLANATIONS
from monitoring.wording import CardStatus
from syncing.models import LinkState, Outcome, Trigger

OWNER_PAGES = ("account", "connections", "mails", "monitoring", "parts", "syncing")
FORBIDDEN = r"\b(active|ok|unhealthy|degraded|error|invalid|token|oauth|dlq|webhook|payload|oops|please)\b"
NOW = datetime(2026, 11, 22, 10, 42, 5, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def _templates() -> list[Path]:
    root = settings.BASE_DIR / "templates"
    return [root / "base.html", root / "refused.html", root / "500.html"] + [
        path for folder in OWNER_PAGES for path in sorted((root / folder).rglob("*.html"))
    ]


def _copy(template: str) -> str:
    """Return the words of a template: neither tags nor what stands in braces."""
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    return re.sub(r"<!?[^>]*>", " ", text)


@pytest.mark.parametrize("path", _templates(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_owner_pages_avoid_the_words_of_the_trade(path: Path) -> None:
    copy = _copy(path.read_text())
    assert re.findall(FORBIDDEN, copy, re.IGNORECASE) == []
    assert "!" not in copy


def test_sentences_avoid_the_words_of_the_trade() -> None:
    said = [
        *(look.label for table in (wording.STATUSES, wording.OUTCOMES, wording.LINK_STATES) for look in table.values()),
        *wording.EVENTS.values(), *wording.TRIGGERS.values(), wording.NOT_STARTED, wording.NOTHING_YET,
        wording.late(NOW, 2, NOW), wording.interrupted("Customers", 3),
        *(wording.problem(each, 2, "customer", "e-mail", "Square", "") for each in ErrorClass),
    ]  # fmt: skip
    assert re.findall(FORBIDDEN, " ".join(said), re.IGNORECASE) == []
    assert "!" not in " ".join(said)


def test_every_state_has_its_word_colour_and_own_shape() -> None:
    assert set(wording.STATUSES) == set(CardStatus) == set(wording.URGENCY)
    assert set(wording.OUTCOMES) == set(Outcome.values)
    assert set(wording.LINK_STATES) == set(LinkState.values)
    assert set(wording.TRIGGERS) == set(Trigger.values)
    assert len({look.shape for look in wording.STATUSES.values()}) == len(CardStatus)


def test_outcomes_and_states_are_called_the_same_in_the_tables() -> None:
    assert {value: look.label for value, look in wording.OUTCOMES.items()} == dict(Outcome.choices)


def test_every_code_has_an_explanation() -> None:
    assert set(EXPLANATIONS) == set(CODES)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (40, "40 seconds ago"), (60, "1 minute ago"), (240, "4 minutes ago"), (7_100, "118 minutes ago"),
     (7_200, "2 hours ago"), (172_800, "2 days ago"), (-3, "just now")],
)  # fmt: skip
def test_the_past_is_told_in_one_unit(seconds: int, words: str) -> None:
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (120450, "GBP", "£1,204.50"),
        (-500, "EUR", "−€5.00"),
        (1200, "JPY", "¥1,200"),
        (1250, "KWD", "KWD 1.250"),
        (5, "usd", "$0.05"),
    ],
)
def test_money_has_its_currency_and_its_decimals(minor: int, currency: str, words: str) -> None:
    assert wording.money(minor, currency) == words


def test_a_clock_shows_the_day_only_when_it_is_another() -> None:
    assert wording.clock(NOW - timedelta(hours=1), LONDON, NOW) == "09:42"
    assert wording.clock(NOW - timedelta(days=8), LONDON, NOW) == "14 Nov, 10:42"
    assert wording.clock(NOW - timedelta(days=400), LONDON, NOW) == "18 Oct 2025, 11:42"


def test_days_are_the_venues_days() -> None:
    late_evening = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert wording.relative_day(late_evening, LONDON, NOW) == "Yesterday"
    assert wording.relative_day(late_evening, ZoneInfo("Asia/Tokyo"), NOW) == "Today"


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([], "Nothing is connected yet."),
        (["disconnected"], "Nothing is connected yet."),
        (["connected", "disconnected"], "Everything is up to date."),
        (["reauthorise", "needs_attention", "syncing", "connected"], "2 of 4 need you"),
        (["reauthorise", "connected"], "1 of 2 needs you"),
        (["syncing", "connected"], "Syncing now."),
        (["paused", "paused"], "Everything is paused."),
    ],
)
def test_the_verdict_is_one_line(statuses: list[str], words: str) -> None:
    assert wording.verdict([CardStatus(each) for each in statuses]) == words
