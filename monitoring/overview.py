"""How a venue's integrations stand, in the six words of the owner. Derived from the tables at each call; read-only.

Three queries however many venues and providers, none of which reads the log of runs: the venues that are meant, with
their connections, wishes and the last day's figures as `figures` derived them; the bookmarks with what waits, runs and
was given up; the counts of records. Which venues are meant is a query set that runs as part of the first of them, so
that finding out whose they are costs none of its own. The counts cost least where most is: the rows that are not in
step come from the partial index `links_not_in_step`, and all rows are counted from the unique index
alone; up to date is the difference. Measured with 100,000 records on two cores: 23 ms in all, 90 ms before autovacuum
has been there.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection as database
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Venue
from integrations.providers import PROVIDERS
from monitoring import standing, wording
from monitoring.card import Card, Summary, VenueOverview, as_json
from monitoring.wording import CardStatus

__all__ = ["POLL_OTHERWISE", "POLL_WHILE_SYNCING", "Card", "VenueOverview", "as_json", "for_venue", "for_venues"]

POLL_WHILE_SYNCING, POLL_OTHERWISE = 3, 60

_CONNECTIONS = """
SELECT DISTINCT ON (place.name, place.id, link.provider) place.*,
       link.id, link.venue_id, link.provider, link.status, link.status_since, link.account_id, link.account_name,
       link.connected_at, link.disconnected_at, (link.history -> -1 ->> 'at')::timestamptz AS last_event_at,
       coalesce(wish.interval_minutes, 15) AS interval_minutes, coalesce(wish.directions, '{}'::jsonb) AS directions,
       link.account_details ->> 'mode' AS mode, token.refresh_ends_at,
       wish.updated_at AS wished_at, wish.paused_at, wish.paused_until, wish.pause_reason,
       coalesce(nullif(person.first_name, ''), person.email, '') AS paused_by,
       day.runs_24h, day.failed_runs_24h, day.p95_ms,
       watch.decision_since, watch.decision ->> 'object' AS decision_object,
       watch.decision ->> 'direction' AS decision_direction, watch.decision ->> 'sentence' AS decision_sentence
FROM place
LEFT JOIN connections link ON link.venue_id = place.id
LEFT JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
LEFT JOIN schema_watches watch ON watch.connection_id = link.id
LEFT JOIN oauth_tokens token ON token.connection_id = link.id
LEFT JOIN auth_user person ON person.id = wish.paused_by_id
LEFT JOIN integration_health day ON day.connection_id = link.id AND day.computed_at > now() - interval '1 hour'
ORDER BY place.name, place.id, link.provider, (link.status = 'disconnected'), link.connected_at DESC
"""
_STREAMS = """
SELECT bookmark.connection_id, bookmark.object_type, bookmark.next_run_at, bookmark.last_succeeded_at,
       job.status, job.not_before, job.queued_at, job.lease_until, job.failure_sentence,
       log.read, log.total, log.started_at, log.reference,
       ended.status AS last_status, ended.failure_class AS last_class, ended.failure_sentence AS last_sentence,
       ended.finished_at AS last_ended_at
FROM sync_cursors bookmark
LEFT JOIN LATERAL (
    SELECT busy.status, busy.not_before, busy.queued_at, busy.lease_until, busy.failure_sentence, busy.log_id
    FROM sync_queue busy
    WHERE busy.connection_id = bookmark.connection_id AND busy.object_type = bookmark.object_type
      AND busy.direction = bookmark.direction AND busy.status = 'running'
    UNION ALL
    SELECT idle.status, idle.not_before, idle.queued_at, idle.lease_until, idle.failure_sentence, idle.log_id
    FROM sync_queue idle
    WHERE idle.connection_id = bookmark.connection_id AND idle.object_type = bookmark.object_type
      AND idle.direction = bookmark.direction AND idle.status = 'queued'
    ORDER BY 1 DESC LIMIT 1
) job ON true
LEFT JOIN sync_logs log ON log.id = job.log_id AND log.outcome = 'running'
LEFT JOIN LATERAL (
    SELECT past.status, past.failure_class, past.failure_sentence, past.finished_at FROM sync_queue past
    WHERE past.connection_id = bookmark.connection_id AND past.object_type = bookmark.object_type
      AND past.direction = bookmark.direction AND past.status IN ('succeeded', 'dead')
      AND past.queued_at > now() - interval '30 days'
    ORDER BY past.queued_at DESC LIMIT 1
) ended ON true
WHERE bookmark.connection_id = ANY(%(connections)s) AND bookmark.direction = 'in'
"""
_RECORDS = """
SELECT connection_id, external_type AS object_type, '' AS state, '' AS error_class, '' AS field,
       count(*) AS count, NULL AS since, '' AS sentence
FROM record_links WHERE connection_id = ANY(%(connections)s)
GROUP BY connection_id, external_type
UNION ALL
SELECT connection_id, external_type, state, coalesce(problem ->> 'class', ''), coalesce(problem ->> 'field', ''),
       count(*), min(problem ->> 'since'), max(problem ->> 'sentence')
FROM record_links WHERE connection_id = ANY(%(connections)s) AND state <> 'in_step'
GROUP BY 1, 2, 3, 4, 5
"""


def for_venues(venues: "QuerySet[Venue]") -> list[VenueOverview]:
    """Return the overview of each venue, by name; every known provider appears. Three queries, that of `venues` among
    them."""
    now = timezone.now()
    places, connections = _connected(venues)
    ids = [row["id"] for row in connections.values()]
    streams, records = _by_connection(_STREAMS, ids), _by_connection(_RECORDS, ids)
    return [
        _venue_overview(
            venue,
            [
                standing.card(
                    venue, provider, row, streams[row["id"]] if row else [], records[row["id"]] if row else [], now
                )
                for provider in PROVIDERS.values()
                for row in [connections.get((venue.pk, provider.spec.key))]
            ],
        )
        for venue in places
    ]


def for_venue(venue: Venue) -> VenueOverview:
    """Return the overview of one venue; see `for_venues`."""
    return for_venues(Venue.objects.filter(pk=venue.pk))[0]


def _connected(venues: "QuerySet[Venue]") -> tuple[list[Venue], dict[tuple[UUID, str], dict[str, Any]]]:
    """Return the venues, by name, and of each the connection to each provider that counts."""
    own = [field.attname for field in Venue._meta.concrete_fields]
    places: dict[UUID, Venue] = {}
    connections = {}
    for row, names in _placed(venues):
        place = Venue.from_db(None, own, row[: len(own)])
        places.setdefault(place.pk, place)
        link = dict(zip(names[len(own) :], row[len(own) :], strict=True))
        if link["id"] is not None:
            # Django leaves jsonb from its own cursors as text.
            connections[place.pk, link["provider"]] = link | {"directions": orjson.loads(link["directions"])}
    return list(places.values()), connections


def _placed(venues: "QuerySet[Venue]") -> Iterator[tuple[tuple[Any, ...], list[str]]]:
    """Yield each row of the connections behind its venue's columns, with the names of all columns."""
    try:
        meant, parameters = venues.order_by().query.sql_with_params()
    except EmptyResultSet:  # nobody's venues: Django has no statement for them
        return
    with database.cursor() as cursor:
        cursor.execute(f"WITH place AS ({meant}) {_CONNECTIONS}", parameters)
        names = [column.name for column in cursor.description]
        yield from ((row, names) for row in cursor.fetchall())


def _by_connection(sql: str, connections: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the rows by their first column. Without its id a row holds nothing that the collector has to follow."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    if connections:
        with database.cursor() as cursor:
            cursor.execute(sql, {"connections": connections})
            names = [column.name for column in cursor.description][1:]
            for connection, *values in cursor:
                found[connection].append(dict(zip(names, values, strict=True)))
    return found


def _venue_overview(venue: Venue, cards: list[Card]) -> VenueOverview:
    statuses = [card.status for card in cards]
    return VenueOverview(
        venue=venue,
        summary=Summary(
            text=wording.verdict(statuses),
            needs_you=sum(status in wording.NEED_YOU for status in statuses),
            syncing=statuses.count(CardStatus.SYNCING),
            connected=statuses.count(CardStatus.CONNECTED),
            not_connected=statuses.count(CardStatus.DISCONNECTED),
        ),
        poll_after_seconds=POLL_WHILE_SYNCING if CardStatus.SYNCING in statuses else POLL_OTHERWISE,
        cards=tuple(sorted(cards, key=lambda card: (wording.URGENCY.index(card.status), card.name))),
    )
