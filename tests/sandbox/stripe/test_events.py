"""What happened, as it can be read again: thirty days of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.stripe.conftest import PLATFORM, Inbox, Sandbox, bearing, error_of

MONTH = 30 * 86400


def test_every_change_leaves_an_event_with_what_was_before(sandbox: Sandbox) -> None:
    before = sandbox.truth("customers")
    changed = sandbox.edit("change", customers=5)["customers"]
    told = sandbox.all("events", type="customer.updated")
    assert {one["data"]["object"]["id"] for one in told} == set(changed)
    for event in told:
        now, was = event["data"]["object"], event["data"]["previous_attributes"]
        old = before[now["id"]]
        assert was
        for name, value in was.items():
            if isinstance(value, dict):
                assert all(old[name].get(key) == one for key, one in value.items())
            else:
                assert old[name] == value != now[name]
        assert event["request"] == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize("kind", ["customers", "products", "prices", "charges", "refunds", "payouts", "invoices"])
def test_a_reader_of_events_knows_the_truth_after_changes(sandbox: Sandbox, kind: str) -> None:
    known = sandbox.truth(kind)
    changed = sandbox.edit("change", **{kind: 4})[kind]
    for event in reversed(sandbox.all("events", type=f"{kind.removesuffix('s')}.updated")):
        known[event["data"]["object"]["id"]] = event["data"]["object"]
    assert len(changed) == 4
    assert known == sandbox.truth(kind)


def test_deletions_are_told_with_what_was_deleted(sandbox: Sandbox) -> None:
    gone = sandbox.edit("delete", customers=2, products=1)
    told = sandbox.all("events", **{"types[0]": "customer.deleted", "types[1]": "product.deleted"})
    assert {one["data"]["object"]["id"] for one in told} == {*gone["customers"], *gone["products"]}
    assert len(gone["products"]) == 1


def test_our_own_writes_carry_our_key(sandbox: Sandbox) -> None:
    answer = sandbox.post("customers", headers={"Idempotency-Key": "hub-1"}, name="A")
    event = sandbox.all("events", type="customer.created")[0]
    assert event["request"] == {"id": answer.headers["Request-Id"], "idempotency_key": "hub-1"}
    assert (event["api_version"], event["livemode"]) == ("2026-10-28.endive", False)


def test_a_product_that_brings_its_price_is_told_in_three_events(sandbox: Sandbox) -> None:
    form = {"name": "Matinée", "default_price_data[currency]": "gbp", "default_price_data[unit_amount]": "900"}
    made = sandbox.made("products", **form)
    told = sandbox.found("events", limit=3)["data"]
    assert [one["type"] for one in told] == ["product.updated", "price.created", "product.created"]
    assert told[0]["data"]["object"] == made == sandbox.truth("products")[made["id"]]


def test_a_sale_is_told_in_three_events(sandbox: Sandbox) -> None:
    charge = sandbox.edit("create", charges=1)["charges"][0]
    told = sandbox.found("events", limit=3)["data"]
    assert [one["type"] for one in told] == [
        "checkout.session.completed", "payment_intent.succeeded", "charge.succeeded",
    ]  # fmt: skip
    assert told[2]["data"]["object"]["id"] == charge


def test_records_that_nobody_touched_have_events_of_the_last_month(sandbox: Sandbox) -> None:
    now = sandbox.control.get("state").json()["clock"]["now_ms"] // 1000
    charges = [one for one in sandbox.truth("charges").values() if one["paid"] and one["created"] > now - MONTH]
    told = sandbox.all("events", type="charge.succeeded")
    assert {one["data"]["object"]["id"] for one in told} == {one["id"] for one in charges}
    every = sandbox.all("events")
    assert [one["created"] for one in every] == sorted((one["created"] for one in every), reverse=True)
    assert len({one["id"] for one in every}) == len(every)
    one = every[len(every) // 2]
    assert sandbox.found(f"events/{one['id']}") == one
    assert min(one["created"] for one in every) > now - MONTH - 5


def test_after_a_month_an_event_is_gone(sandbox: Sandbox) -> None:
    sandbox.edit("change", customers=1)
    event = sandbox.found("events", limit=1)["data"][0]
    sandbox.advance(MONTH)
    assert sandbox.found("events")["data"] == []
    assert error_of(sandbox.get(f"events/{event['id']}")) == (404, "resource_missing", "id")
    assert error_of(sandbox.get("events", starting_after=event["id"]))[2] == "starting_after"


def test_types_are_chosen_by_name_by_group_or_by_list(sandbox: Sandbox) -> None:
    sandbox.edit("change", customers=2, products=1)
    kinds = {one["type"] for one in sandbox.all("events", type="customer.*")}
    assert "customer.updated" in kinds
    assert all(kind.startswith("customer.") for kind in kinds)
    wanted: dict[str, Any] = {"types[]": ["customer.updated", "product.updated"]}
    listed = sandbox.all("events", **wanted)
    assert len(listed) == 3


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "costumer.updated"},
        {"types[]": "customer.*"},
        {"types[]": "nothing.happened"},
        {"type": "charge.failed", "types[]": "charge.failed"},
        {"delivery_success": "yes"},
        {f"types[{place}]": "charge.failed" for place in range(21)},
    ],
)
def test_other_choices_are_refused(sandbox: Sandbox, asked: dict[str, Any]) -> None:
    assert sandbox.get("events", **asked).status_code == 400


def test_created_limits_events_too(sandbox: Sandbox) -> None:
    sandbox.edit("change", customers=2)
    moment = sandbox.found("events", limit=1)["data"][0]["created"]
    sandbox.advance(100)
    sandbox.edit("change", products=1)
    late = sandbox.all("events", **{"created[gt]": moment + 50})
    assert [one["type"] for one in late] == ["product.updated"]


def test_events_that_were_not_delivered_can_be_asked_for(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.made("webhook_endpoints", url=inbox.url, **{"enabled_events[]": "*"})
    inbox.status = 500
    lost = sandbox.edit("change", customers=1)["customers"]
    inbox.wait(1)
    inbox.status = 200
    sandbox.act(f"{sandbox.account_id}/deliver", type="customer.updated", id=lost[0])
    missed = sandbox.all("events", delivery_success="false")
    assert [(one["data"]["object"]["id"], one["pending_webhooks"]) for one in missed] == [(lost[0], 1)]
    assert len(sandbox.all("events", delivery_success="true", type="customer.updated")) == 1


def test_the_platform_is_told_which_account_an_event_is_about(sandbox: Sandbox) -> None:
    sandbox.connect()
    sandbox.edit("change", customers=1)
    header = bearing(PLATFORM) | {"Stripe-Account": sandbox.account_id}
    events = sandbox.api.get("v1/events", headers=header).json()["data"]
    assert {one["account"] for one in events} == {sandbox.account_id}
    assert "account" not in sandbox.found("events")["data"][0]
