"""Who may call what: every route of the API for every one of the cast."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from config import api_urls
from connections.models import Connection
from integrations.contract import Contract
from integrations.models import Role, Venue
from syncing.models import Record
from tests.api.conftest import SignedIn, bearing
from tests.factories import MembershipFactory

FOR_PEOPLE_ONLY = {"api-tokens", "api-token", "api-docs"}  # what no token opens
CAST = ("anonymous", "stranger", "viewer", "operator", "owner")
NO_OBJECT = {"objects": ["location"]}  # one that cannot be sent anywhere
KEY = {"api_key": "not-a-key", "dry_run": True}
TOKEN = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e55"
RECORD = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e80"
FIELDS = {"fields": {"note": "Likes jazz"}}
NEW_FIELDS = {"fields": {"given_name": "Zoë"}}
CUSTOMERS = {"object": "customer"}
# route, and what is done there where several things can be: method, path, body, and the status for each of the cast.
# The connection is live, its access is fresh; nothing here reaches a provider: the wrong key is seen to be wrong, and
# no application is set up for a reconnect.
# Deliveries are for nobody who signs in: nobody's signature, nobody's address.
ROUTES: dict[str, tuple[str, str, dict[str, Any], tuple[int, int, int, int, int]]] = {
    "api-webhook": ("post", "integrations/webhooks/square", {}, (401, 401, 401, 401, 401)),
    "api-webhook-own": ("get", "integrations/webhooks/square/no-such-address", {}, (404, 404, 404, 404, 404)),
    "api-events": ("get", "integrations/webhooks/square/events", {}, (401, 404, 200, 200, 200)),
    "api-events-retry": ("post", "integrations/webhooks/retry", {}, (401, 404, 403, 200, 200)),
    "api-force-sync": ("post", "integrations/admin/force-sync", {}, (401, 403, 403, 403, 403)),
    "api-clear-queue": ("post", "integrations/admin/clear-queue", {}, (401, 403, 403, 403, 403)),
    "api-restore": ("post", "integrations/admin/restore", {}, (401, 403, 403, 403, 403)),
    "api-dead-letters": ("get", "integrations/admin/dead-letters", {}, (401, 403, 403, 403, 403)),
    "api-dead-letter": ("post", "integrations/admin/process-dead-letter", {}, (401, 403, 403, 403, 403)),
    "api-recover-stale": ("post", "integrations/admin/recover-stale", {}, (401, 403, 403, 403, 403)),
    "api-all-venues": ("get", "integrations/admin/all-venues", {}, (401, 403, 403, 403, 403)),
    "api-health-summary": ("get", "integrations/admin/health-summary", {}, (401, 403, 403, 403, 403)),
    "api-costs": ("get", "integrations/admin/costs", {}, (401, 403, 403, 403, 403)),
    "api-queue-metrics": ("get", "integrations/admin/queue-metrics", {}, (401, 403, 403, 403, 403)),
    "api-health": ("get", "integrations/health/square", {}, (401, 404, 200, 200, 200)),
    "api-health-metrics": ("get", "integrations/health/square/metrics", {}, (401, 404, 200, 200, 200)),
    "api-health-test": ("post", "integrations/health/square/test", {"of": "it"}, (401, 404, 403, 400, 400)),
    "api-integrations": ("get", "integrations/", {}, (401, 404, 200, 200, 200)),
    "api-integration": ("get", "integrations/square", {}, (401, 404, 200, 200, 200)),
    "api-connect": ("post", "integrations/connect/square", {"method": "oauth"}, (401, 404, 403, 403, 409)),
    "api-disconnect": ("post", "integrations/square/disconnect", {"revoke": False}, (401, 404, 403, 403, 200)),
    "api-reconnect": ("post", "integrations/square/reconnect", {}, (401, 404, 403, 403, 409)),
    "api-key": ("post", "integrations/square/api-key", KEY, (401, 404, 403, 403, 422)),
    "api-refresh": ("post", "integrations/oauth/refresh/square", {}, (401, 404, 403, 403, 200)),
    "api-sync": ("post", "integrations/square/sync", {}, (401, 404, 403, 202, 202)),
    "api-sync-preview": ("post", "integrations/square/sync/preview", NO_OBJECT, (401, 404, 403, 409, 409)),
    "api-sync-stop": ("post", "integrations/square/sync/stop", {}, (401, 404, 403, 403, 200)),
    "api-sync-status": ("get", "integrations/square/sync/status", {}, (401, 404, 200, 200, 200)),
    "api-sync-history": ("get", "integrations/square/sync/history", {}, (401, 404, 200, 200, 200)),
    "api-sync-retry": ("post", "integrations/square/sync/retry", {}, (401, 404, 403, 200, 200)),
    "api-mappings": ("get", "integrations/square/mappings", {}, (401, 404, 200, 200, 200)),
    "api-mappings save": ("put", "integrations/square/mappings", {"rules": []}, (401, 404, 403, 403, 400)),
    "api-mappings-test": ("post", "integrations/square/mappings/test", CUSTOMERS, (401, 404, 403, 200, 200)),
    "api-mappings-templates": ("get", "integrations/square/mappings/templates", {}, (401, 404, 200, 200, 200)),
    "api-mappings-templates keep": (
        "post",
        "integrations/square/mappings/templates",
        CUSTOMERS | {"name": "Ours"},
        (401, 404, 403, 403, 201),
    ),
    "api-mappings-apply": ("post", "integrations/square/mappings/apply-template", {}, (401, 404, 403, 403, 400)),
    "api-mappings-heal": ("post", "integrations/square/mappings/heal", CUSTOMERS, (401, 404, 403, 403, 200)),
    "api-mappings-reset": ("post", "integrations/square/mappings/reset", {}, (401, 404, 403, 403, 200)),
    "api-fields": ("get", "integrations/square/fields", {}, (401, 404, 200, 200, 200)),
    "api-records": ("get", "records/customer", {}, (401, 404, 200, 200, 200)),
    "api-records write": ("post", "records/customer", NEW_FIELDS, (401, 404, 403, 201, 201)),
    "api-record": ("get", f"records/customer/{RECORD}", {}, (401, 404, 200, 200, 200)),
    "api-record change": ("patch", f"records/customer/{RECORD}", FIELDS, (401, 404, 403, 200, 200)),
    "api-record delete": ("delete", f"records/customer/{RECORD}", {}, (401, 404, 403, 200, 200)),
    "api-tokens": ("get", "tokens", {}, (401, 404, 200, 200, 200)),
    "api-tokens make": ("post", "tokens", {"name": "Box office"}, (401, 404, 201, 201, 201)),
    "api-token revoke": ("delete", f"tokens/{TOKEN}", {}, (401, 404, 404, 404, 404)),
    "api-me": ("get", "me/integrations", {}, (401, 404, 200, 200, 200)),
    "api-schema": ("get", "schema/", {}, (401, 200, 200, 200, 200)),
    "api-docs": ("get", "docs/", {}, (302, 200, 200, 200, 200)),
    "api-nowhere": ("get", "nowhere", {}, (401, 404, 404, 404, 404)),
}
# Deliveries and the page of the docs have contracts of their own.
NOT_OURS = {"api-webhook", "api-webhook-own", "api-docs"}
CASES = [
    pytest.param(name, person, statuses[place], id=f"{name}-{person}")
    for name, (_, _, _, statuses) in ROUTES.items()
    for place, person in enumerate(CAST)
]


def call(client: APIClient, name: str, venue: Venue, slash: str = "") -> Any:
    method, path, body, _ = ROUTES[name]
    address = f"/api/v1/{path.rstrip('/')}{slash}"
    if method == "get":
        return client.get(address, {"venue": venue.slug})
    if method == "delete":
        return client.delete(f"{address}?venue={venue.slug}")
    return getattr(client, method)(address, body | {"venue": venue.slug})


@pytest.fixture(autouse=True)
def _record(request: pytest.FixtureRequest) -> None:
    """The record that the table asks for."""
    if "venue" in request.fixturenames:
        venue = request.getfixturevalue("venue")
        Record.objects.create(
            id=RECORD, venue=venue, object_type="customer", fields={"given_name": "Mia"}, content_hash="0"
        )


@pytest.mark.parametrize(("name", "person", "status"), CASES)
def test_each_route_answers_each_of_the_cast_as_the_table_says(
    request: pytest.FixtureRequest,
    as_user: SignedIn,
    venue: Venue,
    connection: Connection,
    name: str,
    person: str,
    status: int,
) -> None:
    client = APIClient() if person == "anonymous" else as_user(request.getfixturevalue(person))
    assert call(client, name, venue).status_code == status


@pytest.mark.parametrize(("scope", "place"), [("read", 2), ("operate", 3), ("manage", 4)])
@pytest.mark.parametrize("name", [name for name in ROUTES if name.split()[0] not in FOR_PEOPLE_ONLY])
def test_a_token_opens_what_the_role_of_its_scope_does_and_needs_no_csrf_token(
    owner: Any, venue: Venue, connection: Connection, name: str, scope: str, place: int
) -> None:
    assert call(bearing(owner, venue, scope), name, venue).status_code == ROUTES[name][3][place]


@pytest.mark.parametrize("name", [name for name in ROUTES if "admin/" in ROUTES[name][1]])
def test_a_token_of_our_team_does_not_reach_what_is_for_our_team(staff: Any, venue: Venue, name: str) -> None:
    MembershipFactory(venue=venue, user=staff, role=Role.VENUE_ADMIN)
    answer = call(bearing(staff, venue, "manage"), name, venue)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_every_route_of_the_api_is_in_the_table() -> None:
    assert {pattern.name for pattern in api_urls.urlpatterns} == {name.split()[0] for name in ROUTES}


def test_every_route_is_under_the_contract() -> None:
    views = {pattern.name: getattr(pattern.callback, "cls", object) for pattern in api_urls.urlpatterns}
    assert {name for name, view in views.items() if not issubclass(view, Contract)} == NOT_OURS


@pytest.mark.parametrize("name", [name for name in ROUTES if name != "api-nowhere"])
def test_a_slash_at_the_end_makes_no_difference(
    as_user: SignedIn, venue: Venue, connection: Connection, owner: Any, name: str
) -> None:
    assert call(as_user(owner), name, venue, slash="/").status_code == ROUTES[name][3][4]


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if "square" in route[1]])
def test_an_unknown_provider_is_not_found(as_user: SignedIn, venue: Venue, owner: Any, name: str) -> None:
    method, path, body, _ = ROUTES[name]
    answer = getattr(as_user(owner), method)(f"/api/v1/{path.replace('square', 'paypal')}", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_table_of_who_may_call_what_holds_for_a_venue_named_by_its_id(
    as_user: SignedIn, venue: Venue, viewer: Any, stranger: Any
) -> None:
    address = f"/api/v1/integrations/?venue={venue.pk}"
    assert as_user(viewer).get(address).status_code == 200
    assert as_user(stranger).get(address).status_code == 404


def test_a_browser_needs_the_csrf_token_to_change_anything(venue: Venue, connection: Connection, owner: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/api/v1/integrations/square/sync", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
