"""What all workers share for a moment: Redis, asked in such a way that its absence costs next to nothing."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

RETRY_AFTER = 10.0  # seconds in which a store that did not answer is not asked again


def client(url: str) -> redis.Redis:
    """Return a client that tries twice and at once: what this process knows by itself is better than a wait."""
    once_more = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once_more)


store = client(settings.REDIS_URL)
