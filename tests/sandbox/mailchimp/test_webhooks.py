"""Who is told of a change, from which source, and whether the signature can be trusted."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from integrations.sandbox.mailchimp.hooks import signature
from tests.sandbox.mailchimp.conftest import Inbox, Sandbox, refusal, wrong_fields

EVENTS = dict.fromkeys(("subscribe", "unsubscribe", "profile", "cleaned", "upemail", "campaign"), True)


def hook(sandbox: Sandbox, url: str, *, api: bool = False) -> dict[str, Any]:
    body = {"url": url, "events": EVENTS, "sources": {"user": True, "admin": True, "api": api}}
    answer = sandbox.api.post(f"lists/{sandbox.list_id}/webhooks", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in (header or "t=0,v1=").split(","))
    expected = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


def test_the_signer_agrees_with_the_vector() -> None:
    body = (
        b"type=subscribe&fired_at=2026-03-26+21%3A35%3A57&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054"
        b"&data%5Bemail%5D=api%40mailchimp.com&data%5Bemail_type%5D=html&data%5Bmerges%5D%5BEMAIL%5D=api%40mailchimp.com"
        b"&data%5Bmerges%5D%5BFNAME%5D=Mailchimp"
    )
    expected = "t=1700000000,v1=14c502cc63bbcdf6b869a674e2345a824de5d1e44d2b91355b30e8b1a3c50dbc"
    assert signature("mc_signing_secret_example", 1700000000, body) == expected


def test_the_secret_is_told_once(sandbox: Sandbox, inbox: Inbox) -> None:
    made = hook(sandbox, inbox.url)
    assert (made["signing_enabled"], len(made["signing_secret"]) >= 32) == (True, True)
    shown = sandbox.api.get(f"lists/{sandbox.list_id}/webhooks/{made['id']}").json()
    assert made == shown | {"signing_secret": made["signing_secret"]}
    assert sandbox.api.get(f"lists/{sandbox.list_id}/webhooks").json()["webhooks"] == [shown]


def test_changes_of_the_venue_are_delivered_signed(sandbox: Sandbox, inbox: Inbox) -> None:
    made = hook(sandbox, inbox.url)
    changed = sandbox.act("change", members=1, what="name")["members"][0]
    form = inbox.wait(1)[0]
    member = sandbox.api.get(sandbox.member_path(changed)).json()
    assert (form["type"], form["data[email]"], form["data[list_id]"]) == (
        "profile", member["email_address"], sandbox.list_id,
    )  # fmt: skip
    assert form["data[merges][LNAME]"] == member["merge_fields"]["LNAME"]
    assert (form["data[id]"], len(form["fired_at"])) == (member["unique_email_id"], 19)
    assert is_signed(made["signing_secret"], *inbox.got[0])


def test_every_kind_of_change_has_its_event(sandbox: Sandbox, inbox: Inbox) -> None:
    hook(sandbox, inbox.url)
    sandbox.act("create", members=1)
    assert inbox.wait(1)[-1]["type"] == "subscribe"
    sandbox.act("change", members=1, what="status")
    left = inbox.wait(1)[-1]
    assert (left["type"], left["data[action]"], left["data[reason]"]) == ("unsubscribe", "unsub", "manual")
    sandbox.act("change", members=1, what="email")
    both = {form["type"]: form for form in inbox.wait(2)[-2:]}
    assert both.keys() == {"upemail", "profile"}
    assert both["upemail"]["data[new_email]"] == both["profile"]["data[email]"]
    sandbox.act("change", members=1, what="address")
    assert inbox.wait(1)[-1]["data[merges][ADDRESS][city]"] == "London"


def test_our_own_writes_come_back_only_if_wanted(sandbox: Sandbox, inbox: Inbox) -> None:
    made = hook(sandbox, inbox.url)
    known = sandbox.somebody()
    sandbox.api.patch(sandbox.member_path(known["id"]), json={"merge_fields": {"LNAME": "Ours"}})
    sandbox.act("create", members=1)
    assert inbox.wait(1)[-1]["type"] == "subscribe"
    sources = {"sources": {"api": True}}
    sandbox.api.patch(f"lists/{sandbox.list_id}/webhooks/{made['id']}", json=sources)
    sandbox.api.patch(sandbox.member_path(known["id"]), json={"merge_fields": {"LNAME": "Again"}})
    assert [form["type"] for form in inbox.wait(1)] == ["subscribe", "profile"]


def test_the_older_kind_is_not_signed(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.settings(sign_webhooks=False)
    made = hook(sandbox, inbox.url)
    assert not {"signing_enabled", "signing_secret"} & set(made)
    sandbox.act("create", members=1)
    inbox.wait(1)
    assert inbox.got[0][0] is None


@pytest.mark.parametrize(("kind", "deliveries"), [("now", 1), ("duplicate", 2), ("reordered", 2), ("bad_signature", 1)])
def test_the_control_plane_delivers_in_every_wanted_way(
    sandbox: Sandbox, inbox: Inbox, kind: str, deliveries: int
) -> None:
    secret = hook(sandbox, inbox.url)["signing_secret"]
    told = sandbox.act("deliver", type="unsubscribe", id=sandbox.somebody()["id"], kind=kind)["deliveries"]
    forms = inbox.wait(deliveries)
    assert [one["status"] for one in told] == [200] * deliveries
    times = [form["fired_at"] for form in forms]
    assert (len(set(times)), times == sorted(times, reverse=True)) == (2 if kind == "reordered" else 1, True)
    assert all(is_signed(secret, *one) for one in inbox.got) == (kind != "bad_signature")


@pytest.mark.parametrize("event", list(EVENTS))
def test_every_event_can_be_sent_at_will(sandbox: Sandbox, inbox: Inbox, event: str) -> None:
    hook(sandbox, inbox.url)
    sandbox.act("deliver", type=event, id=sandbox.somebody()["email_address"])
    form = inbox.wait(1)[0]
    assert (form["type"], form["data[list_id]"]) == (event, sandbox.list_id)


def test_the_address_must_answer_before_it_is_taken(sandbox: Sandbox, inbox: Inbox) -> None:
    path = f"lists/{sandbox.list_id}/webhooks"
    inbox.get_status = 404
    assert wrong_fields(sandbox.api.post(path, json={"url": inbox.url})) == ["url"]
    assert wrong_fields(sandbox.api.post(path, json={"url": "http://127.0.0.1:1/x"})) == ["url"]
    assert wrong_fields(sandbox.api.post(path, json={"url": "https://hooks.example/x"})) == ["url"]
    assert wrong_fields(sandbox.api.post(path, json={"url": inbox.url, "events": {"opened": True}})) == [
        "events.opened"
    ]
    assert sandbox.api.get(path).json()["total_items"] == 0


def test_a_webhook_is_unique_and_can_be_removed(sandbox: Sandbox, inbox: Inbox) -> None:
    path, made = f"lists/{sandbox.list_id}/webhooks", hook(sandbox, inbox.url)
    assert wrong_fields(sandbox.api.post(path, json={"url": inbox.url, "events": EVENTS})) == ["url"]
    assert sandbox.api.delete(f"{path}/{made['id']}").status_code == 204
    assert refusal(sandbox.api.get(f"{path}/{made['id']}")) == (404, "Resource Not Found")
