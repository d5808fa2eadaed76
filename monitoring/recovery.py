"""What staff do when work goes wrong: force a sync, clear the queue, settle what was given up, recover what is stale.

The API, the staff console and beat call these functions. Each can tell first what it would do, acts in a fixed number
of statements however many rows there are, touches a row only if it still is what it was, and leaves a log entry that
says who did what to how many and why. Nothing is deleted: what is taken out can be put back exactly as it was.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import connection as database
from django.db import transaction
from structlog.contextvars import get_contextvars

from integrations.ids import uuid7
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings.models import Direction
from monitoring import dead_letters, stale
from monitoring.dead_letters import Filter, Letter
from monitoring.stale import Stale
from syncing import queue
from syncing import recovery as syncs
from syncing import tasks as sync_tasks
from syncing.models import Mode, SyncJob, Trigger
from syncing.queue import Wanted
from webhooks import recovery as events
from webhooks import tasks as event_tasks
from webhooks.recovery import How

logger = logging.getLogger(__name__)

_SALT, _VALID_SECONDS, _GROWTH = "backline.recovery", 900, 1.1


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do: how many in all and by what, and the token that confirms exactly that."""

    count: int
    by: dict[str, int]
    confirm: str


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did: its id, how many of each kind, and what was left alone with the reason."""

    batch: UUID
    counts: dict[str, int]
    skipped: list[dict[str, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Return how many were done in all."""
        return sum(self.counts.values())


# --- force a sync -----------------------------------------------------------------------------------------------------

# The streams that are on the schedule, of connections that can be used.
_STREAMS = """
SELECT bookmark.connection_id, bookmark.object_type FROM sync_cursors bookmark
JOIN connections link ON link.id = bookmark.connection_id AND link.status = 'connected'
WHERE bookmark.direction = 'in' AND bookmark.next_run_at IS NOT NULL
  AND (%(provider)s::text IS NULL OR link.provider = %(provider)s)
  AND (%(venue)s::uuid IS NULL OR link.venue_id = %(venue)s)
  AND (%(connection)s::uuid IS NULL OR link.id = %(connection)s)
  AND (%(object_type)s::text IS NULL OR bookmark.object_type = %(object_type)s)
  AND (%(unless_within)s = 0 OR bookmark.last_succeeded_at IS NULL
       OR bookmark.last_succeeded_at < now() - make_interval(mins => %(unless_within)s))
"""


def preview_sync(which: Filter, *, unless_within: int = 0) -> Preview:
    """Return how many streams would be synced. Raises Problem filter_required."""
    found = _streams(which.required(), unless_within)
    return _preview("force", which, len(found), Counter(kind for _, kind in found))


def force_sync(which: Filter, *, mode: Mode, by: Any, reason: str, unless_within: int = 0) -> Done:
    """Queue a sync of every stream that is meant; one that waits or runs is joined. `unless_within`: minutes.

    Raises Problem filter_required.
    """
    found, batch = _streams(which.required(), unless_within), uuid7()
    wanted = [Wanted(link, ObjectType(kind), Direction.IN, mode) for link, kind in found]
    with transaction.atomic():
        made = queue.enqueue_many(wanted, trigger=Trigger.STAFF, actor=by, batch=batch)
        _audit("force_sync", batch, by=by, reason=reason, which=which, count=len(made), mode=str(mode))
    sync_tasks.ring(len(made))
    return Done(batch, {"job": len(made)}, [{"reason": "already_queued"}] * (len(found) - len(made)))


def _streams(which: Filter, unless_within: int) -> list[tuple[UUID, str]]:
    with database.cursor() as cursor:
        cursor.execute(_STREAMS, which.asked() | {"unless_within": unless_within})
        return [(link, kind) for link, kind in cursor.fetchall() if kind in list(ObjectType)]


# --- clear the queue, and put it back ---------------------------------------------------------------------------------

_TABLES = {"job": "sync_queue", "event": "integration_webhooks"}
_WAITING = """
FROM {table} item JOIN connections link ON link.id = item.connection_id
WHERE item.status = 'queued' AND (%(kind)s::text IS NULL OR %(kind)s = '{kind}')
  AND (%(provider)s::text IS NULL OR link.provider = %(provider)s)
  AND (%(venue)s::uuid IS NULL OR link.venue_id = %(venue)s)
  AND (%(connection)s::uuid IS NULL OR link.id = %(connection)s)
  AND (%(object_type)s::text IS NULL OR item.object_type = %(object_type)s)
  AND (%(error_class)s::text IS NULL OR item.failure_class = %(error_class)s)
  AND (%(ids)s::text[] IS NULL OR item.id::text = ANY(%(ids)s))
"""
# What it takes to make the row again what it was, byte for byte: nothing else of it changes.
_ASIDE = """
UPDATE {table} row SET status = 'cancelled', finished_at = now(), set_aside = jsonb_build_object(
    'batch', %(batch)s::text, 'action', %(action)s::text, 'by', %(by)s::text, 'at', now(), 'reason', %(reason)s::text,
    'status', row.status, 'finished_at', row.finished_at)
FROM (SELECT item.id {chosen} FOR UPDATE OF item) chosen
WHERE row.id = chosen.id AND row.status = %(was)s
"""
_CLOSE_LOGS = """
UPDATE sync_logs log SET outcome = 'stopped', finished_at = now() FROM sync_queue job
WHERE log.job_id = job.id AND log.outcome = 'running' AND job.set_aside ->> 'batch' = %(batch)s::text
"""
# A job whose stream waits again by now stays out: there is one already.
_RESTORE = """
UPDATE {table} row SET status = row.set_aside ->> 'status',
       finished_at = (row.set_aside ->> 'finished_at')::timestamptz, set_aside = NULL
WHERE row.set_aside ->> 'batch' = %(batch)s::text AND row.set_aside IS NOT NULL AND row.status = 'cancelled' {unless}
"""
_UNLESS_WAITING = """
AND NOT (row.set_aside ->> 'status' = 'queued' AND EXISTS (
    SELECT FROM sync_queue other WHERE other.connection_id = row.connection_id AND other.object_type = row.object_type
      AND other.direction = row.direction AND other.status = 'queued'))
"""
_RESTORE_RECORDS = """
UPDATE record_links SET state = 'failing', problem = problem - 'set_aside'
WHERE state = 'left_out' AND problem -> 'set_aside' ->> 'batch' = %(batch)s::text
"""
_LEFT = "SELECT count(*) FROM {table} row WHERE row.set_aside ->> 'batch' = %(batch)s::text AND set_aside IS NOT NULL"


def preview_clear(which: Filter) -> Preview:
    """Return how much waiting work would be taken out, by kind and object. Raises Problem filter_required."""
    counts: Counter[str] = Counter()
    with database.cursor() as cursor:
        for kind, table in _TABLES.items():
            chosen = _WAITING.format(table=table, kind=kind)
            cursor.execute(f"SELECT item.object_type, count(*) {chosen} GROUP BY 1", which.required().asked())
            counts.update({f"{kind} {name}".strip(): number for name, number in cursor.fetchall()})
    return _preview("clear", which, counts.total(), counts)


def clear_queue(which: Filter, *, confirm: str, by: Any, reason: str) -> Done:
    """Take waiting work out of the queue, as it was confirmed; what runs goes on. `restore` puts it back.

    Raises Problem filter_required, and confirm_mismatch when by now it is something else or much more.
    """
    _confirmed("clear", which, confirm, preview_clear(which).count)
    batch, counts = uuid7(), {}
    with transaction.atomic(), database.cursor() as cursor:
        for kind, table in _TABLES.items():
            statement = _ASIDE.format(table=table, chosen=_WAITING.format(table=table, kind=kind))
            cursor.execute(statement, which.asked() | _aside(batch, "cleared", "queued", by, reason))
            counts[kind] = cursor.rowcount
        cursor.execute(_CLOSE_LOGS, {"batch": batch})
        done = Done(batch, counts)
        _audit("clear_queue", batch, by=by, reason=reason, which=which, count=done.count)
    return done


def restore(batch: UUID, *, by: Any) -> Done:
    """Put back what an action took out or discarded, each row exactly as it was. Raises Problem not_found."""
    counts, left = {}, 0
    asked: dict[str, Any] = {"batch": batch}
    with transaction.atomic(), database.cursor() as cursor:
        for kind, table in _TABLES.items():
            unless = _UNLESS_WAITING if kind == "job" else ""
            cursor.execute(_RESTORE.format(table=table, unless=unless), asked)
            counts[kind] = cursor.rowcount
            cursor.execute(_LEFT.format(table=table), asked)
            left += cursor.fetchone()[0]
        cursor.execute(_RESTORE_RECORDS, asked)
        counts["record"] = cursor.rowcount
        done = Done(batch, counts, [{"reason": "already_queued"}] * left)
        if not done.count and not left:
            raise Problem("not_found", "Nothing is set aside under this id: it was put back already, or never was.")
        _audit("restore", batch, by=by, reason="", which=Filter(), count=done.count)
    sync_tasks.ring(counts["job"])
    event_tasks.ring()
    return done


# --- what was given up ------------------------------------------------------------------------------------------------

_LEAVE_OUT = """
UPDATE record_links SET state = 'left_out', problem = problem || jsonb_build_object('set_aside', jsonb_build_object(
    'batch', %(batch)s::text, 'by', %(by)s::text, 'at', now(), 'reason', %(reason)s::text))
WHERE id = ANY(%(links)s) AND state = 'failing' AND problem IS NOT NULL
"""
_DISCARDED = "FROM {table} item WHERE item.status = 'dead' AND item.id = ANY(%(ids)s::uuid[])"


def preview_dead_letters(which: Filter) -> Preview:
    """Return how much given-up work is meant, by kind. Raises Problem filter_required."""
    found = dead_letters.letters(which.required())
    return _preview("dead", which, len(found), Counter(each.kind for each in found))


def retry_dead_letters(
    which: Filter, *, by: Any, reason: str = "", trial: bool = False, how: How = How.REPROCESS
) -> Done:
    """Try given-up work again, each exactly once; with `trial` one of each cause, so that the rest can follow it.

    A retry of many stops by itself after five equal failures. Raises Problem filter_required.
    """
    found = list(dead_letters.letters(which.required()))
    if trial:
        found = list({each.cause: each for each in reversed(found)}.values())
    batch = uuid7()
    with transaction.atomic():
        jobs = _wanted([each for each in found if each.kind == "job"])
        back = events.requeue([UUID(each.id) for each in found if each.kind == "event"], batch=batch, how=how, actor=by)
        records = syncs.release([int(each.id) for each in found if each.kind == "record"], batch=batch)
        made = queue.enqueue_many(
            [*jobs, *(each.wanted for each in records)], trigger=Trigger.RETRY, actor=by, batch=batch
        )
        done = Done(batch, {"job": len(jobs), "event": len(back), "record": len(records)})
        done.skipped.extend([{"reason": "not_possible"}] * (len(found) - done.count))
        _audit("retry_dead_letters", batch, by=by, reason=reason, which=which, count=done.count, trial=trial)
    sync_tasks.ring(len(made))
    if back:
        event_tasks.ring()
    return done


def discard_dead_letters(which: Filter, *, confirm: str, by: Any, reason: str) -> Done:
    """Set given-up work aside for good, or until `restore`; a record is left out of its provider from now on.

    Raises Problem filter_required, and confirm_mismatch when by now it is something else or much more.
    """
    found = dead_letters.letters(which.required())
    _confirmed("dead", which, confirm, len(found))
    batch, counts = uuid7(), {}
    with transaction.atomic(), database.cursor() as cursor:
        for kind, table in _TABLES.items():
            asked = _aside(batch, "discarded", "dead", by, reason) | {
                "ids": [UUID(each.id) for each in found if each.kind == kind]
            }
            cursor.execute(_ASIDE.format(table=table, chosen=_DISCARDED.format(table=table)), asked)
            counts[kind] = cursor.rowcount
        links = {"links": [int(each.id) for each in found if each.kind == "record"]}
        cursor.execute(_LEAVE_OUT, links | _aside(batch, "discarded", "failing", by, reason))
        counts["record"] = cursor.rowcount
        done = Done(batch, counts)
        _audit("discard_dead_letters", batch, by=by, reason=reason, which=which, count=done.count)
    return done


def _wanted(jobs: Sequence[Letter]) -> list[Wanted]:
    """Return the streams of given-up jobs that are still synced."""
    rows = SyncJob.objects.filter(pk__in=[each.id for each in jobs]).select_related("connection")
    return [syncs.wanted_again(job) for job in rows if job.object_type in PROVIDERS[job.connection.provider].parts]


# --- stale work -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of stale work: what goes on, and what woke up by itself or was taken up already."""

    batch: UUID
    again: list[Stale]
    awake: list[Stale]


def recover_stale(*, by: Any, reason: str = "") -> Recovered:
    """Let stale work go on from where it stood. Harmless at any frequency and from several places at once.

    Each row is looked at once more as it is changed: one that woke up meanwhile is left alone and told as that.
    """
    items, batch = stale.found(), uuid7()
    if not items:
        return Recovered(batch, [], [])
    with transaction.atomic():
        taken = stale.take_up(items)
        if taken:
            causes = Counter(each.cause for each in items if each.id in taken)
            _audit("recover_stale", batch, by=by, reason=reason, which=Filter(), count=len(taken), causes=dict(causes))
    sync_tasks.ring(sum(each.kind == "job" for each in items))
    event_tasks.ring()
    return Recovered(
        batch, [each for each in items if each.id in taken], [each for each in items if each.id not in taken]
    )


# --- shared -----------------------------------------------------------------------------------------------------------


def _aside(batch: UUID, action: str, was: str, by: Any, reason: str) -> dict[str, Any]:
    return {"batch": batch, "action": action, "was": was, "by": str(by), "reason": reason}


def _preview(action: str, which: Filter, count: int, by: Counter[str]) -> Preview:
    token = signing.dumps({"action": action, "filter": which.named(), "count": count}, salt=_SALT)
    return Preview(count, dict(by.most_common()), token)


def _confirmed(action: str, which: Filter, token: str, count: int) -> None:
    """Raise Problem confirm_mismatch unless the token confirms this action, this filter and about so many."""
    try:
        told = signing.loads(token, salt=_SALT, max_age=_VALID_SECONDS)
    except signing.BadSignature as error:
        raise Problem(
            "confirm_mismatch", "Look at the numbers again and confirm them: this confirmation is not valid any more."
        ) from error
    if (told["action"], told["filter"]) != (action, which.named()):
        raise Problem("confirm_mismatch", "Something else was confirmed. Look at the numbers of this filter first.")
    if count > told["count"] * _GROWTH:
        raise Problem(
            "confirm_mismatch",
            f"It was {told['count']:,} when you looked and is {count:,} now. Look again and confirm.",
        )


def note(action: str, *, by: Any, reason: str, **more: str) -> None:
    """Leave the entry of something that our team did and that has no rows of its own."""
    _audit(action, uuid7(), by=by, reason=reason, which=Filter(), count=1, **more)


def told(message: str) -> dict[str, Any]:
    """Return what a log entry of an action says of it: {action, batch, count, filter, reason, request_id}."""
    found: dict[str, Any] = orjson.loads(message)
    return found


def _audit(action: str, batch: UUID, *, by: Any, reason: str, which: Filter, count: int, **more: Any) -> None:
    """Leave a log entry, and a line in the log; what beat does has nobody behind it and leaves the line alone."""
    told = {
        "action": action, "batch": str(batch), "count": count, "filter": which.named(), "reason": reason,
        "request_id": get_contextvars().get("request_id", ""), **more,
    }  # fmt: skip
    logger.info(f"recovery.{action}", extra={"batch": str(batch), "count": count, "by": str(by or "beat")})
    if by is None:
        return
    LogEntry.objects.create(
        user_id=by.pk, content_type=ContentType.objects.get_for_model(SyncJob), object_id=str(batch),
        object_repr=f"{action.replace('_', ' ')}: {count}"[:200], action_flag=CHANGE,
        change_message=orjson.dumps(told).decode(),
    )  # fmt: skip
