"""Given-up work brought back: a new job for each stream whose last one failed for good; the failed row stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import queue
from syncing.models import Mode, Priority, SyncJob, Trigger
from syncing.work import OPEN, WorkStatus


@dataclass(frozen=True, slots=True)
class Skipped:
    """A given-up job that was left alone, and why."""

    job: SyncJob
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry led to: the new jobs, and what was left alone."""

    jobs: list[SyncJob]
    skipped: list[Skipped]


def retry(connection: Connection, *, actor: Any, run: UUID | None = None, error_class: str = "") -> Retried:
    """Queue again what was given up: of one run, of one error class, or all of it. Called twice, the second joins.

    Only a stream's newest job counts: what has succeeded, waits or runs since is skipped.
    """
    dead = _newest_of_each_stream(_given_up(connection, run, error_class))
    newest = _newest_of_each_stream(SyncJob.objects.filter(connection=connection, object_type__in=list(dead)))
    settled = {each: _why_not(job, newest[each], connection) for each, job in dead.items()}
    wanted = [job for each, job in dead.items() if settled[each] is None]
    made = [job for mode in Mode for job in _queued_again(connection, wanted, mode, actor)]
    return Retried(jobs=made, skipped=[why for why in settled.values() if why])


def _given_up(connection: Connection, run: UUID | None, error_class: str) -> Iterable[SyncJob]:
    found = SyncJob.objects.filter(connection=connection, status=WorkStatus.DEAD)
    if run is not None:
        found = found.filter(run=run)
    if error_class:
        found = found.filter(failure_class=error_class)
    return found


def _newest_of_each_stream(jobs: Any) -> dict[str, SyncJob]:
    return {job.object_type: job for job in jobs.order_by("object_type", "-queued_at", "-id").distinct("object_type")}


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


def _queued_again(connection: Connection, jobs: list[SyncJob], mode: Mode, actor: Any) -> list[SyncJob]:
    objects = [ObjectType(job.object_type) for job in jobs if job.mode == mode]
    if not objects:
        return []
    return queue.enqueue(
        connection, objects, mode=mode, trigger=Trigger.RETRY, actor=actor, priority=Priority.HIGH
    ).jobs
