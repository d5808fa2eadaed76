"""Who may call what: every route of the API for every one of the cast."""

from typing import Any, NamedTuple

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
SQUARE = {"filter": {"provider": "square"}}
BATCH = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e99"


class Kind(NamedTuple):
    """How two columns follow from the others: as which of the cast our team and a token are answered, or the status."""

    staff: str | int
    token: str | int


# Of every kind of route a venue that somebody is no member of answers as the stranger is answered.
KINDS = {
    "venue": Kind(staff="stranger", token="owner"),  # a venue's: our team has none there without being a member
    "people": Kind(staff="stranger", token=403),  # a venue's, for people who signed in
    "team": Kind(staff=200, token="owner"),  # for our team, over all venues
    "both": Kind(staff=200, token="owner"),  # a venue's for its members, all venues' for our team
    "anyone": Kind(staff="owner", token="owner"),  # the same for all who are known, or for all
    "page": Kind(staff="owner", token="anonymous"),  # a browser's
}


class Route(NamedTuple):
    """What is asked for, and the status for each of the cast at their own venue; the stranger's is elsewhere."""

    method: str
    path: str
    body: dict[str, Any]
    statuses: tuple[int, int, int, int, int]
    kind: str = "venue"
    staff: int | None = None  # where our team's is another one than the kind says


# route, and what is done there where several things can be: method, path, body, and the status for each of the cast.
# The connection is live, its access is fresh; nothing here reaches a provider: the wrong key is seen to be wrong, and
# no application is set up for a reconnect.
# Deliveries are for nobody who signs in: nobody's signature, nobody's address.
ROUTES: dict[str, Route] = {
    "api-webhook": Route("post", "integrations/webhooks/square", {}, (401, 401, 401, 401, 401), "anyone"),
    "api-webhook-own": Route(
        "get", "integrations/webhooks/square/no-such-address", {}, (404, 404, 404, 404, 404), "anyone"
    ),
    "api-events": Route("get", "integrations/webhooks/square/events", {}, (401, 404, 200, 200, 200)),
    "api-events-retry": Route("post", "integrations/webhooks/retry", SQUARE, (401, 404, 403, 200, 200), "both"),
    "api-force-sync": Route("post", "integrations/admin/force-sync", SQUARE, (401, 403, 403, 403, 403), "team", 202),
    "api-clear-queue": Route("post", "integrations/admin/clear-queue", SQUARE, (401, 403, 403, 403, 403), "team", 409),
    "api-restore": Route(
        "post", "integrations/admin/restore", {"batch": BATCH}, (401, 403, 403, 403, 403), "team", 404
    ),
    "api-dead-letters": Route("get", "integrations/admin/dead-letters", {}, (401, 403, 403, 403, 403), "team"),
    "api-dead-letter": Route(
        "post",
        "integrations/admin/process-dead-letter",
        SQUARE | {"action": "retry"},
        (401, 403, 403, 403, 403),
        "team",
        202,
    ),
    "api-recover-stale": Route("post", "integrations/admin/recover-stale", {}, (401, 403, 403, 403, 403), "team"),
    "api-all-venues": Route("get", "integrations/admin/all-venues", {}, (401, 403, 403, 403, 403), "team"),
    "api-health-summary": Route("get", "integrations/admin/health-summary", {}, (401, 403, 403, 403, 403), "team"),
    "api-costs": Route("get", "integrations/admin/costs", {}, (401, 403, 403, 403, 403), "team"),
    "api-queue-metrics": Route("get", "integrations/admin/queue-metrics", {}, (401, 403, 403, 403, 403), "team"),
    "api-health": Route("get", "integrations/health/square", {}, (401, 404, 200, 200, 200)),
    "api-health-metrics": Route("get", "integrations/health/square/metrics", {}, (401, 404, 200, 200, 200)),
    "api-health-test": Route("post", "integrations/health/square/test", {"of": "it"}, (401, 404, 403, 400, 400)),
    "api-integrations": Route("get", "integrations/", {}, (401, 404, 200, 200, 200)),
    "api-integration": Route("get", "integrations/square", {}, (401, 404, 200, 200, 200)),
    "api-connect": Route("post", "integrations/connect/square", {"method": "oauth"}, (401, 404, 403, 403, 409)),
    "api-disconnect": Route("post", "integrations/square/disconnect", {"revoke": False}, (401, 404, 403, 403, 200)),
    "api-reconnect": Route("post", "integrations/square/reconnect", {}, (401, 404, 403, 403, 409)),
    "api-key": Route("post", "integrations/square/api-key", KEY, (401, 404, 403, 403, 422)),
    "api-refresh": Route("post", "integrations/oauth/refresh/square", {}, (401, 404, 403, 403, 200)),
    "api-sync": Route("post", "integrations/square/sync", {}, (401, 404, 403, 202, 202)),
    "api-sync-preview": Route("post", "integrations/square/sync/preview", NO_OBJECT, (401, 404, 403, 409, 409)),
    "api-sync-stop": Route("post", "integrations/square/sync/stop", {}, (401, 404, 403, 403, 200)),
    "api-sync-status": Route("get", "integrations/square/sync/status", {}, (401, 404, 200, 200, 200)),
    "api-sync-history": Route("get", "integrations/square/sync/history", {}, (401, 404, 200, 200, 200)),
    "api-sync-retry": Route("post", "integrations/square/sync/retry", {}, (401, 404, 403, 200, 200)),
    "api-mappings": Route("get", "integrations/square/mappings", {}, (401, 404, 200, 200, 200)),
    "api-mappings save": Route("put", "integrations/square/mappings", {"rules": []}, (401, 404, 403, 403, 400)),
    "api-mappings-test": Route("post", "integrations/square/mappings/test", CUSTOMERS, (401, 404, 403, 200, 200)),
    "api-mappings-templates": Route("get", "integrations/square/mappings/templates", {}, (401, 404, 200, 200, 200)),
    "api-mappings-templates keep": Route(
        "post",
        "integrations/square/mappings/templates",
        CUSTOMERS | {"name": "Ours"},
        (401, 404, 403, 403, 201),
    ),
    "api-mappings-apply": Route("post", "integrations/square/mappings/apply-template", {}, (401, 404, 403, 403, 400)),
    "api-mappings-heal": Route("post", "integrations/square/mappings/heal", CUSTOMERS, (401, 404, 403, 403, 200)),
    "api-mappings-reset": Route("post", "integrations/square/mappings/reset", {}, (401, 404, 403, 403, 200)),
    "api-fields": Route("get", "integrations/square/fields", {}, (401, 404, 200, 200, 200)),
    "api-records": Route("get", "records/customer", {}, (401, 404, 200, 200, 200)),
    "api-records write": Route("post", "records/customer", NEW_FIELDS, (401, 404, 403, 201, 201)),
    "api-record": Route("get", f"records/customer/{RECORD}", {}, (401, 404, 200, 200, 200)),
    "api-record change": Route("patch", f"records/customer/{RECORD}", FIELDS, (401, 404, 403, 200, 200)),
    "api-record delete": Route("delete", f"records/customer/{RECORD}", {}, (401, 404, 403, 200, 200)),
    "api-tokens": Route("get", "tokens", {}, (401, 404, 200, 200, 200), "people"),
    "api-tokens make": Route("post", "tokens", {"name": "Box office"}, (401, 404, 201, 201, 201), "people"),
    "api-token revoke": Route("delete", f"tokens/{TOKEN}", {}, (401, 404, 404, 404, 404), "people"),
    "api-me": Route("get", "me/integrations", {}, (401, 404, 200, 200, 200)),
    "api-schema": Route("get", "schema/", {}, (401, 200, 200, 200, 200), "anyone"),
    "api-docs": Route("get", "docs/", {}, (302, 200, 200, 200, 200), "page"),
    "api-nowhere": Route("get", "nowhere", {}, (401, 404, 404, 404, 404), "anyone"),
}
# Deliveries and the page of the docs have contracts of their own.
NOT_OURS = {"api-webhook", "api-webhook-own", "api-docs"}
CASES = [
    pytest.param(name, person, route.statuses[place], id=f"{name}-{person}")
    for name, route in ROUTES.items()
    for place, person in enumerate(CAST)
]


def call(client: APIClient, name: str, venue: Venue, slash: str = "", record: str = RECORD) -> Any:
    """Ask for a route at a venue; what our team changes over all venues, at this one among them."""
    method, path, body, _, kind, _ = ROUTES[name]
    address = f"/api/v1/{path.replace(RECORD, record).rstrip('/')}{slash}"
    if method == "get":
        return client.get(address, {} if kind == "team" else {"venue": venue.slug})
    if method == "delete":
        return client.delete(f"{address}?venue={venue.slug}")
    if kind != "team":
        body = body | {"venue": venue.slug}
    elif "filter" in body:
        body = body | {"filter": body["filter"] | {"venue": venue.slug}}
    return getattr(client, method)(address, body)


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
    assert call(bearing(owner, venue, scope), name, venue).status_code == ROUTES[name].statuses[place]


@pytest.mark.parametrize("name", [name for name in ROUTES if ROUTES[name].kind == "team"])
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
    assert call(as_user(owner), name, venue, slash="/").status_code == ROUTES[name].statuses[4]


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if "square" in route.path])
def test_an_unknown_provider_is_not_found(as_user: SignedIn, venue: Venue, owner: Any, name: str) -> None:
    method, path, body, *_ = ROUTES[name]
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
