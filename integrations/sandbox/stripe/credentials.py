"""Whose key a request brings, and for which account it may speak."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from integrations.sandbox.stripe.account_reads import no_access
from integrations.sandbox.stripe.calls import Access
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.errors import StripeError
from integrations.sandbox.stripe.grants import hidden
from integrations.sandbox.stripe.permissions import READ_ONLY

ACCOUNT = "Stripe-Account"
_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
)


def key_of(headers: Mapping[str, str]) -> str:
    """The key of the Authorization header, as Bearer or as the user of Basic; StripeError 401 without one."""
    kind, _, text = headers.get("Authorization", "").partition(" ")
    text = text.strip()
    if kind.lower() == "basic":
        text = _user_of(text)
    elif kind.lower() != "bearer":
        text = ""
    if not text:
        raise StripeError(401, _NO_KEY)
    return text


def access_of(stripe: StripeDouble, headers: Mapping[str, str]) -> Access:
    """What the key opens; StripeError 401 for a key that opens nothing, 403 for an account that it may not touch."""
    key = key_of(headers)
    access = _by_key(stripe, key)
    wanted = headers.get(ACCOUNT)
    if wanted is None or wanted == access.account.id:
        return access
    scope = stripe.grants.connections.get(wanted) if access.is_platform else None
    account = stripe.account(wanted)
    if scope is None or account is None:
        raise no_access(key, wanted)
    return Access(key, account, is_read_only=scope == READ_ONLY, is_connect=True)


def _by_key(stripe: StripeDouble, key: str) -> Access:
    if key.startswith("pk_"):
        message = "This API call cannot be made with a publishable API key. Please use a secret API key."
        raise StripeError(401, message, code="secret_key_required")
    token = stripe.grants.tokens.get(key)
    known = stripe.grants.keys.get(key)
    account = stripe.account(token.account_id if token else known.account_id if known else "")
    if account is None:
        raise StripeError(401, f"Invalid API Key provided: {hidden(key)}")
    if token is not None:
        return Access(key, account, is_read_only=token.scope == READ_ONLY)
    if known is not None and known.is_expired:
        raise StripeError(401, f"Expired API Key provided: {hidden(key)}", code="api_key_expired")
    permissions = known.permissions if known else None
    return Access(key, account, permissions, is_platform=account is stripe.platform)


def _user_of(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""
