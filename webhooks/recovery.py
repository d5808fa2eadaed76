"""How events that were given up come back: into the queue, each exactly once, and to an account that came meanwhile."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from integrations import catalogue
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import queue
from syncing.models import Mode, Trigger
from syncing.queue import Wanted
from syncing.recovery import EQUAL_FAILURES

# What nobody here was connected to is tried anew when somebody is now. What cannot be read, or was refused, stays. The
# failure stays on the row until there is a result. A retried event is tried alone, and twice.
_REQUEUE = """
UPDATE integration_webhooks event
SET status = 'queued', attempts = %(attempts)s, not_before = now(), finished_at = NULL, batch = %(batch)s,
    connection_id = home.link, verdict = 'accepted'
FROM (
    SELECT lost.id, coalesce(lost.connection_id, link.id) AS link
    FROM integration_webhooks lost
    LEFT JOIN connections link ON lost.connection_id IS NULL AND lost.account_id <> ''
         AND link.provider = lost.provider AND link.environment = %(environment)s
         AND link.account_id = lost.account_id AND link.status <> 'disconnected'
    WHERE lost.id = ANY(%(ids)s::uuid[]) AND lost.status = 'dead' AND lost.verdict IN ('accepted', 'unroutable')
    FOR UPDATE OF lost
) home
WHERE event.id = home.id AND home.link IS NOT NULL
RETURNING event.id, event.connection_id, event.object_type
"""
# After five equal failures of one batch the others of it are what they were. One that waits for its second turn counts
# as well: before that comes, all the others have had their first.
_STOP = """
UPDATE integration_webhooks event SET status = 'dead', finished_at = now()
WHERE event.batch = ANY(%(batches)s::uuid[]) AND event.status = 'queued' AND event.failure_class <> ''
  AND event.batch IN (SELECT tried.batch FROM integration_webhooks tried
                      WHERE tried.batch = ANY(%(batches)s::uuid[]) AND tried.status IN ('queued', 'dead')
                        AND tried.attempts > %(attempts)s AND tried.failures -> -1 ->> 'code' = tried.failure_code
                      GROUP BY tried.batch, tried.failure_class, tried.failure_code HAVING count(*) >= %(equal)s)
"""
_BATCHES = "SELECT DISTINCT batch FROM integration_webhooks WHERE id = ANY(%(ids)s::uuid[]) AND batch IS NOT NULL"


class How(StrEnum):
    """What is done for an event that is tried again."""

    REPROCESS = "reprocess"  # it goes through the drain once more, which reads what changed since the last look
    REFETCH = "refetch"  # everything of its stream is read, however old the event is


@transaction.atomic
def requeue(ids: Collection[UUID], *, batch: UUID, how: How = How.REPROCESS, actor: Any = None) -> list[UUID]:
    """Try these given-up events again and return those that are. The caller rings.

    Called twice, the second finds nothing.
    """
    asked: dict[str, Any] = {
        "ids": list(ids), "batch": batch, "environment": catalogue.environment(),
        "attempts": _attempts(),
    }  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(_REQUEUE, asked)
        back = cursor.fetchall()
    if how is How.REFETCH:
        streams = {Wanted(link, ObjectType(kind), Direction.IN, Mode.FULL) for _, link, kind in back if kind}
        queue.enqueue_many(streams, trigger=Trigger.RETRY, actor=actor, batch=batch)
    return [row[0] for row in back]


def stop_hopeless(ids: Sequence[UUID]) -> int:
    """Put back what waits in the batches of these events when five of them failed in the same way. Return how many."""
    with database.cursor() as cursor:
        cursor.execute(_BATCHES, {"ids": list(ids)})
        batches = [row[0] for row in cursor.fetchall()]
        if not batches:
            return 0
        cursor.execute(_STOP, {"batches": batches, "equal": EQUAL_FAILURES, "attempts": _attempts()})
        stopped: int = cursor.rowcount
    return stopped


def _attempts() -> int:
    """Return the attempts that a retried event has behind it: two more, and it is given up again."""
    return max(0, settings.SYNC_MAX_ATTEMPTS - 2)
