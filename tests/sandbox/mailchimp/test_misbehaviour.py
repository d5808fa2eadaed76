"""How Mailchimp's double misbehaves: crowds, silence, faults."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.sandbox.mailchimp.conftest import Sandbox, refusal


def crowd(sandbox: Sandbox, number: int) -> list[httpx.Response]:
    sandbox.settings(latency_ms=700)
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: sandbox.api.get("ping"), range(number)))


def most_in_flight(sandbox: Sandbox) -> list[int]:
    accounts = sandbox.control.get("state").json()["mailchimp"]["accounts"]
    return [account["most_in_flight"] for account in accounts]


def test_the_eleventh_connection_of_a_user_is_one_too_many(sandbox: Sandbox) -> None:
    answers = crowd(sandbox, 14)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert {refusal(answer) for answer in refused} == {(429, "Too Many Requests")}
    assert all("Retry-After" not in answer.headers for answer in refused)
    assert 11 <= most_in_flight(sandbox)[0] <= 14
    assert most_in_flight(sandbox)[1] == 0


def test_ten_connections_are_allowed(sandbox: Sandbox) -> None:
    assert {answer.status_code for answer in crowd(sandbox, 10)} == {200}


def test_a_crowd_may_be_refused_without_a_word(sandbox: Sandbox) -> None:
    sandbox.settings(blank_403=True, connections=1)
    refused = [answer for answer in crowd(sandbox, 4) if answer.status_code != 200]
    assert {(answer.status_code, answer.content) for answer in refused} == {(403, b"")}


def test_a_rate_may_be_set(sandbox: Sandbox) -> None:
    sandbox.settings(rate_per_second=0)
    assert refusal(sandbox.api.get("ping")) == (429, "Too Many Requests")
    sandbox.settings(rate_per_second=None)
    assert sandbox.api.get("ping").status_code == 200


def test_faults_speak_mailchimps_language(sandbox: Sandbox) -> None:
    for wish in ({"kind": "status", "status": 503}, {"kind": "rate_limit"}, {"kind": "rate_limit", "retry_after": 7}):
        sandbox.fault(path="/us6/3.0/ping", **wish)
    first, second, third = (sandbox.api.get("ping") for _ in range(3))
    assert refusal(first) == (503, "Service Unavailable")
    assert refusal(second) == refusal(third) == (429, "Too Many Requests")
    assert ("Retry-After" in second.headers, third.headers["Retry-After"]) == (False, "7")


def test_a_failure_may_be_empty(sandbox: Sandbox) -> None:
    sandbox.settings(empty_errors=True)
    sandbox.fault(kind="status", status=500)
    sandbox.fault(kind="status", status=404)
    empty, told = sandbox.api.get("ping"), sandbox.api.get("ping")
    assert (empty.status_code, empty.content) == (500, b"")
    assert refusal(told) == (404, "Resource Not Found")


def test_a_lost_answer_has_done_the_work_and_a_put_repeats_safely(sandbox: Sandbox) -> None:
    sandbox.fault(kind="lost_answer", method="PUT")
    path = sandbox.member_path("lost@example.net")
    body = {"email_address": "lost@example.net", "status_if_new": "pending"}
    with pytest.raises(httpx.TransportError):
        sandbox.api.put(path, json=body)
    assert sandbox.api.put(path, json=body).status_code == 200
    assert len(sandbox.truth()) == 601


def test_the_log_knows_the_account_and_the_route_of_every_call(sandbox: Sandbox) -> None:
    sandbox.control.delete("log")
    sandbox.api.get(sandbox.members_path, params={"count": 1})
    sandbox.api.get(sandbox.member_path("0" * 32))
    sandbox.stranger.get(f"{sandbox.url}/us6/3.0/lists")
    entries = sandbox.control.get("log").json()["entries"]
    assert [entry["merchant"] for entry in entries] == [sandbox.account["id"]] * 2 + [None]
    assert sandbox.control.get("log/counts").json()["by_path"] == {
        "/{dc}/3.0/lists/{list_id}/members": 1,
        "/{dc}/3.0/lists/{list_id}/members/{subscriber_hash}": 1,
        "/{dc}/3.0/lists": 1,
    }
