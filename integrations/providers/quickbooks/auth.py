"""How QuickBooks authorises us: Intuit's consent page, where the owner picks a company; and where its calls go.

Which company it was stands only in the address that the browser comes back to, never in the answer with the tokens.
An access token lives an hour. A refresh token is replaced by a newer one time and again, lives a hundred days from its
last use, and five years at most.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client
from integrations.providers.quickbooks.spec import ACCOUNTING, SPEC
from integrations.providers.types import Access, Account, AppCredentials, Grant

_REALM = re.compile(r"[0-9]{10,19}")
_TELL_THE_END = {"x-include-refresh-token-hard-expires-in": "true"}


class QuickBooksOAuth:
    """The code flow for one company."""

    def authorize_url(
        self, app: AppCredentials, *, redirect_uri: str, state: str, challenge: str, sandbox: bool
    ) -> str:
        """Return Intuit's consent page; it does not document PKCE."""
        query = {
            "client_id": app.client_id,
            "response_type": "code",
            "scope": ACCOUNTING,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"/connect/oauth2?{urlencode(query)}"

    def exchange(
        self,
        api: ApiSession,
        app: AppCredentials,
        *,
        code: str,
        redirect_uri: str,
        verifier: str,
        query: Mapping[str, str],
    ) -> Grant:
        """Return the grant for a code that works once, for the company that the owner picked."""
        realm = query.get("realmId", "")
        if not _REALM.fullmatch(realm):
            raise errors.AuthRevoked("QuickBooks did not say which company was picked. Try again.", code="no_company")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return _grant(api, app, form, account_id=realm)

    def refresh(self, api: ApiSession, app: AppCredentials, *, refresh_token: str) -> Grant:
        """Return a new access token with the refresh token that counts from now on; the old one may be dead."""
        return _grant(api, app, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def revoke(self, api: ApiSession, app: AppCredentials, *, account_id: str, token: str) -> None:
        """End the whole grant, whichever of its tokens is shown."""
        body = orjson.dumps({"token": token})
        try:
            api.call(
                "POST", "/v2/oauth2/tokens/revoke", body=body, repeatable=True, headers=_ours(app), base="revoke",
                may_be_empty=True,
            )  # fmt: skip
        except errors.ProviderError as error:
            if error.status not in (400, 404):  # these say that there is no such token any more
                raise


class CompanyEntrance:
    """The company's own part of the one address, and the access token as a bearer token."""

    def address(self, url: str, access: Access) -> str:
        """Return the address with the company in it. Raises Misconfigured for what must not become part of a path."""
        if not _REALM.fullmatch(access.account_id):
            raise errors.Misconfigured("We do not know which QuickBooks company this is. Connect it again.")
        return f"{url}/v3/company/{access.account_id}"

    def headers(self, access: Access) -> dict[str, str]:
        """Return the Authorization header."""
        return {"Authorization": f"Bearer {access.secret}"}


class QuickBooksCheck:
    """Confirms an authorisation. Intuit counts these calls, so they are made at the connect and never as a probe."""

    counted_as: ClassVar[str] = "coreplus"

    def account(self, api: ApiSession) -> Account:
        """Return the company with its country and home currency. Two calls."""
        realm = api.base_url.rpartition("/")[2]
        company = client.get(api, f"/companyinfo/{realm}").body.get("CompanyInfo")
        if not isinstance(company, dict):
            raise errors.Transient("QuickBooks did not say whose books these are.", code="no_company")
        preferences = client.get(api, "/preferences").body.get("Preferences") or {}
        currency = ((preferences.get("CurrencyPrefs") or {}).get("HomeCurrency") or {}).get("value")
        details = {"country": company.get("Country"), "currency": currency}
        return Account(
            id=realm,
            name=company.get("CompanyName") or "",
            details={name: value for name, value in details.items() if value},
            scopes=(ACCOUNTING,),
        )


def _grant(api: ApiSession, app: AppCredentials, form: Mapping[str, str], *, account_id: str = "") -> Grant:
    asked_at = datetime.now(UTC)
    headers = _ours(app) | _TELL_THE_END
    try:
        answer = api.post_form("/oauth2/v1/tokens/bearer", form, repeatable=False, headers=headers, base="token").body
    except errors.AuthExpired as error:  # a 401 without a word: here it can only mean our own name and password
        raise errors.Misconfigured(f"{SPEC.name} does not accept our application.", status=error.status) from error
    if not answer.get("access_token") or not answer.get("refresh_token"):
        raise errors.Transient("QuickBooks' answer holds no access.", code="incomplete_grant")
    return Grant(
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
        access_expires_at=_in(asked_at, answer.get("expires_in")),
        refresh_expires_at=_in(asked_at, answer.get("x_refresh_token_expires_in")),
        refresh_ends_at=_in(asked_at, answer.get("x_refresh_token_hard_expires_in")),
        account_id=account_id,
    )


def _ours(app: AppCredentials) -> dict[str, str]:
    pair = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _in(begin: datetime, seconds: Any) -> datetime | None:
    """Return the time so many seconds on, None where they are not told."""
    return begin + timedelta(seconds=seconds) if isinstance(seconds, int) and seconds > 0 else None
