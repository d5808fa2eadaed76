"""Rows of the queue and its history, for tests that only read them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from connections.models import Connection
from syncing.models import Outcome, SyncJob, SyncLog, Trigger
from syncing.work import WorkStatus

RUN = UUID("019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def log_of(connection: Connection, object_type: str = "customer", **more: Any) -> SyncLog:
    """Return an attempt that took half a minute and succeeded, unless told otherwise."""
    values: dict[str, Any] = {
        "run": RUN,
        "direction": "in",
        "mode": "incremental",
        "trigger": Trigger.SCHEDULE,
        "outcome": Outcome.SUCCEEDED,
        "started_at": NOON,
        "finished_at": NOON + timedelta(seconds=30),
    } | more
    return SyncLog.objects.create(
        venue=connection.venue, connection=connection, provider=connection.provider, object_type=object_type, **values
    )


def dead_job(connection: Connection, object_type: str = "order", **more: Any) -> SyncJob:
    """Return a job that was given up because the provider did not answer."""
    values: dict[str, Any] = {
        "run": RUN,
        "status": WorkStatus.DEAD,
        "failure_class": "provider_down",
        "failure_sentence": "Square is not answering.",
        "queued_at": NOON,
        "finished_at": NOON,
        "attempts": 8,
    } | more
    return SyncJob.objects.create(venue=connection.venue, connection=connection, object_type=object_type, **values)
