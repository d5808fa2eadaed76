"""What runs by itself: due syncs, work that fell asleep, access about to end. Harmless at any frequency.

Which streams are due is one claiming UPDATE of their bookmarks, so that none, one or five beats do the same.
"""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Least, Now
from django.utils import timezone

from connections import lifecycle, tokens
from connections.models import Connection, OAuthState, Status
from integrations import wishes
from integrations.ids import uuid7
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.base import RestingStream
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import queue
from syncing.models import Mode, Outcome, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.work import WorkStatus

logger = logging.getLogger(__name__)

# One statement: the slots that have come are moved on and their jobs are made together, so that none, one or five
# beats do the same and a crash in between does nothing. The next slot lies on the connection's own offset within the
# interval, so that connections do not all start together; slots that were missed are not made up for one by one. A
# stream that waits or runs already is joined: it gets no second job.
_QUEUE_DUE = """
WITH due AS (
    SELECT bookmark.id,
           greatest(wish.interval_minutes * 60,
                    (%(rests)s::jsonb -> link.provider ->> bookmark.object_type)::int) AS every,
           abs(hashtext(bookmark.connection_id::text)::bigint) AS spread
    FROM sync_cursors bookmark
    JOIN connections link ON link.id = bookmark.connection_id AND link.status = 'connected'
    JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
    WHERE bookmark.next_run_at <= now()
      AND (wish.paused_at IS NULL OR (wish.paused_until IS NOT NULL AND wish.paused_until <= now()))
    ORDER BY bookmark.next_run_at
    LIMIT %(limit)s
    FOR UPDATE OF bookmark SKIP LOCKED
), moved AS (
    UPDATE sync_cursors bookmark
    SET next_run_at = to_timestamp(
        (floor((extract(epoch FROM now()) - due.spread %% due.every) / due.every) + 1) * due.every
        + due.spread %% due.every
    )
    FROM due WHERE bookmark.id = due.id
    RETURNING bookmark.connection_id, bookmark.object_type, bookmark.direction
), runs AS (
    SELECT connection_id, gen_random_uuid() AS run FROM (SELECT DISTINCT connection_id FROM moved) each_once
)
INSERT INTO sync_queue (id, run, venue_id, connection_id, object_type, direction, mode, priority, trigger, status,
                        attempts, fence, lease_owner, failure_class, failure_code, failure_sentence, queued_at,
                        not_before)
SELECT gen_random_uuid(), runs.run, link.venue_id, moved.connection_id, moved.object_type, moved.direction,
       'incremental', %(priority)s, 'schedule', 'queued', 0, 0, '', '', '', '', now(),
       now() + make_interval(secs => coalesce(array_position(%(reading_order)s, moved.object_type::text), 0) / 1e6)
FROM moved JOIN runs USING (connection_id) JOIN connections link ON link.id = moved.connection_id
WHERE NOT EXISTS (SELECT FROM sync_queue open
                  WHERE open.connection_id = moved.connection_id AND open.object_type = moved.object_type
                    AND open.direction = moved.direction AND open.status IN ('queued', 'running'))
ON CONFLICT DO NOTHING
"""


def enqueue_due(limit: int = 10_000) -> int:
    """Queue every stream whose slot has come and return how many jobs were made. One statement, however many."""
    with database.cursor() as cursor:
        order = [str(each) for each in ObjectType]
        asked: dict[str, Any] = {
            "limit": limit,
            "priority": queue.Priority.NORMAL.value,
            "reading_order": order,
            "rests": rests(),
        }
        cursor.execute(_QUEUE_DUE, asked)
        made: int = cursor.rowcount
    return made


def rests() -> str:
    """Return, as JSON by provider and object, for how many seconds a stream rests that changes rarely."""
    seconds = {
        key: {
            str(object_type): round(stream.rests.total_seconds())
            for object_type, stream in provider.streams.items()
            if isinstance(stream, RestingStream)
        }
        for key, provider in PROVIDERS.items()
    }
    return orjson.dumps(seconds).decode()


def start(
    connection: Connection, *, trigger: Trigger, actor: Any = None, mode: Mode = Mode.INCREMENTAL
) -> queue.Started:
    """Begin to sync a connection: its wished objects are queued now and put on the schedule from now on."""
    config = IntegrationConfig.objects.get(venue=connection.venue_id, integration=connection.provider)
    objects = wished(connection, config)
    take_up(connection, objects, config)
    follow(connection, config)
    return queue.enqueue(connection, objects, trigger=trigger, actor=actor, mode=mode, priority=queue.Priority.HIGH)


@transaction.atomic
def follow(connection: Connection, config: IntegrationConfig) -> None:
    """Bring the schedule in line with the wishes: what is not wanted leaves it, a shorter interval begins at once.

    What was synced stays. Safe to call again.
    """
    wanted = wished(connection, config)
    bookmarks = SyncCursor.objects.filter(connection=connection)
    bookmarks.exclude(object_type__in=wanted).update(next_run_at=None)
    bookmarks.filter(object_type__in=wanted, next_run_at__isnull=False).update(
        next_run_at=Least("next_run_at", Now() + timedelta(minutes=config.interval_minutes))
    )


@transaction.atomic
def take_up(connection: Connection, objects: Collection[ObjectType], config: IntegrationConfig) -> None:
    """Put objects on the schedule that were not on it; an old bookmark is gone on from. Safe to call again."""
    SyncCursor.objects.bulk_create(
        [SyncCursor(connection=connection, object_type=each) for each in objects], ignore_conflicts=True
    )
    SyncCursor.objects.filter(connection=connection, object_type__in=objects, next_run_at=None).update(
        next_run_at=Now() + timedelta(minutes=config.interval_minutes)
    )


@transaction.atomic
def read_anew(connection: Connection, objects: Collection[ObjectType], *, actor: Any = None) -> int:
    """Forget how far these objects were read and queue a read of all of them; return how many jobs wait for it.

    What came in stays; what the provider sends again unchanged is left alone. A read under way stops: it goes by the
    old wishes. Objects that are not on the schedule are only forgotten, and read in full when they are taken up.
    """
    # The jobs before the bookmarks, as a page is stored: nobody waits in a circle, and no page is stored afterwards.
    _stop_reading(connection, objects, actor)
    bookmarks = SyncCursor.objects.filter(connection=connection, direction=Direction.IN, object_type__in=objects)
    bookmarks.update(position={}, full_began_at=None)
    planned = bookmarks.filter(next_run_at__isnull=False).values_list("object_type", flat=True)
    return 0 if connection.status == Status.DISCONNECTED else _queue_full(connection, set(planned), actor)


def wished(connection: Connection, config: IntegrationConfig) -> list[ObjectType]:
    """Return the objects that the venue wants to be read, with those that they need, in reading order."""
    return wishes.read_objects(PROVIDERS[connection.provider], config.directions)


def sweep() -> dict[str, int]:
    """Put right what nobody else will: given-up leases that ran too often, work of ended connections, old states."""
    return {"ended": _end_orphans(), "states": _forget_states()}


def renew_access() -> int:
    """Renew the access that ends within a day and return how many were renewed."""
    return tokens.renew_expiring(within=timedelta(days=1), refused=lifecycle.lost)


def stale() -> list[SyncJob]:
    """Return the jobs whose worker fell silent. The next claim takes them over; this only tells."""
    return list(SyncJob.objects.stale().select_related("connection__venue")[:1000])


def _stop_reading(connection: Connection, objects: Collection[ObjectType], actor: Any) -> None:
    """Hold the open jobs, so that none is claimed meanwhile, and ask those that run to stop at their next page."""
    jobs = SyncJob.objects.open().filter(connection=connection, object_type__in=objects, direction=Direction.IN)
    held = list(jobs.select_for_update().order_by("pk"))
    running = [job.pk for job in held if job.status == WorkStatus.RUNNING and job.stop_requested_at is None]
    SyncJob.objects.filter(pk__in=running).update(stop_requested_at=Now(), stop_requested_by=actor)


def _queue_full(connection: Connection, objects: Collection[str], actor: Any) -> int:
    """Let one job for each object wait, also beside one that is about to stop; those that wait read everything now."""
    run, now = uuid7(), timezone.now()
    ordered = [each for each in PROVIDERS[connection.provider].streams if each in objects]
    SyncJob.objects.bulk_create(
        [
            SyncJob(
                run=run, venue_id=connection.venue_id, connection=connection, object_type=each, mode=Mode.FULL,
                trigger=Trigger.OWNER, actor=actor, priority=queue.Priority.HIGH, queued_at=now,
                not_before=now + timedelta(microseconds=place),  # claimed in reading order
            )
            for place, each in enumerate(ordered)
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    waiting = SyncJob.objects.filter(connection=connection, direction=Direction.IN, status=WorkStatus.QUEUED)
    return waiting.filter(object_type__in=ordered).update(mode=Mode.FULL, queued_at=now)


def _end_orphans() -> int:
    """Cancel what is still open for a connection that ended; a reconnect starts afresh."""
    orphans = SyncJob.objects.filter(status=WorkStatus.QUEUED, connection__status="disconnected")
    running = SyncJob.objects.stale().filter(connection__status="disconnected")
    ended = running.update(status=WorkStatus.CANCELLED, lease_until=None, finished_at=Now())
    ended += orphans.update(status=WorkStatus.CANCELLED, finished_at=Now())
    # A job that waited for its next turn left its log open; nobody else would close it now.
    SyncLog.objects.filter(
        outcome=Outcome.RUNNING, job__status=WorkStatus.CANCELLED, connection__status="disconnected"
    ).update(outcome=Outcome.STOPPED, finished_at=Now())
    return ended


def _forget_states() -> int:
    """Delete the states of trips that ended a day ago."""
    deleted, _ = OAuthState.objects.filter(expires_at__lt=Now() - timedelta(days=1)).delete()
    return deleted
