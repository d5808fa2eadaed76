"""How the platform itself does: database, broker, workers, beat, each provider, and what fails most.

Everything is measured at the call, from the tables and from Redis; what cannot be known just now is None.
"""

import time
from datetime import datetime, timedelta
from typing import Any

import redis
from django.db import connection as database
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from connections import breaker
from connections.breaker import ProviderStanding
from integrations import shared
from integrations.providers import PROVIDERS
from monitoring import all_venues, dead_letters
from syncing import presence
from syncing.presence import Seen

# Beat has something to send every ten seconds, and notes down what it sent every three minutes at the latest.
_BEAT_LATELY = timedelta(minutes=5)
_TOP_CAUSES = 5
_RUNS_OF = timedelta(hours=1)
_RUNS = """
SELECT provider, count(*), count(*) FILTER (WHERE outcome = 'failed'),
       1000 * extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY finished_at - started_at)),
       1000 * extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY finished_at - started_at))
FROM sync_logs WHERE finished_at > %(since)s AND started_at > %(since)s - interval '1 day'
GROUP BY provider
"""
# Each thread that has a piece of work: machine, process and thread.
_WORKING = """
SELECT 'syncs', lease_owner FROM sync_queue WHERE status = 'running' AND lease_until >= now()
UNION SELECT 'webhooks', lease_owner FROM integration_webhooks WHERE status = 'running' AND lease_until >= now()
"""


def told() -> dict[str, Any]:
    """Return the summary in the shape of `HealthSummary`. Six queries."""
    now, broker = timezone.now(), _broker()
    seen, stands = (presence.seen(), breaker.standing()) if broker["up"] else (None, None)
    return {
        "as_of": now,
        "platform": {"database": _database(), "broker": broker, "workers": _workers(seen), "beat": _beat(now)},
        "providers": _providers(now, stands),
        "connections": all_venues.by_status(),
        "top_causes": [each._asdict() for each in dead_letters.groups()[:_TOP_CAUSES]],
    }


def _database() -> dict[str, Any]:
    began = time.monotonic()
    with database.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return {"up": True, "answered_in_ms": _since(began)}


def _broker() -> dict[str, Any]:
    began = time.monotonic()
    try:
        shared.store.ping()
    except redis.RedisError:
        return {"up": False, "answered_in_ms": None}
    return {"up": True, "answered_in_ms": _since(began)}


def _workers(seen: list[Seen] | None) -> dict[str, Any]:
    """Return who is there: who told Redis, which alone knows of idle ones, and who has work by the tables."""
    with database.cursor() as cursor:
        cursor.execute(_WORKING)
        working = cursor.fetchall()
    there = {(queue, owner.rpartition(":")[0]) for queue, owner in working}
    there |= {(each.queue, each.worker) for each in seen or () if each.is_there}
    return {
        "seen_lately": len({worker for _, worker in there}) if seen is not None else None,
        "last_seen_at": seen[0].seen_at if seen else None,
        "queues": sorted({queue for queue, _ in there}) if seen is not None else None,
        "working": len(working),
    }


def _beat(now: datetime) -> dict[str, Any]:
    ran = PeriodicTask.objects.exclude(last_run_at=None).order_by("-last_run_at").values_list("last_run_at", flat=True)
    last = ran.first()
    return {"seen_lately": last is not None and now - last <= _BEAT_LATELY, "last_seen_at": last}


def _providers(now: datetime, stands: list[ProviderStanding] | None) -> list[dict[str, Any]]:
    known = {each.provider: each for each in stands or ()}
    with database.cursor() as cursor:
        cursor.execute(_RUNS, {"since": now - _RUNS_OF})
        runs = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_provider(key, known.get(key), runs.get(key)) for key in PROVIDERS]


def _provider(key: str, stands: ProviderStanding | None, runs: tuple[Any, ...] | None) -> dict[str, Any]:
    number, failed, p50, p95 = runs or (0, 0, None, None)
    return {
        "provider": key,
        "up": stands.whole.state == "closed" if stands else None,
        "breaker": stands.whole.state if stands else None,
        "breaker_since": stands.whole.since if stands else None,
        "accounts_left_alone": len(stands.accounts) if stands else None,
        "runs": number,
        "error_rate": round(failed / number, 4) if number else None,
        "p50_ms": round(p50) if p50 is not None else None,
        "p95_ms": round(p95) if p95 is not None else None,
    }


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 2)
