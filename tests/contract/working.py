"""A worker's turns in the test's own process, and what they leave behind."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections as database_connections
from django.utils import timezone

from connections.models import Connection
from integrations import walls
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import queue, tasks
from syncing.models import Mode, SyncJob, SyncLog, Trigger
from tests.contract.account import Account

_PATIENCE = 30.0


def put(connection: Connection, *objects: ObjectType, full: bool = False) -> None:
    """Queue streams."""
    mode = Mode.FULL if full else Mode.INCREMENTAL
    queue.enqueue(connection, objects, trigger=Trigger.OWNER, mode=mode)


def hurry() -> None:
    """Let the time of what waits come; what waits for nothing keeps its place before it."""
    now = timezone.now()
    SyncJob.objects.filter(status="queued", not_before__gt=now).update(not_before=now)


def settle(each_turn: Callable[[], object] = lambda: None, *, seconds: float = _PATIENCE) -> None:
    """Work until nothing is left that can be worked on; waiting times are over at once."""
    give_up_at = time.monotonic() + seconds
    while SyncJob.objects.workable().exists():
        assert time.monotonic() < give_up_at, list(SyncJob.objects.values("object_type", "status", "failure_code"))
        hurry()
        if not tasks.work_once():
            time.sleep(0.02)
        each_turn()


def prepare(connection: Connection, object_type: ObjectType) -> None:
    """Read what a stream needs to be read."""
    put(connection, *PROVIDERS[connection.provider].streams[object_type].needs)
    settle()


def read(connection: Connection, *objects: ObjectType, full: bool = False) -> list[SyncLog]:
    """Read streams to their end, and return the logs of it."""
    put(connection, *objects, full=full)
    began = timezone.now()
    settle()
    return list(SyncLog.objects.filter(connection=connection, started_at__gte=began).order_by("started_at"))


def job_of(connection: Connection, object_type: ObjectType) -> SyncJob:
    """Return the newest job of a stream."""
    return SyncJob.objects.filter(connection=connection, object_type=object_type).latest("queued_at")


def log_of(connection: Connection, object_type: ObjectType) -> SyncLog:
    """Return the newest log of a stream."""
    return SyncLog.objects.filter(connection=connection, object_type=object_type).latest("started_at")


def events(log: SyncLog) -> list[str]:
    """Return what happened on the way, word by word."""
    return [entry["event"] for entry in log.timeline]


def at_once(acts: Sequence[Callable[[], object]]) -> None:
    """Let each act in a thread of its own, which gives its database connection back; raise what one of them raised."""

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            database_connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(walls.carried(run), acts))


def later(account: Account, seconds: float = 900) -> None:
    """Let time pass at the double, and forget its calls so far."""
    account.sandbox.ask("POST", "/clock", {"advance_seconds": seconds})
    account.sandbox.clear_log()
