"""The traps of the official packages, shown against the sandbox; and that none of them is ours."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from intuitlib.client import AuthClient
from oauthlib.oauth2 import InsecureTransportError
from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException, ValidationException
from quickbooks.objects.customer import Customer
from requests.adapters import HTTPAdapter

from connections import tokens
from integrations.providers import http
from integrations.providers.errors import AuthRevoked, RateLimited, Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, queries
from integrations.providers.quickbooks.auth import QuickBooksOAuth
from integrations.providers.types import AppCredentials
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import APP, CALLBACK, QUICKBOOKS, Company, opened, unpaced
from tests.providers.wire import silence, wire

SHAPES = ["xml", "json", "fault", "403"]


@pytest.fixture
def api(books: Sandbox, company: Company) -> ApiSession:
    return unpaced(books, company)


@pytest.fixture
def sdk(books: Sandbox, company: Company, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    """The official client, as its guide builds it, pointed at the sandbox."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    shown = SimpleNamespace(environment="production", client_id=APP["client_id"], **company["credentials"])
    made = QuickBooks(auth_client=shown, company_id=company["id"], minorversion=75)
    made.api_url_v3 = f"{books.url}/quickbooks/v3"
    return made


def customer(sdk: QuickBooks) -> dict[str, Any]:
    listed: list[dict[str, Any]] = sdk.query("SELECT * FROM Customer MAXRESULTS 1")["QueryResponse"]["Customer"]
    return listed[0]


def count(api: ApiSession) -> int:
    found: int = client.query(api, queries.count("Customer", [queries.EVEN_INACTIVE])).body["QueryResponse"][
        "totalCount"
    ]
    return found


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    """What of a record no change of another field may touch."""
    return {name: value for name, value in record.items() if name not in ("SyncToken", "MetaData", "sparse")}


def throttle(books: Sandbox, shape: str, times: int) -> None:
    books.ask("POST", "/quickbooks/settings", {"throttle_shape": shape})
    books.ask("POST", "/faults", {"provider": "quickbooks", "kind": "rate_limit", "times": times})


def test_trap_1_a_sparse_save_of_the_sdk_wipes_what_it_does_not_name(sdk: QuickBooks) -> None:
    before = customer(sdk)
    changing = Customer()
    changing.Id, changing.SyncToken, changing.DisplayName = before["Id"], before["SyncToken"], before["DisplayName"]
    changing.sparse, changing.Notes = True, "Likes the front row"
    changing.save(qb=sdk)
    after = customer(sdk)
    assert before["FamilyName"]
    assert not after.get("FamilyName")


def test_trap_1_an_update_with_only_the_changed_fields_leaves_every_other_as_it_was(sdk: QuickBooks) -> None:
    before = customer(sdk)
    changes = {"Id": before["Id"], "SyncToken": before["SyncToken"], "sparse": True, "Notes": "Likes the front row"}
    sdk.update_object("Customer", json.dumps(changes), request_id="one-logical-write")
    assert lasting(customer(sdk)) == lasting(before) | {"Notes": "Likes the front row"}


@pytest.mark.parametrize("shape", SHAPES)
def test_trap_2_the_sdk_does_not_know_a_429_as_such(books: Sandbox, sdk: QuickBooks, shape: str) -> None:
    throttle(books, shape, times=1)
    with pytest.raises(QuickbooksException) as met:
        sdk.query("SELECT * FROM Customer")
    told = (type(met.value) is ValidationException, met.value.error_code)
    assert told == ((True, 3001) if shape == "fault" else (False, 10000))


@pytest.mark.parametrize("shape", SHAPES)
def test_trap_2_we_wait_for_a_429_in_all_four_shapes(books: Sandbox, api: ApiSession, shape: str) -> None:
    throttle(books, shape, times=1)
    assert count(api) == 60
    assert len(api.meter.seen().waits) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_trap_2_a_429_that_stays_is_told_as_such(
    books: Sandbox, api: ApiSession, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)
    throttle(books, shape, times=-1)
    with pytest.raises(RateLimited) as met:
        client.query(api, "SELECT * FROM Customer")
    assert met.value.code == "3001"


def test_trap_3_the_sdk_waits_for_ever_and_we_do_not(
    books: Sandbox, sdk: QuickBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Watching(HTTPAdapter):
        def send(self, request: Any, *args: Any, **more: Any) -> Any:
            asked.append(more["timeout"])
            return super().send(request, *args, **more)

    sdk.session.mount("http://", Watching())
    customer(sdk)
    assert asked == [None]
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    monkeypatch.setattr(http, "_TRIES", 1)
    with wire(silence) as server, pytest.raises(Transient):
        client.query(ApiSession(base_url=server.url, headers={}, classify=client.classify), "SELECT * FROM Customer")


def test_trap_3_the_sign_in_s_package_waits_for_ever_too(books: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    send = HTTPAdapter.send

    def watching(self: HTTPAdapter, request: Any, *args: Any, **more: Any) -> Any:
        asked.append(more["timeout"])
        return send(self, request, *args, **more)

    monkeypatch.setattr(HTTPAdapter, "send", watching)
    discovered = f"{books.url}/quickbooks/.well-known/openid_configuration/"
    AuthClient(APP["client_id"], APP["client_secret"], CALLBACK, discovered)
    assert asked == [None]


def test_trap_4_building_the_sdk_s_sign_in_makes_a_call_and_building_ours_makes_none(
    books: Sandbox, company: Company
) -> None:
    discovered = f"{books.url}/quickbooks/.well-known/openid_configuration/"
    AuthClient(APP["client_id"], APP["client_secret"], CALLBACK, discovered)
    assert books.calls() == 1
    books.clear_log()
    opened(company)
    tokens.for_app(QUICKBOOKS)
    assert books.calls() == 0


def test_trap_4_building_the_sdk_s_client_without_an_access_token_uses_the_refresh_token_up(
    books: Sandbox, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    discovered = f"{books.url}/quickbooks/.well-known/openid_configuration/"
    held = company["credentials"]["refresh_token"]
    shown = AuthClient(APP["client_id"], APP["client_secret"], CALLBACK, discovered)
    QuickBooks(auth_client=shown, refresh_token=held, company_id=company["id"], minorversion=75)
    with pytest.raises(AuthRevoked):
        QuickBooksOAuth().refresh(tokens.for_app(QUICKBOOKS), AppCredentials(**APP), refresh_token=held)


def test_trap_5_the_sdk_refuses_the_local_sandbox_and_we_need_no_variable_for_it(
    sdk: QuickBooks, api: ApiSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT")
    with pytest.raises(InsecureTransportError):
        customer(sdk)
    assert count(api) == 60


def test_trap_10_reads_are_counted_against_an_allowance_of_ours_and_its_end_waits(
    books: Sandbox, api: ApiSession
) -> None:
    books.ask("POST", "/quickbooks/settings", {"coreplus_cap": 1})
    client.query(api, "SELECT count(*) FROM Customer")
    with pytest.raises(RateLimited) as met:
        client.query(api, "SELECT count(*) FROM Customer")
    assert (met.value.code, met.value.retry_after) == ("coreplus_allowance", 3600.0)
    assert requests.get(f"{books.url}/_control/state", timeout=10).json()["quickbooks"]["coreplus_this_month"] == 1
