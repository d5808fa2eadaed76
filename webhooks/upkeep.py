"""Whose registrations at the providers have to be seen to now, by whom, and when again.

There is a row for each connection that can be told of, and one for our application where a provider tells of everybody
who signed in. It is due once a day, and at once when what it was last seen with has changed: the access, the owner's
wishes, our address. A lease keeps others away; one that is over is anybody's.
"""

import logging
import random
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from connections.models import Connection, Method, Status
from integrations import catalogue, walls
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass, Misconfigured, ProviderError
from integrations.sealing import CannotOpen
from syncing import queue
from webhooks import registrations, sentences, upkeep_rest, wanted
from webhooks.models import WebhookUpkeep
from webhooks.registrations import Unreachable

logger = logging.getLogger(__name__)

_LEASE_SECONDS = 120.0
_UNREACHABLE = "unreachable"  # said where staff look; a server on somebody's desk is no fault

_CLAIM = """
WITH chosen AS (
    SELECT upkeep.id, link.connected_at, wish.updated_at
    FROM webhook_upkeep upkeep
    LEFT JOIN connections link ON link.id = upkeep.connection_id
    LEFT JOIN integration_configs wish ON wish.venue_id = link.venue_id AND wish.integration_id = link.provider
    WHERE (upkeep.lease_until IS NULL OR upkeep.lease_until < now())
      AND (upkeep.connection_id IS NULL OR (link.status = 'connected' AND link.environment = %(environment)s))
      AND (upkeep.due_at <= now() OR upkeep.seen_address <> %(address)s
           OR upkeep.seen_connected_at IS DISTINCT FROM link.connected_at
           OR upkeep.seen_wishes_at IS DISTINCT FROM wish.updated_at)
    ORDER BY upkeep.due_at, upkeep.id
    LIMIT 1 FOR UPDATE OF upkeep SKIP LOCKED
)
UPDATE webhook_upkeep upkeep
SET lease_owner = %(owner)s, lease_until = now() + make_interval(secs => %(lease)s), due_at = least(due_at, now()),
    seen_address = %(address)s, seen_connected_at = chosen.connected_at, seen_wishes_at = chosen.updated_at
FROM chosen WHERE upkeep.id = chosen.id
RETURNING upkeep.id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The right to see to one row while the lease lasts."""

    id: int
    owner: str


def work_once() -> bool:
    """See to one row that is due. Return whether there was one."""
    take_up()
    claimed = claim()
    if claimed is None:
        return False
    tend(claimed)
    return True


def take_up() -> int:
    """Make the rows that are missing and return how many that were. Harmless however often it is called."""
    missing = Connection.objects.filter(_told_by_themselves(), _usable(), webhook_upkeep=None)
    rows = [WebhookUpkeep(connection=each, provider=each.provider) for each in missing]
    rows += [WebhookUpkeep(provider=key) for key in _applications()]
    WebhookUpkeep.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def ask(rows: QuerySet[WebhookUpkeep]) -> int:
    """Let rows be seen to at once, also those that are being seen to now. Return how many there are."""
    return rows.update(seen_address="")


def claim() -> Claimed | None:
    """Claim the row that is due for longest. Committed before any work starts."""
    owner = f"{queue.owner()}:{uuid.uuid4().hex[:12]}"
    asked: dict[str, Any] = {
        "owner": owner,
        "lease": _LEASE_SECONDS,
        "environment": catalogue.environment(),
        "address": f"{settings.PUBLIC_URL} {settings.SANDBOX_URL}".strip()[:500],
    }
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, asked)
        row = cursor.fetchone()
    return Claimed(row[0], owner) if row else None


def tend(claimed: Claimed) -> None:
    """Put right what a row is about, and say in it what came of that. Never raises for what a provider does.

    A refusal says nothing about the connection: what is told by webhooks is found by the schedule all the same.
    """
    row = WebhookUpkeep.objects.select_related("connection__venue").get(pk=claimed.id)
    with walls.behind(walls.of_venue(row.connection.venue_id) if row.connection else walls.current()):
        _tend(claimed, row)


def _tend(claimed: Claimed, row: WebhookUpkeep) -> None:
    try:
        registrations.put_right(row)
    except ProviderError as error:
        _failed(claimed, row, error, sentences.for_error(row.provider, error))
    except Unreachable as why:
        _failed(claimed, row, Misconfigured(code=_UNREACHABLE), str(why))
    except (Problem, CannotOpen) as error:
        _failed(claimed, row, Misconfigured(code=getattr(error, "code", "cannot_open")), str(error))
    except Exception as error:  # a fault of ours must not be met again and again at once
        logger.exception("webhooks.upkeep_crashed", extra={"upkeep": row.pk})
        _failed(claimed, row, Misconfigured(code=type(error).__name__), "Something went wrong on our side.")
    else:
        _done(claimed)


def _done(claimed: Claimed) -> None:
    """Note that everything is as it should be. Whoever asked for another turn meanwhile gets it: see `ask`."""
    rest = upkeep_rest.after_success(random.uniform)
    _mine(claimed).update(
        lease_until=None, lease_owner="", due_at=Now() + rest, attempts=0, checked_at=Now(), problem="",
        failure_class="", failure_code="",
    )  # fmt: skip


def _failed(claimed: Claimed, row: WebhookUpkeep, error: ProviderError, sentence: str) -> None:
    rest = upkeep_rest.after_failure(error, row.attempts, random.uniform)
    _mine(claimed).update(
        lease_until=None, lease_owner="", due_at=Now() + rest, attempts=F("attempts") + 1, problem=sentence[:500],
        failure_class=error.error_class, failure_code=error.code[:120],
    )  # fmt: skip
    is_ours = error.error_class == ErrorClass.OURS and error.code != _UNREACHABLE
    level = logging.ERROR if is_ours else logging.WARNING
    extra = {"upkeep": row.pk, "provider": row.provider, "code": error.code}
    logger.log(level, "webhooks.not_registered", extra=extra)


def _mine(claimed: Claimed) -> QuerySet[WebhookUpkeep]:
    return WebhookUpkeep.objects.filter(pk=claimed.id, lease_owner=claimed.owner)


def _usable() -> Q:
    return Q(status=Status.CONNECTED, environment=catalogue.environment())


def _told_by_themselves() -> Q:
    """Return which connections have registrations of their own."""
    registrars = {key: provider.registrar for key, provider in PROVIDERS.items() if provider.registrar}
    ours = [key for key, registrar in registrars.items() if registrar.by_application]
    return Q(provider__in=registrars) & (~Q(provider__in=ours) | Q(method=Method.API_KEY))


def _applications() -> list[str]:
    """Return the providers at which our application has to be seen to and is not yet."""
    possible = [key for key, provider in PROVIDERS.items() if wanted.is_for_application(provider)]
    if not possible:
        return []
    known = WebhookUpkeep.objects.filter(connection=None).values("provider")
    signed_in = Connection.objects.filter(_usable(), method=Method.OAUTH, provider__in=possible)
    return list(signed_in.exclude(provider__in=known).order_by().values_list("provider", flat=True).distinct())
