"""Versions, limits, the meter, faults, and the trace that every answer carries."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.sandbox.quickbooks.conftest import Books, api_of, fault_of


@pytest.mark.parametrize("version", ["74", "4", "0", "new", "", "750"])
def test_old_minor_versions_are_not_supported(books: Books, version: str) -> None:
    assert fault_of(books.api.get("customer/1", params={"minorversion": version})) == (400, "500")
    assert books.api.get("customer/1").status_code == 200


def test_every_answer_has_a_trace(books: Books) -> None:
    answers = [books.api.get("customer/1"), books.api.get("customer/0"), httpx.get(f"{books.url}/nowhere"),
               books.refresh("x"), api_of(books.url, books.realm, "x").get("customer/1")]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 400, 404, 400, 401]
    assert len({answer.headers["intuit_tid"] for answer in answers}) == 5


def test_five_hundred_calls_a_minute_are_the_limit(books: Books) -> None:
    books.freeze()
    books.settings(per_minute=3, throttle_shape="json")
    statuses = [books.api.get("customer/1").status_code for _ in range(4)]
    books.advance(60)
    assert statuses == [200, 200, 200, 429]
    assert books.api.get("customer/1").status_code == 200


@pytest.mark.parametrize(
    ("shape", "status", "begin"),
    [("xml", 429, "<?xml"), ("json", 429, '{"warnings"'), ("fault", 429, '{"Fault"'), ("403", 403, '{"warnings"')],
)
def test_too_many_calls_are_refused_in_four_shapes(books: Books, shape: str, status: int, begin: str) -> None:
    books.settings(per_minute=0, throttle_shape=shape)
    refused = books.api.get("customer/1")
    assert (refused.status_code, refused.text.startswith(begin)) == (status, True)
    assert "errorCode=003001" in refused.text
    assert "retry-after" not in refused.headers


def test_a_fault_can_ask_for_patience(books: Books) -> None:
    books.fault(kind="rate_limit", path="/v3/company", retry_after=7)
    refused = books.api.get("customer/1")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert refused.headers["content-type"].startswith("application/xml")
    assert books.api.get("customer/1").status_code == 200


def test_ten_calls_at_once_are_the_limit(books: Books) -> None:
    books.settings(latency_ms=400, in_flight=2, throttle_shape="json")
    statuses: list[int] = []

    def call() -> None:
        with api_of(books.url, books.realm, books.account["credentials"]["access_token"]) as api:
            statuses.append(api.get("customer/1").status_code)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(429) + statuses.count(200) == 6
    assert 1 <= books.state()["accounts"][0]["most_in_flight"] <= 2
    books.settings(in_flight=0)
    assert books.api.get("customer/1").status_code == 429


def test_reads_and_writes_are_metered_apart(books: Books) -> None:
    books.api.get("customer/1")
    books.ask("SELECT * FROM Term")
    books.written("class", {"Name": "Matinées"})
    items = [{"bId": "1", "Query": "SELECT * FROM Term"},
             {"bId": "2", "operation": "create", "Class": {"Name": "Late shows"}}]  # fmt: skip
    books.write("batch", {"BatchItemRequest": items})
    books.refresh(books.account["credentials"]["refresh_token"])
    calls = books.control.get(f"quickbooks/{books.realm}/counts").json()["calls"]
    assert list(calls.values()) == [{"core": 2, "coreplus": 3}]
    assert books.state()["coreplus_this_month"] == 3


def test_the_cap_blocks_reads_until_the_next_month_and_never_writes(books: Books) -> None:
    books.freeze()
    books.settings(coreplus_cap=1)
    assert books.api.get("customer/1").status_code == 200
    assert fault_of(books.api.get("customer/1")) == (403, "3002")
    assert books.write("class", {"Name": "Matinées"}).status_code == 200
    books.advance(32 * 86_400)
    token = books.tokens("grant")["access_token"]
    assert api_of(books.url, books.realm, token).get("customer/1").status_code == 200


def test_failures_have_the_shape_of_a_system_fault(books: Books) -> None:
    books.fault(kind="status", status=503, path="/v3/company")
    refused = books.api.get("customer/1")
    assert fault_of(refused) == (503, "10000")
    assert refused.json()["Fault"]["type"] == "SystemFault"


def test_unknown_settings_and_sizes_are_refused(books: Books) -> None:
    for wish in ({"speed": 1}, {"throttle_shape": "yaml"}, {"page_size": 0}, {"webhook_waits": 1}):
        assert books.control.post("quickbooks/settings", json=wish).status_code == 400
    assert books.control.post("reset", json={"sizes": {"quickbooks": {"customers": 5}}}).status_code == 400
    assert books.control.post("quickbooks/accounts", json={"name": "x", "currency": "XTS"}).status_code == 400


def test_the_same_seed_makes_the_same_company(books: Books) -> None:
    before = books.truth("Customer")
    state = books.control.post("reset", json={"seed": 7}).json()["quickbooks"]
    other = books.control.post("reset", json={"seed": 8}).json()["quickbooks"]
    assert state["accounts"][0]["id"] == books.realm != other["accounts"][0]["id"]
    books.control.post("reset", json={"seed": 7})
    names = {record_id: one["DisplayName"] for record_id, one in books.truth("Customer").items()}
    assert names == {record_id: one["DisplayName"] for record_id, one in before.items()}


def test_the_people_are_those_of_the_same_venue_at_square(books: Books) -> None:
    square = books.control.get("state").json()["square"]["merchants"][0]["id"]
    lines = books.control.get(f"square/{square}/truth", params={"kind": "customers"}).text
    shared = [one["PrimaryEmailAddr"]["Address"] in lines for one in books.truth("Customer").values()
              if "PrimaryEmailAddr" in one]  # fmt: skip
    assert sum(shared) > len(shared) / 2
