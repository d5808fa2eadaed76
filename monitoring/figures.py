"""Health and cost of every connection, derived from the logs by one statement each. May be rebuilt at any time."""

from django.db import connection as database

from syncing import schedule

# Calls of a day by class; money is calls times the provider's price of the class, which is nothing for Square.
_COSTS = """
INSERT INTO integration_costs (connection_id, day, call_class, calls, amount, currency)
SELECT log.connection_id, (log.started_at AT TIME ZONE 'UTC')::date, used.key, sum(used.value::int), 0, 'USD'
FROM sync_logs log, jsonb_each_text(log.calls) used
WHERE log.started_at >= date_trunc('day', now() AT TIME ZONE 'UTC') - interval '2 days'
GROUP BY 1, 2, 3
ON CONFLICT (connection_id, day, call_class) DO UPDATE SET calls = excluded.calls, amount = excluded.amount
WHERE integration_costs.calls <> excluded.calls
"""
# broken: our access was refused; failing: the last run of a stream failed; late: two intervals without a
# success, of the venue or, where that is longer, of a stream that rests. What left the schedule is never late.
_HEALTH = """
INSERT INTO integration_health (connection_id, grade, reasons, runs_24h, failed_runs_24h, p95_ms, computed_at)
SELECT link.id,
       CASE WHEN link.status = 'reauthorise' THEN 'broken' WHEN given_up.n > 0 THEN 'failing'
            WHEN behind.n > 0 THEN 'late' ELSE 'good' END,
       to_jsonb(array_remove(ARRAY[
           CASE WHEN link.status = 'reauthorise' THEN 'access_refused' END,
           CASE WHEN given_up.n > 0 THEN 'given_up:' || given_up.n END,
           CASE WHEN behind.n > 0 THEN 'late:' || behind.n END], NULL)),
       runs.n, runs.failed, runs.p95_ms, now()
FROM connections link
LEFT JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE log.outcome = 'failed') AS failed,
                           1000 * extract(epoch FROM percentile_cont(0.95)
                                                     WITHIN GROUP (ORDER BY log.finished_at - log.started_at)) AS p95_ms
                    FROM sync_logs log WHERE log.connection_id = link.id
                    AND log.started_at > now() - interval '24 hours' AND log.finished_at IS NOT NULL) runs
CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
                        SELECT DISTINCT ON (job.object_type) job.status FROM sync_queue job
                        WHERE job.connection_id = link.id ORDER BY job.object_type, job.queued_at DESC) newest
                    WHERE newest.status = 'dead') given_up
CROSS JOIN LATERAL (SELECT count(*) AS n FROM sync_cursors bookmark
                    WHERE bookmark.connection_id = link.id AND bookmark.next_run_at IS NOT NULL
                      AND bookmark.last_succeeded_at < now() - 2 * make_interval(secs => greatest(
                          coalesce(wish.interval_minutes, 15) * 60,
                          (%(rests)s::jsonb -> link.provider ->> bookmark.object_type)::int))) behind
WHERE link.status <> 'disconnected'
ON CONFLICT (connection_id) DO UPDATE SET grade = excluded.grade, reasons = excluded.reasons,
    runs_24h = excluded.runs_24h, failed_runs_24h = excluded.failed_runs_24h, p95_ms = excluded.p95_ms,
    computed_at = excluded.computed_at
"""


def rebuild() -> tuple[int, int]:
    """Bring both tables up to date and return how many rows of health and of cost were written."""
    with database.cursor() as cursor:
        cursor.execute(_HEALTH, {"rests": schedule.rests()})
        health = cursor.rowcount
        cursor.execute(_COSTS)
        return health, cursor.rowcount
