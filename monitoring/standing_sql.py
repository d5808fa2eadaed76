"""The six words of the owner for many venues at once: what `standing` derives for one card, as one SQL expression.

A list of all venues is narrowed to a status and read page by page, which only the database can do. A test holds every
state that a connection can be in against the card of the same connection.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from syncing import schedule

# The link of each venue and provider that counts, as in `overview`, with the wishes. Expects `venue` and `offered`.
LINKS = """
LEFT JOIN LATERAL (
    SELECT link.* FROM connections link WHERE link.venue_id = venue.id AND link.provider = offered.provider
    ORDER BY (link.status = 'disconnected'), link.connected_at DESC LIMIT 1
) link ON true
LEFT JOIN integration_configs wish ON wish.venue_id = venue.id AND wish.integration_id = offered.provider
"""
_IS_READ = "(%(reads)s::jsonb -> link.provider) ? {object}"
_PAUSED = """(wish.paused_at IS NOT NULL
    AND (wish.paused_until IS NULL OR wish.paused_until > %(now)s::timestamptz))"""
# Waits for its turn within a minute, or runs.
_ACTIVE = f"""EXISTS (
    SELECT FROM sync_cursors bookmark JOIN sync_queue job ON job.connection_id = bookmark.connection_id
         AND job.object_type = bookmark.object_type AND job.direction = bookmark.direction
    WHERE bookmark.connection_id = link.id AND bookmark.direction = 'in' AND {_IS_READ.format(object="job.object_type")}
      AND (job.status = 'running'
           OR (job.status = 'queued' AND job.not_before <= %(now)s::timestamptz + interval '1 minute')))"""
_GIVEN_UP = """EXISTS (
    SELECT FROM sync_cursors bookmark
    CROSS JOIN LATERAL (
        SELECT past.status, past.finished_at FROM sync_queue past
        WHERE past.connection_id = bookmark.connection_id AND past.object_type = bookmark.object_type
          AND past.direction = bookmark.direction AND past.status IN ('succeeded', 'dead')
          AND past.queued_at > %(now)s::timestamptz - interval '30 days'
        ORDER BY past.queued_at DESC LIMIT 1) ended
    WHERE bookmark.connection_id = link.id AND bookmark.direction = 'in' AND ended.status = 'dead'
      AND ended.finished_at >= link.connected_at
      AND EXISTS (SELECT FROM jsonb_array_elements_text(
                      %(reads)s::jsonb -> link.provider -> bookmark.object_type) asks(object)
                  WHERE wish.directions ->> asks.object IN ('in', 'both')))"""
_FAILING = f"""EXISTS (
    SELECT FROM record_links counterpart
    WHERE counterpart.connection_id = link.id AND counterpart.state IN ('failing', 'conflict')
      AND {_IS_READ.format(object="counterpart.external_type")})"""
# Two whole intervals without a success beyond the one that it is due in, counted from what began the clock last.
_LATE = f"""EXISTS (
    SELECT FROM sync_cursors bookmark
    CROSS JOIN LATERAL (
        SELECT max(moment) AS began FROM (VALUES
            (link.connected_at), ((link.history -> -1 ->> 'at')::timestamptz), (wish.updated_at), (wish.paused_until)
        ) anew(moment) WHERE moment <= %(now)s::timestamptz) clock
    WHERE bookmark.connection_id = link.id AND bookmark.direction = 'in' AND bookmark.next_run_at IS NOT NULL
      AND {_IS_READ.format(object="bookmark.object_type")}
      AND greatest(bookmark.last_succeeded_at, clock.began) <= %(now)s::timestamptz - 3 * make_interval(
          secs => greatest(coalesce(wish.interval_minutes, 15) * 60,
                           (%(rests)s::jsonb -> link.provider ->> bookmark.object_type)::int)))"""  # noqa: S608
STATUS = f"""
CASE WHEN link.id IS NULL OR link.status = 'disconnected' THEN 'disconnected'
     WHEN link.status = 'reauthorise' THEN 'reauthorise'
     WHEN {_PAUSED} THEN 'paused'
     WHEN {_ACTIVE} THEN 'syncing'
     WHEN {_GIVEN_UP} OR {_FAILING} OR {_LATE} THEN 'needs_attention'
     ELSE 'connected' END
"""


def asked(now: Any) -> dict[str, Any]:
    """Return the parameters that `STATUS` wants."""
    return {"now": now, "reads": orjson.dumps(_reads(PROVIDERS)).decode(), "rests": schedule.rests()}


def _reads(providers: Mapping[str, Provider]) -> dict[str, dict[str, list[str]]]:
    """Return by provider and object that is read which objects ask for it: itself, and those that need it."""
    return {
        key: {
            str(each): [
                str(other) for other, stream in provider.streams.items() if other == each or each in stream.needs
            ]
            for each in provider.streams
        }
        for key, provider in providers.items()
    }
