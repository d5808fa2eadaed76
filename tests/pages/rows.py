"""Rows that pages show: runs, jobs, bookmarks, records."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from connections.models import Connection
from integrations.ids import uuid7
from syncing.models import LinkState, Record, RecordLink, SyncCursor, SyncJob, SyncLog
from syncing.work import WorkStatus


def bookmark(connection: Connection, object_type: str = "customer", **more: Any) -> SyncCursor:
    """Return a bookmark of an object that was synced four minutes ago and is due in eleven."""
    now = timezone.now()
    values = {"last_succeeded_at": now - timedelta(minutes=4), "next_run_at": now + timedelta(minutes=11)} | more
    return SyncCursor.objects.create(connection=connection, object_type=object_type, **values)


def job(connection: Connection, object_type: str = "customer", **more: Any) -> SyncJob:
    """Return a job that runs under a lease, unless told otherwise."""
    now = timezone.now()
    values: dict[str, Any] = {"status": WorkStatus.RUNNING, "lease_until": now + timedelta(seconds=30)} | more
    return SyncJob.objects.create(venue=connection.venue, connection=connection, object_type=object_type, **values)


def log(connection: Connection, object_type: str = "customer", **more: Any) -> SyncLog:
    """Return a run that is under way, unless told otherwise."""
    values: dict[str, Any] = {"run": uuid7(), "direction": "in", "mode": "incremental", "trigger": "schedule"} | more
    return SyncLog.objects.create(
        venue=connection.venue, connection=connection, provider=connection.provider, object_type=object_type, **values
    )


def finished(connection: Connection, object_type: str = "customer", **more: Any) -> SyncLog:
    """Return a run that succeeded in 31 seconds, unless told otherwise."""
    began: datetime = more.pop("started_at", timezone.now() - timedelta(minutes=5))
    values = {"outcome": "succeeded", "started_at": began, "finished_at": began + timedelta(seconds=31)} | more
    return log(connection, object_type, **values)


def record(
    connection: Connection, object_type: str = "customer", state: str = LinkState.IN_STEP, **fields: Any
) -> RecordLink:
    """Return the link of a record with these canonical fields."""
    made = Record.objects.create(
        venue=connection.venue, object_type=object_type, fields=fields or {"given_name": "Mia"}, content_hash="0"
    )
    return RecordLink.objects.create(
        record=made, connection=connection, external_type=object_type, external_id=str(made.pk), state=state,
        raw={"id": str(made.pk)}, problem=_problem() if state == LinkState.FAILING else None,
    )  # fmt: skip


def left_out(connection: Connection, object_type: str = "customer") -> RecordLink:
    """Return the link of something that could not be kept."""
    return RecordLink.objects.create(
        connection=connection, external_type=object_type, external_id=str(uuid7()), state=LinkState.LEFT_OUT,
        problem=_problem() | {"class": "missing_value", "sentence": "Left out: this customer has no e-mail."},
    )  # fmt: skip


def _problem() -> dict[str, str]:
    return {
        "class": "invalid_value", "code": "", "field": "email", "sentence": "This record cannot be read: no e-mail.",
        "since": "2026-11-20T10:12:00+00:00",
    }  # fmt: skip
