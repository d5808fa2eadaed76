"""The right to go on with a job, renewed with every page; whoever lost it changes nothing more."""

from django.conf import settings
from django.db import connection as database

from connections.models import Status as ConnectionStatus
from syncing.models import SyncJob
from syncing.queue import Claim, LostLease
from syncing.work import Failure

# The lease, and whether the job is still ours to work on. Only what was stored gives the attempts back.
_BEAT = """
UPDATE sync_queue job SET lease_until = now() + make_interval(secs => %(lease)s), heartbeat_at = now(),
       attempts = CASE WHEN %(stored)s THEN 1 ELSE job.attempts END
FROM connections link
WHERE job.id = %(job)s AND job.fence = %(fence)s AND job.status = 'running' AND link.id = job.connection_id
RETURNING job.stop_requested_at IS NOT NULL AS stop, link.status
"""


class Stopped(Exception):
    """Someone asked the run to stop, or its connection ended."""


class Waits(Exception):
    """The run needs what another job is just reading; it comes back in a moment."""


class Hopeless(Exception):
    """A retry of many failed in the same way over and over; what it had not tried is as it was before."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


class Blocked(Exception):
    """The run needs objects whose own job was given up: its reason is the reason."""

    def __init__(self, by: SyncJob) -> None:
        super().__init__(by.failure_sentence)
        self.failure = Failure(by.failure_class, by.failure_code, by.failure_sentence, field=by.failure_field)


def beat(claim: Claim, *, stored: bool = False) -> None:
    """Renew the lease; `stored` says that something is stored with it. Locks the job until the transaction ends.

    Raises LostLease when the job is no longer ours to work on, and Stopped when it shall stop.
    """
    lease = {"lease": settings.SYNC_LEASE.total_seconds(), "stored": stored}
    with database.cursor() as cursor:
        cursor.execute(_BEAT, lease | {"job": claim.job_id, "fence": claim.fence})
        row = cursor.fetchone()
    if row is None:
        raise LostLease
    if row[0] or row[1] == ConnectionStatus.DISCONNECTED:
        raise Stopped
