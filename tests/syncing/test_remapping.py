"""New rules reach what is stored: without a download, page by page, and resumed where it stood."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings import rules, saving, versions
from syncing import queue, remapping, tasks
from syncing.models import Record, SyncCursor, SyncJob, SyncLog, Trigger
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER


def read(connection: Connection) -> None:
    queue.enqueue(connection, [CUSTOMER], trigger=Trigger.OWNER)
    settle()


def shouted(connection: Connection, path: str = "family_name") -> None:
    """Save that a field comes in capitals."""
    version = versions.in_force(connection)
    wanted = [
        replace(each, transforms=[{"name": "upper"}]) if (each.object_type, each.target) == ("customer", path) else each
        for each in rules.of(connection, version)
    ]
    saving.save(connection, wanted, seen=version, by=None, reason="", confirmed=True)


def names() -> set[str]:
    return set(Record.objects.filter(object_type="customer").values_list("fields__family_name", flat=True))


def test_stored_records_follow_new_rules_without_a_download(square: Connection, sandbox: Sandbox) -> None:
    read(square)
    before = names()
    shouted(square)
    sandbox.clear_log()
    read(square)
    assert names() == {name.upper() for name in before} != before
    assert sandbox.calls() <= 2  # what an incremental read costs
    log = SyncLog.objects.latest("started_at")
    assert [each["event"] for each in log.timeline] == ["mapped_again"]
    assert log.updated == Record.objects.filter(version=2).count() > 30


def test_the_second_read_after_it_maps_nothing_again(square: Connection, sandbox: Sandbox) -> None:
    read(square)
    shouted(square)
    read(square)
    read(square)
    assert SyncLog.objects.latest("started_at").timeline == []
    assert SyncCursor.objects.get(object_type=CUSTOMER, direction="in").mapped_version == 2


def test_rules_of_another_object_change_nothing_here(square: Connection) -> None:
    read(square)
    version = versions.in_force(square)
    wanted = [each for each in rules.of(square, version) if (each.object_type, each.target) != ("order", "number")]
    saving.save(square, wanted, seen=version, by=None, reason="", confirmed=True)
    read(square)
    assert SyncLog.objects.latest("started_at").outcome == "nothing_to_do"


def test_it_goes_on_where_it_stood(square: Connection, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read(square)
    before = names()
    shouted(square)
    monkeypatch.setattr(remapping, "_PAGE", 15)
    settings.SYNC_SLICE = timedelta(0)
    queue.enqueue(square, [CUSTOMER], trigger=Trigger.OWNER)
    tasks.work_once()
    cursor = SyncCursor.objects.get(object_type=CUSTOMER, direction="in")
    assert (SyncJob.objects.latest("queued_at").status, cursor.mapped_to > 0, cursor.mapped_version) == (
        "queued", True, 1,
    )  # fmt: skip
    settle()
    assert names() == {name.upper() for name in before}
