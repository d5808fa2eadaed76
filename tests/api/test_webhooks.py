"""What the API and the page tell of registrations."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from webhooks.models import WebhookSubscription, WebhookUpkeep

ONE = "/api/v1/integrations/square"
PATH = "/api/v1/integrations/{provider}/"
ADDRESS = "/api/v1/integrations/webhooks/square/…"


@pytest.mark.django_db
def test_what_is_registered_is_told_without_its_token(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    now = timezone.now()
    WebhookSubscription.objects.create(
        connection=connection, provider="square", external_id="wbhk_1", url_token_hash="h" * 64,
        events=["customer.created"], created_at=now, last_received_at=now,
    )  # fmt: skip
    WebhookSubscription.objects.create(
        connection=connection, provider="square", external_id="old", url_token_hash="o" * 64, retired_at=now
    )
    answer = as_user(viewer).get(ONE)
    (told,) = answer.json()["webhooks"]
    assert told.pop("url").endswith(ADDRESS)
    moment = now.isoformat().replace("+00:00", "Z")
    assert told == {
        "active": True, "events": ["customer.created"], "created_at": moment, "last_received_at": moment, "problem": "",
    }  # fmt: skip
    assert "hhhh" not in answer.content.decode()
    assert_as_described(openapi, answer, PATH, "get")


@pytest.mark.django_db
def test_why_nothing_is_registered_is_told(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    problem = "Square does not allow us to be told of changes at once."
    WebhookUpkeep.objects.create(connection=connection, provider="square", problem=problem, failure_class="permission")
    answer = as_user(viewer).get(ONE)
    (told,) = answer.json()["webhooks"]
    assert (told["active"], told["problem"], told["created_at"]) == (False, problem, None)
    assert_as_described(openapi, answer, PATH, "get")
    page = Client()
    page.force_login(viewer)
    assert problem in page.get("/integrations/square/").content.decode()


@pytest.mark.django_db
def test_a_sign_in_is_told_of_the_registration_of_our_application(
    as_user: SignedIn, viewer: Any, connection: Connection
) -> None:
    WebhookSubscription.objects.create(provider="square", external_id="app", url_token_hash="h" * 64)
    WebhookSubscription.objects.create(provider="stripe", external_id="other", url_token_hash="s" * 64)
    assert [each["active"] for each in as_user(viewer).get(ONE).json()["webhooks"]] == [True]
    Connection.objects.update(method="api_key")
    assert as_user(viewer).get(ONE).json()["webhooks"] == []
