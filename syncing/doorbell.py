"""How the workers are told that there is something in a table, and for how long a broker that does not answer is left.

A message carries nothing and may be lost: workers look by themselves, too.
"""

import logging
import threading
import time
from collections.abc import Callable

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_QUIET_AFTER_FAILURES = 3
_QUIET_SECONDS = 10.0


class Doorbell:
    """Rings the workers of one queue; `send` puts one message into it."""

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._failures, self._quiet_until = 0, 0.0
        self._lock = threading.Lock()

    def ring(self, times: int = 1) -> bool:
        """Send up to `times` messages and return whether the broker took them. Never raises, never waits long."""
        if time.monotonic() < self._quiet_until:
            return False
        try:
            for _ in range(min(times, 8)):
                self._send()
        except (OperationalError, RedisError, OSError) as error:
            with self._lock:
                self._failures += 1
                if self._failures >= _QUIET_AFTER_FAILURES:
                    self._quiet_until, self._failures = time.monotonic() + _QUIET_SECONDS, 0
            logger.warning("doorbell.unheard", extra={"error": type(error).__name__})
            return False
        self._failures = 0
        return True
