"""What a run leaves behind: one log for each attempt, with its counts, its waits and how it ended."""

from typing import Any

from django.db.models import F, Func, IntegerField, JSONField, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from integrations.providers.http import Meter
from syncing.models import Outcome, SyncJob, SyncLog
from syncing.store import Counts


class _Appended(Func):
    """A JSON list with more entries, made by the database."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = JSONField()


class _AddedCalls(Func):
    """The number stored under a key of a JSON object, plus some."""

    template = "jsonb_set(%(expressions)s)"
    output_field = JSONField()


def open_log(job: SyncJob, *, taken_over: bool) -> SyncLog:
    """Return the log of the job's present attempt: the one it left open, or a new one."""
    log = job.log
    if log is not None and log.outcome == Outcome.RUNNING:
        if taken_over:
            note(log, "taken_over", "The worker that had it fell silent; another went on from the last stored page.")
        return log
    log = SyncLog.objects.create(
        job=job, run=job.run, venue_id=job.venue_id, connection_id=job.connection_id, provider=job.connection.provider,
        object_type=job.object_type, direction=job.direction, mode=job.mode, trigger=job.trigger, actor_id=job.actor_id,
    )  # fmt: skip
    SyncJob.objects.filter(pk=job.pk).update(log=log)
    job.log = log
    return log


def add(log: SyncLog, counts: Counts, *, read: int, total: int | None, meter: Meter) -> None:
    """Add a page's counts and what the session used since. One statement; belongs in the page's transaction."""
    calls, received, waits = meter.take()
    values: dict[str, Any] = {
        name: F(name) + getattr(counts, name)
        for name in ("created", "updated", "unchanged", "deleted", "left_out", "failed")
    }
    if waits:
        entry = _entry("asked_to_wait", f"Waited {sum(waits):.1f} seconds because the provider asked us to.")
        values["timeline"] = _Appended(F("timeline"), Value([entry], JSONField()))
    if total is not None:
        values["total"] = total
    SyncLog.objects.filter(pk=log.pk).update(
        read=F("read") + read,
        pages=F("pages") + 1,
        bytes_in=F("bytes_in") + received,
        calls=_with_calls(calls),
        **values,
    )


def note(log: SyncLog, event: str, detail: str) -> None:
    """Add an entry to the log's timeline."""
    SyncLog.objects.filter(pk=log.pk).update(
        timeline=_Appended(F("timeline"), Value([_entry(event, detail)], JSONField()))
    )


def finished(log: SyncLog) -> None:
    """Close the log of a run that is through; its counts say whether wholly, partly or for nothing."""
    counts = SyncLog.objects.values("created", "updated", "deleted", "failed").get(pk=log.pk)
    if counts["failed"]:
        outcome = Outcome.PARTLY
    elif counts["created"] + counts["updated"] + counts["deleted"]:
        outcome = Outcome.SUCCEEDED
    else:
        outcome = Outcome.NOTHING
    _close(log, outcome)


def failed(log: SyncLog, error_class: str, code: str, sentence: str) -> None:
    """Close the log of an attempt that failed."""
    _close(log, Outcome.FAILED, error_class=error_class, error_code=code[:120], error_sentence=sentence[:500])


def stopped(log: SyncLog) -> None:
    """Close the log of a run that was stopped."""
    _close(log, Outcome.STOPPED)


def _close(log: SyncLog, outcome: Outcome, **values: str) -> None:
    SyncLog.objects.filter(pk=log.pk, outcome=Outcome.RUNNING).update(outcome=outcome, finished_at=Now(), **values)


def _entry(event: str, detail: str) -> dict[str, str]:
    return {"at": timezone.now().isoformat(timespec="seconds"), "event": event, "detail": detail[:300]}


def _with_calls(calls: dict[str, int]) -> Any:
    expression: Any = F("calls")
    for call_class, number in calls.items():
        sum_so_far = Coalesce(_Number(F("calls"), Value(call_class)), 0) + number
        expression = _AddedCalls(expression, _Path(Value(call_class)), _AsJson(sum_so_far), Value(True))
    return expression


class _Number(Func):
    template = "((%(expressions)s)::int)"
    arg_joiner = " ->> "
    output_field = IntegerField()


class _Path(Func):
    template = "ARRAY[%(expressions)s]::text[]"
    output_field = JSONField()


class _AsJson(Func):
    function = "to_jsonb"
    output_field = JSONField()
