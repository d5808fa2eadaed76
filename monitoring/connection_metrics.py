"""What a provider did at a venue in the last day, week or month, in numbers. Two statements, whatever the period."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson
from django.db import connection as database
from django.utils import timezone

from integrations.models import Venue


class Period(StrEnum):
    """How far back the numbers go."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


_LENGTHS = {Period.DAY: timedelta(hours=24), Period.WEEK: timedelta(days=7), Period.MONTH: timedelta(days=30)}
# The amount of a class is the share that the period's calls have in those of their days: only days are priced.
_RUNS = """
WITH logs AS MATERIALIZED (
    SELECT * FROM sync_logs WHERE venue_id = %(venue)s AND provider = %(provider)s AND started_at >= %(since)s
), used AS (
    SELECT log.connection_id, (log.started_at AT TIME ZONE 'UTC')::date AS day, each.key AS call_class,
           sum(each.value::int) AS calls
    FROM logs log CROSS JOIN LATERAL jsonb_each_text(log.calls) each GROUP BY 1, 2, 3
)
SELECT count(*) AS runs, count(*) FILTER (WHERE outcome = 'running') AS running,
       count(*) FILTER (WHERE outcome IN ('succeeded', 'nothing_to_do')) AS succeeded,
       count(*) FILTER (WHERE outcome = 'partly_succeeded') AS partly_succeeded,
       count(*) FILTER (WHERE outcome = 'failed') AS failed,
       count(*) FILTER (WHERE outcome = 'stopped') AS stopped,
       jsonb_build_object('read', sum(read), 'created', sum(created), 'updated', sum(updated),
                          'unchanged', sum(unchanged), 'deleted', sum(deleted), 'left_out', sum(left_out),
                          'failed', sum(failed)) AS records,
       percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
           ORDER BY 1000 * extract(epoch FROM finished_at - started_at)::float8) AS latency,
       (SELECT jsonb_object_agg(error_class, times) FROM (
            SELECT error_class, count(*) AS times FROM logs WHERE error_class <> '' GROUP BY 1) failures) AS errors,
       (SELECT jsonb_object_agg(call_class, calls) FROM (
            SELECT call_class, sum(calls) AS calls FROM used GROUP BY 1) by_class) AS calls,
       (SELECT jsonb_object_agg(currency, amount::numeric(14, 6)::text) FROM (
            SELECT cost.currency, sum(cost.amount * used.calls / nullif(cost.calls, 0)) AS amount
            FROM used JOIN integration_costs cost USING (connection_id, day, call_class)
            GROUP BY 1) by_currency WHERE amount IS NOT NULL) AS amounts
FROM logs
"""
# From when it happened to when it came, by the provider's clock and ours, and from then to the end of its work.
_EVENTS = """
SELECT count(*) AS events, count(*) FILTER (WHERE event.status = 'dead') AS given_up,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
           ORDER BY 1000 * greatest(0, extract(epoch FROM event.received_at - event.happened_at))::float8)
           FILTER (WHERE event.happened_at IS NOT NULL) AS delivered,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
           ORDER BY 1000 * extract(epoch FROM event.finished_at - event.received_at)::float8)
           FILTER (WHERE event.status = 'succeeded') AS worked_off
FROM connections link JOIN integration_webhooks event ON event.connection_id = link.id
WHERE link.venue_id = %(venue)s AND link.provider = %(provider)s AND event.received_at >= %(since)s
  AND event.verdict IN ('accepted', 'found')
"""


def told(venue: Venue, provider: str, period: Period) -> dict[str, Any]:
    """Return the numbers in the shape of `ConnectionMetrics`: of every account that the venue had there."""
    now = timezone.now()
    since = now - _LENGTHS[period]
    asked = {"venue": venue.pk, "provider": provider, "since": since}
    runs, events = _row(_RUNS, asked), _row(_EVENTS, asked)
    calls, ended = orjson.loads(runs["calls"] or "{}"), runs["runs"] - runs["running"]
    return {
        "provider": provider, "period": str(period), "since": since, "as_of": now,
        "runs": {each: runs[each] for each in ("succeeded", "partly_succeeded", "failed", "stopped", "running")}
        | {"total": runs["runs"]},
        "success_rate": round((ended - runs["failed"]) / ended, 4) if ended else None,
        "records": {name: number or 0 for name, number in orjson.loads(runs["records"]).items()},
        "latency_ms": _percentiles(runs["latency"], "p50", "p95", "p99"),
        "webhooks": {
            "events": events["events"],
            "given_up": events["given_up"],
            "delivery_lag_ms": _percentiles(events["delivered"], "p50", "p95"),
            "work_lag_ms": _percentiles(events["worked_off"], "p50", "p95"),
        },
        "errors": orjson.loads(runs["errors"] or "{}"),
        "calls": calls,
        "calls_total": sum(calls.values()),
        "amounts": orjson.loads(runs["amounts"] or "{}"),
    }  # fmt: skip


def _row(statement: str, asked: dict[str, Any]) -> dict[str, Any]:
    with database.cursor() as cursor:
        cursor.execute(statement, asked)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def _percentiles(found: list[float] | None, *names: str) -> dict[str, int | None]:
    """Return whole milliseconds by name, None where there was nothing to measure."""
    values: list[float | None] = [*found] if found else [None] * len(names)
    return {name: None if value is None else round(value) for name, value in zip(names, values, strict=True)}
