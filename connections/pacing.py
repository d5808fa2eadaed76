"""How fast one account may be called, shared by all workers: a bucket of tokens and a gate of places in Redis.

When Redis is away the bucket and the gate of this process take over, so that work goes on at the pace of one worker.
"""

import contextlib
import random
import threading
import time
import uuid
from collections.abc import Iterator

import redis
from django.conf import settings

from integrations.providers.base import Limits
from integrations.providers.errors import RateLimited
from integrations.providers.http import TOTAL_SECONDS
from integrations.shared import store

# Takes up to as many tokens as asked for, or says in how many seconds one will be there. Redis's clock, so that workers
# need not agree.
_TAKE = """
local held = redis.call('PTTL', KEYS[2])
if held > 0 then return {0, tostring(held / 1000)} end
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
# Takes a place at the gate, unless all are taken. A place whose holder fell silent is free again after its time.
_ENTER = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[3])
redis.call('EXPIRE', KEYS[1], 600)
return 1
"""
_PLACE_SECONDS = TOTAL_SECONDS + 10  # longer than any call
_LOOK_AGAIN = (0.01, 0.05)  # seconds between two looks at a full gate, spread so that workers do not come together
_AT_ONCE_SECONDS = 0.05  # a fast account's tokens are fetched for this long ahead, so that not each call asks Redis

_take, _enter = store.register_script(_TAKE), store.register_script(_ENTER)


class AccountPace:
    """The pace and the gate of one account at one provider."""

    def __init__(self, provider: str, account_id: str, limits: Limits) -> None:
        place = settings.SANDBOX_URL or "live"  # the same account at two sandboxes is two accounts
        account = f"{place}:{provider}:{account_id}"
        self._gate = _Gate(f"backline:gate:{account}", limits.in_flight) if limits.in_flight else None
        self._key, self._hold_key = f"backline:pace:{account}", f"backline:hold:{account}"
        self._rate = settings.PROVIDER_CALLS_PER_SECOND.get(provider, limits.calls_per_second)
        self._burst = max(limits.burst, self._rate)
        self._left, self._at = float(self._burst), time.monotonic()
        self._at_once = max(1, int(self._rate * _AT_ONCE_SECONDS))
        self._in_hand, self._in_hand_until, self._held_until = 0, 0.0, 0.0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, stop_waiting_at: float) -> Iterator[None]:
        """Enter when a call may be made. Raises RateLimited when that is later than `stop_waiting_at` (monotonic)."""
        with self._gate.place(stop_waiting_at) if self._gate else contextlib.nullcontext():
            self.wait(stop_waiting_at)
            yield

    def wait(self, stop_waiting_at: float) -> None:
        """Return when the bucket allows a call. Raises as `turn`."""
        while (seconds := self._seconds_safely()) > 0:
            if time.monotonic() + seconds > stop_waiting_at:
                raise RateLimited("Our own limit for this account is used up.", retry_after=seconds, code="own_pace")
            time.sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Let no worker call this account for so long: the provider asked one of them to wait."""
        with self._lock:
            self._in_hand, self._held_until = 0, max(self._held_until, time.monotonic() + seconds)
        if store.is_left_alone:
            return
        with contextlib.suppress(redis.RedisError):
            store.set(self._hold_key, 1, px=max(1, round(seconds * 1000)))

    def _seconds_safely(self) -> float:
        with self._lock:
            return self._seconds()

    def _seconds(self) -> float:
        now = time.monotonic()
        if now < self._held_until:
            return self._held_until - now
        if self._in_hand and now < self._in_hand_until:
            self._in_hand -= 1
            return 0.0
        if store.is_left_alone:
            return self._seconds_here()
        try:
            taken, seconds = _take(keys=[self._key, self._hold_key], args=[self._rate, self._burst, self._at_once])
        except redis.RedisError:
            store.leave_alone("pace")
            return self._seconds_here()
        self._in_hand, self._in_hand_until = max(0, int(taken) - 1), now + _AT_ONCE_SECONDS
        return float(seconds)

    def _seconds_here(self) -> float:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate


class _Gate:
    """The places for calls under way at one account, held in Redis by every worker together."""

    def __init__(self, key: str, places: int) -> None:
        self._key, self._places = key, places
        self._here = threading.BoundedSemaphore(places)

    @contextlib.contextmanager
    def place(self, stop_waiting_at: float) -> Iterator[None]:
        """Hold a place for the time of the block."""
        holder = uuid.uuid4().hex
        if not self._here.acquire(timeout=max(0.0, stop_waiting_at - time.monotonic())):
            raise _crowded()
        try:
            entered = self._enter(holder, stop_waiting_at)
            try:
                yield
            finally:
                if entered:
                    self._leave(holder)
        finally:
            self._here.release()

    def _enter(self, holder: str, stop_waiting_at: float) -> bool:
        """Return whether Redis holds our place; False while it is away and this process's own places must do."""
        while not store.is_left_alone:
            try:
                if _enter(keys=[self._key], args=[self._places, _PLACE_SECONDS, holder]):
                    return True
            except redis.RedisError:
                store.leave_alone("gate")
                return False
            pause = random.uniform(*_LOOK_AGAIN)  # noqa: S311 - jitter
            if time.monotonic() + pause > stop_waiting_at:
                raise _crowded()
            time.sleep(pause)
        return False

    def _leave(self, holder: str) -> None:
        if store.is_left_alone:
            return  # the place is free again after its time
        with contextlib.suppress(redis.RedisError):
            store.zrem(self._key, holder)


def _crowded() -> RateLimited:
    return RateLimited("All calls that this account allows at once are under way.", retry_after=1.0, code="own_gate")
