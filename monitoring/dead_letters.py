"""What was given up and nobody has settled since: streams, events and records, grouped by the cause of their failure.

A cause is the provider, our class, the provider's code and field, and the sentence without what differs from one
failure to the next: numbers, ids, what stands in quotation marks (except the permission that is missing, which is the
cause). Nothing is stored for it, so a group is gone when its last failure is, and there again with the next.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection as database

from integrations.problems import Problem

MOST = 10_000  # that are looked at or handled at once

# A stream counts while its failed job is its newest; of a connection that ended nothing does. An event that reached
# nobody belongs to no venue.
_LETTERS = r"""
WITH letters AS (
    SELECT 'job' AS kind, job.id::text AS id, job.connection_id, link.venue_id, link.provider, job.object_type,
           job.failure_class, job.failure_code, job.failure_field, job.failure_sentence, job.attempts,
           coalesce(job.first_failed_at, job.finished_at) AS first_at,
           coalesce(job.last_failed_at, job.finished_at) AS last_at
    FROM sync_queue job JOIN connections link ON link.id = job.connection_id AND link.status <> 'disconnected'
    WHERE job.status = 'dead' AND NOT EXISTS (
        SELECT FROM sync_queue newer
        WHERE newer.connection_id = job.connection_id AND newer.object_type = job.object_type
          AND newer.direction = job.direction AND (newer.queued_at, newer.id) > (job.queued_at, job.id))
  UNION ALL
    SELECT 'event', event.id::text, event.connection_id, link.venue_id, event.provider, event.object_type,
           event.failure_class, event.failure_code, event.failure_field, event.failure_sentence, event.attempts,
           coalesce(event.first_failed_at, event.finished_at), coalesce(event.last_failed_at, event.finished_at)
    FROM integration_webhooks event LEFT JOIN connections link ON link.id = event.connection_id
    WHERE event.status = 'dead' AND coalesce(link.status, '') <> 'disconnected'
  UNION ALL
    SELECT 'record', counterpart.id::text, counterpart.connection_id, link.venue_id, link.provider,
           counterpart.external_type, counterpart.problem ->> 'class', coalesce(counterpart.problem ->> 'code', ''),
           coalesce(counterpart.problem ->> 'field', ''), counterpart.problem ->> 'sentence', 1,
           (counterpart.problem ->> 'since')::timestamptz, (counterpart.problem ->> 'since')::timestamptz
    FROM record_links counterpart
    JOIN connections link ON link.id = counterpart.connection_id AND link.status <> 'disconnected'
    WHERE counterpart.state = 'failing' AND counterpart.problem IS NOT NULL
), told AS (
    SELECT letters.*, md5(concat_ws('|', provider, failure_class, failure_code, failure_field, regexp_replace(
               regexp_replace(CASE WHEN failure_class = 'permission' THEN lower(failure_sentence)
                                   ELSE regexp_replace(lower(failure_sentence), '“[^”]*”', '“”', 'g') END,
                              '\(reference [^)]*\)', '', 'g'),
               '[[:alnum:]_-]*[0-9][[:alnum:]_-]*', '#', 'g'))) AS cause
    FROM letters
)
"""
_CHOSEN = """
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(provider)s::text IS NULL OR provider = %(provider)s)
  AND (%(venue)s::uuid IS NULL OR venue_id = %(venue)s) AND (%(cause)s::text IS NULL OR cause = %(cause)s)
  AND (%(connection)s::uuid IS NULL OR connection_id = %(connection)s)
  AND (%(object_type)s::text IS NULL OR object_type = %(object_type)s)
  AND (%(error_class)s::text IS NULL OR failure_class = %(error_class)s)
  AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))
"""
_GROUPS = f"""{_LETTERS}
SELECT cause, provider, failure_class, failure_code, failure_field, min(failure_sentence), count(*),
       count(*) FILTER (WHERE kind = 'job'), count(*) FILTER (WHERE kind = 'event'),
       count(*) FILTER (WHERE kind = 'record'), count(DISTINCT venue_id), min(first_at), max(last_at)
FROM told {_CHOSEN}
GROUP BY cause, provider, failure_class, failure_code, failure_field
ORDER BY count(*) DESC, max(last_at) DESC
LIMIT 500
"""  # noqa: S608 - constants
_LIST = f"""{_LETTERS}
SELECT kind, id, connection_id, venue_id, provider, object_type, failure_class, failure_code, failure_field,
       failure_sentence, attempts, first_at, last_at, cause
FROM told {_CHOSEN}
ORDER BY last_at, kind, id
LIMIT %(limit)s
"""  # noqa: S608 - constants
_COUNTS = f"""{_LETTERS}
SELECT connection_id, count(*) FROM letters WHERE connection_id = ANY(%(connections)s::uuid[]) GROUP BY 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Filter:
    """Which pieces of work are meant; what is not named is not asked for. `kind` is job, event or record."""

    kind: str | None = None
    provider: str | None = None
    venue: UUID | None = None
    connection: UUID | None = None
    object_type: str | None = None
    error_class: str | None = None
    cause: str | None = None
    ids: tuple[str, ...] | None = field(default=None)

    def named(self) -> dict[str, Any]:
        """Return what is asked for, as JSON can hold it."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) is not None}
        return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in found.items()}

    def required(self) -> "Filter":
        """Return the filter itself. Raises Problem filter_required when it asks for nothing, which is everything."""
        if not self.named():
            raise Problem(
                "filter_required", "Name a venue, a provider, a cause or some ids. Everything is never meant."
            )
        return self

    def asked(self) -> dict[str, Any]:
        """Return the parameters of the statements here."""
        return asdict(self) | {"ids": list(self.ids) if self.ids is not None else None}


class Group(NamedTuple):
    """Failures of one cause: how many, of which kinds and of how many venues, and since when."""

    cause: str
    provider: str
    error_class: str
    code: str
    field: str
    sentence: str
    size: int
    jobs: int
    events: int
    records: int
    venues: int
    first_at: datetime | None
    last_at: datetime | None


class Letter(NamedTuple):
    """One failure that nobody has settled."""

    kind: str
    id: str
    connection: UUID | None
    venue: UUID | None
    provider: str
    object_type: str
    error_class: str
    code: str
    field: str
    sentence: str
    attempts: int
    first_at: datetime | None
    last_at: datetime | None
    cause: str


def groups(which: Filter = Filter()) -> list[Group]:
    """Return the causes, the most frequent first. One query."""
    with database.cursor() as cursor:
        cursor.execute(_GROUPS, which.asked())
        return [Group(*row) for row in cursor.fetchall()]


def letters(which: Filter, *, limit: int = MOST) -> Sequence[Letter]:
    """Return the failures, the oldest first, at most so many. One query."""
    with database.cursor() as cursor:
        cursor.execute(_LIST, which.asked() | {"limit": limit})
        return [Letter(*row) for row in cursor.fetchall()]


def counts(connections: Collection[UUID]) -> dict[UUID, int]:
    """Return how many failures each of these connections has; one without any is not in it. One query."""
    with database.cursor() as cursor:
        cursor.execute(_COUNTS, {"connections": list(connections)})
        return dict(cursor.fetchall())
