"""What news from a provider leads to: a read of each stream it is about, one that begins after the news came.

A read that is under way may have passed the place already, so joining it would lose the news. Such a job is marked
instead, and when it is through another one follows it. A job that waits and has not begun serves as it is.

A stream that rests has no list of what changed, or one that costs much: there half a minute's news is read together.
"""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection as database

from integrations.providers.types import ObjectType
from syncing.models import Priority
from syncing.queue import Claim
from syncing.schedule import rests

_GATHERED = 30  # seconds, of a stream that rests

# In the order of the ids, so that nobody waits in a circle. A job that is just ending holds its row until it has
# ended; then it is no longer open, and the statement below makes a new one.
_MARK = """
WITH begun AS (
    SELECT job.id FROM sync_queue job
    JOIN unnest(%(connections)s::uuid[], %(objects)s::text[]) AS told(connection, object)
      ON job.connection_id = told.connection AND job.object_type = told.object
    WHERE job.direction = 'in' AND job.status IN ('queued', 'running')
      AND job.started_at IS NOT NULL AND job.told_at IS NULL
    ORDER BY job.id
    FOR UPDATE OF job
)
UPDATE sync_queue job SET told_at = now() FROM begun WHERE job.id = begun.id
"""

# Only what is on the schedule is read: an object that is switched off stays as it is. Before scheduled work, and with
# the same turns for every venue as a first sync, which may take minutes.
_QUEUE = """
WITH told AS (
    SELECT link.id AS connection_id, link.venue_id, given.object, given.place,
           least(%(gathered)s, coalesce((%(rests)s::jsonb -> link.provider ->> given.object)::int, 0)) AS gathers
    FROM unnest(%(connections)s::uuid[], %(objects)s::text[], %(places)s::int[]) AS given(connection, object, place)
    JOIN connections link ON link.id = given.connection AND link.status <> 'disconnected'
    JOIN sync_cursors bookmark ON bookmark.connection_id = link.id AND bookmark.object_type = given.object
         AND bookmark.direction = 'in' AND bookmark.next_run_at IS NOT NULL
), runs AS (
    SELECT connection_id, gen_random_uuid() AS run FROM (SELECT DISTINCT connection_id FROM told) each_once
)
INSERT INTO sync_queue (id, run, venue_id, connection_id, object_type, direction, mode, priority, trigger, status,
                        attempts, fence, lease_owner, failure_class, failure_code, failure_sentence, queued_at,
                        not_before)
SELECT gen_random_uuid(), runs.run, told.venue_id, told.connection_id, told.object, 'in', 'incremental',
       %(priority)s, 'event', 'queued', 0, 0, '', '', '', '', now(),
       now() + make_interval(secs => told.gathers + told.place / 1e6)
FROM told JOIN runs USING (connection_id)
WHERE NOT EXISTS (SELECT FROM sync_queue open
                  WHERE open.connection_id = told.connection_id AND open.object_type = told.object
                    AND open.direction = 'in' AND open.status IN ('queued', 'running'))
ORDER BY told.connection_id, told.place
ON CONFLICT DO NOTHING
"""

_FOLLOW = """
INSERT INTO sync_queue (id, run, venue_id, connection_id, object_type, direction, mode, priority, trigger, status,
                        attempts, fence, lease_owner, failure_class, failure_code, failure_sentence, queued_at,
                        not_before)
SELECT gen_random_uuid(), gen_random_uuid(), job.venue_id, job.connection_id, job.object_type, job.direction,
       'incremental', %(priority)s, 'event', 'queued', 0, 0, '', '', '', '', now(), now() + make_interval(
           secs => least(%(gathered)s, coalesce((%(rests)s::jsonb -> link.provider ->> job.object_type)::int, 0)))
FROM sync_queue job JOIN connections link ON link.id = job.connection_id
WHERE job.id = %(job)s AND job.told_at IS NOT NULL
ON CONFLICT DO NOTHING
"""


def arrived(streams: Collection[tuple[uuid.UUID, ObjectType]]) -> int:
    """Queue one read of each stream, by its connection and object, and return how many jobs were made.

    Two statements, however many streams. Belongs in the transaction that settles the news; may be called twice.
    """
    if not streams:
        return 0
    order = list(ObjectType)
    asked: dict[str, Any] = {
        "connections": [connection for connection, _ in streams],
        "objects": [str(kind) for _, kind in streams],
        "places": [order.index(kind) for _, kind in streams],
        **_common(),
    }
    with database.cursor() as cursor:
        cursor.execute(_MARK, asked)
        cursor.execute(_QUEUE, asked)
        made: int = cursor.rowcount
    return made


def follow(claim: Claim) -> bool:
    """Queue another read after a job that is through when news came while it ran. Return whether it did.

    Belongs in the transaction that ends the job, after its row was locked.
    """
    with database.cursor() as cursor:
        cursor.execute(_FOLLOW, _common() | {"job": claim.job_id})
        return cursor.rowcount == 1


def _common() -> dict[str, Any]:
    return {"priority": Priority.HIGH.value, "gathered": _GATHERED, "rests": rests()}
