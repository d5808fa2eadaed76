"""Access: given by the owner, renewed by us, taken away by anyone, and never mixed up."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from connections import credentials, keys, oauth, renewal, sessions, tokens
from connections.models import Connection, OAuthToken
from integrations.problems import Problem
from integrations.providers.base import CountedCheck, RefreshableOAuth
from integrations.providers.errors import AuthRevoked
from integrations.providers.types import ObjectType
from syncing import tasks
from syncing.models import SyncJob, SyncLog
from tests.contract.account import (
    Account,
    assert_exact,
    come_back,
    consent,
    open_account,
    paste_key,
    set_out,
    sign_in,
)
from tests.contract.conftest import Pages
from tests.contract.marks import each_provider, each_stream, each_way
from tests.contract.stage import Stage
from tests.contract.working import at_once, events, hurry, job_of, later, log_of, prepare, put, read, settle
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER
takes_keys = each_provider(lambda stage: stage.api_key)
can_renew = each_provider(lambda stage: isinstance(stage.provider.oauth, RefreshableOAuth))


def access_of(connection: Connection) -> str:
    return credentials.open_secret(OAuthToken.objects.get(connection=connection), "access_token").reveal()


def token_calls(account: Account) -> int:
    return sum(each["path"] == account.stage.token_path for each in account.calls())


@each_provider()
def test_an_owner_who_allows_it_is_connected_to_the_account_that_was_picked(account: Account) -> None:
    connection = sign_in(account)
    assert (connection.status, connection.method, connection.account_id) == ("connected", "oauth", account.id)
    assert connection.account_name == account.told["name"]
    assert connection.venue == account.venue


@each_provider()
def test_an_owner_who_denies_it_is_not_connected(account: Account) -> None:
    with pytest.raises(oauth.Denied):
        come_back(account, consent(set_out(account), account.id, "deny"))
    assert not Connection.objects.exists()


@takes_keys
def test_a_key_connects_the_account_that_it_opens(account: Account) -> None:
    connection = paste_key(account)
    assert (connection.status, connection.method, connection.account_id) == ("connected", "api_key", account.id)


@takes_keys
def test_a_key_that_opens_nothing_is_refused_and_not_stored(account: Account) -> None:
    with pytest.raises(Problem) as met:
        keys.connect(account.stage.provider, account.venue, account.key + "0", user=account.owner)
    assert met.value.code == "credentials_rejected"
    assert not Connection.objects.exists()


@each_provider()
def test_another_account_does_not_slip_in_by_a_new_sign_in(account: Account, double: Sandbox) -> None:
    connection, other = sign_in(account), open_account(account.stage, double, "Harbour Bar")
    before = access_of(connection)
    with pytest.raises(Problem) as met:
        come_back(account, consent(set_out(account, reconnect=connection), other.id))
    assert met.value.code == "different_account"
    assert (Connection.objects.get().account_id, access_of(connection)) == (account.id, before)


@takes_keys
def test_another_account_does_not_slip_in_by_a_new_key(account: Account, double: Sandbox) -> None:
    connection, other = paste_key(account), open_account(account.stage, double, "Harbour Bar")
    with pytest.raises(Problem) as met:
        keys.replace(account.stage.provider, connection, other.key, user=account.owner)
    assert met.value.code == "different_account"
    assert read(connection, CUSTOMER)[-1].outcome == "succeeded"


@can_renew
def test_access_that_is_over_is_renewed_by_one_call_and_the_new_one_is_shown(account: Account) -> None:
    connection = sign_in(account)
    before = access_of(connection)
    later(account, 0.001)
    account.act("tokens", **account.stage.expire or {})
    old, got, start = OAuthToken.objects.select_related("connection").get(), list[int](), threading.Barrier(5)

    def ask() -> None:
        start.wait()
        got.append(tokens.refresh(old).version)

    at_once([ask] * 5)
    assert (got, token_calls(account)) == ([2] * 5, 1)
    assert access_of(connection) != before
    assert account.stage.provider.check.account(sessions.open_session(connection)).id == account.id
    assert token_calls(account) == 1


@each_way()
def test_access_that_was_taken_back_ends_in_one_note_and_no_further_call(account: Account, way: str) -> None:
    stage = account.stage
    connection = sign_in(account) if way == "sign_in" else paste_key(account)
    account.act("tokens", **(stage.revoke if way == "sign_in" else stage.revoke_key or {}))
    put(connection, *stage.streams)
    settle()
    connection.refresh_from_db()
    assert (connection.status, connection.status_class) == ("reauthorise", "auth")
    assert [entry["event"] for entry in connection.history] == ["connected", "access_lost"]
    assert set(SyncJob.objects.values_list("status", flat=True)) == {"queued"}
    later(account, 60)
    hurry()
    assert not tasks.work_once()
    assert account.calls() == []


@each_stream()
def test_a_missing_permission_stops_only_its_object_and_names_it(
    account: Account, connection: Connection, object_type: ObjectType
) -> None:
    prepare(connection, object_type)
    stream, streams = account.stage.stream(object_type), account.stage.provider.streams
    free = [kind for kind, each in streams.items() if kind != object_type and not each.needs]
    other = next((kind for kind in free if streams[kind].scope != stream.scope), free[0] if free else None)
    account.forbid(object_type)
    put(connection, object_type)
    settle()
    job = job_of(connection, object_type)
    labels = {scope.name: scope.label for scope in account.stage.provider.spec.scopes}
    assert (job.status, job.failure_class) == ("dead", "permission"), job.failure_sentence
    assert f"“{labels[stream.scope]}”" in job.failure_sentence
    assert Connection.objects.get().status == "connected"
    if other:  # Mailchimp's other objects all need its audiences
        assert read(connection, other)[-1].error_sentence == ""


@can_renew
def test_access_that_ends_in_the_middle_of_a_sync_is_renewed_without_a_trace(
    account: Account, pages_of: Pages, settings: Any
) -> None:
    connection = sign_in(account)
    _read_one_page(account, connection, pages_of, settings)
    account.act("tokens", **account.stage.expire or {})
    settle()
    assert_exact(account, connection, CUSTOMER)
    assert (events(log_of(connection, CUSTOMER)), OAuthToken.objects.get().version) == ([], 2)


@each_provider()
def test_access_that_is_taken_back_in_the_middle_waits_for_the_owner_and_then_goes_on(
    account: Account, pages_of: Pages, settings: Any
) -> None:
    connection = sign_in(account)
    _read_one_page(account, connection, pages_of, settings)
    account.act("tokens", **account.stage.revoke)
    settle()
    assert (Connection.objects.get().status, job_of(connection, CUSTOMER).status) == ("reauthorise", "queued")
    sign_in(account, reconnect=connection)
    settle()
    assert_exact(account, connection, CUSTOMER)
    logs = SyncLog.objects.filter(object_type=CUSTOMER).order_by("started_at")
    assert list(logs.values_list("outcome", flat=True)) == ["failed", "succeeded"]


def _read_one_page(account: Account, connection: Connection, pages_of: Pages, settings: Any) -> None:
    prepare(connection, CUSTOMER)
    pages_of(4)
    settings.SYNC_SLICE = timedelta(0)
    put(connection, CUSTOMER)
    tasks.work_once()
    assert job_of(connection, CUSTOMER).status == "queued"


@each_way()
def test_two_venues_of_one_provider_never_show_each_other_s_access(stage: Stage, double: Sandbox, way: str) -> None:
    accounts = [open_account(stage, double, name) for name in ("The Lantern Room", "Harbour Bar")]
    connections = [(sign_in if way == "sign_in" else paste_key)(account) for account in accounts]
    double.clear_log()
    for connection in connections:
        put(connection, *stage.streams)
    at_once([settle] * 2)
    shown = [each["merchant"] for each in accounts[0].calls()]
    counted = [sum(log.call_count for log in SyncLog.objects.filter(connection=each)) for each in connections]
    assert [shown.count(account.id) for account in accounts] == counted
    assert len(shown) == sum(counted) > 0
    for account, connection in zip(accounts, connections, strict=True):
        assert_exact(account, connection, CUSTOMER)


@each_way()
def test_its_access_is_proved_by_two_calls_at_most_and_none_that_is_counted(account: Account, way: str) -> None:
    connection = sign_in(account) if way == "sign_in" else paste_key(account)
    account.sandbox.clear_log()
    shown = renewal.prove(connection)
    provider = account.stage.provider
    classes = [provider.call_class(each["method"], each["path"]) for each in account.calls()]
    assert 1 <= len(classes) <= 2
    assert provider.spec.metered.isdisjoint(classes)
    assert (shown is None) is isinstance(provider.check, CountedCheck)
    assert shown is None or shown.id == account.id


@each_provider()
def test_access_that_is_found_gone_needs_its_owner(account: Account) -> None:
    connection = sign_in(account)
    account.act("tokens", **account.stage.revoke)
    with pytest.raises(AuthRevoked):
        renewal.prove(connection)
    assert Connection.objects.get().status == "reauthorise"
