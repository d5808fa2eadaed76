"""The breaker: a silent account is left alone, one worker asks whether it is back, a silent provider rests as one."""

import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from connections import breaker
from connections.breaker import Breaker
from integrations import shared
from integrations.providers import http
from integrations.providers.errors import Resting
from tests.connections.test_pacing import nobody_listens
from tests.providers.wire import silence, wire

# A worker's call that is given up after a second.
CALL = """
import sys
import django
django.setup()
from connections.breaker import Breaker
from integrations.providers.http import ApiSession
asking = ApiSession(base_url=sys.argv[1], headers={}, classify=None, guard=Breaker("square", "one"), patience=1.0)
asking.post("/v2/things", {}, repeatable=False)
"""


@pytest.fixture(autouse=True)
def _alone(settings: Any) -> None:
    """Breakers that no other test sees, which rest for long unless a test says otherwise."""
    settings.SANDBOX_URL = f"http://{uuid.uuid4()}"
    settings.BREAKER_REST = timedelta(seconds=600)


def silenced(account: str, times: int = 5) -> Breaker:
    found = Breaker("square", account)
    for _ in range(times):
        found.silent()
    return found


def rests(each: Breaker) -> float:
    """Return the seconds that a worker is told to wait, 0 when it may call."""
    try:
        each.check()
    except Resting as error:
        return error.retry_after or 0.0
    return 0.0


def shorten(seconds: float, settings: Any) -> None:
    settings.BREAKER_REST = timedelta(seconds=seconds)


def test_five_calls_without_an_answer_leave_an_account_alone_for_every_worker() -> None:
    silenced("one", times=4)
    assert rests(Breaker("square", "one")) == 0
    Breaker("square", "one").silent()
    assert 590 < rests(Breaker("square", "one")) <= 600
    assert rests(Breaker("square", "two")) == rests(Breaker("stripe", "one")) == 0


def test_an_answer_in_between_begins_the_count_anew() -> None:
    silenced("one", times=4).heard()
    silenced("one", times=4)
    assert rests(Breaker("square", "one")) == 0


def test_after_the_rest_one_worker_asks_and_the_others_wait(settings: Any) -> None:
    shorten(0.05, settings)
    silenced("one")
    time.sleep(0.06)
    first, *others = (Breaker("square", "one") for _ in range(5))
    assert rests(first) == 0
    assert all(0 < rests(each) <= 1 for each in others)


def test_what_the_one_hears_decides_for_all(settings: Any) -> None:
    shorten(0.05, settings)
    silenced("one")
    time.sleep(0.06)
    asks = Breaker("square", "one")
    asks.check()
    shorten(600, settings)
    asks.silent()
    assert rests(Breaker("square", "one")) > 590
    asks.heard()
    assert rests(Breaker("square", "one")) == 0


@pytest.mark.parametrize(("is_stopped", "counted"), [(False, b"1"), (True, None)])
def test_a_process_that_was_stopped_does_not_count_its_late_call_as_silence(
    settings: Any, *, is_stopped: bool, counted: bytes | None
) -> None:
    environment = os.environ | {"SANDBOX_URL": settings.SANDBOX_URL, "DJANGO_SETTINGS_MODULE": "config.settings"}
    with wire(silence) as server:
        call: Any = subprocess.Popen(
            [sys.executable, "-c", CALL, server.url], env=environment, stderr=subprocess.PIPE, text=True
        )
        while not server.requests and call.poll() is None:
            time.sleep(0.01)
        if is_stopped:
            call.send_signal(signal.SIGSTOP)
            time.sleep(1.0 + http._STOOD_STILL_SECONDS + 0.1)
            call.send_signal(signal.SIGCONT)
        _, complaint = call.communicate(timeout=30)
    assert "did not answer" in complaint
    assert shared.store.hget(breaker._key("account", "square", "one"), "silent") == counted


def test_three_silent_accounts_let_the_whole_provider_rest() -> None:
    silenced("one")
    silenced("two")
    assert rests(Breaker("square", "four")) == 0
    silenced("three")
    assert rests(Breaker("square", "four")) > 590
    assert rests(Breaker("stripe", "four")) == 0


def test_staff_see_what_rests_and_may_end_it() -> None:
    for each in ("one", "two", "three"):
        silenced(each)
    square = (breaker.standing() or [])[0]
    assert (square.provider, square.whole.state) == ("square", "open")
    assert {name: each.state for name, each in square.accounts.items()} == dict.fromkeys(
        ("one", "two", "three"), "open"
    )
    breaker.reset("square")
    assert (breaker.standing() or [])[0] == breaker.ProviderStanding("square", breaker.Standing("closed"), {})
    assert rests(Breaker("square", "one")) == 0


def test_while_redis_is_away_every_call_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = nobody_listens()
    for name, script in (("_ask", breaker._ASK), ("_silent", breaker._SILENT), ("_heard", breaker._HEARD)):
        monkeypatch.setattr(breaker, name, nobody.register_script(script))
    monkeypatch.setattr(breaker, "store", nobody)
    away = silenced("one", times=20)
    assert rests(away) == 0
    away.heard()
    assert breaker.standing() is None


def test_a_well_account_costs_one_question_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(shared.store, "execute_command", _counted(asked, shared.store.execute_command))
    well = Breaker("square", "one")
    for _ in range(50):
        well.check()
        well.heard()
    assert len(asked) == 1


def _counted(asked: list[Any], execute: Any) -> Any:
    def counting(*args: Any, **options: Any) -> Any:
        asked.append(args)
        return execute(*args, **options)

    return counting
