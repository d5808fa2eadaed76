"""How the API refuses."""

from typing import Any

import pytest

from connections.models import Connection, Status
from integrations.models import Integration, Venue
from tests.api.conftest import SignedIn
from tests.factories import ConnectionFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def test_a_refusal_is_a_problem_document(as_user: SignedIn, operator: Any) -> None:
    answer = as_user(operator).post("/api/v1/integrations/connect/square", {"method": "oauth"})
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body.pop("request_id")
    assert body == {
        "type": "/problems/forbidden/",
        "title": "Your role does not allow this",
        "status": 403,
        "detail": "You are operator at The Lantern Room; this needs the role venue admin. "
        "A venue admin can give it to you.",
        "code": "forbidden",
        "instance": "/api/v1/integrations/connect/square",
    }


def test_unknown_fields_are_refused_by_name(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    answer = as_user(owner).post("/api/v1/integrations/square/sync", {"modus": "full", "objects": ["unicorn"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    told = "There is no such field. Known are venue, objects, mode, direction, plan, deletes."
    assert answer.json()["errors"] == [{"pointer": "/modus", "code": "invalid", "detail": told}]


def test_unknown_fields_are_refused_inside_an_object_too(as_user: SignedIn, owner: Any) -> None:
    body = {"method": "oauth", "config": {"every": 5}}
    answer = as_user(owner).post("/api/v1/integrations/connect/square", body)
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/config/every"]


def test_what_is_wrong_in_one_of_several_objects_is_named_by_its_place(as_user: SignedIn, owner: Any) -> None:
    rule = {"object": "customer", "source": "note", "target": "note"}
    body = {"rules": [rule, rule | {"author": 7}], "reason": ""}
    ConnectionFactory(venue=owner.venue_memberships.get().venue)
    answer = as_user(owner).put("/api/v1/integrations/square/mappings", body, headers={"If-Match": '"1"'})
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (400, ["/rules/1/author"])


def test_a_pointer_escapes_what_means_something_in_it(as_user: SignedIn, owner: Any, connection: Connection) -> None:
    answer = as_user(owner).post("/api/v1/integrations/square/sync", {"a/b~c": 1})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/a~1b~0c"]


def test_an_object_that_the_provider_does_not_have_is_named(
    as_user: SignedIn, owner: Any, connection: Connection
) -> None:
    answer = as_user(owner).post("/api/v1/integrations/square/sync", {"objects": ["customer", "unicorn"]})
    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/objects/1"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "validation_failed"),
        (b"[1]", "application/json", 400, "validation_failed"),
        (b"venue=x", "application/x-www-form-urlencoded", 415, "unsupported"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    as_user: SignedIn, owner: Any, connection: Connection, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = as_user(owner).generic("POST", "/api/v1/integrations/square/sync", content, content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_method_is_refused(as_user: SignedIn, owner: Any) -> None:
    answer = as_user(owner).delete("/api/v1/integrations/square/sync")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_someone_with_several_venues_has_to_name_one(as_user: SignedIn, owner: Any, venue: Venue) -> None:
    MembershipFactory(user=owner)
    answer = as_user(owner).get("/api/v1/integrations/")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert as_user(owner).get(f"/api/v1/integrations/?venue={venue.slug}").status_code == 200


@pytest.mark.parametrize("path", ["sync", "sync/retry", "disconnect", "reconnect", "sync/stop"])
def test_what_needs_a_connection_says_so_when_there_is_none(as_user: SignedIn, owner: Any, path: str) -> None:
    answer = as_user(owner).post(f"/api/v1/integrations/square/{path}", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_connected")


@pytest.mark.parametrize("path", ["square/sync", "square/sync/retry", "oauth/refresh/square"])
def test_what_needs_access_says_so_when_it_is_gone(
    as_user: SignedIn, owner: Any, connection: Connection, path: str
) -> None:
    Connection.objects.update(status=Status.REAUTHORISE)
    answer = as_user(owner).post(f"/api/v1/integrations/{path}", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "reauth_required")
    assert answer.json()["action"] == {"label": "Reconnect", "href": "/integrations/square/connect/"}


def test_a_provider_that_staff_switched_off_takes_no_new_connection(
    as_user: SignedIn, owner: Any, sandbox: Any
) -> None:
    Integration.objects.update(enabled=False)
    answer = as_user(owner).post("/api/v1/integrations/connect/square", {"method": "oauth"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
