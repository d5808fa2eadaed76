"""Given-up work brought back: streams whose last job failed for good, and records that their provider refused.

A stream gets a new job and its failed one stays as it is; it counts as given up only while no newer one is there. A
record is behind again, and the next outbound job of its stream sends it, with the key that it had. A retry of many
stops by itself: after five equal failures what it has not tried yet is put back as it was.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection as database
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from connections.models import Connection
from integrations.ids import uuid7
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from mappings.models import Direction
from syncing import queue
from syncing.models import LinkState, Mode, RecordLink, SyncJob, SyncLog, Trigger
from syncing.queue import Wanted
from syncing.work import OPEN, Failure, WorkStatus

EQUAL_FAILURES = 5  # then a retry of many is stopped

# What a provider refused is behind again; what could not be read is read anew, whatever its hash. The problem stays on
# the link until there is a result, with what putting it back needs.
_RELEASE = """
UPDATE record_links link
SET state = 'waiting', pushed_version = CASE WHEN link.problem ? 'existing' THEN record.version - 1
                                             ELSE link.pushed_version END,
    raw_hash = CASE WHEN link.problem ? 'existing' THEN link.raw_hash ELSE '' END,
    problem = link.problem || jsonb_build_object('batch', %(batch)s::text, 'was', jsonb_build_object(
        'pushed_version', link.pushed_version, 'raw_hash', link.raw_hash))
FROM record_links old LEFT JOIN records record ON record.id = old.record_id
WHERE old.id = link.id AND link.id = ANY(%(links)s) AND link.state = 'failing' AND link.problem IS NOT NULL
  AND link.push IS NULL AND link.record_id IS NOT NULL
RETURNING link.id, link.connection_id, link.external_type, link.problem ? 'existing'
"""
_UNREADABLE = """
UPDATE record_links link SET raw_hash = ''
WHERE link.id = ANY(%(links)s) AND link.state = 'failing' AND link.record_id IS NULL
RETURNING link.id, link.connection_id, link.external_type, false
"""
_PUT_BACK = """
UPDATE record_links SET state = 'failing', raw_hash = problem -> 'was' ->> 'raw_hash',
       pushed_version = (problem -> 'was' ->> 'pushed_version')::int, problem = problem - 'batch' - 'was'
WHERE connection_id = %(connection)s AND external_type = %(object)s AND state = 'waiting' AND push IS NULL
  AND problem ->> 'batch' = %(batch)s::text
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A given-up job that was left alone, and why."""

    job: SyncJob
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry led to: the new jobs, how many records are sent again, and what was left alone."""

    jobs: list[SyncJob]
    records: int
    skipped: list[Skipped]


class Released(NamedTuple):
    """A record that is tried again, and whether it is sent or read."""

    link: int
    connection: UUID
    object_type: str
    is_sent: bool

    @property
    def wanted(self) -> Wanted:
        """Return the job that it takes."""
        direction, mode = (Direction.OUT, Mode.INCREMENTAL) if self.is_sent else (Direction.IN, Mode.FULL)
        return Wanted(self.connection, ObjectType(self.object_type), direction, mode)


def retry(
    connection: Connection,
    *,
    actor: Any,
    run: UUID | None = None,
    error_class: str = "",
    records: Collection[UUID] | None = None,
) -> Retried:
    """Try again what was given up: of one run, of one error class, these records, or all of it.

    Called twice, the second joins. Only a stream's newest job counts: what succeeded, waits or runs since is skipped.
    """
    dead = {} if records is not None else _newest_of_each_stream(_given_up(connection, run, error_class))
    newest = _newest_of_each_stream(SyncJob.objects.filter(connection=connection)) if dead else {}
    settled = {stream: _why_not(job, newest[stream], connection) for stream, job in dead.items()}
    wanted = [wanted_again(job) for stream, job in dead.items() if settled[stream] is None]
    batch = uuid7()
    links = _failing(connection, run, error_class, records).values_list("pk", flat=True)
    released = release(list(links), batch=batch)
    queue.enqueue_many([*wanted, *(each.wanted for each in released)], trigger=Trigger.RETRY, actor=actor, batch=batch)
    jobs = SyncJob.objects.filter(batch=batch).order_by("not_before", "pk")
    return Retried(list(jobs), len(released), [why for why in settled.values() if why])


def wanted_again(job: SyncJob) -> Wanted:
    """Return the stream of a job that was given up, to be worked on in the same way."""
    return Wanted(job.connection_id, ObjectType(job.object_type), Direction(job.direction), Mode(job.mode))


def release(links: Sequence[int], *, batch: UUID) -> list[Released]:
    """Let these failing records be tried again and return those that are. The caller queues what they want.

    Two statements, however many. One that is tried already, or waits for a result, is left alone.
    """
    asked: dict[str, Any] = {"links": list(links), "batch": str(batch)}
    found: list[Released] = []
    if not asked["links"]:
        return found
    with database.cursor() as cursor:
        for statement in (_RELEASE, _UNREADABLE):
            cursor.execute(statement, asked)
            found += [Released(*row) for row in cursor.fetchall()]
    return found


class Watch:
    """Stops a retry of many records after five equal failures: the job of a batch is watched over."""

    def __init__(self, job: SyncJob) -> None:
        self._job = job
        self._failures: Counter[tuple[Any, ...]] = Counter()

    @property
    def first(self) -> int | None:
        """Return how many records go first, None when nobody has to watch."""
        return EQUAL_FAILURES if self._job.batch else None

    def failed(self, problems: Iterable[dict[str, Any]]) -> Failure | None:
        """Note what was refused; return why the retry is over when five equal failures are together."""
        if not self._job.batch:
            return None
        self._failures.update((each["class"], each["code"], each["field"]) for each in problems)
        worst = self._failures.most_common(1)
        if not worst or worst[0][1] < EQUAL_FAILURES:
            return None
        (error_class, code, field), number = worst[0]
        return Failure(
            error_class, code, f"Stopped: {number} records failed in the same way. The others are as they were.", field
        )

    def put_back(self) -> int:
        """Make the records that were not tried yet what they were before, and return how many they are."""
        asked: dict[str, Any] = {
            "connection": self._job.connection_id, "object": self._job.object_type, "batch": str(self._job.batch),
        }  # fmt: skip
        with database.cursor() as cursor:
            cursor.execute(_PUT_BACK, asked)
            put_back: int = cursor.rowcount
        return put_back


def _given_up(connection: Connection, run: UUID | None, error_class: str) -> "models.QuerySet[SyncJob]":
    found = SyncJob.objects.filter(connection=connection, status=WorkStatus.DEAD)
    if run is not None:
        found = found.filter(run=run)
    if error_class:
        found = found.filter(failure_class=error_class)
    return found


def _failing(
    connection: Connection, run: UUID | None, error_class: str, records: Collection[UUID] | None
) -> "models.QuerySet[RecordLink]":
    """Return the failing counterparts: those that failed while a run's jobs worked, where one is named."""
    found = RecordLink.objects.filter(connection=connection, state=LinkState.FAILING, problem__isnull=False)
    if records is not None:
        found = found.filter(record__in=records)
    if error_class:
        found = found.filter(problem__class=error_class)
    if run is not None:
        during = Q(pk=None)
        for log in SyncLog.objects.filter(run=run, connection=connection):
            until = {"since__lte": log.finished_at} if log.finished_at else {}
            during |= Q(external_type=log.object_type, since__gte=log.started_at, **until)
        found = found.alias(since=Cast(KT("problem__since"), models.DateTimeField())).filter(during)
    return found


def _newest_of_each_stream(jobs: Any) -> dict[tuple[str, str], SyncJob]:
    ordered = jobs.order_by("object_type", "direction", "-queued_at", "-id").distinct("object_type", "direction")
    return {(job.object_type, job.direction): job for job in ordered}


def _why_not(job: SyncJob, newest: SyncJob, connection: Connection) -> Skipped | None:
    if job.object_type not in PROVIDERS[connection.provider].parts:
        return Skipped(job, "unsupported", "This object is not synced any more.")
    if newest.pk == job.pk:
        return None
    if newest.status in OPEN:
        return Skipped(job, "already_queued", "The same object waits or runs already.")
    if newest.status == WorkStatus.SUCCEEDED:
        return Skipped(job, "succeeded_since", "A later sync of the same object succeeded.")
    return Skipped(job, "replaced", "A later sync of the same object took its place.")
