"""Pasted keys: named when wrong, checked live, stored only when they work."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from connections import credentials, keys, sessions
from connections.models import Connection, OAuthToken, VenueApiKey
from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.sealing import Secret
from tests.factories import VenueFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connected(square: Provider, venue: Venue, owner: User, seller: dict[str, Any]) -> Connection:
    return keys.connect(square, venue, seller["personal_token"], user=owner)


def in_use(connection: Connection) -> str:
    row = VenueApiKey.objects.get(connection=connection, status="active")
    return credentials.open_secret(row, "key").reveal()


@pytest.mark.parametrize(
    ("pasted", "named"),
    [
        ("sandbox-sq0idb-backline", "application ID"), ("sq0idb-abc", "application ID"),
        ("sandbox-sq0csb-secret", "application secret"), ("sq0csp-secret", "application secret"),
        ("EAAAshort", "does not look like"), ("hunter2", "does not look like"), ("", "does not look like"),
    ],
)  # fmt: skip
def test_what_was_pasted_instead_of_a_key_is_named_without_a_call(
    square: Provider, sandbox: Sandbox, pasted: str, named: str
) -> None:
    sandbox.clear_log()
    with pytest.raises(Problem, match=named) as met:
        keys.check(square, pasted)
    assert (met.value.code, sandbox.calls()) == ("credentials_rejected", 0)
    assert not pasted or pasted not in met.value.detail


def test_a_key_that_works_is_sealed_and_used(connected: Connection, seller: dict[str, Any]) -> None:
    row = VenueApiKey.objects.get()
    assert (connected.method, connected.account_id) == ("api_key", seller["id"])
    assert (in_use(connected), row.last4) == (seller["personal_token"], seller["personal_token"][-4:])
    assert sessions.open_session(connected).get("/v2/locations").body["locations"]


def test_a_key_that_the_provider_rejects_is_not_stored(
    square: Provider, venue: Venue, owner: User, sandbox: Sandbox
) -> None:
    with pytest.raises(Problem) as met:
        keys.connect(square, venue, "EAAA" + "x" * 60, user=owner)
    assert met.value.code == "credentials_rejected"
    assert not Connection.objects.exists()


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "reset"}, {"kind": "html"}])
def test_a_provider_that_is_down_stores_nothing(
    square: Provider, venue: Venue, owner: User, seller: dict[str, Any], sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "times": -1, **fault})
    with pytest.raises(Problem, match="Nothing was stored") as met:
        keys.connect(square, venue, seller["personal_token"], user=owner)
    assert met.value.code == "provider_down"
    assert not Connection.objects.exists()
    assert not VenueApiKey.objects.exists()


def test_a_new_key_replaces_the_old_one_and_destroys_it(
    square: Provider, connected: Connection, owner: User, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    again = keys.replace(square, connected, seller["personal_token"], user=owner)
    assert again.pk == connected.pk
    retired = VenueApiKey.objects.get(status="retired")
    assert (retired.key, retired.retired_at is not None) == (None, True)
    assert in_use(connected) == seller["personal_token"]


def test_a_new_key_that_does_not_work_leaves_the_old_one_in_use(
    square: Provider, connected: Connection, owner: User, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    other = sandbox.merchant("Harbour Bar", customers=1)["personal_token"]
    for key, code in (("EAAA" + "x" * 60, "credentials_rejected"), (other, "different_account")):
        with pytest.raises(Problem) as met:
            keys.replace(square, connected, key, user=owner)
        assert met.value.code == code
    assert in_use(connected) == seller["personal_token"]


def test_an_account_belongs_to_one_venue_by_key_too(
    square: Provider, connected: Connection, owner: User, seller: dict[str, Any]
) -> None:
    with pytest.raises(Problem) as met:
        keys.connect(square, VenueFactory(slug="annexe"), seller["personal_token"], user=owner)
    assert met.value.code == "conflict"
    assert VenueApiKey.objects.count() == 1


def test_a_key_given_to_a_signed_in_connection_destroys_its_tokens(
    square: Provider, signed_in: Connection, owner: User, seller: dict[str, Any]
) -> None:
    again = keys.replace(square, signed_in, seller["personal_token"], user=owner)
    assert (again.pk, again.method) == (signed_in.pk, "api_key")
    assert not OAuthToken.objects.exists()


def test_a_key_does_not_show_in_what_went_wrong(square: Provider, sandbox: Sandbox) -> None:
    key = "EAAA" + "canary" * 6
    with pytest.raises(Problem) as met:
        keys.check(square, key)
    assert key not in f"{met.value!r}{met.value.__cause__!r}{sessions.with_key(square, Secret(key))!r}"


def test_a_key_that_lacks_a_permission_is_told_which_by_its_name_at_the_provider(
    sandbox: Sandbox, venue: Venue, owner: User
) -> None:
    account = sandbox.ask("POST", "/stripe/accounts", {"name": "The Anchor", "sizes": {"customers": 1}})
    lost = {"action": "drop_scope", "scope": "rak_accounts_kyc_basic_read"}
    sandbox.ask("POST", f"/stripe/{account['account_id']}/tokens", lost)
    with pytest.raises(Problem, match="rak_accounts_kyc_basic_read") as met:
        keys.connect(PROVIDERS["stripe"], venue, account["restricted_key"], user=owner)
    assert met.value.code == "insufficient_scope"
    assert "Add it at" in str(met.value)
    assert not Connection.objects.exists()


def test_a_key_of_a_restricted_account_is_not_taken_for_a_provider_that_is_away(
    sandbox: Sandbox, venue: Venue, owner: User
) -> None:
    account = sandbox.ask("GET", "/state")["mailchimp"]["accounts"][0]
    sandbox.ask("POST", f"/mailchimp/{account['id']}/tokens", {"action": "disable_user", "include_personal": True})
    with pytest.raises(Problem, match="restricted") as met:
        keys.connect(PROVIDERS["mailchimp"], venue, account["api_key"], user=owner)
    assert met.value.code == "credentials_rejected"


def test_live_and_test_mode_never_mix(sandbox: Sandbox, venue: Venue, owner: User) -> None:
    live = sandbox.ask("POST", "/stripe/accounts", {"name": "Live", "livemode": True, "sizes": {"customers": 1}})
    stripe = PROVIDERS["stripe"]
    connection = keys.connect(stripe, venue, live["restricted_key"], user=owner)
    assert connection.account_details["mode"] == "live"
    Connection.objects.filter(pk=connection.pk).update(account_details=connection.account_details | {"mode": "test"})
    connection.refresh_from_db()
    with pytest.raises(Problem, match="never mix") as met:
        keys.replace(stripe, connection, live["restricted_key"], user=owner)
    assert met.value.code == "different_account"


@pytest.mark.parametrize(
    ("pasted", "told"),
    [("pk_test_" + "x" * 24, "publishable"), ("whsec_" + "x" * 24, "webhook"), ("ca_" + "x" * 24, "client ID")],
)
def test_what_is_no_key_of_the_account_is_refused_by_its_name(
    sandbox: Sandbox, venue: Venue, owner: User, pasted: str, told: str
) -> None:
    sandbox.clear_log()
    with pytest.raises(Problem, match=told) as met:
        keys.connect(PROVIDERS["stripe"], venue, pasted, user=owner)
    assert met.value.code == "credentials_rejected"
    assert sandbox.calls() == 0
