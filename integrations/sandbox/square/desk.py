"""How a Square request is let in: route, token, scope, query and body are checked before a handler sees it."""

from __future__ import annotations

import inspect
import re
from typing import Any

import orjson
from aiohttp import web

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.log import Entry
from integrations.sandbox.square import consent, oauth
from integrations.sandbox.square.calls import Call, Route
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.errors import SquareError, invalid, rate_limited
from integrations.sandbox.square.grants import Token
from integrations.sandbox.square.pace import check_pace
from integrations.sandbox.square.routes import find
from integrations.sandbox.square.shapes import checked_query

VERSION = "2026-09-16"
_CODES = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 408: "REQUEST_TIMEOUT",
    409: "CONFLICT", 429: "RATE_LIMITED", 500: "INTERNAL_SERVER_ERROR", 501: "NOT_IMPLEMENTED", 502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE", 504: "GATEWAY_TIMEOUT",
}  # fmt: skip


class SquareDesk:
    """Answers everything below the prefix of Square."""

    name = "square"

    def __init__(self, square: SquareDouble) -> None:
        self.square = square

    @property
    def latency(self) -> float:
        return self.square.settings.latency_ms / 1000

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        version = request.headers.get("Square-Version", VERSION)
        try:
            reply = await self._answer(request, path, entry, version)
        except SquareError as error:
            reply = Reply.json(error.status, error.body, dict(error.headers))
        reply.headers["Square-Version"] = version
        return reply

    def rate_limited(self, retry_after: float | None) -> Reply:
        error = rate_limited(retry_after=retry_after)
        return Reply.json(error.status, error.body, dict(error.headers))

    def failed(self, status: int) -> Reply:
        error = SquareError(status, _CODES.get(status, "INTERNAL_SERVER_ERROR"), "The sandbox was told to fail.")
        return Reply.json(status, error.body)

    async def _answer(self, request: web.Request, path: str, entry: Entry, version: str) -> Reply:
        if path.startswith("/oauth2/"):
            return await self._oauth(request, path, entry)
        route, ids = find(request.method, path)
        entry.template = route.path
        token = self._token(request)
        entry.merchant = token.merchant_id
        _check_version(version)
        check_pace(self.square, token.merchant_id)
        _check_scope(route, token)
        call = await self._call(request, route, ids, token, path)
        answer = route.handler(call)
        document = await answer if inspect.isawaitable(answer) else answer
        return Reply(200, orjson.dumps(document))

    async def _oauth(self, request: web.Request, path: str, entry: Entry) -> Reply:
        square = self.square
        match request.method, path:
            case "GET", "/oauth2/authorize":
                return consent.authorize(square, dict(request.query))
            case "POST", "/oauth2/authorize/decision":
                return consent.decide(square, await request.read())
            case "POST", "/oauth2/token":
                answer = oauth.obtain_token(square, await _json(request))
                entry.merchant = answer["merchant_id"]
                return Reply.json(200, answer)
            case "POST", "/oauth2/revoke":
                authorization = request.headers.get("Authorization", "")
                return Reply.json(200, oauth.revoke_token(square, await _json(request), authorization))
            case "POST", "/oauth2/token/status":
                return Reply.json(200, oauth.token_status(square, self._token(request)))
        raise SquareError(404, "NOT_FOUND", f"No operation at {request.method} {path}.")

    async def _call(self, request: web.Request, route: Route, ids: dict[str, str], token: Token, path: str) -> Call:
        merchant, now = self.square.merchants[token.merchant_id], self.square.clock.now()
        query = checked_query(request.query, route.query or {}, route.required_query)
        raw: Any = None
        body: Document | None = None
        if route.body is None:
            await _refuse_body(request)
        else:
            raw = await _json(request)
            body = route.body(raw, "")
        merchant.settle(self.square.clock.now())
        return Call(self.square, merchant, token, path, ids, query, body, raw, now)

    def _token(self, request: web.Request) -> Token:
        """The token that the request brings; SquareError 401 when it opens nothing any more."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = self.square.grants.tokens.get(text.strip())
        if kind != "Bearer" or token is None or token.merchant_id not in self.square.merchants:
            raise SquareError(401, "UNAUTHORIZED", "This request could not be authorized.")
        if token.is_revoked:
            raise SquareError(401, "ACCESS_TOKEN_REVOKED", "The access token has been revoked.")
        if token.expires is not None and self.square.clock.now() >= token.expires:
            raise SquareError(401, "ACCESS_TOKEN_EXPIRED", "The access token has expired.")
        return token


def _check_scope(route: Route, token: Token) -> None:
    missing = [scope for scope in route.scopes if scope not in token.scopes]
    if missing:
        detail = f"The merchant has not given your application sufficient permissions: {', '.join(missing)}."
        raise SquareError(403, "INSUFFICIENT_SCOPES", detail)
    if route.is_personal_only and not token.is_personal:
        raise SquareError(
            403, "FORBIDDEN", "This operation needs the personal access token of the application's owner."
        )


def _check_version(version: str) -> None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", version):
        raise invalid("INVALID_SQUARE_VERSION_FORMAT", "Square-Version must look like 2026-09-16.")


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise SquareError(415, "EXPECTED_JSON_BODY", "Send a JSON body with Content-Type application/json.")
    text = await request.read()
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid("EXPECTED_JSON_BODY", "The body is not JSON.") from error


async def _refuse_body(request: web.Request) -> None:
    """Operations without a body take none, or an empty object."""
    if (await request.read()).strip() not in (b"", b"{}"):
        raise invalid("BAD_REQUEST", "This operation takes no body.")
