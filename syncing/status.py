"""What the sync is doing and what it did: read models of the queue and its history, for the API and its CSV."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from connections.models import Connection
from integrations.csv_file import guarded
from integrations.models import IntegrationConfig, Venue
from integrations.providers.errors import ErrorClass
from mappings import canonical
from syncing.models import LinkState, Outcome, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.work import WorkStatus

POLL_WHILE_SYNCING, POLL_OTHERWISE = 3, 60
_MOST_PROBLEMS = 200
_COUNTS = ("read", "created", "updated", "unchanged", "deleted", "left_out", "failed")
_RUN_COLUMNS = (
    "id", "reference", "run", "object_type", "direction", "mode", "trigger", "actor__email", "outcome", "started_at",
    "finished_at", "total", *_COUNTS, "pages", "calls", "bytes_in", "error_class", "error_code", "error_sentence",
)  # fmt: skip
_WAITS_FOR_PROVIDER = (ErrorClass.RATE_LIMIT, ErrorClass.PROVIDER_DOWN)


# --- now --------------------------------------------------------------------------------------------------------------


def present(venue: Venue, provider: str) -> dict[str, Any]:
    """Return what runs, what waits, how the last ones ended and when the next are due. Seven queries at most."""
    connection = Connection.objects.live().filter(venue=venue, provider=provider).first()
    now = timezone.now()
    jobs = list(SyncJob.objects.open().filter(connection=connection).select_related("log")) if connection else []
    running = [job for job in jobs if job.status == WorkStatus.RUNNING]
    waiting = [job for job in jobs if job.status == WorkStatus.QUEUED]
    cursors = list(SyncCursor.objects.filter(connection=connection)) if connection else []
    return {
        "provider": provider,
        "connected": connection is not None,
        "status": connection.status if connection else "disconnected",
        "running": [_running(job, now) for job in running],
        "waiting": [_waiting(job) for job in waiting],
        "last_succeeded": _last(venue, provider, Outcome.SUCCEEDED, Outcome.PARTLY, Outcome.NOTHING),
        "last_failed": _last(venue, provider, Outcome.FAILED),
        "streams": [_stream(cursor, now) for cursor in sorted(cursors, key=_reading_order)],
        "next_run_at": min((each.next_run_at for each in cursors if each.next_run_at), default=None),
        "backpressure": _backpressure(venue, provider, waiting, now),
        "poll_after_seconds": POLL_WHILE_SYNCING if jobs else POLL_OTHERWISE,
    }


def of_run(venue: Venue, provider: str, run: UUID) -> dict[str, Any] | None:
    """Return how the jobs of one run stand, None when the venue has no such run."""
    jobs = list(
        SyncJob.objects.filter(venue=venue, connection__provider=provider, run=run).select_related("log").order_by("id")
    )
    if not jobs:
        return None
    ended = all(job.status not in (WorkStatus.QUEUED, WorkStatus.RUNNING) for job in jobs)
    now = timezone.now()
    return {
        "run": run,
        "ended": ended,
        "jobs": [_running(job, now) | _failure(job) for job in jobs],
        "poll_after_seconds": None if ended else POLL_WHILE_SYNCING,
    }


def job_brief(job: SyncJob) -> dict[str, Any]:
    """Return a job as the answer to a request for a sync names it."""
    return {
        "id": job.pk, "run": job.run, "object": job.object_type, "status": job.status, "mode": job.mode,
        "trigger": job.trigger, "queued_at": job.queued_at,
    }  # fmt: skip


def _running(job: SyncJob, now: datetime) -> dict[str, Any]:
    log = job.log  # of the attempt under way, or of the last one
    done = log.read if log else 0
    seconds = ((job.finished_at or now) - log.started_at).total_seconds() if log else 0.0
    rate = round(done / seconds, 1) if seconds >= 1 and done else None
    total = log.total if log else None
    left = max(0, total - done) if total is not None and job.status == WorkStatus.RUNNING else None
    return job_brief(job) | {
        "reference": log.reference if log else None,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "done": done,
        "total": total,
        "rate_per_second": rate,
        "eta_seconds": round(left / rate) if left is not None and rate else None,
        "heartbeat_age_seconds": _age(job.heartbeat_at, now) if job.status == WorkStatus.RUNNING else None,
        "stopping": job.stop_requested_at is not None and job.status == WorkStatus.RUNNING,
    }


def _waiting(job: SyncJob) -> dict[str, Any]:
    return job_brief(job) | {"not_before": job.not_before} | _failure(job)


def _failure(job: SyncJob) -> dict[str, Any]:
    return {
        "attempts": job.attempts,
        "error": _error(job.failure_class, job.failure_code, job.failure_sentence),
    }


def _stream(cursor: SyncCursor, now: datetime) -> dict[str, Any]:
    return {
        "object": cursor.object_type,
        "label": _label(cursor.object_type),
        "direction": cursor.direction,
        "last_succeeded_at": cursor.last_succeeded_at,
        "age_seconds": _age(cursor.last_succeeded_at, now),
        "last_full_at": cursor.last_full_at,
        "next_run_at": cursor.next_run_at,
    }


def _backpressure(venue: Venue, provider: str, waiting: list[SyncJob], now: datetime) -> dict[str, Any]:
    config = IntegrationConfig.objects.filter(venue=venue, integration=provider).first()
    told_to_wait = [
        job.not_before for job in waiting if job.failure_class in _WAITS_FOR_PROVIDER and job.not_before > now
    ]
    return {
        "paused": bool(config and config.is_paused),
        "paused_until": config.paused_until if config and config.is_paused else None,
        "provider_asked_to_wait_until": max(told_to_wait, default=None),
    }


def _last(venue: Venue, provider: str, *outcomes: Outcome) -> dict[str, Any] | None:
    rows = SyncLog.objects.filter(venue=venue, provider=provider, outcome__in=outcomes).order_by("-started_at")
    found = rows.values(*_RUN_COLUMNS).first()
    return as_json(found) if found else None


def _reading_order(cursor: SyncCursor) -> int:
    order = [str(each) for each in canonical.OBJECTS]
    return order.index(cursor.object_type) if cursor.object_type in order else len(order)


def _age(moment: datetime | None, now: datetime) -> int | None:
    return max(0, round((now - moment).total_seconds())) if moment else None


# --- history ----------------------------------------------------------------------------------------------------------


def history(venue: Venue, provider: str) -> QuerySet[SyncLog, dict[str, Any]]:
    """Return every attempt, the newest first, as plain rows for `as_json` or `as_csv`. Kept after a disconnect, too."""
    return SyncLog.objects.filter(venue=venue, provider=provider).order_by("-started_at", "-id").values(*_RUN_COLUMNS)


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return an attempt in the API's shape."""
    finished, started = row["finished_at"], row["started_at"]
    return {
        "id": row["id"],
        "reference": row["reference"],
        "run": row["run"],
        "object": row["object_type"],
        "label": _label(row["object_type"]),
        "direction": row["direction"],
        "mode": row["mode"],
        "trigger": row["trigger"],
        "trigger_label": Trigger(row["trigger"]).label,
        "actor": row["actor__email"],
        "outcome": row["outcome"],
        "outcome_label": Outcome(row["outcome"]).label,
        "started_at": started,
        "finished_at": finished,
        "duration_seconds": round((finished - started).total_seconds(), 1) if finished else None,
        "total": row["total"],
        "counts": {name: row[name] for name in _COUNTS},
        "calls": sum(row["calls"].values()),
        "bytes_in": row["bytes_in"],
        "error": _error(row["error_class"], row["error_code"], row["error_sentence"]),
    }


def run_in_full(venue: Venue, provider: str, run: UUID) -> dict[str, Any] | None:
    """Return one run with its attempts, what happened on the way, and the records it met that still have a problem."""
    rows = history(venue, provider).filter(run=run)
    attempts = list(rows.values(*_RUN_COLUMNS, "timeline", "connection_id").order_by("started_at", "id"))
    if not attempts:
        return None
    last = {row["object_type"]: row["outcome"] for row in attempts}
    outcome = combined(last.values())
    problems = _problems_met(attempts)
    return {
        "run": run,
        "outcome": outcome,
        "outcome_label": outcome.label,
        "started_at": attempts[0]["started_at"],
        "finished_at": None if outcome == Outcome.RUNNING else max(row["finished_at"] for row in attempts),
        "counts": {name: sum(row[name] for row in attempts) for name in _COUNTS},
        "attempts": [as_json(row) | {"timeline": row["timeline"]} for row in attempts],
        "problem_count": problems.count(),
        "problems": [_problem(link) for link in problems.order_by("pk")[:_MOST_PROBLEMS]],
    }


def combined(outcomes: Iterable[str]) -> Outcome:
    """Return one word for how several jobs ended together."""
    all_of_them = set(outcomes)
    if Outcome.RUNNING in all_of_them:
        return Outcome.RUNNING
    if all_of_them == {Outcome.FAILED}:
        return Outcome.FAILED
    if all_of_them & {Outcome.FAILED, Outcome.PARTLY}:
        return Outcome.PARTLY
    for each in (Outcome.STOPPED, Outcome.SUCCEEDED):
        if each in all_of_them:
            return each
    return Outcome.NOTHING


def _problems_met(attempts: list[dict[str, Any]]) -> QuerySet[RecordLink]:
    """Return the links that these attempts wrote last and that still have a problem."""
    written = Q()
    for row in attempts:
        met = Q(connection=row["connection_id"], external_type=row["object_type"], pulled_at__gte=row["started_at"])
        written |= met & Q(pulled_at__lte=row["finished_at"]) if row["finished_at"] else met
    return RecordLink.objects.filter(
        written, state__in=[LinkState.FAILING, LinkState.LEFT_OUT, LinkState.CONFLICT], problem__isnull=False
    )


def _problem(link: RecordLink) -> dict[str, Any]:
    problem = link.problem or {}
    return {
        "object": link.external_type,
        "external_id": link.external_id,
        "record": link.record_id,
        "state": link.state,
        "state_label": LinkState(link.state).label,
        "class": problem.get("class", ""),
        "code": problem.get("code", ""),
        "field": problem.get("field", ""),
        "sentence": problem.get("sentence", ""),
        "since": problem.get("since"),
    }


def _error(error_class: str, code: str, sentence: str) -> dict[str, str] | None:
    return {"class": error_class, "code": code, "sentence": sentence} if error_class else None


def _label(object_type: str) -> str:
    found = next((words for each, words in canonical.OBJECTS.items() if each == object_type), None)
    return (found.plural if found else f"{object_type}s").capitalize()


# --- CSV --------------------------------------------------------------------------------------------------------------

_CSV_COLUMNS = (
    "reference", "run", "object", "direction", "mode", "trigger", "actor", "outcome", "started_at", "finished_at",
    "duration_seconds",
)  # fmt: skip
CSV_HEADER = (*_CSV_COLUMNS, *_COUNTS, "calls", "bytes_in", "error_class", "error_code", "error_sentence")


def as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    """Yield the header and one line for each row, safe to open in a spreadsheet."""
    yield list(CSV_HEADER)
    for row in map(as_json, rows):
        error = row["error"] or {"class": "", "code": "", "sentence": ""}
        yield [
            *(guarded(row[name]) for name in _CSV_COLUMNS),
            *row["counts"].values(),
            row["calls"],
            row["bytes_in"],
            *(guarded(text) for text in error.values()),
        ]
