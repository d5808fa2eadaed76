"""How a code becomes a token, and how a token's owner learns where the account lives."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.credentials import token_of
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.errors import LoginError

_FORM = "application/x-www-form-urlencoded"
_FIELDS = {"grant_type", "client_id", "client_secret", "redirect_uri", "code"}


def obtain_token(mailchimp: MailchimpDouble, content_type: str, form: bytes) -> tuple[str, Document]:
    """The account and the token that the code stands for. The token never expires."""
    asked = _form(content_type, form)
    _check_client(mailchimp, asked)
    if asked["grant_type"] != "authorization_code":
        raise LoginError(400, "unsupported_grant_type", "grant_type must be authorization_code.")
    code = mailchimp.grants.take_code(asked["code"], now=mailchimp.clock.now())
    if code.redirect_uri != asked["redirect_uri"]:
        raise LoginError(400, "invalid_grant", "The redirect_uri is not the one of the authorise request.")
    token = mailchimp.grants.new_token(code.account_id)
    return code.account_id, {"access_token": token, "expires_in": 0, "scope": None}


def metadata(mailchimp: MailchimpDouble, authorization: str) -> tuple[str, Document]:
    """The account of the token, and its data centre."""
    token = token_of(mailchimp, authorization)
    if token is None:
        raise LoginError(401, "invalid_token", "The access token is unknown or was revoked.")
    account = mailchimp.accounts[token.account_id]
    dc = account.dc if mailchimp.settings.metadata_dc is None else mailchimp.settings.metadata_dc
    return account.id, {
        "dc": dc,
        "role": "owner",
        "accountname": account.name,
        "user_id": account.user_id,
        "login": {
            "email": account.email,
            "avatar": None,
            "login_id": account.login_id,
            "login_name": account.email,
            "login_email": account.email,
        },
        "login_url": "https://login.mailchimp.com",
        "api_endpoint": f"https://{dc}.api.mailchimp.com",
    }


def _form(content_type: str, form: bytes) -> dict[str, str]:
    if content_type != _FORM:
        raise LoginError(400, "invalid_request", f"Send a form as {_FORM}.")
    asked = dict(parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True))
    unknown, missing = set(asked) - _FIELDS, sorted(_FIELDS - {name for name, value in asked.items() if value})
    if unknown:
        raise LoginError(400, "invalid_request", f"Unknown parameter: {', '.join(sorted(unknown))}.")
    if missing:
        raise LoginError(400, "invalid_request", f"Missing parameter: {', '.join(missing)}.")
    return asked


def _check_client(mailchimp: MailchimpDouble, asked: dict[str, str]) -> None:
    known = mailchimp.application
    if asked["client_id"] != known.client_id or not hmac.compare_digest(
        asked["client_secret"].encode(), known.client_secret.encode()
    ):
        raise LoginError(401, "invalid_client", "The client_id or the client_secret is wrong.")
