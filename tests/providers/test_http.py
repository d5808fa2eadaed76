"""The one way out, against servers that do what servers do on a bad day."""

import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from integrations.providers import http
from integrations.providers.errors import AuthExpired, Invalid, Misconfigured, ProviderError, RateLimited, Transient
from integrations.providers.http import ApiSession
from tests.providers.wire import Reply, answer, cut, drip, endless, silence, wire

TOKEN = "token-canary"
SLOW = b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
WHOLE = answer(b'{"ok": true}')


def classify(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """A provider's dialect in four words."""
    after = headers.get("retry-after")
    if status == 429:
        return RateLimited("slow down", retry_after=float(after) if after else None, status=status)
    return {401: AuthExpired, 400: Invalid}.get(status, Transient)(f"status {status}", status=status)


def session(url: str, **more: Any) -> ApiSession:
    return ApiSession(
        base_url=url, headers={"Accept": "application/json"}, classify=classify,
        authorization=lambda: {"Authorization": f"Bearer {TOKEN}"}, **more,
    )  # fmt: skip


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second for everything, and one try."""
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    monkeypatch.setattr(http, "_TRIES", 1)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    "reply",
    [drip(WHOLE, at_once=len(WHOLE) - 8), drip(WHOLE, at_once=20), drip(WHOLE, at_once=3), silence],
    ids=["body", "headers", "status line", "black hole"],
)
def test_whatever_drips_or_is_silent_ends_with_the_total_deadline(reply: Reply) -> None:
    began = time.monotonic()
    with wire(reply) as server, pytest.raises(Transient):
        session(server.url).get("/v2/things")
    assert time.monotonic() - began < 5


def test_the_total_time_is_that_of_all_tries_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 2.0)
    monkeypatch.setattr(http, "READ_SECONDS", 1.2)
    began = time.monotonic()
    with wire(silence) as server, pytest.raises(Transient):
        session(server.url).get("/v2/things")
    assert time.monotonic() - began < 5
    assert len(server.requests) == 1


@pytest.mark.usefixtures("hurry")
def test_a_session_that_ends_gives_up_the_first_call_and_every_later_one_then() -> None:
    began = time.monotonic()
    with wire(silence) as server:
        ending = session(server.url, until=began + 0.5)
        for _ in range(3):
            with pytest.raises(Transient):
                ending.get("/v2/things")
    assert time.monotonic() - began < 5


def test_a_deadline_does_not_cut_the_calls_that_come_after_it() -> None:
    with wire(drip(WHOLE, at_once=20), WHOLE) as server:
        api = session(server.url)
        with pytest.raises(Transient):
            api.get("/slow")
        assert api.get("/quick").body == {"ok": True}


def test_an_endless_body_ends_at_the_cap_with_flat_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    with wire(endless) as server:
        tracemalloc.start()
        with pytest.raises(Transient) as met:
            session(server.url).get("/v2/things")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert met.value.code == "too_large"
    assert peak < 3 * http.MAX_BYTES


def test_a_redirect_is_not_followed_and_the_token_goes_nowhere() -> None:
    with wire(answer()) as elsewhere, wire(answer(status="302 Found", Location=f"{elsewhere.url}/v2")) as server:
        with pytest.raises(Transient) as met:
            session(server.url).post("/v2/things", {}, repeatable=False)
        assert met.value.code == "redirect"
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "body", [b'{"half": [1, 2', b"<html>busy</html>", b"", b"null", b"[1, 2]", b'"text"', b"\xff\xfe{}"]
)
def test_what_is_not_a_json_object_is_no_answer(body: bytes) -> None:
    with wire(answer(body)) as server, pytest.raises(Transient) as met:
        session(server.url).post("/v2/things", {}, repeatable=False)
    assert met.value.code == "unreadable"


def test_a_head_that_was_cut_off_is_not_taken_for_an_empty_answer() -> None:
    with wire(b"HTTP/1.1 200 OK\r\nContent-Ty") as server, pytest.raises(Transient):
        session(server.url).post("/v2/things", {}, repeatable=False)


def test_a_body_shorter_than_promised_is_no_answer() -> None:
    with wire(answer(b"{}", Content_Length="500")) as server, pytest.raises(Transient) as met:
        session(server.url).post("/v2/things", {}, repeatable=False)
    assert met.value.code == "broken_answer"


def test_no_content_is_an_empty_answer() -> None:
    with wire(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as server:
        got = session(server.url).get("/v2/things")
    assert (got.status, got.body) == (204, {})


def test_access_that_is_over_is_renewed_once_and_the_request_repeated() -> None:
    renewed: list[int] = []
    with wire(answer(status="401 No"), WHOLE) as server:
        got = session(server.url, renew=lambda refused: renewed.append(1)).post(
            "/v2/things", {"a": 1}, repeatable=False
        )
    assert (got.body, renewed, len(server.requests)) == ({"ok": True}, [1], 2)
    assert server.requests[0] == server.requests[1]


def test_access_that_stays_over_is_renewed_only_once() -> None:
    renewed: list[int] = []
    with wire(answer(status="401 No")) as server, pytest.raises(AuthExpired):
        session(server.url, renew=lambda refused: renewed.append(1)).get("/v2/things")
    assert (renewed, len(server.requests)) == ([1], 2)


def test_a_pasted_key_that_is_over_is_not_renewed() -> None:
    with wire(answer(status="401 No")) as server, pytest.raises(AuthExpired):
        session(server.url).get("/v2/things")
    assert len(server.requests) == 1


def test_a_short_wish_to_wait_is_met_here() -> None:
    with wire(SLOW, WHOLE) as server:
        api = session(server.url)
        assert api.post("/v2/things", {}, repeatable=False).body == {"ok": True}
    assert api.meter.seen().waits == (1.0,)


def test_a_long_wish_to_wait_frees_the_worker() -> None:
    with wire(SLOW.replace(b": 1\r\n", b": 120\r\n")) as server, pytest.raises(RateLimited) as met:
        session(server.url).get("/v2/things")
    assert (met.value.retry_after, len(server.requests)) == (120.0, 1)


@pytest.mark.parametrize("reply", [answer(status="500 Oh"), cut], ids=["500", "connection cut"])
def test_what_must_not_be_repeated_is_not_repeated(reply: Reply) -> None:
    with wire(reply, WHOLE) as server, pytest.raises(Transient):
        session(server.url).post("/v2/payments", {}, repeatable=False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [answer(status="500 Oh"), cut], ids=["500", "connection cut"])
def test_what_may_be_repeated_survives_a_short_trouble(reply: Reply) -> None:
    with wire(reply, WHOLE) as server:
        assert session(server.url).post("/v2/search", {}, repeatable=True).body == {"ok": True}
    assert len(server.requests) == 2


def test_a_call_that_nobody_listens_to_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    with wire(WHOLE) as server:
        pass
    api = session(server.url)
    with pytest.raises(Transient) as met:
        api.get("/v2/things")
    assert (met.value.code, api.meter.calls.total()) == ("not_reached", 0)


def test_a_call_whose_answer_is_lost_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    with wire(b"") as server:
        api = session(server.url)
        with pytest.raises(Transient) as met:
            api.get("/v2/things")
    assert (met.value.code, api.meter.calls.total()) == ("no_answer", 1)


def test_a_refusal_is_met_once_and_counted() -> None:
    with wire(answer(b'{"why": 1}', status="400 No")) as server:
        api = session(server.url, call_class=lambda method, url: "search" if url.endswith("/things") else "api")
        with pytest.raises(Invalid):
            api.call("GET", "/v2/things", repeatable=True)
    assert api.meter.seen() == ({"search": 1}, 10, ())


def test_what_was_noted_is_taken_off_and_what_came_meanwhile_stays() -> None:
    meter = http.Meter()
    meter.count("api", 10)
    first = meter.seen()
    meter.count("search", 5)
    meter.noted(first)
    assert meter.seen() == ({"search": 1}, 5, ())


def test_a_path_must_begin_with_a_slash_so_that_no_other_host_is_called() -> None:
    with pytest.raises(Misconfigured):
        session("http://127.0.0.1:9").get("@evil.example/v2")


def test_none_is_left_out_of_a_query_and_lists_repeat() -> None:
    with wire(WHOLE) as server:
        session(server.url).get("/v2/things", {"a": None, "b": "x y", "c": [1, 2]})
    assert server.requests[0].startswith(b"GET /v2/things?b=x+y&c=1&c=2 HTTP/1.1\r\n")


def _broken(url: str) -> list[Callable[[], object]]:
    api = session(url)
    return [lambda: api.get("/v2/things"), lambda: api.get("nowhere")]


def test_neither_the_session_nor_its_errors_hold_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    told = [repr(session("http://127.0.0.1:9")), str(session("http://127.0.0.1:9"))]
    for reply in (cut, answer(b"nonsense"), answer(status="500 Oh"), answer(status="302 Found", Location="/x")):
        with wire(reply) as server:
            for call in _broken(server.url):
                with pytest.raises(ProviderError) as met:
                    call()
                told += [str(met.value), repr(met.value), repr(met.value.__cause__), repr(vars(met.value))]
    assert TOKEN not in "".join(told)
