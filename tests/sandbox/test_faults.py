"""How the sandbox misbehaves on request, and how it is steered."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import ROOT, Sandbox, error_of


def locations(sandbox: Sandbox) -> httpx.Response:
    return sandbox.square.get("v2/locations")


def test_a_fault_skips_fires_and_is_counted(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=503, path="/v2/locations", skip=1, times=2)
    assert [locations(sandbox).status_code for _ in range(4)] == [200, 503, 503, 200]
    assert sandbox.control.get("faults").json()[0]["fired"] == 2
    assert sandbox.control.delete("faults").json() == []


def test_a_rate_limit_says_when_to_come_back_if_told_to(sandbox: Sandbox) -> None:
    sandbox.fault(kind="rate_limit", retry_after=7)
    sandbox.fault(kind="rate_limit")
    first, second = locations(sandbox), locations(sandbox)
    assert (error_of(first)[:2], first.headers["Retry-After"]) == ((429, "RATE_LIMITED"), "7")
    assert (second.status_code, "Retry-After" in second.headers) == (429, False)


def test_only_the_wanted_method_and_path_are_hit(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=500, method="POST", path="/v2/customers", times=-1)
    assert locations(sandbox).status_code == 200
    assert sandbox.square.get("v2/customers").status_code == 200
    assert sandbox.square.post("v2/customers/search", json={}).status_code == 500


def test_a_reset_connection_has_done_nothing(sandbox: Sandbox) -> None:
    sandbox.fault(kind="reset", path="/v2/customers")
    with pytest.raises(httpx.TransportError):
        sandbox.square.post("v2/customers", json={"given_name": "Ottoline"})
    assert len(sandbox.truth("customers")) == 250


def test_a_lost_answer_has_done_the_work_once(sandbox: Sandbox) -> None:
    sandbox.fault(kind="lost_answer", path="/v2/customers")
    wish = {"given_name": "Ottoline", "idempotency_key": "k"}
    with pytest.raises(httpx.TransportError):
        sandbox.square.post("v2/customers", json=wish)
    assert len(sandbox.truth("customers")) == 251
    assert sandbox.square.post("v2/customers", json=wish).status_code == 200
    assert len(sandbox.truth("customers")) == 251


def test_pages_that_are_not_json_come_as_html_or_cut_in_half(sandbox: Sandbox) -> None:
    sandbox.fault(kind="html")
    sandbox.fault(kind="malformed")
    page, half = locations(sandbox), locations(sandbox)
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert half.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        half.json()


def test_a_dripping_answer_outlasts_a_total_deadline(sandbox: Sandbox) -> None:
    sandbox.fault(kind="drip")
    with (
        httpx.Client(base_url=sandbox.square_url, headers=sandbox.square.headers) as square,
        square.stream("GET", "v2/locations") as answer,
    ):
        start = time.monotonic()
        got = b"".join(chunk for chunk, _ in zip(answer.iter_raw(), range(2), strict=False))
    assert 0.5 < time.monotonic() - start < 5
    assert len(got) < 5


def test_a_delay_and_a_rate_per_second_hold_callers_up(sandbox: Sandbox) -> None:
    sandbox.fault(kind="delay", seconds=0.3)
    start = time.monotonic()
    assert locations(sandbox).status_code == 200
    assert time.monotonic() - start > 0.3
    sandbox.settings(rate_per_second=3)
    time.sleep(1)
    assert [locations(sandbox).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"provider": "square", "kind": "explode"}),
        ("faults", {"provider": "shopify", "kind": "reset"}),
        ("faults", {"provider": "square", "kind": "reset", "path": "v2"}),
        ("clock", {"forward": 3}),
        ("clock", {"set": "tomorrow"}),
        ("square/settings", {"page_sise": 3}),
        ("square/merchants", {"nom": "x"}),
        ("reset", {"sizes": {"square": {"clients": 4}}}),
        ("reset", {"sizes": {"customers": 4}}),
        ("square/nobody/change", {"customers": 1}),
    ],
)
def test_an_unclear_wish_is_answered_with_a_sentence(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    answer = sandbox.control.post(path, json=body)
    assert (answer.status_code, len(answer.json()["error"]) > 15) == (400, True)


def test_the_control_plane_refuses_a_foreign_host_name(sandbox: Sandbox) -> None:
    assert sandbox.control.get("state", headers={"Host": "evil.example"}).status_code == 403


def test_the_log_tells_who_asked_for_what(sandbox: Sandbox) -> None:
    sandbox.control.delete("log")
    sandbox.square.get("v2/customers", params={"limit": 3}, headers={"X-Request-Id": "r-1"})
    sandbox.square.get("v2/customers/nobody")
    first, second = sandbox.control.get("log").json()["entries"]
    assert first | {"at": "", "bytes_out": 0} == {
        "n": 1, "at": "", "provider": "square", "merchant": sandbox.merchant_id, "method": "GET",
        "path": "/v2/customers", "query": "limit=3", "status": 200, "bytes_out": 0, "client_request_id": "r-1",
    }  # fmt: skip
    assert [second] == sandbox.control.get("log", params={"since": 1}).json()["entries"]
    counts = sandbox.control.get("log/counts").json()
    assert (counts["total"], counts["by_path"]) == (2, {"/v2/customers": 1, "/v2/customers/{customer_id}": 1})


def test_the_clock_can_be_set_frozen_and_moved(sandbox: Sandbox) -> None:
    sandbox.control.post("clock", json={"set": "2031-01-01T00:00:00Z", "freeze": True})
    moved = sandbox.control.post("clock", json={"advance_seconds": 90}).json()
    assert (moved["now"], moved["is_frozen"]) == ("2031-01-01T00:01:30.000Z", True)


def test_it_will_not_listen_beyond_this_machine() -> None:
    command = [sys.executable, "-m", "integrations.sandbox", "--host", "0.0.0.0"]  # noqa: S104
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (refused.returncode, "loopback" in refused.stderr) == (2, True)
