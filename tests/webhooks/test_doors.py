"""Both doors of a disconnect, the page and the API, take along what is registered."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connections.models import Connection
from tests.contract.stage import MAILCHIMP, SQUARE, STRIPE
from tests.provider_sandbox import Sandbox
from tests.webhooks.working import Told, Way, tend
from webhooks.models import WebhookSubscription

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("way", [Way(each, signs_in=False) for each in (SQUARE, STRIPE, MAILCHIMP)], ids=str),
]


def disconnect(told: Told) -> dict[str, str]:
    """Disconnect over the API and return each step's result."""
    client = APIClient()
    client.force_login(told.account.owner)
    path = f"/api/v1/integrations/{told.way.stage.key}/disconnect"
    answer: Any = client.post(path, {"venue": told.connection.venue.slug})
    return {step["step"]: step["result"] for step in answer.json()["steps"]}


def test_the_api_removes_it_and_says_so(told: Told) -> None:
    tend()
    assert disconnect(told)["remove_webhooks"] == "done"
    assert (told.registered_at_all(), Connection.objects.get().status) == (0, "disconnected")


def test_the_page_removes_it(told: Told) -> None:
    tend()
    client = Client()
    client.force_login(told.account.owner)
    venue = told.connection.venue.slug
    answer = client.post(f"/integrations/{told.way.stage.key}/disconnect/?venue={venue}", {"venue": venue})
    assert (answer.status_code, told.registered_at_all()) == (303, 0)


def test_a_removal_that_fails_is_a_warning_and_keeps_no_secret(told: Told, world: Sandbox) -> None:
    tend()
    fault = {"kind": "status", "status": 403, "method": "DELETE", "times": -1}
    world.ask("POST", "/faults", {"provider": told.way.stage.key, **fault})
    steps = disconnect(told)
    assert (steps["remove_webhooks"], steps["destroy_access"]) == ("warning", "done")
    row = WebhookSubscription.objects.get()
    assert (row.active, row.signing_secret, row.previous_secret) == (False, None, None)


def test_a_connection_that_was_lost_ends_all_the_same(told: Told) -> None:
    tend()
    told.account.act("tokens", **(told.way.stage.revoke_key or {}))
    steps = disconnect(told)
    assert (steps["remove_webhooks"], steps["destroy_access"]) == ("warning", "done")


def test_what_was_registered_before_its_answer_was_lost_is_removed_as_well(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.providers.http._TRIES", 1)
    fault = {"kind": "lost_answer", "method": "POST", "times": 1}
    told.sandbox.ask("POST", "/faults", {"provider": told.way.stage.key, **fault})
    tend()
    assert (told.registered_at_all(), told.row().external_id) == (1, "")
    assert disconnect(told)["remove_webhooks"] == "done"
    assert told.registered_at_all() == 0
