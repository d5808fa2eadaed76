"""How a code becomes a connection, and how a connection ends. Errors are a word and a sentence here."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.credentials import key_of
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.errors import OAuthError, StripeError
from integrations.sandbox.stripe.forms import read_form
from integrations.sandbox.stripe.grants import hidden
from integrations.sandbox.stripe.notices import announce
from integrations.sandbox.stripe.permissions import READ_ONLY, READ_WRITE

_TOKEN = {"grant_type", "code", "refresh_token", "scope", "client_secret", "assert_capabilities"}
_DEAUTHORIZE = {"client_id", "stripe_user_id", "client_secret"}


def token(stripe: StripeDouble, body: bytes, content_type: str, headers: Mapping[str, str]) -> Document:
    asked = _form(body, content_type, _TOKEN)
    _check_secret(stripe, asked, headers)
    grant = _needed(asked, "grant_type")
    if grant == "authorization_code":
        return _exchange(stripe, asked)
    if grant == "refresh_token":
        return _refresh(stripe, asked)
    raise OAuthError(400, f"This grant type is not supported: {grant}", code="unsupported_grant_type")


def deauthorize(stripe: StripeDouble, body: bytes, content_type: str, headers: Mapping[str, str]) -> Document:
    """Ends the connection of an account; then the platform's endpoint is told."""
    asked = _form(body, content_type, _DEAUTHORIZE)
    _check_secret(stripe, asked, headers)
    client_id, account_id = _needed(asked, "client_id"), _needed(asked, "stripe_user_id")
    if client_id != stripe.application.client_id:
        raise OAuthError(
            401, f"No application matches the supplied client identifier: {client_id}", code="invalid_client"
        )
    account = stripe.venues.get(account_id)
    if account is None or not disconnect(stripe, account):
        message = f"This application is not connected to stripe account {account_id}, or that account does not exist."
        raise OAuthError(401, message, code="invalid_client")
    return {"stripe_user_id": account_id}


def disconnect(stripe: StripeDouble, account: Account) -> bool:
    """End the connection and announce it; False when there was none."""
    if not stripe.grants.disconnect(account.id):
        return False
    application = {"id": stripe.application.client_id, "object": "application", "name": stripe.application.name}
    announce(stripe, account, "account.application.deauthorized", application)
    return True


def _exchange(stripe: StripeDouble, asked: Document) -> Document:
    code = stripe.grants.take_code(_needed(asked, "code"), now=stripe.clock.now())
    if asked.get("scope", code.scope) != code.scope:
        raise OAuthError(400, f"The scope of this code is {code.scope}.", code="invalid_scope")
    access, refresh = stripe.grants.connect(code.account_id, code.scope)
    return _granted(stripe, code.account_id, code.scope, access, refresh)


def _refresh(stripe: StripeDouble, asked: Document) -> Document:
    """A token of the same scope or less; the refresh token comes back as it was."""
    text = _needed(asked, "refresh_token")
    known = stripe.grants.refreshes.get(text)
    if known is None or known.account_id not in stripe.venues:
        raise OAuthError(400, f"Refresh token does not exist: {hidden(text)}", code="invalid_grant")
    scope = asked.get("scope", known.scope)
    if scope not in (READ_ONLY, READ_WRITE) or (scope == READ_WRITE and known.scope == READ_ONLY):
        raise OAuthError(400, f"Requested scope {scope} is beyond what was granted.", code="invalid_scope")
    access = stripe.grants.new_token(known.account_id, scope)
    return _granted(stripe, known.account_id, scope, access, text)


def _granted(stripe: StripeDouble, account_id: str, scope: str, access: str, refresh: str) -> Document:
    account = stripe.venues[account_id]
    return {
        "access_token": access,
        "livemode": account.livemode,
        "refresh_token": refresh,
        "token_type": "bearer",
        "stripe_publishable_key": account.keys["pk"],
        "stripe_user_id": account_id,
        "scope": scope,
    }


def _check_secret(stripe: StripeDouble, asked: Document, headers: Mapping[str, str]) -> None:
    """The platform's secret key, as Bearer, as Basic or in the form."""
    try:
        secret = asked["client_secret"] if "client_secret" in asked else key_of(headers)
    except StripeError as error:
        raise OAuthError(401, error.message, code="invalid_client") from error
    if not hmac.compare_digest(str(secret).encode(), stripe.application.client_secret.encode()):
        raise OAuthError(401, f"Invalid API Key provided: {hidden(str(secret))}", code="invalid_client")


def _form(body: bytes, content_type: str, known: set[str]) -> Document:
    try:
        asked = read_form(body, content_type)
    except StripeError as error:
        raise OAuthError(400, error.message, code="invalid_request") from error
    for name in asked:
        if name not in known:
            raise OAuthError(400, f"Received unknown parameter: {name}", code="invalid_request")
    return asked


def _needed(asked: Document, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise OAuthError(400, f"Missing required param: {name}.", code="invalid_request")
    return value
