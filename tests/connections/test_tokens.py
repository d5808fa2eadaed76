"""Renewing access: one call for any number of askers; only the provider's clear no ends a grant."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections as database_connections
from django.utils import timezone

from connections import credentials, sessions, tokens
from connections.models import Connection, OAuthToken
from integrations import walls
from integrations.providers.errors import AuthRevoked, ProviderError, RateLimited, Transient
from tests.factories import ConnectionFactory
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def access(connection: Connection) -> str:
    return credentials.open_secret(OAuthToken.objects.get(connection=connection), "access_token").reveal()


def token_calls(sandbox: Sandbox) -> int:
    return int(sandbox.ask("GET", "/log/counts")["by_path"].get("/oauth2/token", 0))


def break_token_endpoint(sandbox: Sandbox, **fault: Any) -> None:
    sandbox.ask("POST", "/faults", {"provider": "square", "path": "/oauth2/token", "times": -1, **fault})


def test_twenty_askers_share_one_call_and_get_good_access(signed_in: Connection, sandbox: Sandbox) -> None:
    before, got, start = OAuthToken.objects.get(), list[str](), threading.Barrier(20)
    sandbox.clear_log()

    def ask() -> None:
        token = OAuthToken.objects.select_related("connection").get(pk=before.pk)
        start.wait()
        try:
            got.append(credentials.open_secret(tokens.refresh(token), "access_token").reveal())
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=walls.carried(ask)) for _ in range(20)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    after = OAuthToken.objects.get()
    assert (token_calls(sandbox), len(got), set(got)) == (1, 20, {access(signed_in)})
    assert (after.version, after.refresh_until) == (2, None)
    assert sessions.open_session(signed_in).get("/v2/locations").status == 200


def test_an_asker_with_an_old_row_takes_what_was_renewed_meanwhile(signed_in: Connection, sandbox: Sandbox) -> None:
    old = OAuthToken.objects.select_related("connection").get()
    renewed = tokens.refresh(old)
    sandbox.clear_log()
    assert tokens.refresh(old).version == renewed.version == 2
    assert token_calls(sandbox) == 0


def test_a_grant_that_the_owner_took_back_is_gone(
    signed_in: Connection, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    sandbox.ask("POST", f"/square/{seller['id']}/tokens", {"action": "revoke"})
    with pytest.raises(AuthRevoked):
        tokens.refresh(OAuthToken.objects.select_related("connection").get())
    token = OAuthToken.objects.get()
    assert (token.failures, token.refresh_until, token.version) == (1, None, 1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "status", "status": 500}, Transient), ({"kind": "reset"}, Transient), ({"kind": "html"}, Transient),
        ({"kind": "malformed"}, Transient), ({"kind": "rate_limit", "retry_after": 60}, RateLimited),
    ],
)  # fmt: skip
def test_trouble_at_the_token_endpoint_keeps_the_grant(
    signed_in: Connection, sandbox: Sandbox, fault: dict[str, Any], kind: type[ProviderError]
) -> None:
    before = access(signed_in)
    break_token_endpoint(sandbox, **fault)
    with pytest.raises(kind):
        tokens.refresh(OAuthToken.objects.select_related("connection").get())
    assert access(signed_in) == before
    sandbox.ask("DELETE", "/faults")
    assert tokens.refresh(OAuthToken.objects.select_related("connection").get()).version == 2


def test_an_answer_that_was_lost_does_not_lose_the_grant(signed_in: Connection, sandbox: Sandbox) -> None:
    break_token_endpoint(sandbox, kind="lost_answer", times=1)
    token = OAuthToken.objects.select_related("connection").get()
    with pytest.raises(Transient):
        tokens.refresh(token)
    assert tokens.refresh(token).version == 2


def test_a_worker_that_died_while_renewing_is_waited_for_no_longer_than_its_lease(
    signed_in: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = OAuthToken.objects.select_related("connection").get()
    OAuthToken.objects.update(refresh_owner="dead", refresh_until=timezone.now() + timedelta(minutes=1))
    monkeypatch.setattr(tokens, "_PATIENCE", 0.2)
    with pytest.raises(Transient) as met:
        tokens.refresh(token)
    assert met.value.code == "refresh_busy"
    OAuthToken.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
    assert tokens.refresh(token).version == 2


def test_a_grant_without_a_refresh_token_cannot_be_renewed(connection: Connection) -> None:
    OAuthToken.objects.update(refresh_token=None)
    with pytest.raises(AuthRevoked) as met:
        tokens.refresh(OAuthToken.objects.select_related("connection").get())
    assert met.value.code == "not_refreshable"


def test_a_session_renews_access_that_ends_soon_before_it_calls(signed_in: Connection, sandbox: Sandbox) -> None:
    OAuthToken.objects.update(access_expires_at=timezone.now() + timedelta(minutes=4))
    sandbox.clear_log()
    sessions.open_session(signed_in)
    assert (token_calls(sandbox), OAuthToken.objects.get().version) == (1, 2)


def test_a_session_renews_access_that_ends_under_its_hands_and_repeats_the_call(
    signed_in: Connection, sandbox: Sandbox, seller: dict[str, Any]
) -> None:
    api = sessions.open_session(signed_in)
    sandbox.ask("POST", f"/square/{seller['id']}/tokens", {"action": "expire"})
    assert api.get("/v2/locations").body["locations"]
    assert OAuthToken.objects.get().version == 2
    assert api.get("/v2/locations").body["locations"]
    assert OAuthToken.objects.get().version == 2


def test_a_connection_without_access_needs_its_owner(connection: Connection) -> None:
    OAuthToken.objects.all().delete()
    with pytest.raises(AuthRevoked):
        sessions.open_session(connection)


def test_the_schedule_renews_what_ends_soon_and_one_bad_row_does_not_hold_up_the_others(
    signed_in: Connection, sandbox: Sandbox
) -> None:
    broken = ConnectionFactory(account_id="ELSEWHERE")
    OAuthToken.objects.filter(connection=broken).update(refresh_token=signed_in.oauth_token.refresh_token)
    ConnectionFactory(account_id="NOT-YET")
    OAuthToken.objects.filter(connection__in=[signed_in, broken]).update(
        access_expires_at=timezone.now(), obtained_at=timezone.now() - timedelta(days=30)
    )
    assert tokens.renew_expiring(within=timedelta(days=1)) == 1
    assert OAuthToken.objects.get(connection=signed_in).version == 2
    assert OAuthToken.objects.get(connection=broken).last_failure == "cannot_open"


def test_the_schedule_leaves_access_that_lives_an_hour_to_those_who_need_it_but_keeps_its_grant_alive(
    signed_in: Connection, sandbox: Sandbox
) -> None:
    now = timezone.now()
    row = OAuthToken.objects.filter(connection=signed_in)
    row.update(
        access_expires_at=now + timedelta(hours=1), obtained_at=now, refresh_expires_at=now + timedelta(days=100)
    )
    assert tokens.renew_expiring(within=timedelta(days=1)) == 0
    long_ago = now - timedelta(days=75)
    row.update(
        access_expires_at=long_ago + timedelta(hours=1), obtained_at=long_ago,
        refresh_expires_at=now + timedelta(days=25),
    )  # fmt: skip
    assert tokens.renew_expiring(within=timedelta(days=1)) == 1
