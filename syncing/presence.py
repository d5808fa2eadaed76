"""Which workers were there lately: each tells Redis of itself now and then, by Redis's own clock.

Nothing depends on it. An idle worker leaves no trace in the tables, and staff want to know that it is there.
"""

import os
import socket
import threading
import time
from datetime import UTC, datetime
from typing import NamedTuple

import redis

from integrations.shared import store

KEY = "backline:workers"
LATELY_SECONDS = 60.0
_EVERY_SECONDS = 10.0
_FORGOTTEN_SECONDS = 24 * 3600
_TELL = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
redis.call('ZADD', KEYS[1], tostring(now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tostring(now - ARGV[2]))
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
_tell = store.register_script(_TELL)
_told: dict[str, float] = {}
_lock = threading.Lock()


class Seen(NamedTuple):
    """A worker process of one queue, and how many seconds ago it gave a sign of life."""

    queue: str
    worker: str
    seen_at: datetime
    seconds_ago: float

    @property
    def is_there(self) -> bool:
        """Return whether that was lately."""
        return self.seconds_ago <= LATELY_SECONDS


def tell(queue: str) -> None:
    """Note that this process is there for a queue; most calls cost nothing. Never raises for Redis."""
    now = time.monotonic()
    with _lock:
        if now - _told.get(queue, -_EVERY_SECONDS) < _EVERY_SECONDS or store.is_left_alone:
            return
        _told[queue] = now
    try:
        _tell(keys=[KEY], args=[f"{queue}|{socket.gethostname()}:{os.getpid()}", _FORGOTTEN_SECONDS])
    except redis.RedisError:
        store.leave_alone("presence")


def seen() -> list[Seen] | None:
    """Return the workers of the last day, the latest first; None while Redis is away."""
    try:
        seconds, micros = store.time()
        found: list[tuple[bytes, float]] = store.zrange(KEY, 0, -1, desc=True, withscores=True)  # type: ignore[assignment]
    except redis.RedisError:
        return None
    now = seconds + micros / 1e6
    return [_seen(name.decode(), score, now) for name, score in found]


def _seen(name: str, score: float, now: float) -> Seen:
    queue, _, worker = name.partition("|")
    return Seen(queue, worker, datetime.fromtimestamp(score, UTC), max(0.0, now - score))
