"""Who is let in, for which account, and what a key may do."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.sandbox.stripe.conftest import PLATFORM, Sandbox, bearing, error_of


def test_bearer_and_basic_open_the_same_door(sandbox: Sandbox) -> None:
    basic = base64.b64encode(f"{sandbox.account['secret_key']}:".encode()).decode()
    answer = sandbox.api.get("v1/account", headers={"Authorization": f"Basic {basic}"})
    assert answer.json()["id"] == sandbox.found("account")["id"] == sandbox.account_id


def test_no_key_a_wrong_key_and_a_publishable_key_open_nothing(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/v1/balance").status_code == 401
    wrong = sandbox.get("balance", "sk_test_51aaaaaaaaaaaaaaaaaaaaaaaaWxYz")
    assert error_of(wrong) == (401, None, None)
    assert "sk_test_" in wrong.text
    assert "WxYz" in wrong.text
    assert "51aaaa" not in wrong.text
    assert error_of(sandbox.get("balance", sandbox.account["publishable_key"]))[0] == 401


def test_a_restricted_key_may_do_what_its_table_says(sandbox: Sandbox) -> None:
    key = sandbox.account["restricted_key"]
    for path in ("account", "balance", "customers", "charges", "payouts", "events", "webhook_endpoints", "invoices"):
        assert sandbox.get(path, key).status_code == 200, path
    paid = next(one for one in sandbox.truth("charges").values() if one["paid"] and not one["amount_refunded"])
    refused = sandbox.post("refunds", key, charge=paid["id"])
    assert error_of(refused)[0] == 403
    assert "'rak_refund_write'" in refused.json()["error"]["message"]
    sandbox.act(f"{sandbox.account_id}/tokens", action="add_scope", scope="rak_refund_write")
    assert sandbox.post("refunds", key, charge=paid["id"]).status_code == 200


def test_a_right_can_be_taken_away_and_the_refusal_names_it(sandbox: Sandbox) -> None:
    left = sandbox.act(f"{sandbox.account_id}/tokens", action="drop_scope", scope="rak_customer_read")
    key = sandbox.account["restricted_key"]
    message = sandbox.get("customers", key).json()["error"]["message"]
    wish = "Having the 'rak_customer_read' permission would allow this request to continue."
    assert message.endswith(f"on account '{sandbox.account_id}'. {wish}")
    assert not {"rak_customer_read", "rak_customer_write"} & set(left["permissions"])
    assert sandbox.get("charges", key).status_code == 200
    assert sandbox.get("charges", key, **{"expand[]": "data.customer"}).status_code == 403
    assert sandbox.get("customers").status_code == 200


def test_keys_expire_and_keys_are_deleted(sandbox: Sandbox) -> None:
    sandbox.act(f"{sandbox.account_id}/tokens", action="expire")
    assert error_of(sandbox.get("customers"))[:2] == (401, "api_key_expired")
    sandbox.act(f"{sandbox.account_id}/tokens", action="revoke", include_keys=True)
    assert error_of(sandbox.get("customers", sandbox.account["restricted_key"]))[:2] == (401, None)
    assert sandbox.get("customers", sandbox.accounts[1]["secret_key"]).status_code == 200


def test_the_platform_speaks_only_for_connected_accounts(sandbox: Sandbox) -> None:
    header = {"Stripe-Account": sandbox.account_id}
    before = sandbox.api.get("v1/customers", headers=bearing(PLATFORM) | header)
    assert error_of(before)[:2] == (403, "account_invalid")
    sandbox.connect()
    after = sandbox.api.get("v1/customers", headers=bearing(PLATFORM) | header)
    assert (after.status_code, after.headers["Stripe-Account"]) == (200, sandbox.account_id)
    assert {one["id"] for one in after.json()["data"]} <= set(sandbox.truth("customers"))
    other = sandbox.api.get("v1/customers", headers=bearing(PLATFORM) | {"Stripe-Account": sandbox.accounts[1]["id"]})
    assert other.status_code == 403
    assert sandbox.found("customers", PLATFORM)["data"] == []
    assert sandbox.get(f"accounts/{sandbox.account_id}", PLATFORM).status_code == 200
    assert sandbox.get(f"accounts/{sandbox.accounts[1]['id']}", PLATFORM).status_code == 403


def test_one_account_never_reaches_into_another(sandbox: Sandbox) -> None:
    foreign = next(iter(sandbox.truth("customers", sandbox.accounts[1]["id"])))
    assert error_of(sandbox.get(f"customers/{foreign}")) == (404, "resource_missing", "id")
    header = {"Stripe-Account": sandbox.accounts[1]["id"]}
    assert error_of(sandbox.api.get("v1/customers", headers=header))[:2] == (403, "account_invalid")


def test_live_and_test_stay_apart(sandbox: Sandbox) -> None:
    opened = sandbox.act("accounts", name="Live Venue", livemode=True, sizes={"customers": 3})
    assert "_live_" in opened["secret_key"]
    assert "_live_" in opened["restricted_key"]
    assert {one["livemode"] for one in sandbox.all("customers", opened["secret_key"])} == {True}
    assert {one["livemode"] for one in sandbox.all("customers")} == {False}
    assert "Live Venue" not in sandbox.ask_consent().text


@pytest.mark.parametrize("header", ["2030-01-01", "2026-10-28", "endive"])
def test_an_unknown_version_is_refused_and_the_known_one_is_echoed(sandbox: Sandbox, header: str) -> None:
    assert error_of(sandbox.api.get("v1/balance", headers={"Stripe-Version": header}))[0] == 400
    answer = sandbox.api.get("v1/balance", headers={"Stripe-Version": "2026-10-28.endive"})
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"
    assert answer.headers["Request-Id"].startswith("req_")


def test_the_log_knows_whose_request_it_was(sandbox: Sandbox) -> None:
    sandbox.found("customers")
    entries = sandbox.control.get("log").json()["entries"]
    assert [(one["path"], one["merchant"]) for one in entries] == [("/v1/customers", sandbox.account_id)]
    sandbox.get("customers/cus_nobody")
    assert "/v1/customers/{id}" in sandbox.control.get("log/counts").json()["by_path"]
