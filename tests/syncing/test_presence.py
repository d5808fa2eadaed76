"""Workers tell that they are there, whether or not there is work, and nothing depends on it."""

import os
from collections.abc import Iterator

import pytest

from integrations.shared import store
from syncing import presence
from syncing.look import Look
from tests.connections.test_pacing import nobody_listens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_told() -> Iterator[None]:
    store.delete(presence.KEY)
    presence._told.clear()
    yield
    presence._told.clear()


class OneLook(Look):
    """Looks once, and finds nothing."""

    queue = "somewhere"

    def turn(self) -> bool:
        self._stop.set()
        return False


def test_a_worker_that_finds_nothing_is_seen() -> None:
    OneLook(None)._look()
    (seen,) = presence.seen() or []
    assert (seen.queue, seen.worker.split(":")[1], seen.is_there) == ("somewhere", str(os.getpid()), True)


def test_it_tells_now_and_then_only() -> None:
    presence.tell("syncs")
    store.delete(presence.KEY)
    presence.tell("syncs")
    assert presence.seen() == []


def test_one_that_fell_silent_is_no_longer_there_and_forgotten_after_a_day() -> None:
    now = store.time()[0]
    store.zadd(presence.KEY, {"syncs|a:1": now - 61, "syncs|b:2": now - 25 * 3600})
    presence.tell("webhooks")
    assert [(each.queue, each.is_there) for each in presence.seen() or []] == [("webhooks", True), ("syncs", False)]


def test_without_redis_nobody_is_known_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    away = nobody_listens()
    monkeypatch.setattr("syncing.presence.store", away)
    monkeypatch.setattr("syncing.presence._tell", away.register_script(presence._TELL))
    presence.tell("syncs")
    assert presence.seen() is None
