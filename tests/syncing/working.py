"""A worker's turn, in the test's own process: the same functions that the Celery task calls."""

import time

from syncing import tasks
from syncing.models import SyncJob


def settle(seconds: float = 60) -> None:
    """Work until the queue is empty; fail when it is not within the time."""
    give_up_at = time.monotonic() + seconds
    while SyncJob.objects.workable().exists():
        assert time.monotonic() < give_up_at, list(
            SyncJob.objects.open().values("object_type", "status", "failure_sentence")
        )
        if not tasks.work_once():
            time.sleep(0.05)
