"""What runs by itself: due syncs, work that fell asleep, access about to end. Harmless at any frequency.

Which streams are due is one claiming UPDATE of their bookmarks, so that none, one or five beats do the same.
"""

import logging
from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Least, Now

from connections import tokens
from connections.models import Connection, OAuthState
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import queue
from syncing.models import Mode, Outcome, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.work import WorkStatus

logger = logging.getLogger(__name__)

# The next slot lies on the connection's own offset within the interval, so that connections do not all start together;
# slots that were missed are not made up for one by one.
_CLAIM_DUE = """
WITH due AS (
    SELECT bookmark.id, wish.interval_minutes * 60 AS every,
           abs(hashtext(bookmark.connection_id::text)::bigint) AS spread
    FROM sync_cursors bookmark
    JOIN connections link ON link.id = bookmark.connection_id AND link.status = 'connected'
    JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
    WHERE bookmark.next_run_at <= now()
      AND (wish.paused_at IS NULL OR (wish.paused_until IS NOT NULL AND wish.paused_until <= now()))
    ORDER BY bookmark.next_run_at
    LIMIT %(limit)s
    FOR UPDATE OF bookmark SKIP LOCKED
)
UPDATE sync_cursors bookmark
SET next_run_at = to_timestamp(
    (floor((extract(epoch FROM now()) - due.spread %% due.every) / due.every) + 1) * due.every + due.spread %% due.every
)
FROM due WHERE bookmark.id = due.id
RETURNING bookmark.connection_id, bookmark.object_type
"""


def enqueue_due(limit: int = 10_000) -> int:
    """Queue every stream whose slot has come and return how many jobs were made."""
    with database.cursor() as cursor:
        cursor.execute(_CLAIM_DUE, {"limit": limit})
        due = defaultdict(list)
        for connection_id, object_type in cursor.fetchall():
            due[connection_id].append(ObjectType(object_type))
    made = 0
    for connection in Connection.objects.filter(pk__in=due).iterator():
        started = queue.enqueue(connection, due[connection.pk], trigger=Trigger.SCHEDULE)
        made += sum(job.run == started.run for job in started.jobs) if not started.joined else 0
    return made


def start(
    connection: Connection, *, trigger: Trigger, actor: Any = None, mode: Mode = Mode.INCREMENTAL
) -> queue.Started:
    """Begin to sync a connection: its wished objects are queued now and put on the schedule from now on."""
    config = IntegrationConfig.objects.get(venue=connection.venue_id, integration=connection.provider)
    objects = wished(connection, config)
    SyncCursor.objects.bulk_create(
        [SyncCursor(connection=connection, object_type=each) for each in objects], ignore_conflicts=True
    )
    SyncCursor.objects.filter(connection=connection, object_type__in=objects, next_run_at=None).update(
        next_run_at=Now() + timedelta(minutes=config.interval_minutes)
    )
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


def wished(connection: Connection, config: IntegrationConfig) -> list[ObjectType]:
    """Return the objects that the venue wants to be read, with those that they need, in reading order."""
    streams = PROVIDERS[connection.provider].streams
    asked = {each for each, direction in config.directions.items() if direction in ("in", "both") and each in streams}
    needed = {need for each in asked for need in streams[ObjectType(each)].needs}
    return [each for each in streams if each in asked | needed]


def sweep() -> dict[str, int]:
    """Put right what nobody else will: given-up leases that ran too often, work of ended connections, old states."""
    return {"ended": _end_orphans(), "states": _forget_states()}


def renew_access() -> int:
    """Renew the access that ends within a day and return how many were renewed."""
    return tokens.renew_expiring(within=timedelta(days=1))


def stale() -> list[SyncJob]:
    """Return the jobs whose worker fell silent. The next claim takes them over; this only tells."""
    return list(SyncJob.objects.stale().select_related("connection__venue")[:1000])


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


def interval_of(connection: Connection) -> int:
    """Return the minutes between two runs of a connection."""
    config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
    return config.interval_minutes if config else settings.SYNC_INTERVAL_MINUTES
