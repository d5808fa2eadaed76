"""Which connections are reconciled now: each once a day, and those whose news did not come. Claimed by one statement.

The state stands in the bookmarks of what is on the schedule and was read once: `reconciled_at`, and `reconcile_after`,
which is the end of the lease and what every later write of that round is fenced with. The first of a connection's
bookmarks stands for all of them when it is claimed, so that its row lock decides between several beats.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection as database

from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing.models import SyncCursor

LEASE = timedelta(minutes=10)
_SEEN = "{row}.direction = 'in' AND {row}.next_run_at IS NOT NULL AND {row}.last_succeeded_at IS NOT NULL"
_LAST = "coalesce(bookmark.reconciled_at, bookmark.last_full_at, bookmark.last_succeeded_at)"
# The day's slot of a connection lies where its id says, so that they do not all start together.
_PLACE = "abs(hashtext(link.id::text)::bigint) %% 86400"
_SLOT = f"to_timestamp(floor((extract(epoch FROM now()) - {_PLACE}) / 86400) * 86400 + {_PLACE})"
# An outage, whoever's it was: the schedule brought something that nobody had told of, although this connection is told
# of what happens. Where a provider has no list, that very read has repaired it.
_UNTOLD = f"""link.provider = ANY(%(listing)s) AND {_LAST} < now() - interval '1 hour' AND EXISTS (
    SELECT FROM sync_logs log
    WHERE log.connection_id = link.id AND log.trigger = 'schedule' AND log.direction = 'in'
      AND log.started_at > greatest(now() - interval '1 hour', {_LAST})
      AND log.finished_at < now() - interval '5 minutes' AND log.created + log.updated + log.deleted > 0
      AND log.object_type <> 'event'
      AND (SELECT heard.received_at FROM integration_webhooks heard
           WHERE heard.connection_id = link.id AND heard.verdict <> 'found'
           ORDER BY heard.received_at DESC LIMIT 1)
          < log.started_at - make_interval(mins => wish.interval_minutes))"""  # noqa: S608 - constants
_CLAIM = f"""
WITH due AS (
    SELECT bookmark.id, bookmark.connection_id
    FROM sync_cursors bookmark
    JOIN connections link ON link.id = bookmark.connection_id AND link.status = 'connected'
    JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
    WHERE {_SEEN.format(row="bookmark")}
      AND (bookmark.reconcile_after IS NULL OR bookmark.reconcile_after <= now())
      AND (wish.paused_at IS NULL OR (wish.paused_until IS NOT NULL AND wish.paused_until <= now()))
      AND NOT EXISTS (SELECT FROM sync_cursors other
                      WHERE other.connection_id = bookmark.connection_id AND other.id < bookmark.id
                        AND {_SEEN.format(row="other")})
      AND ({_LAST} < {_SLOT} OR ({_UNTOLD}))
    ORDER BY {_LAST}
    LIMIT %(limit)s
    FOR UPDATE OF bookmark SKIP LOCKED
)
UPDATE sync_cursors bookmark
SET reconcile_after = now() + make_interval(secs => %(lease)s)
FROM due WHERE bookmark.connection_id = due.connection_id AND {_SEEN.format(row="bookmark")}
RETURNING bookmark.connection_id, bookmark.object_type, bookmark.reconcile_after, now(),
          coalesce(bookmark.reconciled_at, greatest(coalesce(bookmark.last_full_at, bookmark.last_succeeded_at),
                                                    now() - interval '1 day'))
"""  # noqa: S608 - constants
_MINE = "WHERE connection_id = %(connection)s AND direction = 'in' AND reconcile_after = %(until)s"
_AFTER = f"""
UPDATE sync_cursors SET reconcile_after = now() + make_interval(secs => %(seconds)s) {_MINE} RETURNING reconcile_after
"""  # noqa: S608 - constants


@dataclass(slots=True)
class Round:
    """The right to reconcile one connection while the lease lasts: what is read of it, and since when it is due."""

    connection_id: UUID
    objects: list[ObjectType]
    since: datetime
    began: datetime
    until: datetime

    def goes_on(self) -> bool:
        """Renew the lease. Return False when it is somebody else's by now."""
        return self._move(LEASE.total_seconds())

    def put_off(self, seconds: float) -> bool:
        """Leave it to whoever comes first after so many seconds. Return False when it was not ours any more."""
        return self._move(seconds)

    def through(self) -> bool:
        """Note that all is here that was told before this round began. Return False when it was not ours any more."""
        mine = SyncCursor.objects.filter(
            connection=self.connection_id, direction=Direction.IN, reconcile_after=self.until
        )
        return bool(mine.update(reconciled_at=self.began, reconcile_after=None))

    def _move(self, seconds: float) -> bool:
        with database.cursor() as cursor:
            asked: dict[str, Any] = {"connection": self.connection_id, "until": self.until, "seconds": seconds}
            cursor.execute(_AFTER, asked)
            rows = cursor.fetchall()
        if rows:
            self.until = rows[0][0]
        return bool(rows)


def claim(limit: int = 1) -> list[Round]:
    """Take connections that are due, the longest waiting first. Committed before any work starts."""
    listing = [key for key, provider in PROVIDERS.items() if provider.event_list is not None]
    asked: dict[str, Any] = {"limit": limit, "lease": LEASE.total_seconds(), "listing": listing}
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, asked)
        return list(_rounds(sorted(cursor.fetchall())))


def _rounds(rows: list[tuple[UUID, str, datetime, datetime, datetime]]) -> Iterator[Round]:
    for connection_id, streams in groupby(rows, key=lambda row: row[0]):
        found = list(streams)
        _, _, until, began, _ = found[0]
        objects = sorted((ObjectType(row[1]) for row in found), key=list(ObjectType).index)
        yield Round(connection_id, objects, min(row[4] for row in found), began, until)
