"""Who is told of a change, and whether the signature can be trusted."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from integrations.sandbox.stripe.endpoints import signature
from tests.sandbox.stripe.conftest import PLATFORM, Inbox, Sandbox, error_of


def listen(sandbox: Sandbox, url: str, key: str | None = None, **wishes: str) -> dict[str, Any]:
    form: dict[str, Any] = {"enabled_events[]": "*"} | wishes
    answer = sandbox.post("webhook_endpoints", key, url=url, **form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("moment", "body", "expected"),
    [
        (
            1492774577,
            '{\n  "id": "evt_test_webhook",\n  "object": "event",\n'
            '  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }\n}',
            "d21d91b425674689e03346536b8fec6384a8721d43ebe269a1689a3ad22cba9c",
        ),
        (
            1700000000,
            '{"id":"evt_1","object":"event","type":"charge.refunded","account":"acct_1"}',
            "362726d12e029c9f852ed9b7e318eac258e5dd289f5bc1c433841c620b4a1247",
        ),
    ],
)
def test_the_signer_agrees_with_the_official_one(moment: int, body: str, expected: str) -> None:
    assert signature("whsec_test_secret", moment, body.encode()) == f"t={moment},v1={expected}"


def test_the_secret_is_shown_once(sandbox: Sandbox, inbox: Inbox) -> None:
    made = listen(sandbox, inbox.url, description="Hub")
    known = sandbox.found(f"webhook_endpoints/{made['id']}")
    assert made["secret"].startswith("whsec_")
    assert known == {name: value for name, value in made.items() if name != "secret"}
    assert sandbox.found("webhook_endpoints")["data"] == [known]


def test_endpoints_are_changed_switched_off_and_removed(sandbox: Sandbox, inbox: Inbox) -> None:
    path = f"webhook_endpoints/{listen(sandbox, inbox.url)['id']}"
    changed = sandbox.made(path, disabled="true", **{"enabled_events[]": "price.created", "metadata[hub]": "1"})
    assert (changed["status"], changed["enabled_events"], changed["metadata"]) == (
        "disabled", ["price.created"], {"hub": "1"},
    )  # fmt: skip
    sandbox.edit("create", prices=1)
    assert sandbox.api.delete(f"v1/{path}").json()["deleted"] is True
    assert error_of(sandbox.get(path)) == (404, "resource_missing", "id")
    assert inbox.got == []


@pytest.mark.parametrize(
    "form",
    [
        {"url": "http://example.org/hook"},
        {"url": "ftp://127.0.0.1/hook"},
        {"enabled_events[]": "costumer.updated"},
        {"enabled_events[]": "customer.*"},
        {"connect": "true"},
        {"api_version": "2019-01-01"},
    ],
)
def test_endpoints_that_make_no_sense_are_refused(sandbox: Sandbox, inbox: Inbox, form: dict[str, str]) -> None:
    wish: dict[str, Any] = {"url": inbox.url, "enabled_events[]": "*"} | form
    assert error_of(sandbox.post("webhook_endpoints", **wish))[0] == 400
    assert error_of(sandbox.post("webhook_endpoints", url=inbox.url))[2] == "enabled_events"


def test_a_change_is_delivered_signed_to_account_and_platform(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.connect()
    own = listen(sandbox, inbox.url, **{"enabled_events[]": "customer.updated"})
    connect = listen(sandbox, inbox.url, PLATFORM, connect="true")
    changed = sandbox.edit("change", customers=1)["customers"][0]
    by_account = {event.get("account"): event for event in inbox.wait(2)}
    assert by_account.keys() == {None, sandbox.account_id}
    assert {event["data"]["object"]["id"] for event in by_account.values()} == {changed}
    for signed, body in inbox.got:
        secret = connect["secret"] if b'"account":' in body else own["secret"]
        assert stripe.WebhookSignature.verify_header(body.decode(), signed, secret, 300)


def test_a_platform_hears_nothing_of_accounts_that_are_not_connected(sandbox: Sandbox, inbox: Inbox) -> None:
    listen(sandbox, inbox.url, PLATFORM, connect="true")
    sandbox.edit("change", customers=1)
    assert (
        sandbox.act(
            f"{sandbox.account_id}/deliver", type="customer.updated", id=next(iter(sandbox.truth("customers")))
        )["deliveries"]
        == []
    )
    assert inbox.got == []


@pytest.mark.parametrize(
    ("kind", "deliveries", "is_good"),
    [("now", 1, True), ("duplicate", 2, True), ("reordered", 2, True), ("late", 1, False), ("bad_signature", 1, False)],
)
def test_the_control_plane_delivers_in_every_wanted_way(
    sandbox: Sandbox, inbox: Inbox, kind: str, deliveries: int, is_good: bool
) -> None:
    secret = listen(sandbox, inbox.url)["secret"]
    charge = next(iter(sandbox.truth("charges")))
    told = sandbox.act(f"{sandbox.account_id}/deliver", kind=kind, type="charge.updated", id=charge)
    events = inbox.wait(deliveries)
    assert [one["status"] for one in told["deliveries"]] == [200] * deliveries
    assert [event["id"] for event in events] == told["events"]
    assert len({event["id"] for event in events}) == (2 if kind == "reordered" else 1)
    for signed, body in inbox.got:
        if is_good:
            stripe.Webhook.construct_event(body, signed, secret)
        else:
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body, signed, secret)


def test_only_this_machine_is_ever_called(sandbox: Sandbox) -> None:
    listen(sandbox, "https://example.org/hook")
    charge = next(iter(sandbox.truth("charges")))
    told = sandbox.act(f"{sandbox.account_id}/deliver", type="charge.updated", id=charge)["deliveries"]
    assert (told[0]["status"], "this machine" in told[0]["problem"]) == (None, True)
