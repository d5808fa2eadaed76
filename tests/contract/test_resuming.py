"""A worker that goes in the middle: the next one goes on from the last stored page, window by window."""

import threading
import time
from typing import Any

import pytest

from connections.models import Connection
from integrations import walls
from integrations.providers.base import SplitStream
from integrations.providers.types import ObjectType
from syncing import runner, tasks
from syncing.models import SyncCursor, SyncLog
from tests.contract.account import Account, assert_exact, stored
from tests.contract.conftest import Pages, Windows
from tests.contract.marks import each_stream
from tests.contract.working import job_of, prepare, put, settle

pytestmark = pytest.mark.django_db(transaction=True)


def position(connection: Connection, object_type: ObjectType) -> Any:
    return SyncCursor.objects.get(connection=connection, object_type=object_type).position


@each_stream(lambda stage, stream, watched: watched.pages)
def test_a_worker_that_is_told_to_go_after_each_page_leaves_the_rest_to_the_next(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages_of(4)
    prepare(connection, object_type)
    monkeypatch.setattr(runner.Shutdown, "requested", True)
    put(connection, object_type)
    held = list[int]()
    settle(lambda: held.append(len(stored(connection, object_type))))
    assert len(held) > 1
    assert held == sorted(held)
    assert_exact(account, connection, object_type)
    assert SyncLog.objects.filter(object_type=object_type).count() == 1


@each_stream(lambda stage, stream, watched: isinstance(stream, SplitStream))
def test_a_worker_that_goes_amid_several_windows_leaves_each_of_them_where_it_stood(
    account: Account, connection: Connection, object_type: ObjectType, pages_of: Pages, windows_of: Windows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    prepare(connection, object_type)
    pages_of(2)
    windows_of(2)
    account.sandbox.ask("POST", f"/{account.stage.key}/settings", {"latency_ms": 60})
    put(connection, object_type)

    def go_soon() -> None:
        while len(account.calls(object_type)) < 5:  # with the third at the latest the read is cut in two
            time.sleep(0.005)
        runner.Shutdown.requested = True

    monkeypatch.setattr(runner.Shutdown, "requested", False)
    account.sandbox.clear_log()
    watcher = threading.Thread(target=walls.carried(go_soon))
    watcher.start()
    tasks.work_once()
    watcher.join(10)
    assert job_of(connection, object_type).status == "queued"
    assert "windows" in position(connection, object_type)
    runner.Shutdown.requested = False
    settle()
    assert_exact(account, connection, object_type)
    assert "windows" not in position(connection, object_type)
