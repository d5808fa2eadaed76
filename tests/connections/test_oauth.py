"""The trip to the consent page and back: once, by the same person in the same browser, to the same account."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connections as database_connections
from django.utils import timezone

from connections import credentials, lifecycle, oauth
from connections.models import Connection, OAuthState, OAuthToken, Status
from connections.oauth import Denied, Trip
from integrations import walls
from integrations.models import IntegrationConfig, Role, Venue, VenueMembership
from integrations.problems import Problem
from integrations.providers.base import Provider
from syncing.models import SyncCursor, SyncLog
from tests.connections.conftest import consent
from tests.factories import MembershipFactory, UserFactory, VenueFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
SetOut, ComeBack = Callable[..., Trip], Callable[..., Connection]


def exchanges(sandbox: Sandbox) -> int:
    return int(sandbox.ask("GET", "/log/counts")["by_path"].get("/oauth2/token", 0))


def refused(query: dict[str, str], come_back: ComeBack, **more: Any) -> str:
    with pytest.raises(Problem) as met:
        come_back(query, **more)
    assert not Connection.objects.exists()
    return met.value.code


def test_an_owner_who_allows_it_is_connected(signed_in: Connection, seller: dict[str, Any], owner: User) -> None:
    assert (signed_in.status, signed_in.account_id, signed_in.method) == ("connected", seller["id"], "oauth")
    assert (signed_in.account_name, signed_in.connected_by) == ("The Lantern Room", owner)
    assert "CUSTOMERS_READ" in signed_in.scopes
    token = OAuthToken.objects.get(connection=signed_in)
    assert credentials.open_secret(token, "access_token").reveal().startswith("EAAAl")
    assert IntegrationConfig.objects.get(venue=signed_in.venue).directions["order"] == "in"


def test_neither_the_state_nor_its_verifier_is_stored_in_the_clear(set_out: SetOut) -> None:
    trip, row = set_out(), OAuthState.objects.get()
    assert row.state_hash not in trip.authorization_url
    assert credentials.open_secret(row, "pkce_verifier").reveal() not in trip.authorization_url


def test_an_owner_who_denies_it_is_not(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]) -> None:
    with pytest.raises(Denied) as met:
        come_back(consent(set_out(), seller["id"], "deny"))
    assert met.value.venue.slug == "lantern-room"
    assert not Connection.objects.exists()


def test_a_state_works_once(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], sandbox: Sandbox) -> None:
    query = consent(set_out(), seller["id"])
    come_back(query)
    with pytest.raises(Problem) as met:
        come_back(query)
    assert (met.value.code, exchanges(sandbox)) == ("state_used", 1)


def test_a_state_ends_after_ten_minutes(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]) -> None:
    query = consent(set_out(), seller["id"])
    long_ago = timezone.now() - timedelta(minutes=11)
    OAuthState.objects.update(created_at=long_ago, expires_at=long_ago + oauth.LIFETIME)
    assert refused(query, come_back) == "state_expired"


@pytest.mark.parametrize("state", ["", "made-up"])
def test_a_state_that_we_did_not_make_is_refused(sandbox: Sandbox, come_back: ComeBack, state: str) -> None:
    assert refused({"state": state, "code": "x"}, come_back) == "state_invalid"


def test_a_state_of_another_browser_is_refused(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]) -> None:
    query = consent(set_out(), seller["id"])
    assert refused(query, come_back, session_key="another") == "state_foreign_session"
    assert come_back(query).status == "connected"  # the stranger's try used nothing up


def test_a_state_of_another_person_is_refused(
    set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], stranger: User
) -> None:
    assert refused(consent(set_out(), seller["id"]), come_back, user=stranger) == "state_foreign_session"


def test_a_state_for_another_provider_is_refused(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]) -> None:
    query = consent(set_out(), seller["id"])
    OAuthState.objects.update(provider="stripe")
    assert refused(query, come_back) == "state_wrong_provider"


def test_a_role_that_was_taken_away_meanwhile_does_not_connect(
    set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    first, second = consent(set_out(), seller["id"]), consent(set_out(), seller["id"])
    VenueMembership.objects.update(role=Role.OPERATOR)
    assert refused(first, come_back) == "forbidden"
    VenueMembership.objects.all().delete()
    assert refused(second, come_back) == "not_found"
    assert exchanges(sandbox) == 0


def test_a_made_up_code_stores_nothing(set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]) -> None:
    query = consent(set_out(), seller["id"]) | {"code": "sandbox-sq0cgb-made-up"}
    assert refused(query, come_back) == "exchange_failed"


@pytest.mark.parametrize("path", ["/oauth2/token", "/v2/merchants/me"])
def test_a_provider_that_fails_on_the_way_back_stores_nothing(
    set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], sandbox: Sandbox, path: str
) -> None:
    query = consent(set_out(), seller["id"])
    sandbox.ask("POST", "/faults", {"provider": "square", "kind": "status", "status": 500, "path": path, "times": -1})
    assert refused(query, come_back) == "provider_down"
    assert not OAuthToken.objects.exists()


def test_two_callbacks_at_once_exchange_the_code_once(
    set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], sandbox: Sandbox
) -> None:
    query, told = consent(set_out(), seller["id"]), list[str]()
    start = threading.Barrier(2)

    def arrive() -> None:
        start.wait()
        try:
            told.append(come_back(query).status)
        except Problem as problem:
            told.append(problem.code)
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=walls.carried(arrive)) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    assert (sorted(told), exchanges(sandbox)) == (["connected", "state_used"], 1)


def test_another_account_does_not_slip_into_a_connection(
    signed_in: Connection, set_out: SetOut, come_back: ComeBack, sandbox: Sandbox
) -> None:
    other, before = sandbox.merchant("Harbour Bar", customers=1), OAuthToken.objects.values().get()
    with pytest.raises(Problem) as met:
        come_back(consent(set_out(reconnect=signed_in), other["id"]))
    assert met.value.code == "different_account"
    assert "Harbour Bar" in met.value.detail
    assert OAuthToken.objects.values().get() == before


def test_an_account_belongs_to_one_venue(
    signed_in: Connection, seller: dict[str, Any], square: Provider, set_out: SetOut, come_back: ComeBack
) -> None:
    elsewhere = MembershipFactory(venue=VenueFactory(slug="annexe"), role=Role.VENUE_ADMIN, user=UserFactory())
    trip = set_out(user=elsewhere.user, venue=elsewhere.venue)
    with pytest.raises(Problem) as met:
        come_back(consent(trip, seller["id"]), user=elsewhere.user)
    assert met.value.code == "conflict"
    assert "another venue" in met.value.detail
    assert Connection.objects.get() == signed_in


def test_a_second_connection_of_one_provider_is_refused(signed_in: Connection, set_out: SetOut) -> None:
    with pytest.raises(Problem) as met:
        set_out()
    assert met.value.code == "already_connected"


def test_an_unconfigured_provider_says_which_settings_are_missing(set_out: SetOut, settings: Any) -> None:
    settings.PROVIDER_APPS = {}
    with pytest.raises(Problem, match="SQUARE_CLIENT_ID and SQUARE_CLIENT_SECRET"):
        set_out()


def test_a_reconnect_gives_new_access_to_the_same_row(
    signed_in: Connection, set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]
) -> None:
    Connection.objects.update(status=Status.REAUTHORISE, status_class="auth")
    again = come_back(consent(set_out(reconnect=signed_in), seller["id"]))
    assert (again.pk, again.status, again.status_class) == (signed_in.pk, "connected", "")
    assert OAuthToken.objects.get().version == 2


def test_the_same_account_after_a_disconnect_takes_up_its_old_row_and_history(
    signed_in: Connection, set_out: SetOut, come_back: ComeBack, seller: dict[str, Any], owner: User, venue: Venue
) -> None:
    cursor = SyncCursor.objects.create(connection=signed_in, object_type="customer", position={"since": "x"})
    log = SyncLog.objects.create(
        run=signed_in.pk, venue=venue, connection=signed_in, provider="square", object_type="customer",
        direction="in", mode="full", trigger="first",
    )  # fmt: skip
    lifecycle.disconnect(signed_in, by=owner)
    revived = come_back(consent(set_out(), seller["id"]))
    assert (revived.pk, revived.status, revived.disconnected_at) == (signed_in.pk, "connected", None)
    assert [entry["event"] for entry in revived.history] == ["connected", "disconnected", "connected"]
    assert (SyncCursor.objects.get(), SyncLog.objects.get()) == (cursor, log)


def test_another_account_after_a_disconnect_is_another_row(
    signed_in: Connection, set_out: SetOut, come_back: ComeBack, owner: User, sandbox: Sandbox
) -> None:
    lifecycle.disconnect(signed_in, by=owner)
    other = come_back(consent(set_out(), sandbox.merchant("Harbour Bar", customers=1)["id"]))
    assert other.pk != signed_in.pk
    assert Connection.objects.live().get() == other


def test_a_sign_in_counts_by_the_database_clock_not_by_ours(
    set_out: SetOut, come_back: ComeBack, seller: dict[str, Any]
) -> None:
    query = consent(set_out(), seller["id"])
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        assert come_back(query).status == "connected"


def test_the_way_back_is_the_one_of_the_settings(square: Provider, settings: Any) -> None:
    settings.PUBLIC_URL = "https://hub.example"
    assert oauth.redirect_uri(square) == "https://hub.example/api/v1/integrations/oauth/callback/square"
