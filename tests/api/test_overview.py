"""The list of integrations, one of them in full, and the widget."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.models import Connection
from integrations.models import IntegrationConfig, Venue
from integrations.providers import PROVIDERS
from syncing.models import SyncCursor
from tests.api.conftest import SignedIn, bearing
from tests.api.described import assert_as_described
from tests.api.rows import RUN
from tests.factories import ConnectionFactory, MembershipFactory

pytestmark = pytest.mark.django_db
LIST, WIDGET = "/api/v1/integrations/", "/api/v1/me/integrations"


def test_every_provider_is_listed_also_when_nothing_is_connected(
    as_user: SignedIn, viewer: Any, venue: Venue, openapi: dict[str, Any]
) -> None:
    answer = as_user(viewer).get(LIST)
    listed = {each["provider"]: each for each in answer.json()["integrations"]}
    square = listed["square"]
    assert list(listed) == sorted(PROVIDERS)
    assert (square["status"], square["status_label"]) == ("disconnected", "Not connected")
    assert (square["access"], square["external_account"], square["scopes"]) == (
        None,
        None,
        {"granted": [], "missing": []},
    )
    assert {"object": "customer", "directions": ["in"]} in square["capabilities"]
    assert_as_described(openapi, answer, "/api/v1/integrations/", "get")


def test_a_connected_one_tells_its_account_access_and_missing_permissions(
    as_user: SignedIn, viewer: Any, venue: Venue, openapi: dict[str, Any]
) -> None:
    granted = [scope.name for scope in PROVIDERS["square"].spec.scopes if scope.name != "PAYOUTS_READ"]
    made = ConnectionFactory(venue=venue, account_id="MERCHANT77", scopes=granted)
    answer = as_user(viewer).get(LIST)
    square = answer.json()["integrations"][0]
    assert square["connection"] == str(made.pk)
    assert square["external_account"] == {"id": "MERCHANT77", "name": "The Lantern Room"}
    assert square["scopes"] == {"granted": granted, "missing": ["PAYOUTS_READ"]}
    assert square["access"]["method"] == "oauth"
    assert square["access"]["access_expires_at"] is not None
    assert_as_described(openapi, answer, "/api/v1/integrations/", "get")


def test_one_in_full_adds_history_schedule_settings_and_who_wins(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    event = {"at": "2026-11-03T10:00:00+00:00", "event": "connected", "by": "owner", "detail": "The Lantern Room"}
    Connection.objects.update(history=[event])
    IntegrationConfig.objects.update(
        directions={"customer": "in"},
        chosen={"location": ["L1"]},
        begin="2026-01-01",
        interval_minutes=30,
        who_wins={"customer": "newest"},
    )
    SyncCursor.objects.create(connection=connection, object_type="customer")
    answer = as_user(viewer).get(f"{LIST}square")
    body = answer.json()
    assert body["history"] == [event]
    assert body["schedule"] == {
        "interval_minutes": 30,
        "objects": [{"object": "customer", "last_succeeded_at": None, "last_full_at": None, "next_run_at": None}],
    }
    assert body["settings"] == {
        "directions": {"customer": "in"}, "chosen": {"location": ["L1"]}, "begin": "2026-01-01", "template": "",
        "paused": False, "paused_until": None, "pause_reason": "",
    }  # fmt: skip
    assert (body["who_wins"]["customer"], body["who_wins"]["payment"]) == ("newest", "theirs")
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/", "get")


def test_the_widget_of_the_only_venue(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    answer = as_user(viewer).get(WIDGET)
    assert set(answer.json()) == {"venue", "summary", "poll_after_seconds", "integrations"}
    assert answer.json()["venue"]["slug"] == "lantern-room"
    assert answer.json()["poll_after_seconds"] in (3, 60)
    assert_as_described(openapi, answer, "/api/v1/me/integrations/", "get")


def test_the_widgets_of_several_venues(
    as_user: SignedIn, viewer: Any, connection: Connection, openapi: dict[str, Any]
) -> None:
    MembershipFactory(user=viewer)
    client = as_user(viewer)
    answer = client.get(WIDGET)
    assert set(answer.json()) == {"venues", "poll_after_seconds"}
    assert len(answer.json()["venues"]) == 2
    assert_as_described(openapi, answer, "/api/v1/me/integrations/", "get")
    one = client.get(WIDGET, {"venue": "lantern-room"}).json()
    assert one["venue"] == next(each["venue"] for each in answer.json()["venues"] if each["venue"] == one["venue"])


def test_someone_without_a_venue_gets_an_empty_list(as_user: SignedIn, staff: Any) -> None:
    assert as_user(staff).get(WIDGET).json() == {"venues": [], "poll_after_seconds": 60}


@pytest.fixture
def chain(viewer: Any) -> Callable[[int], None]:
    """Make the viewer one of many venues, each connected to every provider."""

    def made(venues: int) -> None:
        for _ in range(venues):
            member = MembershipFactory(user=viewer)
            for provider in PROVIDERS:
                held = ConnectionFactory(venue=member.venue, provider=provider)
                SyncCursor.objects.create(connection=held, object_type="customer")

    return made


@pytest.mark.parametrize("venues", [1, 30])
@pytest.mark.parametrize("named", [False, True])
def test_the_widget_costs_three_queries_however_many_venues_and_providers(
    as_user: SignedIn, viewer: Any, connection: Connection, chain: Callable[[int], None], venues: int, named: bool
) -> None:
    chain(venues - 1)
    client = as_user(viewer)
    with CaptureQueriesContext(database) as captured:
        answer = client.get(WIDGET, {"venue": "lantern-room"} if named else {})
    assert len(answer.json().get("venues", [1])) == (1 if named else venues)
    told = [each["sql"] for each in captured]
    assert sum('FROM "django_session"' in each or 'FROM "auth_user"' in each for each in told) == 2
    assert len(told) == 5, told


def test_behind_a_token_the_widget_costs_three_queries_as_well(viewer: Any, connection: Connection) -> None:
    MembershipFactory(user=viewer)
    client = bearing(viewer, connection.venue, "read")
    client.get(WIDGET)  # its first use in a minute is written down
    with CaptureQueriesContext(database) as captured:
        assert client.get(WIDGET).json()["venue"]["slug"] == "lantern-room"
    assert len(captured) == 4, [each["sql"] for each in captured]


def test_the_widget_of_a_venue_that_is_not_the_callers_is_not_found(
    as_user: SignedIn, viewer: Any, venue: Venue, stranger: Any
) -> None:
    elsewhere = Venue.objects.get(slug="elsewhere")
    client = as_user(viewer)
    told = [client.get(WIDGET, {"venue": each}).json() for each in (elsewhere.slug, elsewhere.pk, "nowhere", RUN)]
    assert {each["code"] for each in told} == {"not_found"}
    assert len({each["detail"] for each in told}) == 1
    assert client.get(WIDGET, {"venue": venue.pk}).json() == client.get(WIDGET, {"venue": ""}).json()


def test_the_list_costs_the_same_however_much_is_connected(
    as_user: SignedIn, viewer: Any, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    client = as_user(viewer)
    with django_assert_max_num_queries(9):
        client.get(LIST)


def test_the_widget_is_not_sent_again_while_nothing_changed(as_user: SignedIn, viewer: Any, venue: Venue) -> None:
    client = as_user(viewer)
    first = client.get(WIDGET)
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= {each.strip() for each in first["Vary"].split(",")}
    again = client.get(WIDGET, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    ConnectionFactory(venue=venue)
    changed = client.get(WIDGET, headers={"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)
