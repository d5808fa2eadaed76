"""How fast one account may be called, shared by all workers: a bucket of tokens in Redis.

When Redis is away the bucket of this process takes over, so that work goes on at the same pace for one worker.
"""

import logging
import threading
import time

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from integrations.providers.base import Limits
from integrations.providers.errors import RateLimited

logger = logging.getLogger(__name__)

# Takes up to as many tokens as asked for, or says in how many seconds one will be there. Redis's clock, so that workers
# need not agree.
_TAKE = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(bucket[1]) or burst
local at = tonumber(bucket[2]) or now
left = math.min(burst, left + (now - at) * rate)
local taken, wait = math.min(tonumber(ARGV[3]), math.floor(left)), 0
if taken >= 1 then left = left - taken else wait = (1 - left) / rate end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], 600)
return {taken, tostring(wait)}
"""
_AT_ONCE_SECONDS = 0.05  # a fast account's tokens are fetched for this long ahead, so that not each call asks Redis
_RETRY_REDIS_AFTER = 10.0


def _script(url: str) -> Script:
    """Return the script at that Redis. It tries twice and at once: the bucket of this process is better than a wait."""
    once_more = Retry(NoBackoff(), 1)
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once_more)
    return client.register_script(_TAKE)


_take = _script(settings.REDIS_URL)


class AccountPace:
    """The pace of one account at one provider."""

    def __init__(self, provider: str, account_id: str, limits: Limits) -> None:
        self._key = f"backline:pace:{provider}:{account_id}"
        self._rate = settings.PROVIDER_CALLS_PER_SECOND.get(provider, limits.calls_per_second)
        self._burst = max(limits.burst, self._rate)
        self._left, self._at = float(self._burst), time.monotonic()
        self._redis_away_until = 0.0
        self._at_once = max(1, int(self._rate * _AT_ONCE_SECONDS))
        self._in_hand = 0
        self._lock = threading.Lock()

    def wait(self, stop_waiting_at: float) -> None:
        """Return when a call may be made. Raises RateLimited when that is later than `stop_waiting_at` (monotonic)."""
        while (seconds := self._seconds_safely()) > 0:
            if time.monotonic() + seconds > stop_waiting_at:
                raise RateLimited("Our own limit for this account is used up.", retry_after=seconds, code="own_pace")
            time.sleep(seconds)

    def _seconds_safely(self) -> float:
        with self._lock:
            return self._seconds()

    def _seconds(self) -> float:
        if self._in_hand:
            self._in_hand -= 1
            return 0.0
        if time.monotonic() < self._redis_away_until:
            return self._seconds_here()
        try:
            taken, seconds = _take(keys=[self._key], args=[self._rate, self._burst, self._at_once])
        except redis.RedisError:
            logger.warning("pace.redis_away", extra={"retry_in": _RETRY_REDIS_AFTER})
            self._redis_away_until = time.monotonic() + _RETRY_REDIS_AFTER
            return self._seconds_here()
        self._in_hand = max(0, int(taken) - 1)
        return float(seconds)

    def _seconds_here(self) -> float:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate
