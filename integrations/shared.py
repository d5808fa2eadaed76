"""What all workers share for a moment: Redis, asked in such a way that its absence costs next to nothing."""

import logging
import time
from typing import Self

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

_RETRY_AFTER = 10.0  # seconds in which a store that did not answer is not asked again


class Store(redis.Redis):
    """Redis, with what the whole process knows of its absence: one asker in ten seconds waits for it, and nobody else.

    Who can do without it asks `is_left_alone` before and calls `leave_alone` when it did not answer.
    """

    _away_until = 0.0  # monotonic

    @classmethod
    def at(cls, url: str) -> Self:
        """Return a client that tries twice and at once: what this process knows by itself is better than a wait."""
        once_more = Retry(NoBackoff(), 1)
        return cls.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once_more)  # type: ignore[return-value]

    @property
    def is_left_alone(self) -> bool:
        """Return whether it did not answer somebody a moment ago."""
        return time.monotonic() < self._away_until

    def leave_alone(self, asker: str) -> None:
        """Ask no more for a while, for it did not answer this one."""
        logger.warning("redis.away", extra={"asker": asker, "retry_in": _RETRY_AFTER})
        self._away_until = time.monotonic() + _RETRY_AFTER


store = Store.at(settings.REDIS_URL)
