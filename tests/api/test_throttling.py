"""How many requests a caller may send in a minute, and how he is told."""

import re
import threading
from typing import Any

import pytest
import redis
from rest_framework.test import APIClient

from integrations import shared, throttling
from integrations.models import Venue
from integrations.shared import Store
from tests.api.conftest import SignedIn
from tests.api.test_routes import NOT_OURS, ROUTES, call
from tests.connections.test_pacing import nobody_listens

pytestmark = pytest.mark.django_db
WIDGET, CUSTOMERS = "/api/v1/me/integrations", "/api/v1/records/customer"
ZOE = {"key": "zoe", "fields": {"given_name": "Zoë"}}
LEFT = re.compile(r'"requests";r=(\d+);t=(\d+)(?:, "writes";r=(\d+);t=(\d+))?')


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE, settings.API_WRITES_PER_MINUTE = 5, 2
    for key in shared.store.scan_iter("backline:api:*"):
        shared.store.delete(key)


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where Redis was."""
    monkeypatch.setattr(throttling, "store", nobody_listens())


def left(answer: Any) -> tuple[int | None, ...]:
    """Return what is left of requests and of writes."""
    found = LEFT.fullmatch(answer["RateLimit"])
    assert found
    assert 0 < int(found[2]) <= 60
    return tuple(None if each is None else int(each) for each in (found[1], found[3]))


def test_every_answer_tells_the_limits_and_what_is_left(as_user: SignedIn, operator: Any) -> None:
    client = as_user(operator)
    first, second, third = client.get(WIDGET), client.post(CUSTOMERS, ZOE), client.get(WIDGET)
    assert {each["RateLimit-Policy"] for each in (first, second)} == {'"requests";q=5;w=60, "writes";q=2;w=60'}
    assert [left(each) for each in (first, second, third)] == [(4, None), (3, 1), (2, None)]


@pytest.mark.parametrize("name", [name for name in ROUTES if name.split()[0] not in NOT_OURS])
def test_every_route_is_counted_whoever_calls(venue: Venue, name: str) -> None:
    answer = call(APIClient(), name, venue)
    assert (answer.status_code, left(answer)[0]) == (401, 4)


def test_who_sends_too_many_is_refused_with_the_time_to_wait(as_user: SignedIn, viewer: Any) -> None:
    client = as_user(viewer)
    assert [client.get(WIDGET).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = client.get(WIDGET)
    assert (refused["Content-Type"], refused.json()["code"]) == ("application/problem+json", "rate_limited")
    assert 0 < int(refused["Retry-After"]) == refused.json()["retry_after"] <= 60
    assert left(refused) == (0, None)


def test_writes_have_a_limit_of_their_own_and_reads_go_on(as_user: SignedIn, operator: Any) -> None:
    client = as_user(operator)
    assert [client.post(CUSTOMERS, ZOE).status_code for _ in range(3)] == [201, 200, 429]
    assert "2 writes in a minute" in client.patch(f"{CUSTOMERS}/{0:032x}", {"fields": {}}).json()["detail"]
    assert client.get(WIDGET).status_code == 200


def test_a_refused_write_has_no_effect(as_user: SignedIn, operator: Any) -> None:
    client = as_user(operator)
    for _ in range(2):
        client.post(CUSTOMERS, ZOE)
    assert client.post(CUSTOMERS, {"key": "mia", "fields": {"given_name": "Mia"}}).status_code == 429
    assert [each["key"] for each in client.get(CUSTOMERS).json()["results"]] == ["zoe"]


def test_each_caller_is_counted_by_himself(as_user: SignedIn, viewer: Any, operator: Any) -> None:
    for _ in range(5):
        as_user(viewer).get(WIDGET)
    assert as_user(viewer).get(WIDGET).status_code == 429
    assert as_user(operator).get(WIDGET).status_code == 200
    assert APIClient().get(WIDGET).status_code == 401


def test_those_who_are_not_signed_in_are_counted_by_their_address(db: None) -> None:
    assert [APIClient().get(WIDGET).status_code for _ in range(6)] == [401] * 5 + [429]
    assert APIClient(REMOTE_ADDR="192.0.2.7").get(WIDGET).status_code == 401


def test_what_is_not_in_order_is_counted_as_well(operator: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(operator)
    answers = [client.generic("POST", CUSTOMERS, b"{", content_type="application/json") for _ in range(3)]
    assert [each.status_code for each in answers] == [403, 403, 429]  # without the token of a form


def test_twenty_at_once_are_counted_as_twenty(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 12
    told: list[bool] = []
    ready = threading.Barrier(20)

    def ask() -> None:
        ready.wait()
        told.append(throttling.take("user:at-once", is_write=False).over is None)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (told.count(True), told.count(False)) == (12, 8)


def test_a_count_ends_by_itself() -> None:
    throttling.take("user:ends", is_write=True)
    ends_in = [int(shared.store.pttl(f"backline:api:user:ends:{name}")) for name in ("requests", "writes")]
    assert all(0 < each <= 60_000 for each in ends_in)


def test_nobody_is_kept_out_while_redis_is_away(as_user: SignedIn, operator: Any, without_redis: None) -> None:
    client = as_user(operator)
    answers = [client.post(CUSTOMERS, ZOE) for _ in range(4)]
    assert [each.status_code for each in answers] == [201, 200, 200, 200]
    assert all("RateLimit" not in each and each["RateLimit-Policy"] for each in answers)


def test_a_redis_that_is_away_is_not_asked_by_every_request(
    without_redis: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert throttling.take("user:away", is_write=False).over is None
    assert [each.message for each in caplog.records] == ["redis.away"]
    monkeypatch.setattr(throttling, "store", shared.store)
    assert throttling.take("user:back", is_write=False).quotas


def test_a_redis_that_takes_no_writes_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def read_only(**_: Any) -> None:
        raise redis.exceptions.ReadOnlyError("You can't write against a read only replica.")

    monkeypatch.setattr(throttling, "_count", read_only)
    monkeypatch.setattr(throttling, "store", Store.at(settings.REDIS_URL))  # one that may be left alone
    assert throttling.take("user:replica", is_write=True).over is None
