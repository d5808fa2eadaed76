"""Who changed what: one row for each call that was let in and meant to change something, and for no other."""

from typing import Any

import pytest
from django.db import DatabaseError
from rest_framework.test import APIClient

from connections.models import Connection
from integrations.models import AuditEntry, Venue
from syncing.models import Record
from tests.api.conftest import SignedIn
from tests.api.test_routes import NOT_OURS, RECORD, ROUTES, call

pytestmark = pytest.mark.django_db
LOOKS = {"api-sync-preview", "api-mappings-test", "api-health-test"}  # posted, because they take a body
CHANGES = [
    name
    for name, (method, *_) in ROUTES.items()
    if method != "get" and name not in LOOKS and name.split()[0] not in NOT_OURS
]
OTHERS = [name for name in ROUTES if name not in CHANGES]
CUSTOMERS, ADMIN = "/api/v1/records/customer", "/api/v1/integrations/admin"
ZOE = {"key": "zoe", "fields": {"given_name": "Zoë"}}


@pytest.fixture(autouse=True)
def _record(venue: Venue, connection: Connection) -> None:
    fields = {"given_name": "Mia"}
    Record.objects.create(id=RECORD, venue=venue, object_type="customer", fields=fields, content_hash="0")


@pytest.fixture
def both(as_user: SignedIn, owner: Any) -> APIClient:
    """The venue's admin, who is of our team as well: he is let in everywhere."""
    owner.is_staff = owner.is_superuser = True
    owner.save()
    return as_user(owner)


def rows() -> list[tuple[Any, ...]]:
    return list(AuditEntry.objects.order_by("at").values_list("operation", "about", "status"))


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_leaves_one_row(both: APIClient, venue: Venue, owner: Any, name: str) -> None:
    method, path, body, *_ = ROUTES[name]
    address = f"/api/v1/{path}"
    sent = {each: value for each, value in body.items() if each != "dry_run"}
    answer = getattr(both, method)(address, sent, headers={"X-Request-ID": "audited-request"})
    row = AuditEntry.objects.get()
    assert (row.user, row.who, row.method, row.path) == (owner, "owner", method.upper(), address)
    assert (row.status, row.request_id) == (answer.status_code, "audited-request")
    assert row.venue == (None if "/admin/" in address or name == "api-events-retry" else venue)
    assert row.operation
    assert "square" not in path or "square" in row.about


@pytest.mark.parametrize("name", OTHERS)
def test_what_changes_nothing_leaves_none(both: APIClient, venue: Venue, name: str) -> None:
    call(both, name, venue)
    assert rows() == []


@pytest.mark.parametrize("person", ["anonymous", "stranger", "viewer"])
def test_who_is_not_let_in_leaves_none(
    request: pytest.FixtureRequest, as_user: SignedIn, venue: Venue, person: str
) -> None:
    client = APIClient() if person == "anonymous" else as_user(request.getfixturevalue(person))
    for name in [each for each in CHANGES if ROUTES[each].kind != "people"]:  # anybody has tokens of their own
        assert call(client, name, venue).status_code in (401, 403, 404)
    assert rows() == []


def test_the_row_names_what_was_made(both: APIClient) -> None:
    made = both.post(CUSTOMERS, ZOE).json()["id"]
    run = both.post("/api/v1/integrations/square/sync", {}).json()["run"]
    both.delete(f"{CUSTOMERS}/{RECORD}")
    assert rows() == [
        ("write", f"customer/{made}", 201),
        ("start", f"square/{run}", 202),
        ("remove", f"customer/{RECORD}", 200),
    ]


def test_a_thousand_records_are_one_call(both: APIClient) -> None:
    both.post(CUSTOMERS, {"records": [{"key": f"m-{number}", "fields": ZOE["fields"]} for number in range(50)]})
    assert rows() == [("write", "customer", 200)]


def test_what_was_refused_to_somebody_who_was_let_in_is_told_with_its_status(both: APIClient) -> None:
    both.post(CUSTOMERS, {"fields": {"shoe_size": 44}})
    both.generic("POST", f"{ADMIN}/force-sync", b"{}", content_type="text/plain")
    both.generic("POST", f"{ADMIN}/force-sync", b"{", content_type="application/json")
    assert [status for _, _, status in rows()] == [400, 415, 400]


@pytest.mark.parametrize("wished", [True, "true", 1, 1.0, "yes"])
def test_a_dry_run_leaves_none(both: APIClient, wished: Any) -> None:
    body = {"filter": {"provider": "square"}, "dry_run": wished}
    assert both.post(f"{ADMIN}/force-sync", body).status_code == 200
    assert rows() == []


@pytest.mark.parametrize("wished", [False, "no", 0, [], {}, None])
def test_what_is_no_dry_run_leaves_one(both: APIClient, wished: Any) -> None:
    both.post(f"{ADMIN}/force-sync", {"filter": {"provider": "square"}, "dry_run": wished})
    assert len(rows()) == 1


def test_nobody_hides_a_change_by_calling_it_a_dry_run(both: APIClient) -> None:
    both.delete(f"{CUSTOMERS}/{RECORD}", {"dry_run": True})
    assert rows() == [("remove", f"customer/{RECORD}", 200)]
    assert both.post(CUSTOMERS, ZOE | {"dry_run": True}).status_code == 400


def test_a_crash_is_told_too(both: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncing.own.upsert", lambda *args, **more: 1 / 0)
    both.raise_request_exception = False
    assert both.post(CUSTOMERS, ZOE).status_code == 500
    assert rows() == [("write", "customer", 500)]


def test_no_row_holds_what_was_sent(both: APIClient) -> None:
    both.post("/api/v1/integrations/square/api-key", {"api_key": "canary-of-a-key"})
    both.post(f"{CUSTOMERS}?api_key=canary-of-a-key", {"fields": {"note": "canary-of-a-note"}})
    told = " ".join(str(value) for row in AuditEntry.objects.values() for value in row.values())
    assert len(rows()) == 2
    assert "canary" not in told


def test_the_name_stays_when_the_account_is_gone(both: APIClient, owner: Any) -> None:
    both.post(CUSTOMERS, {"fields": {"shoe_size": 44}})
    owner.delete()
    row = AuditEntry.objects.get()
    assert (row.user, row.who) == (None, "owner")


def test_a_row_that_cannot_be_written_keeps_nobody_from_his_answer(
    both: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args: Any, **more: Any) -> None:
        raise DatabaseError("No space left on device.")

    monkeypatch.setattr(AuditEntry, "save", full)
    assert both.post(CUSTOMERS, ZOE).status_code == 201
    assert "audit.not_written" in [each.message for each in caplog.records]
