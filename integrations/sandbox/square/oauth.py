"""How a code becomes a token, and how tokens are renewed, shown and revoked."""

from __future__ import annotations

import hmac
import uuid
from typing import Any

from integrations.sandbox.clock import rfc3339, rfc3339_seconds
from integrations.sandbox.generation import Document
from integrations.sandbox.square import scopes
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.errors import OldStyleError, SquareError, invalid
from integrations.sandbox.square.grants import (
    PKCE_REFRESH_LIFE,
    SHORT_TOKEN_LIFE,
    TOKEN_LIFE,
    Token,
    check_verifier,
)
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.notices import announce
from integrations.sandbox.square.shapes import choice, flag, listing, nullable, record, text


def obtain_token(square: SquareDouble, body: Any) -> Document:
    asked = {name: value for name, value in _TOKEN(body, "").items() if value is not None}
    _check_client(square, asked)
    if asked["grant_type"] == "authorization_code":
        return _exchange(square, asked)
    return _refresh(square, asked)


def revoke_token(square: SquareDouble, body: Any, authorization: str) -> Document:
    """Kills one access token, or everything the seller allowed; then the revocation is announced."""
    kind, _, secret = authorization.partition(" ")
    if kind != "Client" or not hmac.compare_digest(secret.encode(), square.application.client_secret.encode()):
        raise OldStyleError(401, "service.not_authorized", "Not Authorized")
    asked = {name: value for name, value in _REVOKE(body, "").items() if value is not None}
    if asked.get("client_id") != square.application.client_id:
        raise OldStyleError(401, "service.not_authorized", "Not Authorized")
    merchant, token = _revoked(square, asked)
    if asked.get("revoke_only_access_token"):
        if token is None:
            raise invalid("MISSING_REQUIRED_PARAMETER", "Name the access token.", "access_token")
        token.is_revoked = True
    else:
        square.grants.revoke_all(merchant.id)
    announce_revocation(square, merchant, "APPLICATION")
    return {"success": True}


def token_status(square: SquareDouble, token: Token) -> Document:
    status: Document = {
        "scopes": token.scopes, "client_id": square.application.client_id, "merchant_id": token.merchant_id,
    }  # fmt: skip
    return status | ({} if token.expires is None else {"expires_at": rfc3339_seconds(token.expires)})


def announce_revocation(square: SquareDouble, merchant: Merchant, revoker: str) -> None:
    revocation = {"revoked_at": rfc3339(square.clock.now()), "revoker_type": revoker}
    data = {"type": "revocation", "id": str(uuid.uuid4()), "object": {"revocation": revocation}}
    announce(square, merchant, "oauth.authorization.revoked", data)


def _check_client(square: SquareDouble, asked: Document) -> None:
    secret = asked.get("client_secret")
    is_ours = asked["client_id"] == square.application.client_id
    if not is_ours or (
        secret is not None and not hmac.compare_digest(secret.encode(), square.application.client_secret.encode())
    ):
        raise OldStyleError(401, "service.not_authorized", "Not Authorized")


def _exchange(square: SquareDouble, asked: Document) -> Document:
    _require(asked, "code")
    is_pkce = "client_secret" not in asked
    if is_pkce:
        _require(asked, "code_verifier", "Send the client_secret, or the code_verifier of a PKCE request.")
    code = square.grants.take_code(asked["code"], now=square.clock.now())
    if code.redirect_uri is not None and asked.get("redirect_uri") != code.redirect_uri:
        raise invalid("INVALID_VALUE", "The redirect_uri is not the one of the authorise request.", "redirect_uri")
    check_verifier(code.challenge, asked.get("code_verifier"))
    return _issue(square, code.merchant_id, code.scopes, asked, is_pkce=is_pkce, refresh_token=None)


def _refresh(square: SquareDouble, asked: Document) -> Document:
    _require(asked, "refresh_token")
    now = square.clock.now()
    known = square.grants.refresh(asked["refresh_token"], now=now)
    is_pkce = known.expires is not None
    if not is_pkce:
        _require(asked, "client_secret")
    wanted = asked.get("scopes") or known.scopes
    if not set(wanted) <= set(known.scopes):
        raise invalid("INVALID_VALUE", "A refresh cannot ask for more than was granted.", "scopes")
    if is_pkce:
        del square.grants.refreshes[asked["refresh_token"]]
    kept = None if is_pkce else asked["refresh_token"]
    return _issue(square, known.merchant_id, wanted, asked, is_pkce=is_pkce, refresh_token=kept)


def _issue(
    square: SquareDouble,
    merchant_id: str,
    granted: list[str],
    asked: Document,
    *,
    is_pkce: bool,
    refresh_token: str | None,
) -> Document:
    now = square.clock.now()
    is_short = asked.get("short_lived", False)
    expires = now + (SHORT_TOKEN_LIFE if is_short else TOKEN_LIFE)
    refresh_expires = now + PKCE_REFRESH_LIFE if is_pkce else None
    answer: Document = {
        "access_token": square.grants.new_token(merchant_id, granted, expires=expires),
        "token_type": "bearer",
        "expires_at": rfc3339_seconds(expires),
        "merchant_id": merchant_id,
        "refresh_token": refresh_token or square.grants.new_refresh(merchant_id, granted, expires=refresh_expires),
        "short_lived": is_short,
    }
    return answer | ({"refresh_token_expires_at": rfc3339_seconds(refresh_expires)} if refresh_expires else {})


def _revoked(square: SquareDouble, asked: Document) -> tuple[Merchant, Token | None]:
    """Whose access ends; exactly one of token and seller must be named."""
    if ("access_token" in asked) == ("merchant_id" in asked):
        raise invalid("INVALID_VALUE", "Send either access_token or merchant_id.", "access_token")
    token = square.grants.tokens.get(asked.get("access_token", ""))
    merchant = square.merchants.get(token.merchant_id if token else asked.get("merchant_id", ""))
    if merchant is None or (token is not None and token.is_personal):
        raise SquareError(404, "NOT_FOUND", "There is nothing to revoke.")
    return merchant, token


def _require(asked: Document, name: str, detail: str = "Field must be set.") -> None:
    if not asked.get(name):
        raise invalid("MISSING_REQUIRED_PARAMETER", detail, name)


_TOKEN = record(
    {
        "client_id": text(at_most=191),
        "client_secret": nullable(text(at_least=2, at_most=1024)),
        "code": nullable(text(at_most=191)),
        "redirect_uri": nullable(text(at_most=2048)),
        "grant_type": choice("authorization_code", "refresh_token"),
        "refresh_token": nullable(text(at_least=2, at_most=1024)),
        "scopes": nullable(listing(choice(*sorted(scopes.ALL)))),
        "short_lived": nullable(flag),
        "code_verifier": nullable(text()),
    },
    required=["client_id", "grant_type"],
)
_REVOKE = record(
    {
        "client_id": nullable(text(at_most=191)),
        "access_token": nullable(text(at_least=2, at_most=1024)),
        "merchant_id": nullable(text()),
        "revoke_only_access_token": nullable(flag),
    }
)
