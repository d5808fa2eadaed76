"""What waits and runs in both queues, how old it is, and what came through, failed and came back in the last hour.

One statement over both tables. What a row cannot tell is None: an age where nothing waits, a wait where nothing began,
the priority of events, which are worked off without any.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations.ids import first_of
from monitoring.exposition import Family, Sample
from syncing.models import Priority

# For the figures of the last hour only what was made in the last week is looked through, and what staff took up or set
# aside; what waits, runs or is given up counts however old it is. Each of these conditions has an index. A given-up
# sync is out once its stream has a newer job, a given-up event once it is tried again (the time is in the id of that
# batch), and both when staff set them aside.
_METRICS = """
WITH work AS (
    SELECT 'syncs' AS queue, job.priority, link.provider, job.status, job.queued_at, job.not_before, job.started_at,
           job.finished_at, job.failure_class, job.attempts, job.last_failed_at, job.set_aside,
           back.at AS back_at, back.at IS NOT NULL OR link.status = 'disconnected' AS is_settled
    FROM sync_queue job JOIN connections link ON link.id = job.connection_id
    LEFT JOIN LATERAL (
        SELECT min(newer.queued_at) AS at FROM sync_queue newer
        WHERE job.status = 'dead' AND newer.connection_id = job.connection_id AND newer.object_type = job.object_type
          AND newer.direction = job.direction AND (newer.queued_at, newer.id) > (job.queued_at, job.id)) back ON true
    WHERE job.status = 'queued' OR job.status = 'running' OR job.status = 'dead' OR job.set_aside IS NOT NULL
       OR job.id > %(week_ago)s
  UNION ALL
    SELECT 'webhooks', NULL, event.provider, event.status, event.queued_at, event.not_before,
           event.started_at, event.finished_at, event.failure_class, event.attempts, event.last_failed_at,
           event.set_aside, to_timestamp(('x' || left(replace(event.batch::text, '-', ''), 12))::bit(48)::bigint / 1e3),
           coalesce(link.status, '') = 'disconnected'
    FROM integration_webhooks event LEFT JOIN connections link ON link.id = event.connection_id
    WHERE event.verdict IN ('accepted', 'found', 'unroutable', 'unreadable')
      AND (event.status = 'queued' OR event.status = 'running' OR event.status = 'dead' OR event.set_aside IS NOT NULL
           OR event.id > %(week_ago)s OR event.batch > %(week_ago)s)
)
SELECT queue, priority, provider,
       count(*) FILTER (WHERE status = 'queued') AS depth,
       count(*) FILTER (WHERE status = 'queued' AND not_before <= %(now)s) AS ready,
       extract(epoch FROM %(now)s - min(queued_at) FILTER (WHERE status = 'queued')) AS oldest,
       count(*) FILTER (WHERE status = 'running') AS running,
       count(*) FILTER (WHERE status = 'succeeded' AND finished_at > %(hour_ago)s) AS done,
       extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(started_at - queued_at, interval '0'))
               FILTER (WHERE started_at > %(hour_ago)s)) AS wait_p50,
       extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY greatest(started_at - queued_at, interval '0'))
               FILTER (WHERE started_at > %(hour_ago)s)) AS wait_p95,
       count(*) FILTER (WHERE status IN ('queued', 'running') AND failure_class <> '') AS retrying,
       count(*) FILTER (WHERE status IN ('queued', 'running', 'succeeded')
                          AND last_failed_at > %(hour_ago)s) AS retried,
       count(*) FILTER (WHERE status = 'dead' AND NOT is_settled) AS dead,
       count(*) FILTER (WHERE status = 'dead' AND finished_at > %(hour_ago)s) AS dead_in,
       count(*) FILTER (WHERE back_at > %(hour_ago)s
                           OR (set_aside ->> 'status' = 'dead'
                               AND (set_aside ->> 'at')::timestamptz > %(hour_ago)s)) AS dead_out
FROM work GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_COLUMNS = (
    "queue", "priority", "provider", "depth", "ready", "oldest_age_seconds", "running", "throughput_1h",
    "wait_p50_seconds", "wait_p95_seconds", "retrying", "retried_1h", "dead", "dead_in_1h", "dead_out_1h",
)  # fmt: skip
_HELP: dict[str, str] = {
    "depth": "Pieces of work that wait.",
    "ready": "Of them, those whose time has come.",
    "oldest_age_seconds": "How long the oldest of them has waited.",
    "running": "Pieces of work that a worker has.",
    "throughput_1h": "Pieces of work that came through in the last hour.",
    "wait_p50_seconds": "Median time from being queued to being begun, of what began in the last hour.",
    "wait_p95_seconds": "95th percentile of the same.",
    "retrying": "Pieces of work that wait or run again after a failure.",
    "retried_1h": "Pieces of work that failed in the last hour and are tried again, or were.",
    "dead": "Pieces of work that were given up and that nobody has settled.",
    "dead_in_1h": "Pieces of work that were given up in the last hour.",
    "dead_out_1h": "Given-up work that was tried again or set aside in the last hour.",
}


def told() -> dict[str, Any]:
    """Return the figures in the shape of `QueueMetrics`. One query."""
    now = timezone.now()
    asked: dict[str, Any] = {
        "now": now,
        "hour_ago": now - timedelta(hours=1),
        "week_ago": first_of(now - timedelta(days=7)),
    }
    with database.cursor() as cursor:
        cursor.execute(_METRICS, asked)
        rows = [_as_json(row) for row in cursor.fetchall()]
    return {"as_of": now, "results": rows}


def families(results: Sequence[dict[str, Any]]) -> list[Family]:
    """Return the figures as Prometheus wants them; what is not known has no sample. Pure."""
    return [
        Family(
            f"backline_queue_{name}",
            said,
            [Sample(_labels(row), float(row[name])) for row in results if row[name] is not None],
        )
        for name, said in _HELP.items()
    ]


def _labels(row: dict[str, Any]) -> dict[str, str]:
    return {"queue": row["queue"], "priority": row["priority"] or "", "provider": row["provider"]}


def _as_json(row: Sequence[Any]) -> dict[str, Any]:
    told = dict(zip(_COLUMNS, row, strict=True))
    seconds = {
        name: round(float(told[name]), 1) for name in told if name.endswith("_seconds") and told[name] is not None
    }
    priority = Priority(told["priority"]).name.lower() if told["priority"] is not None else None
    return told | seconds | {"priority": priority}
