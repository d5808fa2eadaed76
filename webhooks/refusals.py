"""What is kept of deliveries that nobody signed: how many a minute, and one sample a minute without its bytes.

A flood of them must cost next to nothing: they are counted in the process, the counts go to the cache at most once a
second beside the requests, and the database is asked once a minute.
"""

import logging
import threading
import time
from collections import Counter

from django.core.cache import cache
from django.db import Error
from django.utils import timezone
from redis.exceptions import RedisError

from integrations.providers.types import RawDelivery
from syncing.work import WorkStatus
from webhooks.models import Verdict, WebhookEvent
from webhooks.soon import Soon

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 2 * 24 * 3600
_QUIET_SECONDS = 10.0


class _Tally:
    """Counts by provider and minute that have not gone to the cache yet, and the minutes that have their sample."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()
        self._sampled: dict[str, int] = {}

    def add(self, provider: str, minute: int) -> bool:
        """Count one, and return whether it is the first of its minute here."""
        with self._lock:
            self._counts[provider, minute] += 1
            first = self._sampled.get(provider) != minute
            self._sampled[provider] = minute
        return first

    def take(self) -> "Counter[tuple[str, int]]":
        """Return the counts so far and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken


def note(provider: str, delivery: RawDelivery) -> None:
    """Count a delivery that was refused, and keep a sample of it if it is the minute's first. Never raises."""
    minute = _minute()
    if _tally.add(provider, minute):
        _keep_sample(provider, delivery, minute)
    _flush_soon()


def count(provider: str, *, minutes: int = 60) -> int:
    """Return how many were refused in the last minutes; 0 when the cache is away."""
    newest = _minute()
    keys = [_key(provider, newest - back) for back in range(minutes)]
    try:
        return sum(cache.get_many(keys).values())
    except (RedisError, OSError):
        return 0


def _keep_sample(provider: str, delivery: RawDelivery, minute: int) -> None:
    now = timezone.now()
    row = WebhookEvent(
        provider=provider, dedupe_key=f"refused:{minute}", body=b"", verdict=Verdict.REFUSED,
        status=WorkStatus.CANCELLED, received_at=now, finished_at=now,
        headers={"content-type": _shown(delivery, "content-type"), "user-agent": _shown(delivery, "user-agent")},
        failure_sentence=f"{len(delivery.body):,} bytes that no secret known here has signed.",
    )  # fmt: skip
    try:
        WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
    except Error as error:
        logger.warning("webhook.sample_lost", extra={"provider": provider, "error": type(error).__name__})
    logger.warning("webhook.refused", extra={"provider": provider})


def _shown(delivery: RawDelivery, name: str) -> str:
    return delivery.headers.get(name, "").replace("\x00", "")[:200]


def _flush() -> None:
    """Carry the counts to the cache; while it is away they are let go, for they are only figures."""
    global _quiet_until
    taken = _tally.take()
    if time.monotonic() < _quiet_until:
        return
    try:
        for (provider, minute), number in taken.items():
            cache.add(_key(provider, minute), 0, timeout=_KEPT_SECONDS)
            cache.incr(_key(provider, minute), number)
    except (RedisError, OSError, ValueError) as error:
        _quiet_until = time.monotonic() + _QUIET_SECONDS
        logger.warning("webhook.uncounted", extra={"error": type(error).__name__})


def _key(provider: str, minute: int) -> str:
    return f"webhooks:refused:{provider}:{minute}"


def _minute() -> int:
    return int(time.time() // 60)


_tally = _Tally()
_quiet_until = 0.0
_flush_soon = Soon(_flush, every=1.0)
