"""Putting work into the queue, and taking it out under a lease. All state changes are single statements.

The claim picks fairly: within a priority every venue gets its turn, counted from what it has running, so that a large
venue never makes a small one wait for its whole backlog.
"""

import os
import socket
import threading
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from connections.models import Connection
from integrations.ids import uuid7
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing.models import Mode, Outcome, Priority, SyncJob, SyncLog, Trigger
from syncing.work import FORGIVEN, OPEN, Failure, WorkStatus, worker_lost

_REPLACED = "The sync that was asked for meanwhile goes on in its place."

# A job may be taken when it waits and its time has come, or when its worker let the lease run out; never two of one
# stream at once, whichever way they go, never one whose connection is not authorised or is paused.
_CLAIM = """
WITH takeable AS (
    SELECT job.id, job.priority, job.not_before, link.provider,
           row_number() OVER (PARTITION BY job.priority, job.venue_id ORDER BY job.not_before, job.id)
           + (SELECT count(*) FROM sync_queue busy
              WHERE busy.venue_id = job.venue_id AND busy.status = 'running' AND busy.lease_until >= now()) AS turn
    FROM sync_queue job
    JOIN connections link ON link.id = job.connection_id AND link.status = 'connected'
    WHERE ((job.status = 'queued' AND job.not_before <= now()) OR (job.status = 'running' AND job.lease_until < now()))
      AND NOT EXISTS (SELECT 1 FROM integration_configs wish
                      WHERE wish.venue_id = job.venue_id AND wish.integration_id = link.provider
                        AND wish.paused_at IS NOT NULL AND (wish.paused_until IS NULL OR wish.paused_until > now()))
      AND NOT (job.status = 'queued' AND EXISTS (
               SELECT 1 FROM sync_queue other
               WHERE other.connection_id = job.connection_id AND other.object_type = job.object_type
                 AND other.status = 'running'))
      AND link.provider <> ALL(%(without)s::text[])
      AND (SELECT count(*) FROM sync_queue busy
           WHERE busy.venue_id = job.venue_id AND busy.status = 'running' AND busy.lease_until >= now()) < %(places)s
    ORDER BY job.priority, turn, job.not_before, job.id
    LIMIT 16
), chosen AS (
    SELECT job.id, job.status AS was, takeable.provider
    FROM sync_queue job JOIN takeable ON takeable.id = job.id
    WHERE (job.status = 'queued' AND job.not_before <= now()) OR (job.status = 'running' AND job.lease_until < now())
    ORDER BY takeable.priority, takeable.turn, takeable.not_before, takeable.id
    LIMIT 1
    FOR UPDATE OF job SKIP LOCKED
)
UPDATE sync_queue job
SET status = 'running', attempts = job.attempts + 1, fence = job.fence + 1, lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(lease)s), heartbeat_at = now(),
    started_at = coalesce(job.started_at, now()),
    {lost}
FROM chosen
WHERE job.id = chosen.id
RETURNING job.id, job.fence, chosen.was, chosen.provider
""".format(lost=worker_lost("job.", when="chosen.was = 'running'"))  # noqa: S608 - a constant


# Takes the waiting jobs of a connection that are read together with one that was just claimed.
_CLAIM_BESIDE = """
UPDATE sync_queue job
SET status = 'running', attempts = job.attempts + 1, fence = job.fence + 1, lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(lease)s), heartbeat_at = now(),
    started_at = coalesce(job.started_at, now())
WHERE job.id IN (
    SELECT waiting.id FROM sync_queue waiting
    JOIN sync_cursors bookmark ON bookmark.connection_id = waiting.connection_id
         AND bookmark.object_type = waiting.object_type AND bookmark.direction = waiting.direction
    WHERE waiting.connection_id = %(connection)s AND waiting.object_type = ANY(%(objects)s)
      AND waiting.direction = 'in' AND waiting.status = 'queued' AND waiting.mode = 'incremental'
      AND waiting.not_before <= now() + interval '1 second'
      AND bookmark.position <> '{}' AND bookmark.full_began_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM sync_queue other
                      WHERE other.connection_id = waiting.connection_id AND other.object_type = waiting.object_type
                        AND other.status = 'running')
    FOR UPDATE OF waiting SKIP LOCKED
)
RETURNING job.id, job.fence
"""


# One job for each stream that is named, however many; one that waits or runs already is joined. The newest wish counts:
# a batch that somebody watches over, and everything rather than what changed.
_ENQUEUE_MANY = """
WITH asked AS (
    SELECT link.id AS connection_id, link.venue_id, given.object, given.direction, given.mode, given.place
    FROM unnest(%(connections)s::uuid[], %(objects)s::text[], %(directions)s::text[], %(modes)s::text[],
                %(places)s::int[]) AS given(connection, object, direction, mode, place)
    JOIN connections link ON link.id = given.connection AND link.status <> 'disconnected'
), joined AS (
    UPDATE sync_queue open SET batch = %(batch)s,
           mode = CASE WHEN open.status = 'queued' AND asked.mode = 'full' THEN 'full' ELSE open.mode END,
           queued_at = CASE WHEN open.status = 'queued' AND asked.mode = 'full' THEN now() ELSE open.queued_at END
    FROM asked
    WHERE open.connection_id = asked.connection_id AND open.object_type = asked.object
      AND open.direction = asked.direction AND open.status IN ('queued', 'running')
    RETURNING open.id, open.connection_id, open.object_type, open.direction
), runs AS (
    SELECT connection_id, gen_random_uuid() AS run FROM (SELECT DISTINCT connection_id FROM asked) each_once
), made AS (
    INSERT INTO sync_queue (id, run, venue_id, connection_id, object_type, direction, mode, priority, trigger, actor_id,
                            status, attempts, fence, lease_owner, failure_class, failure_code, failure_sentence,
                            queued_at, not_before, batch)
    SELECT gen_random_uuid(), runs.run, asked.venue_id, asked.connection_id, asked.object, asked.direction, asked.mode,
           %(priority)s, %(trigger)s, %(actor)s, 'queued', 0, 0, '', '', '', '', now(),
           now() + make_interval(secs => asked.place / 1e6), %(batch)s
    FROM asked JOIN runs USING (connection_id)
    WHERE NOT EXISTS (SELECT FROM joined WHERE joined.connection_id = asked.connection_id
                      AND joined.object_type = asked.object AND joined.direction = asked.direction)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM made
"""


class LostLease(Exception):
    """Another worker has the job now; whatever was not committed is its business."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one job while the lease lasts. `taken_over`: its last worker fell silent."""

    job_id: uuid.UUID
    fence: int
    taken_over: bool
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The run that a request led to: its id, its jobs, and whether all of it was there already."""

    run: uuid.UUID
    jobs: list[SyncJob]
    joined: bool


def enqueue(
    connection: Connection,
    objects: Iterable[ObjectType],
    *,
    mode: Mode = Mode.INCREMENTAL,
    trigger: Trigger,
    actor: Any = None,
    priority: Priority = Priority.NORMAL,
    direction: Direction = Direction.IN,
) -> Started:
    """Put one job for each object into the queue; an object that waits or runs already is joined instead.

    Safe to call twice and from several places at once: the queue's unique constraints decide.
    """
    ordered = sorted(objects, key=list(ObjectType).index)
    busy = {job.object_type: job for job in _open_jobs(connection, ordered, direction)}
    now = timezone.now()
    run = uuid7()
    SyncJob.objects.bulk_create(
        [
            SyncJob(
                run=run, venue_id=connection.venue_id, connection=connection, object_type=object_type,
                direction=direction, mode=mode, trigger=trigger, actor=actor, priority=priority, queued_at=now,
                not_before=now + timedelta(microseconds=place),  # claimed in reading order
            )
            for place, object_type in enumerate(ordered)
            if object_type not in busy
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    jobs = _open_jobs(connection, ordered, direction)
    joined = not any(job.run == run for job in jobs)
    return Started(run=jobs[0].run if joined and jobs else run, jobs=jobs, joined=joined)


def enqueue_before(job: SyncJob, objects: Collection[ObjectType]) -> None:
    """Put what a job waits for into the queue, nothing of it behind the job itself.

    A job of high priority that looks again every second would else keep a full queue from what it waits for.
    """
    priority = Priority(job.priority)
    enqueue(job.connection, objects, trigger=Trigger(job.trigger), actor=job.actor, priority=priority)
    SyncJob.objects.filter(
        connection=job.connection_id, direction=Direction.IN, object_type__in=objects, status=WorkStatus.QUEUED,
        priority__gt=priority,
    ).update(priority=priority)  # fmt: skip


class Wanted(NamedTuple):
    """A stream to be worked on."""

    connection: uuid.UUID
    object_type: ObjectType
    direction: Direction = Direction.IN
    mode: Mode = Mode.INCREMENTAL


def enqueue_many(
    wanted: Iterable[Wanted], *, trigger: Trigger, actor: Any = None, priority: Priority = Priority.HIGH,
    batch: uuid.UUID | None = None,
) -> list[uuid.UUID]:  # fmt: skip
    """Put one job for each stream into the queue and return the new ones' ids; one that is there already is joined.

    One statement, however many; safe to call twice and from several places at once. `batch` marks the jobs, also those
    that were joined.
    """
    order = list(ObjectType)
    rows = sorted(set(wanted), key=lambda each: (each.direction, order.index(each.object_type)))
    asked: dict[str, Any] = {
        "connections": [each.connection for each in rows], "objects": [str(each.object_type) for each in rows],
        "directions": [str(each.direction) for each in rows], "modes": [str(each.mode) for each in rows],
        "places": list(range(len(rows))), "priority": priority.value, "trigger": str(trigger),
        "actor": actor.pk if actor is not None else None, "batch": batch,
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_ENQUEUE_MANY, asked)
        return [row[0] for row in cursor.fetchall()]


def claim(*, without: Sequence[str] = ()) -> Claim | None:
    """Take the next job, or return None when there is nothing to do. Committed before any work starts.

    Jobs of the providers in `without` stay where they are, and so do those of a venue that has its share at work.
    """
    asked: dict[str, Any] = {
        "owner": owner(), "lease": settings.SYNC_LEASE.total_seconds(), "without": list(without),
        "places": settings.SYNC_PLACES_PER_VENUE,
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, asked)
        row = cursor.fetchone()
    return Claim(row[0], row[1], taken_over=row[2] == WorkStatus.RUNNING, provider=row[3]) if row else None


def claim_beside(connection: Connection, objects: Iterable[ObjectType]) -> list[Claim]:
    """Take the waiting jobs of these objects whose changes are read in one turn; none when others are just at it."""
    asked: dict[str, Any] = {
        "owner": owner(),
        "lease": settings.SYNC_LEASE.total_seconds(),
        "connection": connection.pk,
        "objects": [str(each) for each in objects],
    }
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(_CLAIM_BESIDE, asked)
            return [Claim(job_id=row[0], fence=row[1], taken_over=False) for row in cursor.fetchall()]
    except IntegrityError:  # another worker claimed one of them in this very moment
        return []


def requeue(claim: Claim, *, after: float = 0.0, counts: bool = True, failure: Failure | None = None) -> bool:
    """Put the job back, to be taken again after `after` seconds. Return False when it is no longer ours.

    When someone queued the same stream meanwhile, that job goes on in our stead.
    """
    back = {"attempts": F("attempts") if counts else F("attempts") - 1}
    waiting = SyncJob.objects.filter(pk=claim.job_id).values("connection", "object_type", "direction").first()
    if waiting and SyncJob.objects.filter(status=WorkStatus.QUEUED, **waiting).exists():
        return _end(claim, WorkStatus.CANCELLED, failure_sentence=_REPLACED)
    try:
        with transaction.atomic():
            return _change(
                claim, status=WorkStatus.QUEUED, not_before=Now() + timedelta(seconds=after), lease_until=None,
                lease_owner="", **back, **(failure.noted() if failure else {}),
            )  # fmt: skip
    except IntegrityError:  # queued in this very moment
        return requeue(claim, after=after, counts=counts, failure=failure)


def hand_on(claim: Claim) -> None:
    """Put back a job whose turn is over. Raises LostLease when it is no longer ours: somebody else is at it."""
    if not requeue(claim):
        raise LostLease


def succeed(claim: Claim) -> bool:
    """End a job that is through. Return False when it is no longer ours."""
    return _end(claim, WorkStatus.SUCCEEDED, **FORGIVEN)


def give_up(claim: Claim, failure: Failure) -> bool:
    """End a job for good, as a dead letter. Return False when it is no longer ours."""
    return _end(claim, WorkStatus.DEAD, **failure.noted())


def cancel(claim: Claim) -> bool:
    """End a job that somebody stopped. Return False when it is no longer ours."""
    return _end(claim, WorkStatus.CANCELLED)


def stop(connection: Connection, *, by: Any) -> int:
    """Stop the connection's work: what waits is cancelled, what runs ends at its next page. Return how many."""
    now = timezone.now()
    jobs = SyncJob.objects.filter(connection=connection)
    waiting = jobs.filter(status=WorkStatus.QUEUED).update(
        status=WorkStatus.CANCELLED, finished_at=now, stop_requested_at=now, stop_requested_by=by
    )
    # A job that waited for its next turn left its log open; nobody else would close it now.
    left_open = SyncLog.objects.filter(connection=connection, outcome=Outcome.RUNNING)
    left_open.filter(job__status=WorkStatus.CANCELLED).update(outcome=Outcome.STOPPED, finished_at=now)
    running = jobs.filter(status=WorkStatus.RUNNING, stop_requested_at=None).update(
        stop_requested_at=now, stop_requested_by=by
    )
    return waiting + running


def owner() -> str:
    """Return who is working: machine, process and thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:120]


def _end(claim: Claim, status: WorkStatus, **values: Any) -> bool:
    return _change(claim, status=status, finished_at=Now(), lease_until=None, lease_owner="", **values)


def _change(claim: Claim, **values: Any) -> bool:
    mine = SyncJob.objects.filter(pk=claim.job_id, fence=claim.fence, status=WorkStatus.RUNNING)
    return bool(mine.update(**values))


def _open_jobs(connection: Connection, objects: Sequence[ObjectType], direction: Direction) -> list[SyncJob]:
    """Return the waiting or running jobs of these objects, one each; the running one when there are both."""
    found = SyncJob.objects.filter(
        Q(status__in=OPEN), connection=connection, direction=direction, object_type__in=objects
    )
    by_object = {job.object_type: job for job in sorted(found, key=lambda job: job.status == WorkStatus.RUNNING)}
    return [by_object[each] for each in objects if each in by_object]
