"""Celery's side of the events: messages that say "look at the table now". They carry nothing and may be lost."""

import logging
import time

from celery import shared_task

from syncing import tasks as syncs
from syncing.doorbell import Doorbell
from syncing.runner import Shutdown
from webhooks import reconciling, removals, upkeep
from webhooks.drain import work_off
from webhooks.soon import Soon

logger = logging.getLogger(__name__)

_RECONCILING_SECONDS = 20.0  # then the worker is free for others, and is rung for again

_doorbell = Doorbell(lambda: drain.apply_async(retry=False, expires=60))

# Never in a request: a broker that is away costs a second or two, and a burst of deliveries rings once.
ring = Soon(_doorbell.ring, every=0.05)


def work_once() -> bool:
    """Work off one batch and ring for the syncs it led to. Return whether there was anything."""
    done = work_off()
    if done.jobs:
        syncs.ring(done.jobs)
    return done.events > 0


@shared_task
def drain() -> None:
    """Work off one batch, then ring again if there was anything."""
    if work_once() and not Shutdown.requested:
        ring()


def reconcile_once() -> bool:
    """Reconcile a few connections and ring for what it led to. Return whether there were any."""
    done = reconciling.work_off()
    if done.lost:
        logger.warning("webhook.found", extra={"events": done.lost})
        ring()
    if done.reads:
        syncs.ring(done.reads)
    return done.connections > 0


@shared_task
def reconcile() -> None:
    """Reconcile what is due for a while; ring again when there may be more."""
    ends_at = time.monotonic() + _RECONCILING_SECONDS
    while reconcile_once():
        if Shutdown.requested:
            return
        if time.monotonic() > ends_at:
            _reconcile_again.ring()
            return


_reconcile_again = Doorbell(lambda: reconcile.apply_async(retry=False, expires=60))


@shared_task
def tend() -> None:
    """See to the registrations that are due, and let former secrets go."""
    while upkeep.work_once() and not Shutdown.requested:
        pass
    removals.forget_former()
