"""How Stripe has a bad day when it is told to."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.stripe.conftest import Sandbox


def test_too_many_requests_say_so_without_saying_how_long(sandbox: Sandbox) -> None:
    sandbox.settings(rate_per_second=3)
    answers = [sandbox.get("balance") for _ in range(8)]
    limited = next(one for one in answers if one.status_code == 429)
    assert limited.json()["error"]["code"] == "rate_limit"
    assert limited.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert "Retry-After" not in limited.headers
    assert limited.headers["Request-Id"].startswith("req_")


def test_a_limit_counts_each_account_by_itself(sandbox: Sandbox) -> None:
    sandbox.settings(rate_per_second=1)
    assert sandbox.get("balance").status_code == 200
    assert sandbox.get("balance", sandbox.accounts[1]["secret_key"]).status_code == 200


def test_a_wait_is_named_when_wanted(sandbox: Sandbox) -> None:
    sandbox.fault(kind="rate_limit", retry_after=7, path="/v1/customers")
    limited = sandbox.get("customers")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert sandbox.get("customers").status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503])
def test_failures_have_the_shape_of_an_api_error(sandbox: Sandbox, status: int) -> None:
    sandbox.fault(kind="status", status=status)
    failed = sandbox.get("customers")
    assert (failed.status_code, failed.json()["error"]["type"]) == (status, "api_error")
    assert "Request-Id" in failed.headers


def test_a_write_with_a_lost_answer_is_there_and_is_replayed(sandbox: Sandbox) -> None:
    key = {"Idempotency-Key": "k"}
    sandbox.fault(kind="lost_answer", method="POST", path="/v1/customers")
    with pytest.raises(httpx.TransportError):
        sandbox.post("customers", headers=key, name="Once")
    assert len(sandbox.truth("customers")) == 121
    assert sandbox.post("customers", headers=key, name="Once").headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.truth("customers")) == 121
