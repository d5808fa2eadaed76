"""How a connection is lost, held, and ended; each change once, whoever comes twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections import keys, lifecycle
from connections.models import Connection, OAuthToken, VenueApiKey
from integrations.models import IntegrationConfig, Venue
from integrations.problems import Problem
from integrations.providers.base import Provider
from integrations.providers.errors import AuthRevoked
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def results(steps: list[dict[str, str]]) -> dict[str, str]:
    return {step["step"]: step["result"] for step in steps}


def test_a_disconnect_stops_revokes_and_destroys(
    signed_in: Connection, owner: User, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    steps = lifecycle.disconnect(signed_in, by=owner, reason="Season is over")
    ended = Connection.objects.get()
    assert results(steps) == {"stop_syncs": "done", "revoke": "done", "destroy_access": "done"}
    assert (ended.status, ended.status_detail, ended.revoked_at_provider) == ("disconnected", "Season is over", True)
    assert not OAuthToken.objects.exists()
    assert sandbox.ask("GET", "/log/counts")["by_path"]["/oauth2/revoke"] == 1


def test_a_second_disconnect_has_nothing_to_do(signed_in: Connection, owner: User) -> None:
    lifecycle.disconnect(signed_in, by=owner)
    assert results(lifecycle.disconnect(signed_in, by=owner)) == {"disconnect": "nothing_to_do"}
    assert len(Connection.objects.get().history) == 2


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "reset"}, {"kind": "html"}])
def test_a_revoke_that_fails_keeps_no_secret(
    signed_in: Connection, owner: User, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "path": "/oauth2/revoke", "times": -1, **fault})
    steps = lifecycle.disconnect(signed_in, by=owner)
    assert results(steps) == {"stop_syncs": "done", "revoke": "warning", "destroy_access": "done"}
    assert not OAuthToken.objects.exists()
    assert Connection.objects.get().revoked_at_provider is False


def test_access_that_is_gone_at_the_provider_already_counts_as_revoked(
    signed_in: Connection, owner: User, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    sandbox.ask("POST", f"/square/{seller['id']}/tokens", {"action": "revoke"})
    assert results(lifecycle.disconnect(signed_in, by=owner))["revoke"] == "done"


def test_an_application_that_is_no_longer_set_up_does_not_keep_a_secret(
    signed_in: Connection, owner: User, settings: Any
) -> None:
    settings.PROVIDER_APPS = {}
    assert results(lifecycle.disconnect(signed_in, by=owner))["revoke"] == "warning"
    assert not OAuthToken.objects.exists()


def test_a_key_is_destroyed_and_the_owner_told_to_delete_it_there(
    square: Provider, venue: Venue, owner: User, seller: dict[str, Any]
) -> None:
    made = keys.connect(square, venue, seller["personal_token"], user=owner)
    steps = lifecycle.disconnect(made, by=owner)
    assert results(steps) == {"stop_syncs": "done", "revoke": "skipped", "destroy_access": "done"}
    assert "squareup.com" in steps[1]["detail"]
    assert VenueApiKey.objects.get().key is None


def test_lost_access_is_noted_once(connection: Connection) -> None:
    error = AuthRevoked("no", code="ACCESS_TOKEN_REVOKED")
    assert [lifecycle.lost(connection, error) for _ in range(2)] == [True, False]
    found = Connection.objects.get(pk=connection.pk)
    assert (found.status, found.status_class, found.status_detail) == (
        "reauthorise", "auth", "Square no longer accepts our access.",
    )  # fmt: skip
    assert [(entry["event"], entry["detail"]) for entry in found.history] == [("access_lost", "ACCESS_TOKEN_REVOKED")]


def test_lost_access_of_an_ended_connection_does_not_revive_it(connection: Connection, owner: User) -> None:
    Connection.objects.update(status="disconnected")
    assert not lifecycle.lost(connection, AuthRevoked("no"))
    assert Connection.objects.get(pk=connection.pk).status == "disconnected"


def test_regained_access_is_noted_once_and_only_where_it_was_lost(connection: Connection, owner: User) -> None:
    assert not lifecycle.regained(connection, by=owner)
    lifecycle.lost(connection, AuthRevoked("no"))
    assert [lifecycle.regained(connection, by=owner) for _ in range(2)] == [True, False]
    assert [entry["event"] for entry in Connection.objects.get().history] == ["access_lost", "access_regained"]


def test_a_pause_holds_until_it_ends_or_is_ended(connection: Connection, owner: User) -> None:
    lifecycle.pause(connection, by=owner, until=timezone.now() + timedelta(hours=1), reason="Stocktaking")
    assert IntegrationConfig.objects.paused().get().pause_reason == "Stocktaking"
    lifecycle.resume(connection, by=owner)
    assert not IntegrationConfig.objects.paused().exists()
    lifecycle.pause(connection, by=owner, until=timezone.now() - timedelta(seconds=1))
    assert not IntegrationConfig.objects.paused().exists()


def test_what_is_not_connected_says_so(venue: Venue) -> None:
    for look in (lifecycle.live, lifecycle.latest, lifecycle.authorised):
        with pytest.raises(Problem, match="Square is not connected") as met:
            look(venue, "square")
        assert met.value.code == "not_connected"


def test_what_needs_its_owner_offers_the_way(connection: Connection) -> None:
    lifecycle.lost(connection, AuthRevoked("no"))
    with pytest.raises(Problem) as met:
        lifecycle.authorised(connection.venue, "square")
    assert met.value.code == "reauth_required"
    assert met.value.more["action"]["href"] == "/integrations/square/connect/"


def test_the_latest_connection_is_the_live_one_or_the_one_that_ended_last(
    connection: Connection, owner: User, square: Provider
) -> None:
    assert lifecycle.latest(connection.venue, "square") == connection
    lifecycle.disconnect(connection, by=owner, revoke=False)
    assert lifecycle.latest(connection.venue, "square") == connection
