"""Celery's side of the queue: messages that say "look at the table now". They carry nothing and may be lost."""

import logging
import threading
import time

from celery import shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from syncing import queue, runner, schedule

logger = logging.getLogger(__name__)

_QUIET_AFTER_FAILURES = 3
_QUIET_SECONDS = 10.0


class _Doorbell:
    """Rings the workers. A broker that does not answer is left alone for a while: workers look by themselves, too."""

    def __init__(self) -> None:
        self._failures, self._quiet_until = 0, 0.0
        self._lock = threading.Lock()

    def ring(self, times: int = 1) -> bool:
        """Send up to `times` messages and return whether the broker took them. Never raises, never waits long."""
        if time.monotonic() < self._quiet_until:
            return False
        try:
            for _ in range(min(times, 8)):
                work.apply_async(retry=False, expires=60)
        except (OperationalError, RedisError, OSError) as error:
            with self._lock:
                self._failures += 1
                if self._failures >= _QUIET_AFTER_FAILURES:
                    self._quiet_until, self._failures = time.monotonic() + _QUIET_SECONDS, 0
            logger.warning("doorbell.unheard", extra={"error": type(error).__name__})
            return False
        self._failures = 0
        return True


_doorbell = _Doorbell()


def ring(times: int = 1) -> bool:
    """Tell the workers that there is something in the queue; see `_Doorbell.ring`."""
    return _doorbell.ring(times)


def work_once() -> bool:
    """Take one job and work on it for a slice. Return whether there was one."""
    claim = queue.claim()
    if claim is None:
        return False
    runner.run(claim)
    return True


@shared_task
def work() -> None:
    """Work on one slice of one job, then ring again if there was anything to do."""
    if work_once() and not runner.Shutdown.requested:
        ring()


@shared_task
def due() -> None:
    """Queue what is due and ring for it."""
    made = schedule.enqueue_due()
    if made:
        ring(made)


@shared_task
def sweep() -> None:
    """Put right what nobody else will, and ring for work whose worker fell silent."""
    found = schedule.sweep()
    silent = len(schedule.stale())
    if silent:
        logger.warning("sync.stale", extra={"jobs": silent})
        ring(silent)
    if any(found.values()):
        logger.info("sync.swept", extra=found)


@shared_task
def renew_access() -> None:
    """Renew access that is about to end."""
    renewed = schedule.renew_access()
    if renewed:
        logger.info("tokens.renewed", extra={"count": renewed})
