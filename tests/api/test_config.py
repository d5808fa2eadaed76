"""The wishes that the API takes at a connect, and what it says of them."""

from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from connections import keys, lifecycle
from connections.models import Connection, OAuthToken
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from syncing.models import SyncCursor
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.api.test_connections import CONNECT, SIZES, signed_in_at_square
from tests.factories import ConnectionFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    """A seller with two locations."""
    places = [{"name": name, "currency": "GBP"} for name in ("Main Hall", "Canal Bar")]
    body = {"name": "The Lantern Room", "locations": places, "sizes": SIZES}
    made: dict[str, Any] = sandbox.ask("POST", "/square/merchants", body)
    return made | {"places": list(sandbox.truth(made["id"], "locations"))}


@pytest.fixture
def client(as_user: SignedIn, owner: Any) -> APIClient:
    return as_user(owner)


def test_a_sign_in_takes_the_whole_choice(client: APIClient, seller: dict[str, Any]) -> None:
    wish = {
        "objects": ["order"], "direction": "in", "interval": 30, "chosen": {"location": seller["places"][:1]},
        "begin": "2026-01-01",
    }  # fmt: skip
    signed_in_at_square(client, seller, config=wish)
    config = IntegrationConfig.objects.get()
    assert (config.directions, config.interval_minutes) == ({"order": "in"}, 30)
    assert (config.chosen, config.begin) == ({"location": seller["places"][:1]}, date(2026, 1, 1))


def test_one_in_full_tells_the_choice(client: APIClient, seller: dict[str, Any], openapi: dict[str, Any]) -> None:
    key = {"method": "api_key", "api_key": seller["personal_token"]}
    client.post(CONNECT, key | {"config": {"chosen": {"location": seller["places"]}, "begin": "2026-01-01"}})
    answer = client.get("/api/v1/integrations/square")
    assert answer.json()["settings"]["chosen"] == {"location": seller["places"]}
    assert answer.json()["settings"]["begin"] == "2026-01-01"
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/", "get")


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"objects": ["tickets"]}, "/config/objects/0"),
        ({"interval": 7}, "/config/interval"),
        ({"interval": 15, "interval_minutes": 30}, "/config/interval"),
        ({"direction": "out"}, "/config/direction"),
        ({"begin": "2999-01-01"}, "/config/begin"),
        ({"begin": "soon"}, "/config/begin"),
        ({"chosen": {"location": ["nowhere"]}}, "/config/chosen"),
        ({"chosen": {"audience": ["a"]}}, "/config/chosen"),
        ({"chosen": {"location": []}}, "/config/chosen/location"),
        ({"chosen": ["a"]}, "/config/chosen"),
        ({"colour": "red"}, "/config/colour"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_before_anything_is_stored(
    client: APIClient, seller: dict[str, Any], wish: dict[str, Any], pointer: str
) -> None:
    answer = client.post(CONNECT, {"method": "api_key", "api_key": seller["personal_token"], "config": wish})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert not Connection.objects.exists()
    assert not IntegrationConfig.objects.exists()


def test_a_wrong_key_is_told_before_its_locations_are(client: APIClient, sandbox: Sandbox) -> None:
    body = {"method": "api_key", "api_key": "EAAA" + "x" * 60, "config": {"chosen": {"location": ["L1"]}}}
    assert client.post(CONNECT, body).json()["code"] == "credentials_rejected"


def test_no_first_day_is_a_wish_too(client: APIClient, venue: Venue, seller: dict[str, Any]) -> None:
    signed_in_at_square(client, seller, config={"begin": "2026-01-01"})
    lifecycle.disconnect(Connection.objects.get(), by=None, revoke=False)
    signed_in_at_square(client, seller, config={"begin": None})
    assert IntegrationConfig.objects.get().begin is None


def test_an_account_that_comes_back_with_another_first_day_is_read_anew(
    client: APIClient, venue: Venue, seller: dict[str, Any], owner: Any
) -> None:
    made = keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)
    for each in ("order", "customer"):
        SyncCursor.objects.create(connection=made, object_type=each, position={"since": "x"})
    lifecycle.disconnect(made, by=owner, revoke=False)
    key = {"method": "api_key", "api_key": seller["personal_token"]}
    again = client.post(CONNECT, key | {"config": {"begin": "2026-01-01"}})
    assert (again.status_code, again.json()["connection"]) == (201, str(made.pk))
    positions = dict(SyncCursor.objects.values_list("object_type", "position"))
    assert positions == {"order": {}, "customer": {"since": "x"}}


def test_the_end_of_a_sign_in_and_the_mode_are_told(
    as_user: SignedIn, viewer: Any, venue: Venue, openapi: dict[str, Any]
) -> None:
    ConnectionFactory(venue=venue, account_details={"mode": "test"})
    OAuthToken.objects.update(refresh_ends_at="2026-12-01T12:00:00Z")
    answer = as_user(viewer).get("/api/v1/integrations/square")
    body = answer.json()
    assert (body["test_mode"], body["access"]["refresh_ends_at"]) == (True, "2026-12-01T12:00:00Z")
    assert body["notice"]["message"].startswith("Square asks you to sign in again by 1 Dec")
    assert body["notice"]["action"]["code"] == "reconnect"
    assert body["status"] == "connected"
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/", "get")
