"""The pace and the gate of one account: shared by all workers through Redis, kept by this one when Redis is away."""

import socket
import threading
import time
import uuid
from contextlib import ExitStack

import pytest

from connections import pacing
from connections.pacing import AccountPace
from integrations.providers.base import Limits
from integrations.providers.errors import RateLimited
from integrations.shared import Store

SLOW = Limits(calls_per_second=0.01, burst=4)
NARROW = Limits(calls_per_second=1000, burst=1000, in_flight=3)


@pytest.fixture
def account() -> str:
    return f"test-{uuid.uuid4()}"


def nobody_listens() -> Store:
    """Return a client of an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return Store.at(f"redis://127.0.0.1:{port}")


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = nobody_listens()
    monkeypatch.setattr(pacing, "store", nobody)
    monkeypatch.setattr(pacing, "_take", nobody.register_script(pacing._TAKE))
    monkeypatch.setattr(pacing, "_enter", nobody.register_script(pacing._ENTER))


def calls(*paces: AccountPace) -> int:
    """Return how many calls may be made now, taking turns."""
    made = 0
    while made < 50:
        try:
            paces[made % len(paces)].wait(time.monotonic())
        except RateLimited:
            break
        made += 1
    return made


def test_two_workers_share_one_bucket(account: str) -> None:
    assert calls(AccountPace("square", account, SLOW), AccountPace("square", account, SLOW)) == 4


def test_two_accounts_and_two_providers_have_buckets_of_their_own(account: str) -> None:
    assert calls(AccountPace("square", account, SLOW)) == 4
    assert calls(AccountPace("square", f"{account}-2", SLOW)) == 4
    assert calls(AccountPace("stripe", account, SLOW)) == 4


def test_a_bucket_fills_up_again(account: str) -> None:
    pace = AccountPace("square", account, Limits(calls_per_second=20, burst=20))
    assert calls(pace) >= 20
    pace.wait(time.monotonic() + 5)


def test_a_wait_that_is_too_long_tells_when_to_come_back(account: str) -> None:
    pace = AccountPace("square", account, SLOW)
    calls(pace)
    with pytest.raises(RateLimited) as met:
        pace.wait(time.monotonic() + 5)
    assert met.value.code == "own_pace"
    assert 60 < (met.value.retry_after or 0) <= 100


def test_the_setting_overrides_the_provider_s_own_number(account: str, settings: object) -> None:
    settings.PROVIDER_CALLS_PER_SECOND = {"square": 30}  # type: ignore[attr-defined]
    assert calls(AccountPace("square", account, SLOW)) >= 30


@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_pace_goes_on_for_one_worker(account: str) -> None:
    assert calls(AccountPace("square", account, SLOW)) == 4


@pytest.mark.usefixtures("without_redis")
def test_that_redis_is_away_is_found_out_once_and_not_by_every_session(
    account: str, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        assert calls(AccountPace("square", f"{account}-{number}", SLOW)) == 4
    with ExitStack() as stack:
        entered(stack, AccountPace("mailchimp", account, NARROW))
    assert [each.message for each in caplog.records] == ["redis.away"]


def entered(stack: ExitStack, *paces: AccountPace) -> int:
    """Return how many calls could be under way at once, taking turns; they stay under way."""
    made = 0
    while made < 20:
        try:
            stack.enter_context(paces[made % len(paces)].turn(time.monotonic() + 0.2))
        except RateLimited:
            break
        made += 1
    return made


def test_two_workers_share_the_places_of_one_account(account: str) -> None:
    with ExitStack() as stack:
        assert entered(stack, AccountPace("mailchimp", account, NARROW), AccountPace("mailchimp", account, NARROW)) == 3
        assert entered(stack, AccountPace("mailchimp", f"{account}-2", NARROW)) == 3


def test_a_place_is_free_again_when_its_call_ended_however_it_ended(account: str) -> None:
    pace = AccountPace("mailchimp", account, NARROW)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), pace.turn(time.monotonic() + 1):
            _ = 1 / 0
    with ExitStack() as stack:
        assert entered(stack, pace) == 3


def test_a_worker_that_waits_for_a_place_gets_it(account: str) -> None:
    pace, other = AccountPace("mailchimp", account, NARROW), AccountPace("mailchimp", account, NARROW)
    with ExitStack() as stack:
        entered(stack, pace)
        threading.Timer(0.3, stack.close).start()
        with other.turn(time.monotonic() + 5):
            pass


@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_gate_holds_for_one_worker(account: str) -> None:
    with ExitStack() as stack:
        assert entered(stack, AccountPace("mailchimp", account, NARROW)) == 3


def test_when_one_worker_was_asked_to_wait_nobody_calls_before_the_time_is_over(account: str) -> None:
    told, other = AccountPace("stripe", account, NARROW), AccountPace("stripe", account, NARROW)
    told.hold(0.4)
    began = time.monotonic()
    for pace in (told, other):
        with pytest.raises(RateLimited) as met:
            pace.wait(time.monotonic() + 0.05)
        assert 0 < (met.value.retry_after or 0) <= 0.4
    other.wait(began + 5)
    assert time.monotonic() - began >= 0.39
    assert calls(AccountPace("stripe", f"{account}-2", SLOW)) == 4, "another account goes on"


@pytest.mark.usefixtures("without_redis")
def test_without_redis_the_worker_that_was_asked_waits(account: str) -> None:
    pace = AccountPace("stripe", account, NARROW)
    pace.hold(5)
    with pytest.raises(RateLimited):
        pace.wait(time.monotonic() + 0.1)
