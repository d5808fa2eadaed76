"""Work whose worker fell silent: what it is, why probably, what happens to it next, and how it is taken up at once.

Work is stale when its lease is over by the database's clock. Any worker that looks takes it over by itself; recovering
it does the same for all of it at once, also while no worker looks, and says what was found.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection as database

from syncing.work import noted

_STALE = """
SELECT 'job' AS kind, job.id, link.venue_id, link.provider, job.object_type, job.direction, job.started_at,
       job.heartbeat_at, job.lease_until, job.lease_owner, job.attempts, job.fence, job.stop_requested_at IS NOT NULL,
       link.status, coalesce(log.read, 0),
       EXISTS (SELECT FROM sync_queue other WHERE other.status = 'running' AND other.lease_until >= now()
               AND split_part(other.lease_owner, ':', 1) = split_part(job.lease_owner, ':', 1)
               AND split_part(other.lease_owner, ':', 2) = split_part(job.lease_owner, ':', 2)),
       (SELECT count(*) FROM record_links open WHERE job.direction = 'out' AND open.connection_id = job.connection_id
        AND open.external_type = job.object_type AND open.push IS NOT NULL)
FROM sync_queue job JOIN connections link ON link.id = job.connection_id LEFT JOIN sync_logs log ON log.id = job.log_id
WHERE job.status = 'running' AND job.lease_until < now()
UNION ALL
SELECT 'event', event.id, link.venue_id, event.provider, event.object_type, 'in', event.started_at, event.heartbeat_at,
       event.lease_until, event.lease_owner, event.attempts, event.fence, false, coalesce(link.status, ''), 0, false, 0
FROM integration_webhooks event LEFT JOIN connections link ON link.id = event.connection_id
WHERE event.status = 'running' AND event.lease_until < now()
ORDER BY 9, 2
LIMIT 1000
"""
# Only what is still what it was: the fence is the same and the lease still over. A stream that somebody queued
# meanwhile goes on by that job.
_AGAIN = """
UPDATE {{table}} item SET status = CASE WHEN {{joins}} THEN 'cancelled' ELSE 'queued' END,
       finished_at = CASE WHEN {{joins}} THEN now() END, not_before = now(), lease_until = NULL, lease_owner = '',
       failures = {failures}, first_failed_at = coalesce(item.first_failed_at, now()), last_failed_at = now()
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[], %(causes)s::text[], %(sentences)s::text[])
     AS told(id, fence, cause, sentence)
WHERE item.id = told.id AND item.fence = told.fence AND item.status = 'running' AND item.lease_until < now()
RETURNING item.id
""".format(failures=noted("item.", failure_class="'ours'", code="told.cause", field="''", sentence="told.sentence"))
_NOTE = """
UPDATE sync_logs log SET timeline = timeline || jsonb_build_object(
    'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS+00:00'), 'event', 'taken_over', 'detail',
    'The worker that had it fell silent; another goes on from the last stored page.')
FROM sync_queue job WHERE job.id = ANY(%(ids)s::uuid[]) AND log.id = job.log_id AND log.outcome = 'running'
"""
_JOINS = """EXISTS (SELECT FROM sync_queue waiting WHERE waiting.connection_id = item.connection_id
    AND waiting.object_type = item.object_type AND waiting.direction = item.direction AND waiting.status = 'queued')"""


@dataclass(frozen=True, slots=True)
class Stale:
    """A piece of work without a sign of life: since when, the probable cause and what happens next, in words."""

    kind: str
    id: UUID
    venue: UUID | None
    provider: str
    object_type: str
    started_at: datetime | None
    last_sign_at: datetime | None
    worker: str
    attempts: int
    cause: str
    cause_said: str
    next_said: str
    fence: int


class _Row(NamedTuple):
    kind: str
    id: UUID
    venue: UUID | None
    provider: str
    object_type: str
    direction: str
    started_at: datetime | None
    heartbeat_at: datetime | None
    lease_until: datetime
    worker: str
    attempts: int
    fence: int
    shall_stop: bool
    connection: str
    read: int
    worker_lives: bool
    open_writes: int


_CAUSES = {
    "worker_gone": "Its worker process is not there any more: it was killed, or crashed.",
    "worker_lost": "Its worker gave no sign of life: the process or its machine is gone, or cut off.",
    "hangs": "Its worker lives and works on other things: this one hangs in a call or waits for a lock.",
    "crash_loop": "It ended its worker again and again.",
}


def found() -> list[Stale]:
    """Return the stale work, what has been silent longest first, at most a thousand. One query."""
    with database.cursor() as cursor:
        cursor.execute(_STALE)
        return [_told(_Row(*row)) for row in cursor.fetchall()]


def take_up(items: list[Stale]) -> set[UUID]:
    """Put these back into the queue and return those that were; one that woke up meanwhile is left alone.

    A statement for each kind, however many. What ended its worker too often is given up by whoever claims it next.
    """
    taken: set[UUID] = set()
    with database.cursor() as cursor:
        for kind, table, joins in (("job", "sync_queue", _JOINS), ("event", "integration_webhooks", "false")):
            mine = [each for each in items if each.kind == kind]
            asked: dict[str, Any] = {
                "ids": [each.id for each in mine], "fences": [each.fence for each in mine],
                "causes": [each.cause for each in mine], "sentences": [each.cause_said for each in mine],
            }  # fmt: skip
            cursor.execute(_AGAIN.format(table=table, joins=joins), asked)
            taken |= {row[0] for row in cursor.fetchall()}
        cursor.execute(_NOTE, {"ids": list(taken)})
    return taken


def _told(row: _Row) -> Stale:
    cause = _cause(row)
    return Stale(
        row.kind, row.id, row.venue, row.provider, row.object_type, row.started_at, row.heartbeat_at, row.worker,
        row.attempts, cause, _CAUSES[cause], _next(row), row.fence,
    )  # fmt: skip


def _cause(row: _Row) -> str:
    if row.attempts > settings.SYNC_MAX_ATTEMPTS:
        return "crash_loop"
    host, _, rest = row.worker.partition(":")
    if host == socket.gethostname() and not _is_alive(rest.partition(":")[0]):
        return "worker_gone"
    return "hangs" if row.worker_lives else "worker_lost"


def _is_alive(process: str) -> bool:
    """Return whether a process of this machine is there. Asks; sends nothing."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _next(row: _Row) -> str:
    if row.connection == "disconnected" or row.shall_stop:
        return "It is ended: its connection ended, or somebody stopped it."
    if row.attempts >= settings.SYNC_MAX_ATTEMPTS:
        return "It is given up, with the reason, when the next worker takes it."
    if row.connection == "reauthorise":
        return "It waits until the owner reconnects, then goes on."
    if row.open_writes:
        return (
            f"It goes on. The outcome of {row.open_writes:,} writes is open: they are made again under the keys that "
            "they had, so that nothing is written twice."
        )
    if row.kind == "event":
        return "It is worked on once more; doing so twice does no harm."
    return f"It goes on from the last stored page; {row.read:,} records are stored."
