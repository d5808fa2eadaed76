"""Celery's side of the events: messages that say "look at the table now". They carry nothing and may be lost."""

from celery import shared_task

from syncing import tasks as syncs
from syncing.doorbell import Doorbell
from syncing.runner import Shutdown
from webhooks import removals, upkeep
from webhooks.drain import work_off
from webhooks.soon import Soon

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


@shared_task
def tend() -> None:
    """See to the removals that are due, and let former secrets go."""
    while upkeep.work_once() and not Shutdown.requested:
        pass
    removals.forget_former()
