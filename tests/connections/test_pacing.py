"""The pace of one account: shared by all workers through Redis, kept by this one when Redis is away."""

import socket
import time
import uuid

import pytest

from connections import pacing
from connections.pacing import AccountPace
from integrations.providers.base import Limits
from integrations.providers.errors import RateLimited

SLOW = Limits(calls_per_second=0.01, burst=4)


@pytest.fixture
def account() -> str:
    return f"test-{uuid.uuid4()}"


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(pacing, "_take", pacing._script(f"redis://127.0.0.1:{port}"))


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
