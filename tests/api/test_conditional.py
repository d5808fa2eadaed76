"""Whoever has an answer already hears 304."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from connections.models import Connection
from integrations.models import Venue
from syncing.models import Record
from tests.api.conftest import SignedIn
from tests.api.rows import log_of
from tests.api.test_routes import RECORD, ROUTES

pytestmark = pytest.mark.django_db
LISTS = {
    name: f"/api/v1/{path}"
    for name, (method, path, *_) in ROUTES.items()
    if method == "get"
    and name not in ("api-webhook-own", "api-docs", "api-nowhere", "api-mappings")
    and not path.startswith(("integrations/admin/", "integrations/health/", "integrations/costs"))  # of a moment each
} | {"api-dead-letters": "/api/v1/integrations/admin/dead-letters"}
HISTORY = "/api/v1/integrations/square/sync/history"


@pytest.fixture
def client(as_user: SignedIn, venue: Venue, connection: Connection, staff: Any) -> APIClient:
    """A venue admin who is staff: every list is his."""
    venue.memberships.create(user=staff, role="venue_admin")
    fields = {"given_name": "Mia"}
    Record.objects.create(id=RECORD, venue=venue, object_type="customer", fields=fields, content_hash="0")
    log_of(connection)
    return as_user(staff)


@pytest.mark.parametrize("name", LISTS)
def test_what_is_as_it_was_is_not_sent_again(client: APIClient, name: str) -> None:
    first = client.get(LISTS[name])
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache")
    again = client.get(LISTS[name], headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert "Content-Type" not in again
    assert {"RateLimit", "RateLimit-Policy", "X-Request-ID", "Vary", "Cache-Control"} <= set(again.headers)


def test_what_changed_is_sent(client: APIClient, connection: Connection) -> None:
    known = {"If-None-Match": client.get(HISTORY)["ETag"]}
    log_of(connection, "order")
    answer = client.get(HISTORY, headers=known)
    assert (answer.status_code, len(answer.json()["results"])) == (200, 2)


def test_another_page_is_another_answer(client: APIClient) -> None:
    known = {"If-None-Match": client.get(HISTORY)["ETag"]}
    assert client.get(f"{HISTORY}?object=order", headers=known).status_code == 200


@pytest.mark.parametrize("given", ["W/{}", '"a", {}, "b"', '"a",W/{}', "*"])
def test_each_way_to_name_what_one_has_is_understood(client: APIClient, given: str) -> None:
    known = client.get(HISTORY)["ETag"]
    assert client.get(HISTORY, headers={"If-None-Match": given.format(known)}).status_code == 304


@pytest.mark.parametrize("given", ["", "nonsense", '"', 'W/""', '"other"', "W/"])
def test_what_names_something_else_is_passed_over(client: APIClient, given: str) -> None:
    assert client.get(HISTORY, headers={"If-None-Match": given}).status_code == 200


def test_the_body_is_as_before_where_only_the_head_is_asked_for(client: APIClient) -> None:
    assert client.head(HISTORY)["ETag"] == client.get(HISTORY)["ETag"]


def test_a_refusal_has_nothing_to_compare(client: APIClient) -> None:
    answer = client.get("/api/v1/integrations/paypal", headers={"If-None-Match": "*"})
    assert (answer.status_code, "ETag" in answer) == (404, False)


def test_a_file_is_sent_whenever_it_is_asked_for(client: APIClient) -> None:
    answer = client.get(f"{HISTORY}?format=csv", headers={"If-None-Match": "*"})
    assert (answer.status_code, "ETag" in answer) == (200, False)


def test_rules_keep_the_etag_that_a_change_has_to_name(client: APIClient) -> None:
    rules = "/api/v1/integrations/square/mappings"
    known = client.get(rules)["ETag"]
    assert known == '"1"'
    assert client.get(rules, headers={"If-None-Match": known}).status_code == 200


def test_nobody_is_told_of_what_another_may_not_see(client: APIClient, as_user: SignedIn, stranger: Any) -> None:
    address = f"/api/v1/records/customer/{RECORD}"
    known = {"If-None-Match": client.get(address)["ETag"]}
    assert as_user(stranger).get(address, headers=known).status_code == 404
