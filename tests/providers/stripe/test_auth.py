"""Stripe's two ways in: its sign-in, where our own key opens the account that is named, and a pasted key."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests

from connections import sessions, tokens
from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.stripe import STRIPE
from integrations.providers.stripe.auth import StripeCheck, StripeEntrance, StripeKey, StripeOAuth
from integrations.providers.types import Access, AppCredentials, Grant, ObjectType, ReadScope
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import APP, Account, over
from tests.providers.wire import answer, wire

BACK = "http://testserver/api/v1/integrations/oauth/callback/stripe"
CHECK, KEY, OAUTH = StripeCheck(), StripeKey(), StripeOAuth()


def sign_in(sandbox: Sandbox, account: Account, decision: str = "allow") -> dict[str, str]:
    """Return the query with which the browser comes back from the consent page."""
    sandbox.ask("POST", "/stripe/redirect-uris", {"uri": BACK})
    path = OAUTH.authorize_url(APP, redirect_uri=BACK, state="s/1", challenge="unused", sandbox=True)
    browser = requests.Session()
    page = browser.get(f"{sandbox.url}/stripe{path}")
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None, page.text
    form = {"ticket": ticket[1], "account": account["id"], "decision": decision}
    back = browser.post(f"{sandbox.url}/stripe/oauth/authorize/decision", data=form, allow_redirects=False)
    return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["Location"]).query).items()}


def exchange(code: str, app: AppCredentials = APP) -> Grant:
    return OAUTH.exchange(tokens.for_app(STRIPE), app, code=code, redirect_uri=BACK, verifier="", query={})


@pytest.fixture
def grant(sandbox: Sandbox, account: Account) -> Grant:
    return exchange(sign_in(sandbox, account)["code"])


@pytest.fixture
def signed_in(grant: Grant) -> ApiSession:
    """A session as the sign-in makes it, without the shared pace."""
    return ApiSession(
        base_url=tokens.for_app(STRIPE).base_url,
        headers=STRIPE.spec.headers,
        classify=STRIPE.classify,
        authorization=lambda: StripeEntrance().headers(
            Access(grant.access_token, account_id=grant.account_id, app=APP)
        ),
        account=grant.details,
    )


def test_the_consent_page_is_asked_for_both_reading_and_writing() -> None:
    path = OAUTH.authorize_url(APP, redirect_uri=BACK, state="a b", challenge="c", sandbox=False)
    assert path == (
        "/oauth/authorize?response_type=code&client_id=ca_SandboxBackline&scope=read_write&redirect_uri="
        "http%3A%2F%2Ftestserver%2Fapi%2Fv1%2Fintegrations%2Foauth%2Fcallback%2Fstripe&state=a+b"
    )


def test_a_sign_in_gives_the_account_its_mode_and_what_was_granted(grant: Grant, account: Account) -> None:
    assert (grant.account_id, grant.scopes, grant.refresh_token, grant.access_expires_at) == (
        account["id"], ("read_write",), None, None,
    )  # fmt: skip
    assert grant.details == {"mode": "test", "scope": "read_write"}


def test_a_denied_sign_in_comes_back_with_the_reason(sandbox: Sandbox, account: Account) -> None:
    query = sign_in(sandbox, account, "deny")
    assert (query["error"], query["state"], "code" in query) == ("access_denied", "s/1", False)


def test_a_code_that_is_made_up_or_used_twice_is_refused(sandbox: Sandbox, account: Account) -> None:
    code = sign_in(sandbox, account)["code"]
    exchange(code)
    for each in (code, "ac_made_up", ""):
        with pytest.raises((errors.AuthRevoked, errors.Misconfigured)):
            exchange(each)


def test_a_wrong_key_of_our_own_does_not_get_access(sandbox: Sandbox, account: Account) -> None:
    with pytest.raises((errors.Misconfigured, errors.AuthRevoked)):
        exchange(sign_in(sandbox, account)["code"], AppCredentials(APP.client_id, "sk_test_wrong"))


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (b'{"scope": "read_write"}', errors.Transient),
        (b'{"access_token": "sk", "stripe_user_id": "acct_1", "livemode": true}', errors.Misconfigured),
    ],
    ids=["no access", "the other mode than our key's"],
)
def test_an_answer_that_does_not_fit_gives_no_access(told: bytes, kind: type[errors.ProviderError]) -> None:
    with wire(answer(told)) as server:
        bases = {"token": server.url}
        api = ApiSession(base_url=server.url, headers={}, classify=STRIPE.classify, other_bases=bases)
        with pytest.raises(kind):
            OAUTH.exchange(api, APP, code="ac_1", redirect_uri=BACK, verifier="", query={})


def test_after_a_sign_in_calls_show_our_own_key_and_name_the_account(signed_in: ApiSession, account: Account) -> None:
    found = CHECK.account(signed_in)
    assert (found.id, found.name, found.mode) == (account["id"], "The Lantern Room", "test")
    assert set(found.scopes) == {scope.name for scope in STRIPE.spec.scopes}
    pages = list(STRIPE.streams[ObjectType.CUSTOMER].read(signed_in, {}, ReadScope()))
    assert sum(len(page.records) for page in pages) == 60


def test_our_own_key_never_goes_out_without_an_account() -> None:
    for access in (Access("sk", app=APP), Access("sk", account_id="acct_1"), Access("sk", account_id="x", app=APP)):
        with pytest.raises(errors.Misconfigured):
            StripeEntrance().headers(access)


def test_ending_our_access_ends_it_and_is_a_success_the_second_time(
    signed_in: ApiSession, grant: Grant, account: Account
) -> None:
    for _ in range(2):
        OAUTH.revoke(tokens.for_app(STRIPE), APP, account_id=account["id"], token=grant.access_token)
    with pytest.raises(errors.AuthRevoked):
        CHECK.account(signed_in)


def test_ending_access_with_a_wrong_application_is_not_taken_for_a_success(sandbox: Sandbox, account: Account) -> None:
    wrong = AppCredentials("ca_Another", APP.client_secret)
    with pytest.raises(errors.ProviderError):
        OAUTH.revoke(tokens.for_app(STRIPE), wrong, account_id=account["id"], token="")


def test_a_restricted_key_shows_its_account_and_mode(api: ApiSession, account: Account) -> None:
    found = CHECK.account(api)
    assert (found.id, found.name, found.mode, found.scopes) == (account["id"], "The Lantern Room", "test", ())
    assert found.details == {"country": "GB", "default_currency": "gbp", "created": found.details["created"]}
    assert isinstance(found.details["created"], int)


def test_a_secret_key_works_too_and_may_do_everything(account: Account) -> None:
    found = CHECK.account(sessions.with_key(STRIPE, Secret(account["secret_key"])))
    assert (found.id, len(found.scopes)) == (account["id"], len(STRIPE.spec.scopes))


def test_a_key_without_the_permission_is_told_which_one(sandbox: Sandbox, account: Account, api: ApiSession) -> None:
    lost = {"action": "drop_scope", "scope": "rak_accounts_kyc_basic_read"}
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", lost)
    with pytest.raises(errors.PermissionMissing) as met:
        CHECK.account(api)
    assert met.value.scope == "rak_accounts_kyc_basic_read"
    assert met.value.scope in {scope.name for scope in STRIPE.spec.scopes}


def test_a_key_that_ended_says_so(sandbox: Sandbox, account: Account, api: ApiSession) -> None:
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "expire"})
    with pytest.raises(errors.AuthExpired):
        CHECK.account(api)


def test_a_key_that_nobody_knows_is_refused(account: Account) -> None:
    with pytest.raises(errors.AuthRevoked):
        CHECK.account(sessions.with_key(STRIPE, Secret("rk_test_51AbCdEfGhIjKlMnOp")))


def test_access_that_the_owner_took_back_is_gone(sandbox: Sandbox, account: Account, signed_in: ApiSession) -> None:
    sandbox.ask("POST", f"/stripe/{account['id']}/tokens", {"action": "revoke"})
    with pytest.raises(errors.AuthRevoked):
        CHECK.account(signed_in)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"business_profile": {"name": "Hall"}, "settings": {"dashboard": {"display_name": "x"}}}, "Hall"),
        ({"business_profile": {"name": None}, "settings": {"dashboard": {"display_name": "Hall"}}}, "Hall"),
        ({"business_profile": None, "settings": None}, "acct_1"),
    ],
)
def test_an_account_is_called_as_its_owner_calls_it(told: dict[str, Any], name: str) -> None:
    with wire(answer(orjson.dumps({"id": "acct_1", **told}))) as server:
        assert CHECK.account(over(server.url, mode="live")).name == name


@pytest.mark.parametrize(
    ("key", "details"),
    [
        ("rk_live_51AbCdEfGhIjKlMnOp", {"mode": "live"}), ("rk_test_51AbCdEfGhIjKlMnOp", {"mode": "test"}),
        ("sk_live_51AbCdEfGhIjKlMnOp", {"mode": "live", "scope": "read_write"}),
    ],
)  # fmt: skip
def test_a_key_tells_its_mode(key: str, details: dict[str, str]) -> None:
    assert (KEY.looks_right(key), KEY.details(key)) == ("", details)


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("pk_live_51AbCdEfGhIjKlMnOp", "publishable key"), ("whsec_AbCdEfGhIjKl", "webhook"),
        ("ca_AbCdEfGhIjKl", "client ID"), ("sk_org_live_AbCdEfGhIjKl", "organisation"),
        ("acct_1AbCdEf", "account's ID"), ("EAAAlongSquareToken", "does not look like"),
        ("rk_live_short", "does not look like"), ("rk_live_with space", "does not look like"),
    ],
)  # fmt: skip
def test_what_was_pasted_instead_is_named(pasted: str, says: str) -> None:
    told = KEY.looks_right(pasted)
    assert says in told
    assert "restricted" in told
    assert pasted not in told


def test_the_hint_says_that_a_restricted_key_is_better() -> None:
    assert "rk_live_" in KEY.hint
    assert "restricted one is better" in KEY.hint
