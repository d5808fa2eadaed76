"""How QuickBooks lets us in: a code for one company, tokens that are replaced, and an end that is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from connections import sessions, tokens
from connections.oauth import Trip
from integrations import catalogue
from integrations.providers.base import RefreshableOAuth, RevocableOAuth
from integrations.providers.errors import AuthExpired, AuthRevoked, Misconfigured, ProviderError, Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client
from integrations.providers.quickbooks.auth import CompanyEntrance, QuickBooksCheck, QuickBooksOAuth
from integrations.providers.quickbooks.spec import call_class
from integrations.providers.types import Access, Account, AppCredentials, Grant
from tests.connections.conftest import consent
from tests.provider_sandbox import Sandbox
from tests.providers.quickbooks.conftest import APP, CALLBACK, QUICKBOOKS, Company, opened
from tests.providers.wire import answer, wire

OURS = AppCredentials(**APP)
OAUTH = QuickBooksOAuth()
Query = dict[str, str]


@pytest.fixture
def came_back(company: Company) -> Callable[..., Query]:
    """Send an owner to the consent page; gives what the browser brings back."""

    def go(decision: str = "allow") -> Query:
        path = OAUTH.authorize_url(OURS, redirect_uri=CALLBACK, state="s", challenge="c", sandbox=True)
        trip = Trip(catalogue.base_url(QUICKBOOKS, "authorize") + path, datetime.now(UTC))
        return consent(trip, company["id"], decision)

    return go


def exchange(query: Query, app: AppCredentials = OURS) -> Grant:
    code = query.get("code", "")
    return OAUTH.exchange(tokens.for_app(QUICKBOOKS), app, code=code, redirect_uri=CALLBACK, verifier="v", query=query)


def refresh(token: str | None, app: AppCredentials = OURS) -> Grant:
    return OAUTH.refresh(tokens.for_app(QUICKBOOKS), app, refresh_token=token or "")


def revoke(token: str, app: AppCredentials = OURS) -> None:
    OAUTH.revoke(tokens.for_app(QUICKBOOKS), app, account_id="", token=token)


def token_calls(books: Sandbox, company: Company) -> dict[str, int]:
    accounts = books.ask("GET", "/state")["quickbooks"]["accounts"]
    found: dict[str, int] = next(each for each in accounts if each["id"] == company["id"])["token_calls"]
    return found


def about(at: datetime | None, **time: float) -> bool:
    return at is not None and abs(at - datetime.now(UTC) - timedelta(**time)) < timedelta(minutes=1)


def test_the_consent_page_is_asked_for_the_one_permission_and_the_way_back() -> None:
    path = OAUTH.authorize_url(OURS, redirect_uri=CALLBACK, state="s", challenge="c", sandbox=False)
    assert urlsplit(path).path == "/connect/oauth2"
    assert parse_qs(urlsplit(path).query) == {
        "client_id": [OURS.client_id], "response_type": ["code"], "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": [CALLBACK], "state": ["s"],
    }  # fmt: skip


def test_there_is_a_sign_in_that_is_renewed_and_ended_and_no_key() -> None:
    assert QUICKBOOKS.methods == ["oauth"]
    assert isinstance(QUICKBOOKS.oauth, RefreshableOAuth)
    assert isinstance(QUICKBOOKS.oauth, RevocableOAuth)


def test_a_code_gives_access_to_the_company_that_was_picked(came_back: Any, company: Company) -> None:
    grant = exchange(came_back())
    assert grant.account_id == company["id"]
    assert grant.access_token
    assert grant.refresh_token
    assert about(grant.access_expires_at, seconds=3600)
    assert about(grant.refresh_expires_at, seconds=8_726_400)
    assert about(grant.refresh_ends_at, days=5 * 365)


def test_an_owner_who_denies_it_brings_no_code(came_back: Any) -> None:
    assert came_back("deny") == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize("realm", [None, "", "123", "9" * 20, "93414-6599869126", "../../v3/company/1", "９" * 12])
def test_without_a_company_nothing_is_exchanged(
    books: Sandbox, company: Company, came_back: Any, realm: str | None
) -> None:
    query = came_back()
    query = {key: value for key, value in query.items() if key != "realmId"} | ({"realmId": realm} if realm else {})
    with pytest.raises(AuthRevoked, match="which company"):
        exchange(query)
    assert token_calls(books, company)["exchanges"] == 0


def test_a_code_works_once(came_back: Any) -> None:
    query = came_back()
    exchange(query)
    with pytest.raises(AuthRevoked) as met:
        exchange(query)
    assert met.value.code == "invalid_grant"


def test_a_refresh_replaces_both_tokens_and_the_old_one_is_dead(books: Sandbox, came_back: Any) -> None:
    first = exchange(came_back())
    second = refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.account_id == ""
    assert about(second.refresh_ends_at, days=5 * 365)
    with pytest.raises(AuthRevoked) as met:
        refresh(first.refresh_token)
    assert met.value.code == "invalid_grant"
    assert refresh(second.refresh_token).access_token


@pytest.mark.parametrize("action", ["expire_refresh", "revoke"])
def test_a_refresh_token_that_is_over_is_told_as_such(
    books: Sandbox, company: Company, came_back: Any, action: str
) -> None:
    grant = exchange(came_back())
    books.ask("POST", f"/quickbooks/{company['id']}/tokens", {"action": action})
    with pytest.raises(AuthRevoked):
        refresh(grant.refresh_token)


@pytest.mark.parametrize("wrong", [AppCredentials(OURS.client_id, "no"), AppCredentials("no", OURS.client_secret)])
def test_our_own_name_or_password_being_wrong_is_our_fault(came_back: Any, wrong: AppCredentials) -> None:
    with pytest.raises(Misconfigured):
        exchange(came_back(), wrong)
    with pytest.raises(Misconfigured):
        revoke("whichever", wrong)


def test_revoking_ends_the_whole_grant_and_doing_it_twice_is_no_error(company: Company, came_back: Any) -> None:
    grant = exchange(came_back())
    assert grant.refresh_token
    revoke(grant.refresh_token)
    revoke(grant.refresh_token)
    revoke("never-was")
    with pytest.raises(AuthRevoked):
        refresh(grant.refresh_token)
    with pytest.raises(AuthExpired):
        QuickBooksCheck().account(sessions.with_grant(QUICKBOOKS, grant))


def test_an_account_is_the_company_with_its_country_and_currency_for_two_calls(
    books: Sandbox, company: Company, came_back: Any
) -> None:
    api = sessions.with_grant(QUICKBOOKS, exchange(came_back()))
    assert QuickBooksCheck().account(api) == Account(
        id=company["id"], name="The Amber Works", details={"country": "GB", "currency": "GBP"},
        scopes=("com.intuit.quickbooks.accounting",),
    )  # fmt: skip
    assert api.meter.seen().calls == {"coreplus": 2}


def test_access_that_is_over_can_be_renewed(books: Sandbox, company: Company, api: ApiSession) -> None:
    books.ask("POST", f"/quickbooks/{company['id']}/tokens", {"action": "expire"})
    with pytest.raises(AuthExpired):
        QuickBooksCheck().account(api)


def test_access_to_one_company_is_none_to_another(books: Sandbox, company: Company) -> None:
    other = books.ask("POST", "/quickbooks/accounts", {"name": "Elsewhere", "sizes": {"Customer": 1}})
    with pytest.raises(AuthRevoked) as met:
        QuickBooksCheck().account(opened(company | {"id": other["id"]}))
    assert met.value.code == "3100"


def test_token_calls_are_counted_apart(came_back: Any) -> None:
    session, query = tokens.for_app(QUICKBOOKS), came_back()
    OAUTH.exchange(session, OURS, code=query["code"], redirect_uri=CALLBACK, verifier="", query=query)
    assert session.meter.seen().calls == {"oauth": 1}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v3/company/9341/customer/1?minorversion=75", "coreplus"),
        ("GET", "/v3/company/9341/query?query=SELECT", "coreplus"),
        ("POST", "/v3/company/9341/query?minorversion=75", "coreplus"),
        ("GET", "/v3/company/9341/cdc?entities=Customer", "coreplus"),
        ("GET", "/v3/company/9341/companyinfo/9341", "coreplus"),
        ("GET", "/v3/company/9341/preferences", "coreplus"),
        ("GET", "/v3/company/9341/reports/ProfitAndLoss", "coreplus"),
        ("POST", "/v3/company/9341/reports/ProfitAndLoss", "coreplus"),
        ("POST", "/v3/company/9341/customer?minorversion=75&requestid=1", "core"),
        ("POST", "/v3/company/9341/invoice?operation=delete", "core"),
        ("POST", "/v3/company/9341/batch", "core"),
        ("POST", "/oauth2/v1/tokens/bearer", "oauth"),
        ("POST", "/v2/oauth2/tokens/revoke", "oauth"),
    ],
)
@pytest.mark.parametrize("base", ["https://quickbooks.api.intuit.com", "http://127.0.0.1:8420/quickbooks"])
def test_a_call_is_of_the_class_that_intuit_counts_it_in(base: str, method: str, path: str, expected: str) -> None:
    assert call_class(method, base + path) == expected


def test_the_entrance_is_the_company_s_own_part_of_the_address() -> None:
    access = Access("secret", account_id="9341465998691269")
    entrance = CompanyEntrance()
    assert entrance.address("https://x.test", access) == "https://x.test/v3/company/9341465998691269"
    assert entrance.headers(access) == {"Authorization": "Bearer secret"}


@pytest.mark.parametrize("realm", ["", "123456789", "1" * 20, "9341465998691269/..", "9341465998691269\n", "९" * 12])
def test_what_is_no_company_does_not_become_part_of_an_address(realm: str) -> None:
    with pytest.raises(Misconfigured):
        CompanyEntrance().address("https://x.test", Access("secret", account_id=realm))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(b"", status="401 No"), Misconfigured),
        (answer(b"<html>busy</html>", status="503 Busy"), Transient),
        (answer(b'{"access_token": "a"}'), Transient),
        (answer(b'{"refresh_token": "r"}'), Transient),
        (answer(b'{"error": "invalid_grant"}', status="400 No"), AuthRevoked),
    ],
)
def test_a_refresh_that_fails_says_whose_business_it_is(reply: bytes, kind: type[ProviderError]) -> None:
    with wire(reply) as server, pytest.raises(kind) as met:
        OAUTH.refresh(ApiSession(base_url=server.url, headers={}, classify=client.classify,
                                 other_bases={"token": server.url}), OURS, refresh_token="r")  # fmt: skip
    assert type(met.value) is kind
    assert len(server.requests) == 1


def test_a_token_call_names_us_and_asks_for_the_end_of_the_grant() -> None:
    body = orjson.dumps({"access_token": "a", "refresh_token": "r", "expires_in": 3600})
    with wire(answer(body)) as server:
        session = ApiSession(
            base_url=server.url, headers={}, classify=client.classify, other_bases={"token": server.url}
        )
        grant = OAUTH.refresh(session, OURS, refresh_token="r 1")
    request = server.requests[0].lower()
    assert b"\r\nx-include-refresh-token-hard-expires-in: true\r\n" in request
    assert b"\r\nauthorization: basic " in request
    assert request.endswith(b"grant_type=refresh_token&refresh_token=r+1")
    assert (grant.refresh_expires_at, grant.refresh_ends_at) == (None, None)


def test_a_company_that_does_not_say_its_name_or_currency_is_known_by_what_it_says() -> None:
    replies = [answer(b'{"CompanyInfo": {"Country": "US"}}'), answer(b'{"Preferences": {"CurrencyPrefs": {}}}')]
    with wire(*replies) as server:
        session = ApiSession(base_url=f"{server.url}/v3/company/93414659986", headers={}, classify=client.classify)
        found = QuickBooksCheck().account(session)
    assert (found.id, found.name, found.details) == ("93414659986", "", {"country": "US"})
    assert b"GET /v3/company/93414659986/companyinfo/93414659986?minorversion=75 " in server.requests[0]


def test_books_without_an_owner_are_no_answer() -> None:
    with wire(answer(b"{}")) as server, pytest.raises(Transient):
        QuickBooksCheck().account(ApiSession(base_url=server.url, headers={}, classify=client.classify))
