"""What a run leaves behind: one log for each attempt, with its counts, its waits and how it ended."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import orjson
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from integrations.expressions import Appended
from integrations.providers.http import Meter
from syncing.drafts import Counts
from syncing.models import Outcome, SyncJob, SyncLog
from syncing.work import Failure

logger = logging.getLogger(__name__)


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


_ADD = """
UPDATE sync_logs SET
    read = read + %(read)s, pages = pages + %(pages)s, created = created + %(created)s, updated = updated + %(updated)s,
    unchanged = unchanged + %(unchanged)s, deleted = deleted + %(deleted)s, left_out = left_out + %(left_out)s,
    failed = failed + %(failed)s, total = coalesce(%(total)s, total), bytes_in = bytes_in + %(bytes_in)s,
    timeline = timeline || %(events)s::jsonb,
    calls = (SELECT coalesce(jsonb_object_agg(class, number), '{}') FROM (
                 SELECT used.key AS class, sum(used.value::int) AS number FROM (
                     SELECT * FROM jsonb_each_text(calls) UNION ALL SELECT * FROM jsonb_each_text(%(calls)s::jsonb)
                 ) used GROUP BY used.key) summed)
WHERE id = %(log)s
RETURNING read
"""


def add(
    log: SyncLog,
    counts: Counts,
    *,
    read: int,
    total: int | None,
    meter: Meter,
    pages: int = 1,
    settled: Sequence[str] = (),
) -> int:
    """Add a page's counts and what the session used since, and return how many records the run has gone through by now.

    One statement; belongs in the page's transaction. `settled` tells the differences between both sides that the
    venue's policy decided. What a transaction noted that was rolled back is noted with the next one.
    """
    new = meter.seen()
    events = [_entry("settled", each) for each in settled]
    if new.waits:
        events.append(_entry("asked_to_wait", f"Waited {sum(new.waits):.1f} seconds because the provider asked us to."))
    used = {
        "calls": orjson.dumps(dict(new.calls)).decode(), "bytes_in": new.bytes_in,
        "events": orjson.dumps(events).decode(),
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_ADD, asdict(counts) | used | {"log": log.pk, "read": read, "pages": pages, "total": total})
        by_now: int = cursor.fetchone()[0]
    transaction.on_commit(partial(meter.noted, new))
    return by_now


def used(log: SyncLog, meter: Meter) -> None:
    """Add what a session used without storing a page, so that calls of failed attempts are counted, too."""
    add(log, Counts(), read=0, total=None, meter=meter, pages=0)


def note(log: SyncLog, event: str, detail: str) -> None:
    """Add an entry to the log's timeline."""
    SyncLog.objects.filter(pk=log.pk).update(timeline=Appended("timeline", _entry(event, detail)))


def finished(log: SyncLog) -> Outcome:
    """Close the log of a run that is through; its counts say whether wholly, partly or for nothing. Return which."""
    counts = SyncLog.objects.values("created", "updated", "deleted", "failed").get(pk=log.pk)
    if counts["failed"]:
        outcome = Outcome.PARTLY
    elif counts["created"] + counts["updated"] + counts["deleted"]:
        outcome = Outcome.SUCCEEDED
    else:
        outcome = Outcome.NOTHING
    _close(log, outcome)
    logger.info(
        "sync.finished",
        extra={
            "connection": str(log.connection_id), "object": log.object_type, "outcome": str(outcome), "counts": counts,
            "reference": log.reference,
        },
    )  # fmt: skip
    return outcome


def failed(log: SyncLog, failure: Failure) -> None:
    """Close the log of an attempt that failed."""
    _close(
        log, Outcome.FAILED, error_class=failure.error_class, error_code=failure.code, error_sentence=failure.sentence
    )


def stopped(log: SyncLog) -> None:
    """Close the log of a run that was stopped."""
    _close(log, Outcome.STOPPED)


def _close(log: SyncLog, outcome: Outcome, **values: str) -> None:
    SyncLog.objects.filter(pk=log.pk, outcome=Outcome.RUNNING).update(outcome=outcome, finished_at=Now(), **values)


def _entry(event: str, detail: str) -> dict[str, str]:
    return {"at": timezone.now().isoformat(timespec="seconds"), "event": event, "detail": detail[:300]}
