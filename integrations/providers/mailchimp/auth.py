"""How Mailchimp authorises us: its consent page, or an API key; and where the calls for an account go.

An account lives in a data centre, whose name becomes part of a host name. It is checked wherever it comes in, and the
rest of the host is ours.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.spec import SCOPES, SPEC
from integrations.providers.types import JSON, Access, Account, AppCredentials, Grant

_DATA_CENTRE = re.compile(r"[a-z]+[0-9]*")
_LONGEST_DATA_CENTRE = 20
_KEY = re.compile(r"[0-9a-f]{32}-[a-z]{2,}[0-9]+")
_KEY_WITHOUT_DATA_CENTRE = re.compile(r"[0-9a-f]{32}-?")
_USER_NAME = "backline"  # Mailchimp takes any
_ACCOUNT = ("account_id", "account_name", "login_id", "role", "pro_enabled", "pricing_plan_type", "account_timezone")


class MailchimpOAuth:
    """The code flow. The token has no end, cannot be renewed, and only the account's owner can take it back."""

    def authorize_url(
        self, app: AppCredentials, *, redirect_uri: str, state: str, challenge: str, sandbox: bool
    ) -> str:
        """Return Mailchimp's consent page; it knows neither scopes nor PKCE."""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
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
        """Return the grant for a code that works once, with the data centre that a second call tells."""
        form = {
            "grant_type": "authorization_code",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "redirect_uri": redirect_uri,
            "code": code,
        }
        try:
            token = api.post_form("/oauth2/token", form, repeatable=False, base="token").body.get("access_token")
        except errors.Invalid as error:
            raise errors.AuthRevoked(str(error), code=error.code, status=error.status) from error
        if not isinstance(token, str) or not token:
            raise errors.Transient("Mailchimp's answer holds no access.", code="incomplete_grant")
        return Grant(access_token=token, details=_metadata(api, token))


class MailchimpKey:
    """An API key, made on the account's own page. Mailchimp would rather see the sign-in used."""

    hint = "It is 32 letters and digits, a dash and a data centre such as us21, found under Account, Extras, API keys."

    def looks_right(self, key: str) -> str:
        """Return an empty string, or what was pasted instead."""
        if _KEY.fullmatch(key):
            return ""
        if _KEY_WITHOUT_DATA_CENTRE.fullmatch(key):
            return "The end of this key is missing: a dash and the data centre, such as -us21. Copy the whole key."
        return f"This does not look like a Mailchimp API key. {self.hint}"

    def details(self, key: str) -> JSON:
        """Return the data centre, which is the part behind the dash."""
        return {"dc": key.rpartition("-")[2]}


class MailchimpEntrance:
    """The account's own host, and a bearer token or the key as a password."""

    def address(self, url: str, access: Access) -> str:
        """Return the address with the account's data centre in it."""
        return url.replace("{dc}", data_centre(access.details.get("dc")))

    def headers(self, access: Access) -> dict[str, str]:
        """Return the Authorization header."""
        if access.method == "api_key":
            pair = base64.b64encode(f"{_USER_NAME}:{access.secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {"Authorization": f"Bearer {access.secret}"}


class MailchimpCheck:
    """Confirms an authorisation, whichever way it came."""

    def account(self, api: ApiSession) -> Account:
        """Return the account. One call, which asks for nothing that names a person."""
        body = api.get("/3.0/", {"fields": ",".join((*_ACCOUNT, "contact.country"))}).body
        if not body.get("account_id"):
            raise errors.Transient("Mailchimp did not say whose account this is.", code="no_account")
        known = {name: body[name] for name in _ACCOUNT[2:] if body.get(name) not in (None, "")}
        country = (body.get("contact") or {}).get("country")
        return Account(
            id=str(body["account_id"]),
            name=str(body.get("account_name") or ""),
            details=known | ({"country": country} if country else {}),
            scopes=tuple(scope.name for scope in SCOPES),
        )


def data_centre(name: Any) -> str:
    """Return the name of a data centre. Raises Misconfigured for what must not become part of a host name."""
    text = str(name or "")
    if not _DATA_CENTRE.fullmatch(text) or len(text) > _LONGEST_DATA_CENTRE:
        raise errors.Misconfigured(
            f"We do not know in which data centre this {SPEC.name} account lives. Connect it again.", code="data_centre"
        )
    return text


def _metadata(api: ApiSession, token: str) -> JSON:
    """Return where the account lives and who let us in; Mailchimp keeps it apart from the token."""
    shown = {"Authorization": f"OAuth {token}"}
    body = api.call("GET", "/oauth2/metadata", repeatable=True, headers=shown, base="token").body
    if body.get("error"):
        raise errors.AuthRevoked("Mailchimp does not accept the access it just gave.", code=str(body["error"])[:60])
    login = (body.get("login") or {}).get("login_id") or body.get("user_id")
    details = {"login_id": str(login) if login else "", "role": body.get("role") or ""}
    return {"dc": data_centre(body.get("dc"))} | {name: value for name, value in details.items() if value}
