"""Is the access to a provider in order: is it there, does it allow enough, are we told of changes? Pure."""

from zoneinfo import ZoneInfo

from connections.models import Method
from integrations.providers.errors import ErrorClass
from monitoring import needs, wording
from monitoring.card import Action
from monitoring.checks import Check, CheckName, CheckResult, Facts
from monitoring.wording import CardStatus
from webhooks import reports


def token(facts: Facts) -> Check:
    """Return whether the access is there and not about to end."""
    held, evidence = facts.access, facts.access | {"failed_renewals": facts.failures}
    if facts.card.status == CardStatus.REAUTHORISE:
        return Check(CheckName.TOKEN, CheckResult.FAILING, facts.card.message, evidence, facts.card.action)
    if not held["present"]:
        sentence = f"No access to {facts.name} is stored."
        return Check(CheckName.TOKEN, CheckResult.FAILING, sentence, evidence, facts.reconnect)
    if facts.card.notice:
        notice = facts.card.notice
        return Check(CheckName.TOKEN, CheckResult.WARNING, notice.message, evidence, notice.action)
    if facts.failures:
        times = "once" if facts.failures == 1 else f"{facts.failures} times in a row"
        sentence = f"Renewing the access failed {times}. It is tried again by itself."
        return Check(CheckName.TOKEN, CheckResult.WARNING, sentence, evidence)
    return Check(CheckName.TOKEN, CheckResult.OK, _lasts(facts), evidence)


def scopes(facts: Facts) -> Check:
    """Return whether the permissions that were granted suffice for what is wished."""
    granted = facts.connection.scopes
    found = needs.lacking(facts.provider, facts.directions, granted) if granted else []
    evidence = {
        "granted": granted,
        "missing": [
            {"name": each.scope.name, "label": each.scope.label, "objects": [str(kind) for kind in each.objects]}
            for each in found
        ],
    }
    refused = next((each for each in facts.card.problems if each.error_class == ErrorClass.PERMISSION), None)
    if refused or found:
        sentence = refused.sentence if refused else needs.said(facts.provider, found)
        fix = Action("grant_permission", "Grant permission", "GET", facts.card.links["connect"])
        return Check(CheckName.SCOPES, CheckResult.FAILING, sentence, evidence, fix)
    if not granted:
        return Check(CheckName.SCOPES, CheckResult.UNKNOWN, needs.untold(facts.provider), evidence)
    return Check(CheckName.SCOPES, CheckResult.OK, needs.said(facts.provider, found), evidence)


def webhooks(facts: Facts) -> Check:
    """Return whether the provider tells us of changes; without it each sync finds them, only later.

    Where an operator registers our address by hand nothing is registered here, and what came is the only sign of it.
    """
    told, last = facts.webhooks, facts.last_event_at
    evidence = {
        "registered": sum(each["created_at"] is not None for each in told),
        "active": sum(each["active"] for each in told),
        "last_received_at": last,
    }
    problem = next((each["problem"] for each in told if each["problem"]), "")
    if problem:
        fix = facts.reconnect if reports.permission_missing(facts.connection) else None
        return Check(CheckName.WEBHOOKS, CheckResult.WARNING, problem, evidence, fix)
    if not told and last is None:
        sentence = f"{facts.name} does not tell us of changes. Each sync finds them."
        return Check(CheckName.WEBHOOKS, CheckResult.OFF, sentence, evidence)
    if not all(each["active"] for each in told):
        sentence = f"What tells us of changes in {facts.name} is not active yet. Each sync finds them meanwhile."
        return Check(CheckName.WEBHOOKS, CheckResult.WARNING, sentence, evidence)
    heard = f"It last did {wording.ago(last, facts.now)}" if last else "It has had nothing to tell yet"
    return Check(CheckName.WEBHOOKS, CheckResult.OK, f"{facts.name} tells us of changes at once. {heard}.", evidence)


def _lasts(facts: Facts) -> str:
    held, zone = facts.access, ZoneInfo(facts.venue.time_zone)
    if facts.connection.method == Method.API_KEY:
        return f"The key that ends in {held['key']['last4']} is in use."
    ends = held["access_expires_at"]
    if ends is None:
        return "Our access is stored and has no end."
    return f"Our access is stored. It is renewed before it ends on {wording.day_and_time(ends, zone, facts.now)}."
