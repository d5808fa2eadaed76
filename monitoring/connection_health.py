"""How healthy is a provider at a venue, why, and what mends it? Told from our own tables; no provider is asked."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue
from monitoring import access_checks, checks, overview, work_checks
from monitoring.checks import Check, CheckName, CheckResult, Facts
from monitoring.models import IntegrationHealth

Grade = IntegrationHealth.Grade
_SPEAK_AGAINST = (CheckResult.FAILING, CheckResult.WARNING)


def told(venue: Venue, provider: str) -> dict[str, Any]:
    """Return the health in the shape of `ConnectionHealth`; without a connection there is no grade. 14 queries."""
    now = timezone.now()
    card = overview.for_venue(venue).card(provider)
    live = Connection.objects.live().select_related("venue", "webhook_upkeep")
    connection = live.filter(venue=venue, provider=provider).first()
    found = checked(checks.facts_of(connection, card, now)) if connection else []
    grade = grade_of(found) if connection else None
    return {
        "provider": provider,
        "connection": connection.pk if connection else None,
        "as_of": now,
        "status": str(card.status),
        "status_label": card.status_label,
        "message": card.message,
        "action": asdict(card.action),
        "grade": str(grade) if grade else None,
        "grade_label": grade.label if grade else None,
        "reasons": [asdict(each) for each in _reasons(found)],
        "checks": [asdict(each) for each in found],
    }


def checked(facts: Facts) -> list[Check]:
    """Return every check, in the order of `CheckName`. Pure."""
    return [
        access_checks.token(facts), access_checks.scopes(facts), access_checks.webhooks(facts),
        work_checks.freshness(facts), work_checks.mapping(facts), work_checks.queue(facts),
    ]  # fmt: skip


def grade_of(found: Sequence[Check]) -> Grade:
    """Return broken without access, failing when something else fails, late, or good. Pure."""
    results = {each.check: each.result for each in found}
    if results[CheckName.TOKEN] is CheckResult.FAILING:
        return Grade.BROKEN
    if CheckResult.FAILING in results.values():
        return Grade.FAILING
    return Grade.LATE if results[CheckName.FRESHNESS] is CheckResult.WARNING else Grade.GOOD


def _reasons(found: Sequence[Check]) -> list[Check]:
    """Return what speaks against it, the worst first."""
    against = [each for each in found if each.result in _SPEAK_AGAINST]
    return sorted(against, key=lambda each: _SPEAK_AGAINST.index(each.result))
