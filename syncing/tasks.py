"""Celery's side of the queue: messages that say "look at the table now". They carry nothing and may be lost."""

import logging

from celery import shared_task

from syncing import bulkheads, fields, runner, schedule
from syncing.doorbell import Doorbell

logger = logging.getLogger(__name__)

_doorbell = Doorbell(lambda: work.apply_async(retry=False, expires=60))


def ring(times: int = 1) -> bool:
    """Tell the workers that there is something in the queue; see `Doorbell.ring`."""
    return _doorbell.ring(times)


def work_once() -> bool:
    """Take one job and work on it for a slice. Return whether there was one."""
    with bulkheads.claimed() as claim:
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


@shared_task
def look_at_fields() -> None:
    """Look at the fields of accounts that are due: just connected, a day later, or refused by their provider."""
    seen = fields.look_at_due()
    if seen:
        logger.info("fields.seen", extra={"count": seen})
