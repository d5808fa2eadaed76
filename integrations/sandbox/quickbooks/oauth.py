"""How a code becomes tokens, and how tokens are renewed and revoked; where all of this is."""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.errors import OAuthError
from integrations.sandbox.quickbooks.grants import ACCESS_LIFE, REFRESH_LIFE, Grant

HARD_END_HEADER = "x-include-refresh-token-hard-expires-in"
_FORM = "application/x-www-form-urlencoded"


def discovery(base: str) -> Document:
    """The addresses of the authorisation server."""
    return {
        "issuer": f"{base}/op/v1",
        "authorization_endpoint": f"{base}/connect/oauth2",
        "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }


async def obtain_tokens(double: QuickBooksDouble, request: web.Request) -> tuple[Document, Grant]:
    """The answer of the token endpoint, and the grant it is about."""
    _check_client(double, request)
    if "application/json" not in request.headers.get("Accept", ""):
        raise OAuthError(400, "invalid_request", "Send Accept: application/json")
    if request.content_type != _FORM:
        raise OAuthError(400, "invalid_request", f"Send a form with Content-Type {_FORM}")
    form = _form((await request.read()).decode("utf-8", "replace"))
    if form.get("grant_type") == "authorization_code":
        grant = _exchange(double, form)
    elif form.get("grant_type") == "refresh_token":
        grant = _refresh(double, form)
    else:
        raise OAuthError(400, "unsupported_grant_type")
    is_asked = request.headers.get(HARD_END_HEADER, "").lower() == "true"
    return token_answer(double, grant, with_hard_end=is_asked), grant


async def revoke_token(double: QuickBooksDouble, request: web.Request) -> Grant:
    """Kills everything that was given together with the token of the body."""
    _check_client(double, request)
    if request.content_type != "application/json":
        raise OAuthError(400, "invalid_request", "Send JSON with Content-Type application/json")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise OAuthError(400, "invalid_request", "The body is not JSON") from error
    if not isinstance(body, dict) or set(body) != {"token"} or not isinstance(body["token"], str):
        raise OAuthError(400, "invalid_request", "Send token and nothing else")
    grant = double.grants.revoke(body["token"])
    if grant is None:
        raise OAuthError(400, "invalid_grant", "The token is unknown or was revoked before")
    _count(double, grant, "revocations")
    return grant


def token_answer(double: QuickBooksDouble, grant: Grant, *, with_hard_end: bool = False) -> Document:
    now = double.clock.now()
    answer: Document = {
        "token_type": "bearer",
        "access_token": grant.newest_access,
        "expires_in": ACCESS_LIFE // SECOND,
        "refresh_token": grant.refresh,
        "x_refresh_token_expires_in": min(REFRESH_LIFE, grant.hard_end - now) // SECOND,
    }
    return answer | ({"x_refresh_token_hard_expires_in": (grant.hard_end - now) // SECOND} if with_hard_end else {})


def _check_client(double: QuickBooksDouble, request: web.Request) -> None:
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(coded, validate=True)
    except binascii.Error:
        given = b""
    ours = f"{double.application.client_id}:{double.application.client_secret}".encode()
    if scheme != "Basic" or not hmac.compare_digest(given, ours):
        raise OAuthError(401, "invalid_client")


def _form(text: str) -> dict[str, str]:
    pairs = parse_qsl(text, keep_blank_values=True)
    form = dict(pairs)
    allowed = {
        "authorization_code": {"grant_type", "code", "redirect_uri"}, "refresh_token": {"grant_type", "refresh_token"},
    }.get(form.get("grant_type", ""), set(form))  # fmt: skip
    if len(form) != len(pairs) or set(form) != allowed:
        raise OAuthError(400, "invalid_request", f"Send {', '.join(sorted(allowed))}, each once and nothing else")
    return form


def _exchange(double: QuickBooksDouble, form: dict[str, str]) -> Grant:
    now = double.clock.now()
    code = double.grants.take_code(form["code"], form["redirect_uri"], now=now)
    grant = double.grants.new(code.realm, code.scopes, now=now)
    _count(double, grant, "exchanges")
    return grant


def _refresh(double: QuickBooksDouble, form: dict[str, str]) -> Grant:
    settings = double.settings
    every = settings.rotate_every_seconds
    grant = double.grants.refresh(
        form["refresh_token"],
        now=double.clock.now(),
        rotate_after=None if every is None else round(every * SECOND),
        grace=round(settings.grace_seconds * SECOND),
    )
    _count(double, grant, "refreshes")
    return grant


def _count(double: QuickBooksDouble, grant: Grant, what: str) -> None:
    company = double.companies.get(grant.realm)
    if company is not None:
        company.token_calls[what] += 1
