"""How Stripe authorises us: its Connect sign-in, or a restricted key that the owner pastes."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.stripe.spec import SCOPES, SPEC
from integrations.providers.types import JSON, Access, Account, AppCredentials, Grant

_KEY = re.compile(r"^[rs]k_(live|test)_[A-Za-z0-9]{8,}$")
_EVERYTHING = "read_write"
_WHERE = "Developers, API keys, Create restricted key"
# What people paste instead, by how it begins.
_MISTAKEN: dict[str, str] = {
    "pk_": "This is a publishable key: it can only begin a payment. Paste a restricted key instead.",
    "whsec_": "This is a webhook's signing secret. Paste a restricted key instead, and keep the secret to yourself.",
    "ca_": "This is an application's client ID. Paste a restricted key instead.",
    "sk_org_": "This key opens a whole organisation. Paste a restricted key of the one account that is this venue's.",
    "rk_org_": "This key opens a whole organisation. Paste a restricted key of the one account that is this venue's.",
    "acct_": "This is an account's ID. Paste a restricted key of that account instead.",
}


class StripeOAuth:
    """Connect's code flow. Access has no end and no refresh; calls show our own key and name the account."""

    def authorize_url(
        self, app: AppCredentials, *, redirect_uri: str, state: str, challenge: str, sandbox: bool
    ) -> str:
        """Return Stripe's consent page. Connect knows no PKCE, so `challenge` is not used."""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "scope": _EVERYTHING,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"/oauth/authorize?{urlencode(query)}"

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
        """Return the grant for a code that works once."""
        form = {"grant_type": "authorization_code", "code": code}
        answer = api.post_form("/oauth/token", form, repeatable=False, headers=_as_platform(app), base="token").body
        if not answer.get("access_token") or not answer.get("stripe_user_id"):
            raise errors.Transient("Stripe's answer holds no access.", code="incomplete_grant")
        mode = _mode(answer)
        if mode != mode_of(app.client_secret, unless=mode):
            raise errors.Misconfigured(
                f"{SPEC.name} gave access in {mode} mode; our application's key is of the other."
            )
        return Grant(
            access_token=answer["access_token"],
            account_id=answer["stripe_user_id"],
            scopes=(answer["scope"],) if answer.get("scope") else (),
            details={"mode": mode, "scope": answer.get("scope") or ""},
        )

    def revoke(self, api: ApiSession, app: AppCredentials, *, account_id: str, token: str) -> None:
        """End our access to this account. One that has ended already is a success."""
        form = {"client_id": app.client_id, "stripe_user_id": account_id}
        try:
            api.post_form("/oauth/deauthorize", form, repeatable=True, headers=_as_platform(app), base="revoke")
        except errors.NotFound:
            return
        except errors.Misconfigured as error:
            if error.code != "invalid_client" or "not connected" not in str(error):
                raise


class StripeKey:
    """A key of the venue's own account: restricted by preference, a secret key where there is no other."""

    hint = (
        f"It begins with rk_live_ and is made in Stripe under {_WHERE}. "
        "A secret key (sk_live_) works too, but opens everything: a restricted one is better."
    )

    def looks_right(self, key: str) -> str:
        """Return an empty string, or what was pasted instead."""
        for beginning, sentence in _MISTAKEN.items():
            if key.startswith(beginning):
                return sentence
        return "" if _KEY.match(key) else f"This does not look like a Stripe key. {self.hint}"

    def details(self, key: str) -> JSON:
        """Return the mode that stands in the key, and that a secret key may do everything."""
        return {"mode": mode_of(key)} | ({"scope": _EVERYTHING} if key.startswith("sk_") else {})


class StripeEntrance:
    """A pasted key opens its own account; with a sign-in our own key opens the account that is named beside it."""

    def address(self, url: str, access: Access) -> str:
        """Return the address as it is."""
        return url

    def headers(self, access: Access) -> dict[str, str]:
        """Return the headers that open the account. Raises Misconfigured where they would open our own."""
        if access.method == "api_key":
            return {"Authorization": f"Bearer {access.secret}"}
        if access.app is None or not access.account_id.startswith("acct_"):
            raise errors.Misconfigured("A call with our own key must name the account that it is for.")
        return {**_as_platform(access.app), "Stripe-Account": access.account_id}


class StripeCheck:
    """Confirms an authorisation by the account that it shows. One call."""

    def account(self, api: ApiSession) -> Account:
        """Return the account. Raises PermissionMissing with Stripe's name for what a restricted key lacks."""
        told = api.get("/v1/account").body
        if not isinstance(told.get("id"), str) or not told["id"]:
            raise errors.Transient("Stripe did not say whose account this is.", code="no_account")
        details = {name: told[name] for name in ("country", "default_currency", "created") if told.get(name)}
        return Account(
            id=told["id"],
            name=_name(told),
            details=details,
            scopes=_granted(api.account.get("scope")),
            mode=str(api.account.get("mode") or ""),
        )


def mode_of(key: str, *, unless: str = "") -> str:
    """Return "live" or "test" as the middle part of a key says; `unless` where it says neither."""
    parts = key.split("_")
    return parts[1] if len(parts) > 2 and parts[1] in ("live", "test") else unless


def _mode(answer: JSON) -> str:
    return "live" if answer.get("livemode") else "test"


def _as_platform(app: AppCredentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {app.client_secret}"}


def _name(told: JSON) -> str:
    """Return the name that the owner knows the account by; what Stripe left empty gives way to the next."""
    settings: Any = told.get("settings") or {}
    profile: Any = told.get("business_profile") or {}
    return profile.get("name") or (settings.get("dashboard") or {}).get("display_name") or told["id"]


def _granted(scope: Any) -> tuple[str, ...]:
    """Return the permissions that are known to be granted; of a restricted key Stripe tells none."""
    if scope == _EVERYTHING:
        return tuple(each.name for each in SCOPES)
    return tuple(each.name for each in SCOPES if each.name.endswith("_read")) if scope == "read_only" else ()
