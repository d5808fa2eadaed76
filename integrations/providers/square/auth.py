"""How Square authorises us: its consent page with PKCE, or a personal access token."""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.square.spec import SCOPES, SPEC
from integrations.providers.types import JSON, Account, AppCredentials, Grant

_APPLICATION_ID = re.compile(r"^(sandbox-)?sq0idb-")
_APPLICATION_SECRET = re.compile(r"^(sandbox-)?sq0csb-|^sq0csp-")
_PERSONAL_TOKEN = re.compile(r"^(EAAA[A-Za-z0-9_-]{20,}|sandbox-sq0atb-[A-Za-z0-9_-]{16,})$")


class SquareOAuth:
    """The code flow. The refresh token of this flow stays the same and does not end."""

    def authorize_url(
        self, app: AppCredentials, *, redirect_uri: str, state: str, challenge: str, sandbox: bool
    ) -> str:
        """Return Square's consent page; outside the sandbox it asks the seller to sign in afresh."""
        query = {
            "client_id": app.client_id,
            "scope": " ".join(scope.name for scope in SCOPES),
            "state": state,
            "redirect_uri": redirect_uri,
            "code_challenge": challenge,
        } | ({} if sandbox else {"session": "false"})
        return f"/oauth2/authorize?{urlencode(query)}"

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
        """Return the grant for a code that lives five minutes and works once."""
        return _grant(
            api,
            {
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "code": code,
                "grant_type": "authorization_code",
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        )

    def refresh(self, api: ApiSession, app: AppCredentials, *, refresh_token: str) -> Grant:
        """Return a new access token; Square answers with the same refresh token."""
        return _grant(
            api,
            {
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "refresh_token": refresh_token,
                "grant_type": "refresh_token",
            },
        )

    def revoke(self, api: ApiSession, app: AppCredentials, *, account_id: str, token: str) -> None:
        """End every token that this seller gave our application."""
        try:
            api.post(
                "/oauth2/revoke",
                {"client_id": app.client_id, "merchant_id": account_id},
                repeatable=True,
                headers={"Authorization": f"Client {app.client_secret}"},
            )
        except (errors.NotFound, errors.AuthRevoked):
            return


class SquareKey:
    """A personal access token from the seller's own developer page: it has no end and no refresh."""

    hint = "It begins with EAAA and is found in the Square Developer Console under Credentials."

    def looks_right(self, key: str) -> str:
        """Return an empty string, or what was pasted instead."""
        if _APPLICATION_ID.match(key):
            return "This is an application ID. Paste the access token that stands below it."
        if _APPLICATION_SECRET.match(key):
            return "This is an application secret. Paste the access token instead, and keep the secret to yourself."
        return "" if _PERSONAL_TOKEN.match(key) else f"This does not look like a Square access token. {self.hint}"

    def details(self, key: str) -> JSON:
        """Return nothing: a Square token says nothing by itself."""
        return {}


class SquareCheck:
    """Confirms an authorisation with calls that need no special permission."""

    def account(self, api: ApiSession) -> Account:
        """Return the seller and the granted scopes. Two calls."""
        status = api.call("POST", "/oauth2/token/status", repeatable=True).body
        merchant = api.get("/v2/merchants/me").body.get("merchant") or {}
        if not status.get("merchant_id") or merchant.get("id") != status["merchant_id"]:
            raise errors.Transient("Square did not say whose account this is.", code="no_merchant")
        details = {name: merchant[name] for name in ("country", "currency", "main_location_id") if merchant.get(name)}
        return Account(
            id=status["merchant_id"],
            name=merchant.get("business_name") or "",
            details=details,
            scopes=tuple(status.get("scopes") or ()),
        )


def _grant(api: ApiSession, request: dict[str, str]) -> Grant:
    try:
        answer = api.post("/oauth2/token", request, repeatable=False).body
    except errors.Invalid as error:
        raise errors.AuthRevoked(str(error), code=error.code, status=error.status) from error
    except errors.AuthRevoked as error:
        if "client" in error.code.lower() or "client_secret" in str(error).lower():
            raise errors.Misconfigured(f"{SPEC.name} does not accept our application.", code=error.code) from error
        raise
    if not answer.get("access_token") or not answer.get("merchant_id"):
        raise errors.Transient("Square's answer holds no access.", code="incomplete_grant")
    return Grant(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token"),
        access_expires_at=_time(answer.get("expires_at")),
        refresh_expires_at=_time(answer.get("refresh_token_expires_at")),
        account_id=answer["merchant_id"],
    )


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
