"""Webhooks in both shapes: signed, for several companies at once, one after the other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from integrations.sandbox.quickbooks.carrier import signature
from tests.sandbox.quickbooks.conftest import Books, Inbox


@pytest.fixture
def hooked(books: Books, inbox: Inbox) -> Books:
    """Events wait until a delivery is asked for."""
    books.settings(webhook_url=inbox.url, webhook_waits=True, webhook_retry_seconds=0)
    return books


def deliver(books: Books, **wish: Any) -> list[dict[str, Any]]:
    answer = books.control.post(f"quickbooks/{books.realm}/deliver", json=wish)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["deliveries"])


def test_the_signature_is_the_one_of_the_published_example() -> None:
    entities = '[{"name":"Customer","id":"1","operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"}]'
    notification = '[{"realmId":"1185883450","dataChangeEvent":{"entities":' + entities + "}}]"
    body = ('{"eventNotifications":' + notification + "}").encode()
    assert signature("b5771f19b12ddb4bcdb9f08bdc50bc63878a", body) == "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFi8Q="


def test_a_change_is_told_as_a_signed_cloud_event(hooked: Books, inbox: Inbox) -> None:
    changed = hooked.edit("change", Customer=1)["Customer"][0]
    deliver(hooked)
    (event,) = inbox.last
    key = hooked.state()["verifier_token"].encode()
    expected = base64.b64encode(hmac.new(key, inbox.bodies[-1], hashlib.sha256).digest()).decode()
    assert inbox.signatures == [expected]
    assert (event["type"], event["intuitentityid"], event["intuitaccountid"]) == (
        "qbo.customer.updated.v1", changed, hooked.realm,
    )  # fmt: skip
    assert len(event["time"]) == len("2025-09-10T21:31:25.179851517Z")


def test_the_legacy_shape_groups_by_company(hooked: Books, inbox: Inbox) -> None:
    hooked.settings(webhook_shape="legacy")
    hooked.edit("create", SalesReceipt=1)
    hooked.edit("delete", SalesReceipt=1)
    hooked.control.post(f"quickbooks/{hooked.others[0]['id']}/change", json={"Item": 1})
    deliver(hooked)
    first, second = inbox.last["eventNotifications"]
    assert (first["realmId"], second["realmId"]) == (hooked.realm, hooked.others[0]["id"])
    operations = [(one["name"], one["operation"]) for one in first["dataChangeEvent"]["entities"]]
    assert operations == [("SalesReceipt", "Create"), ("SalesReceipt", "Delete")]


def test_newer_events_wait_until_the_first_are_acknowledged(hooked: Books, inbox: Inbox) -> None:
    inbox.status = 500
    hooked.edit("change", Customer=1)
    deliver(hooked)
    hooked.edit("change", Item=1)
    deliver(hooked)
    held = [json.loads(body) for body in inbox.bodies]
    assert held[0] == held[1]
    assert hooked.state()["webhooks"] == {"waiting": 1, "held": 1}
    inbox.status = 200
    assert [one["status"] for one in deliver(hooked)] == [200, 200]
    assert inbox.last[0]["type"] == "qbo.item.updated.v1"
    assert hooked.state()["webhooks"] == {"waiting": 0, "held": 0}


def test_events_are_sent_by_themselves_unless_they_shall_wait(hooked: Books, inbox: Inbox) -> None:
    hooked.settings(webhook_waits=False)
    hooked.edit("change", Customer=2)
    deliver(hooked)
    assert sorted(len(json.loads(body)) for body in inbox.bodies) == [2]


def test_one_delivery_may_carry_several_companies(hooked: Books, inbox: Inbox) -> None:
    realms = [hooked.realm, hooked.others[0]["id"], "9999999999999999"]
    deliver(hooked, entity="Invoice", id="6", operation="Void", realms=realms)
    assert [event["intuitaccountid"] for event in inbox.last] == realms
    assert {event["type"] for event in inbox.last} == {"qbo.invoice.voided.v1"}


def test_deliveries_can_be_doubled_turned_around_and_signed_wrongly(hooked: Books, inbox: Inbox) -> None:
    deliver(hooked, kind="duplicate", entity="Item", id="5")
    assert inbox.bodies[0] == inbox.bodies[1]
    deliver(hooked, kind="reordered", entity="Item", id="5")
    assert json.loads(inbox.bodies[2])[0]["time"] > json.loads(inbox.bodies[3])[0]["time"]
    deliver(hooked, kind="bad_signature", entity="Item", id="5")
    assert inbox.signatures[4] != signature(hooked.state()["verifier_token"], inbox.bodies[4])


def test_our_own_writes_are_told_too_and_lists_without_webhooks_are_not(hooked: Books, inbox: Inbox) -> None:
    hooked.written("customer", {"DisplayName": "Echo"})
    hooked.edit("change", CompanyInfo=1)
    deliver(hooked)
    assert [event["type"] for event in inbox.last] == ["qbo.customer.created.v1"]


def test_only_this_machine_is_ever_called(books: Books) -> None:
    books.settings(webhook_url="http://hooks.example.com/x", webhook_waits=True)
    assert deliver(books, entity="Item", id="5")[0]["status"] is None
