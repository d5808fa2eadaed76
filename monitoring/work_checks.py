"""Does the work of a connection come through: are its records young, all rules in force, nothing given up? Pure."""

from datetime import timedelta
from typing import Any

from monitoring import wording
from monitoring.card import Action
from monitoring.checks import Check, CheckName, CheckResult, Facts

_WAITS_LONG = timedelta(minutes=15)


def freshness(facts: Facts) -> Check:
    """Return whether what is here is as young as the venue wishes."""
    card, last = facts.card, facts.card.last_success_at
    evidence = {
        "last_success_at": last,
        "next_run_at": card.next_run_at,
        "interval_minutes": card.interval_minutes,
        "objects": [{"object": each.object, "last_success_at": each.last_success_at} for each in card.objects],
    }
    if facts.is_held:
        return Check(CheckName.FRESHNESS, CheckResult.OFF, card.message, evidence, card.action)
    if card.late:
        since = f"The last sync that succeeded ended {wording.ago(last, facts.now)}" if last else "No sync has finished"
        sentence = f"{since}; one is due {wording.interval(card.interval_minutes)}. Nothing is lost."
        history = Action("history", "See what happened", "GET", card.links["history"])
        return Check(CheckName.FRESHNESS, CheckResult.WARNING, sentence, evidence, history)
    if not card.is_started:
        start = Action("start", "Choose what to sync", "GET", card.links["welcome"])
        return Check(CheckName.FRESHNESS, CheckResult.OFF, wording.NOT_STARTED, evidence, start)
    if last is None:
        return Check(CheckName.FRESHNESS, CheckResult.UNKNOWN, wording.NOTHING_YET, evidence)
    return Check(CheckName.FRESHNESS, CheckResult.OK, f"{wording.in_step(last, (), facts.now)}.", evidence)


def mapping(facts: Facts) -> Check:
    """Return whether all rules are in force and every record went through them."""
    held = [each for each in facts.rules if each["paused_reason"]]
    failing = facts.card.counts.failing
    evidence = {
        "version": facts.rules[0]["version"] if facts.rules else 0,
        "rules": len(facts.rules),
        "held": [
            {"object": each["object_type"], "direction": each["direction"], "source": each["source"],
             "target": each["target"], "reason": each["paused_reason"]}
            for each in held
        ],
        "failing_records": failing,
        "causes": _told(facts, "records"),
    }  # fmt: skip
    if failing:
        records = "1 record" if failing == 1 else f"{wording.number(failing)} records"
        sentence = f"{records} could not be taken over as they are. {wording.SAFE_REST}"
        fix = Action("fix", "See the problems", "GET", f"{facts.card.links['page']}#problems")
        return Check(CheckName.MAPPING, CheckResult.FAILING, sentence, evidence, fix)
    if held:
        rules = "1 rule is" if len(held) == 1 else f"{len(held)} rules are"
        sentence = f"{rules} held: {held[0]['paused_reason'].rstrip('.')}. {wording.SAFE_REST}"
        page = facts.card.links["page"].replace("?", f"fields/{held[0]['object_type']}/?")
        return Check(
            CheckName.MAPPING, CheckResult.WARNING, sentence, evidence, Action("fields", "See the rules", "GET", page)
        )
    if not facts.rules:
        return Check(CheckName.MAPPING, CheckResult.OFF, "The first sync brings the rules.", evidence)
    return Check(CheckName.MAPPING, CheckResult.OK, f"All {len(facts.rules)} rules are in force.", evidence)


def queue(facts: Facts) -> Check:
    """Return whether work comes through: nothing was given up, nothing waits long, no worker fell silent."""
    jobs, oldest = facts.jobs, facts.jobs["oldest_ready_at"]
    given_up = sum(each.jobs for each in facts.causes), sum(each.events for each in facts.causes)
    evidence = jobs | {"given_up_syncs": given_up[0], "given_up_events": given_up[1]}
    evidence["causes"] = _told(facts, "jobs") + _told(facts, "events")
    if any(given_up):
        result = CheckResult.FAILING if given_up[0] else CheckResult.WARNING
        sentence = f"{evidence['causes'][0]['sentence']} It was given up after several tries."
        return Check(CheckName.QUEUE, result, sentence, evidence, _retry(facts, is_sync=bool(given_up[0])))
    if jobs["silent"]:
        sentence = "A worker fell silent. Another goes on from the last stored page; nothing is lost."
        return Check(CheckName.QUEUE, CheckResult.WARNING, sentence, evidence)
    if oldest and facts.now - oldest > _WAITS_LONG and not facts.is_held:
        sentence = f"A sync has waited for its turn for {wording.duration((facts.now - oldest).total_seconds())}."
        return Check(CheckName.QUEUE, CheckResult.WARNING, sentence, evidence)
    under_way = [f"{jobs[each]} {each}" for each in ("running", "waiting") if jobs[each]]
    sentence = f"{' and '.join(under_way) or 'Nothing waits'}."
    return Check(CheckName.QUEUE, CheckResult.OK, sentence, evidence)


def _retry(facts: Facts, *, is_sync: bool) -> Action:
    place = f"{facts.card.provider}/sync/retry" if is_sync else "webhooks/retry"
    return Action("retry", "Try again", "POST", f"/api/v1/integrations/{place}")


def _told(facts: Facts, kind: str) -> list[dict[str, Any]]:
    """Return the causes of what was given up of a kind, the most frequent first."""
    return [
        {"cause": each.cause, "class": each.error_class, "sentence": each.sentence, "count": getattr(each, kind)}
        for each in facts.causes
        if getattr(each, kind)
    ]
