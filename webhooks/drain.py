"""How stored events become syncs: batches of them, each stream once, and the end in the transaction of its effect.

A claim is committed before the work, so that an event that ends its worker is known by its attempts. Events that were
claimed before come in ever smaller batches, at last alone: what ends a worker is found without the others. What only
fails is found at once: a batch that failed is tried in halves, down to the events that fail by themselves.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import Q
from django.db.models.functions import Now

from connections import lifecycle
from connections.models import Connection, Method
from integrations.providers.errors import AuthRevoked
from integrations.providers.types import ObjectType
from syncing import news, queue
from syncing.work import noted, worker_lost
from webhooks import recovery
from webhooks.models import WebhookSubscription

logger = logging.getLogger(__name__)

BATCH = 500
_AGAIN = 25  # of those that were claimed once before; later ones come alone
_ALONE = 3  # the first attempt without others
_WINDOW = 5_000  # the oldest, among which every connection gets its turn
_LONGEST_REST = 600.0  # seconds

# What is due, and of the same connections what only waits for more to come; each connection in its turn.
_FRESH = """
SELECT event.id FROM integration_webhooks event JOIN (
    SELECT oldest.id, oldest.not_before,
           min(oldest.not_before) OVER (PARTITION BY oldest.connection_id) AS due_at,
           row_number() OVER (PARTITION BY oldest.connection_id ORDER BY oldest.not_before, oldest.id) AS turn
    FROM (SELECT id, connection_id, not_before FROM integration_webhooks
          WHERE status = 'queued' AND attempts = 0 AND not_before <= now() + interval '1 minute'
          ORDER BY not_before LIMIT %(window)s) oldest
) waiting ON waiting.id = event.id
WHERE event.status = 'queued' AND event.attempts = 0 AND waiting.due_at <= now()
ORDER BY waiting.turn, waiting.not_before, event.id
LIMIT %(limit)s FOR UPDATE OF event SKIP LOCKED
"""
# What failed before and whose time has come, or whose worker fell silent.
_AGAIN_DUE = """
SELECT event.id FROM integration_webhooks event
WHERE event.id IN (
    SELECT id FROM integration_webhooks WHERE status = 'queued' AND not_before <= now() AND attempts >= %(least)s
    UNION ALL SELECT id FROM integration_webhooks WHERE status = 'running' AND lease_until < now()
) AND event.attempts BETWEEN %(least)s AND %(most)s
  AND (event.status = 'queued' OR event.lease_until < now())
ORDER BY event.attempts, event.not_before, event.id
LIMIT %(limit)s FOR UPDATE OF event SKIP LOCKED
"""
_CLAIM = """
WITH chosen AS ({which})
UPDATE integration_webhooks event
SET status = 'running', attempts = event.attempts + 1, fence = event.fence + 1, lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(lease)s), heartbeat_at = now(),
    started_at = coalesce(event.started_at, now()),
    {lost}
FROM chosen WHERE event.id = chosen.id
RETURNING event.id, event.fence, event.attempts
"""
_MINE = """
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS mine(id, fence)
WHERE event.id = mine.id AND event.fence = mine.fence AND event.status = 'running'
"""
_SETTLE = f"""
UPDATE integration_webhooks event
SET status = 'succeeded', finished_at = now(), lease_until = NULL, lease_owner = '',
    failure_class = '', failure_code = '', failure_field = '', failure_sentence = ''
{_MINE}
RETURNING event.connection_id, event.object_type, event.is_revocation, event.happened_at, event.received_at,
          event.delivery IS NOT NULL
"""  # noqa: S608 - two constants
_LOST = worker_lost("event.", when="event.status = 'running'")
_FAILED_AGAIN = noted(
    "event.", failure_class="'ours'", code="%(code)s::text", field="''", sentence="%(sentence)s::text"
)
_PUT_BACK = f"""
UPDATE integration_webhooks event
SET status = CASE WHEN event.attempts >= %(most)s THEN 'dead' ELSE 'queued' END,
    finished_at = CASE WHEN event.attempts >= %(most)s THEN now() END,
    not_before = now() + make_interval(secs => %(rest)s), lease_until = NULL, lease_owner = '',
    failure_class = 'ours', failure_code = %(code)s, failure_field = '', failure_sentence = %(sentence)s,
    first_failed_at = coalesce(event.first_failed_at, now()), last_failed_at = now(),
    failures = {_FAILED_AGAIN}
{_MINE}
"""  # noqa: S608 - constants
_FAILED = "We could not work on this event. Our team has been told; the next scheduled sync brings what it was about."
_CRASHED = "This event ended its worker several times in a row. Our team has been told."


class Claimed(NamedTuple):
    """The right to work on one event while the lease lasts."""

    id: UUID
    fence: int
    attempts: int


class _News(NamedTuple):
    connection: UUID | None
    object_type: str
    is_revocation: bool
    happened_at: datetime | None
    received_at: datetime
    was_delivered: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What a turn came to: the events it had in hand, and the syncs that it queued."""

    events: int
    jobs: int


def work_off() -> Done:
    """Work off one batch of new events, one of those that were claimed once before, and one event alone."""
    turns = [_turn(claim_fresh()), _turn(claim_again(least=1, most=1, limit=_AGAIN)), _turn(claim_again(least=2))]
    return Done(sum(turn.events for turn in turns), sum(turn.jobs for turn in turns))


def claim_fresh(limit: int = BATCH) -> list[Claimed]:
    """Claim new events, fair over the connections. Committed before any work starts."""
    return _claim(_FRESH, limit=limit, window=_WINDOW)


def claim_again(*, least: int, most: int = 1_000_000, limit: int = 1) -> list[Claimed]:
    """Claim events that have so many attempts behind them. Committed before any work starts."""
    return _claim(_AGAIN_DUE, limit=limit, least=least, most=most)


def settle(batch: Sequence[Claimed]) -> int:
    """Do what the events ask for and mark them done, in one transaction. Return how many syncs were queued.

    An event that was taken over meanwhile is left to whoever has it now.
    """
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(_SETTLE, _keys(batch))
            told = [_News(*row) for row in cursor.fetchall()]
        _end_access([each for each in told if each.is_revocation])
        _note_received({each.connection for each in told if each.was_delivered})
        return news.arrived(_streams(told))


def _claim(which: str, **asked: int) -> list[Claimed]:
    lease: dict[str, Any] = {"owner": queue.owner(), "lease": settings.SYNC_LEASE.total_seconds()}
    with database.cursor() as cursor:
        cursor.execute(_CLAIM.format(which=which, lost=_LOST), lease | asked)
        return [Claimed(*row) for row in cursor.fetchall()]


def _turn(batch: list[Claimed]) -> Done:
    if not batch:
        return Done(0, 0)
    if batch[0].attempts > _most():  # it is alone
        _put_back(batch, code="crash_loop", sentence=_CRASHED)
        return Done(len(batch), 0)
    return _settled(batch)


def _settled(batch: list[Claimed]) -> Done:
    """Settle the batch, or what of it can be settled; the others wait or are given up."""
    try:
        return Done(len(batch), settle(batch))
    except Exception as error:
        if len(batch) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
            middle = len(batch) // 2
            halves = _settled(batch[:middle]), _settled(batch[middle:])
            return Done(len(batch), sum(half.jobs for half in halves))
        logger.exception("webhook.drain_failed", extra={"events": len(batch)})
        _put_back(batch, code=type(error.__cause__ or error).__name__, sentence=_FAILED)
        return Done(len(batch), 0)


def _most() -> int:
    """Return after how many attempts an event is given up: never before it was tried alone, for what others did."""
    return max(settings.SYNC_MAX_ATTEMPTS, _ALONE)


def _put_back(batch: Sequence[Claimed], *, code: str, sentence: str) -> None:
    """Let the events wait a while, or give them up when they were tried often enough."""
    rest = random.uniform(0, min(_LONGEST_REST, 2.0 ** batch[0].attempts))  # noqa: S311 - spreads retries
    asked = {"most": _most(), "rest": rest, "code": code[:120], "sentence": sentence}
    with database.cursor() as cursor:
        cursor.execute(_PUT_BACK, _keys(batch) | asked)
    recovery.stop_hopeless([each.id for each in batch])


def _end_access(revocations: list[_News]) -> None:
    """Note once for each connection that the provider ended our access; what is older than the access says nothing."""
    latest = {each.connection: each.happened_at or each.received_at for each in sorted(revocations, key=_moment)}
    for connection in Connection.objects.filter(pk__in=[each for each in latest if each]):
        if latest[connection.pk] >= connection.connected_at:
            lifecycle.lost(connection, AuthRevoked(code="revoked_there"))


def _moment(event: _News) -> datetime:
    return event.happened_at or event.received_at


def _note_received(connections: set[UUID | None]) -> None:
    heard = Connection.objects.filter(pk__in=[each for each in connections if each])
    by_sign_in = heard.filter(method=Method.OAUTH).values("provider")
    told = Q(connection__in=heard) | Q(connection=None, provider__in=by_sign_in)
    WebhookSubscription.objects.current().filter(told).update(last_received_at=Now())


def _streams(told: list[_News]) -> list[tuple[UUID, ObjectType]]:
    found = {(each.connection, ObjectType(each.object_type)) for each in told if each.connection and each.object_type}
    return sorted(found)


def _keys(batch: Sequence[Claimed]) -> dict[str, Any]:
    return {"ids": [each.id for each in batch], "fences": [each.fence for each in batch]}
