"""QuickBooks' own ways: newer events wait, several companies share a POST, and two shapes are about."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import httpx
import pytest

from tests.sandbox.deliveries.conftest import Hook
from tests.sandbox.deliveries.providers import Hooked


@pytest.fixture
def books(hook: Hook) -> Hooked:
    return hook("quickbooks")


def settings(books: Hooked, **wishes: Any) -> None:
    assert books.control.post("quickbooks/settings", json=wishes).status_code == 200


def test_newer_events_are_held_back_until_the_first_is_acknowledged(books: Hooked) -> None:
    books.receiver.answers.extend([500, 503])
    (first,) = books.edit(1)
    books.arrived(1)
    newer = books.edit(3)
    assert (books.counts()["held_back"], books.counts()["pending"], books.told()) == (3, 4, [first])
    books.advance(10)
    books.arrived(2)
    assert (books.counts()["held_back"], books.told()) == (3, [first, first])
    books.advance(20)
    books.flush()
    assert books.told() == [first, first, first, *newer]
    assert (books.counts()["held_back"], len(books.receiver.got)) == (0, 4)


def test_one_post_carries_what_happened_at_several_companies_meanwhile(books: Hooked, state: dict[str, Any]) -> None:
    realms = [company["id"] for company in state["quickbooks"]["accounts"]]
    books.receiver.answers.append(500)
    books.edit(1)
    books.arrived(1)
    for realm in realms:
        books.control.post(f"quickbooks/{realm}/change", json={"Customer": 1, "Item": 1})
    books.flush(hurry=True)
    mixed = json.loads(books.receiver.got[-1].body)
    assert [event["intuitaccountid"] for event in mixed] == [realms[0], realms[0], realms[1], realms[1]]
    assert {event["type"] for event in mixed} == {"qbo.customer.updated.v1", "qbo.item.updated.v1"}


def test_a_post_carries_fifty_events_or_as_many_as_wished(books: Hooked) -> None:
    books.edit(120)
    books.flush()
    assert [len(books.who(post)) for post in books.receiver.got] == [50, 50, 20]
    books.wish(batch=1)
    books.edit(3)
    books.flush()
    assert [len(books.who(post)) for post in books.receiver.got[3:]] == [1, 1, 1]


def test_a_refused_batch_comes_again_as_it_was(books: Hooked) -> None:
    books.receiver.answers.append(500)
    books.edit(5)
    books.arrived(1)
    books.edit(5)
    books.flush(hurry=True)
    first, again, newer = (post.body for post in books.receiver.got)
    assert first == again != newer


def test_time_that_goes_by_makes_a_retry_due_as_well(books: Hooked) -> None:
    settings(books, webhook_retry_seconds=0.01)
    books.control.post("clock", json={"freeze": False})
    books.receiver.answers.extend([500, 500])
    books.edit(1)
    counts = books.flush()
    assert (counts["is_done"], counts["acknowledged"], counts["retried"]) == (True, 1, 2)


def test_both_shapes_may_come_of_every_event(books: Hooked) -> None:
    settings(books, webhook_shape="both")
    changed = books.edit(4)
    counts = books.flush()
    bodies = [json.loads(post.body) for post in books.receiver.got]
    (new,) = (body for body in bodies if isinstance(body, list))
    (old,) = (body for body in bodies if isinstance(body, dict))
    entities = old["eventNotifications"][0]["dataChangeEvent"]["entities"]
    assert [event["intuitentityid"] for event in new] == [entity["id"] for entity in entities] == changed
    assert (counts["announced"], counts["acknowledged"]) == (8, 8)


def test_the_verifier_token_of_the_portal_signs(books: Hooked) -> None:
    settings(books, verifier_token="another-token")
    books.edit(1)
    books.flush()
    (post,) = books.receiver.got
    expected = base64.b64encode(hmac.digest(b"another-token", post.body, "sha256")).decode()
    assert post.headers["intuit-signature"] == expected
    assert books.control.get("state").json()["quickbooks"]["verifier_token"] == "another-token"
    assert books.control.post("quickbooks/settings", json={"verifier_token": ""}).status_code == 400


def test_without_an_endpoint_nothing_is_announced(books: Hooked, control: httpx.Client) -> None:
    settings(books, webhook_url=None)
    books.edit(2)
    assert books.flush()["announced"] == 0
