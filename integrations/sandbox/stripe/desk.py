"""How a Stripe request is let in: route, key, version, right, pace, query and body are checked before a handler."""

from __future__ import annotations

import asyncio
import secrets

import orjson
from aiohttp import web

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.log import Entry
from integrations.sandbox.stripe import consent, idempotency, oauth
from integrations.sandbox.stripe.calls import Access, Call, Route
from integrations.sandbox.stripe.credentials import ACCOUNT, access_of
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.errors import StripeError, no_such_url, rate_limited
from integrations.sandbox.stripe.expanding import expanded
from integrations.sandbox.stripe.forms import nested, read_form
from integrations.sandbox.stripe.notices import VERSION
from integrations.sandbox.stripe.pace import check_pace
from integrations.sandbox.stripe.routes import find
from integrations.sandbox.stripe.shapes import checked

KNOWN_VERSIONS = {VERSION}
_KEY = "Idempotency-Key"


class StripeDesk:
    """Answers everything below the prefix of Stripe."""

    name = "stripe"

    def __init__(self, stripe: StripeDouble) -> None:
        self.stripe = stripe

    @property
    def latency(self) -> float:
        return self.stripe.settings.latency_ms / 1000

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        request_id = _request_id()
        try:
            reply = await self._answer(request, path, entry, request_id)
        except StripeError as error:
            reply = _refusal(error)
        reply.headers["Request-Id"] = request_id
        reply.headers["Stripe-Version"] = request.headers.get("Stripe-Version", VERSION)
        for name in (ACCOUNT, _KEY):
            if name in request.headers and not path.startswith("/oauth/"):
                reply.headers[name] = request.headers[name]
        return reply

    def rate_limited(self, retry_after: float | None) -> Reply:
        reply = _refusal(rate_limited(retry_after=retry_after))
        reply.headers["Request-Id"] = _request_id()
        return reply

    def failed(self, status: int) -> Reply:
        kind = "api_error" if status >= 500 else "invalid_request_error"
        reply = _refusal(StripeError(status, "The sandbox was told to fail.", kind=kind))
        reply.headers["Request-Id"] = _request_id()
        return reply

    async def _answer(self, request: web.Request, path: str, entry: Entry, request_id: str) -> Reply:
        if path.startswith("/oauth/"):
            return await self._oauth(request, path, entry)
        route, ids = find(request.method, path)
        entry.template = route.path
        access = access_of(self.stripe, request.headers)
        entry.merchant = access.account.id
        _check_version(request.headers.get("Stripe-Version", VERSION))
        check_pace(self.stripe, access.account.id)
        access.check(route.permission)
        raw = await _parameters(request)
        key = request.headers.get(_KEY) if route.method == "POST" else None
        if key:
            return await self._once(route, ids, access, path, raw, request_id, key)
        return await self._act(route, ids, access, path, raw, request_id, None)

    async def _once(
        self, route: Route, ids: dict[str, str], access: Access, path: str, raw: Document, request_id: str, key: str
    ) -> Reply:
        """A write with a key: done once, and answered as often as it is asked."""
        now = self.stripe.clock.now()
        first = idempotency.begin(access.account, key, path, raw, now=now, request_id=request_id)
        if first is not None:
            return first
        try:
            reply = await self._act(route, ids, access, path, raw, request_id, key)
        except BaseException:
            idempotency.forget(access.account, key)
            raise
        idempotency.finish(access.account, key, reply)
        return reply

    async def _act(
        self, route: Route, ids: dict[str, str], access: Access, path: str, raw: Document, request_id: str,
        key: str | None,
    ) -> Reply:  # fmt: skip
        """Check what was sent, do it, answer. A refusal by the handler is an answer too, and is kept as one."""
        asked = checked(raw, route.fields, route.required)
        if route.method != "GET" and self.stripe.settings.write_ms:
            await asyncio.sleep(self.stripe.settings.write_ms / 1000)
        call = Call(self.stripe, access, path, ids, asked, self.stripe.clock.now(), request_id, key)
        try:
            document = expanded(call, route.handler(call))
        except StripeError as error:
            return _refusal(error)
        return Reply(200, orjson.dumps(document))

    async def _oauth(self, request: web.Request, path: str, entry: Entry) -> Reply:
        stripe, body = self.stripe, await request.read()
        entry.template = path
        match request.method, path:
            case "GET", "/oauth/authorize":
                return consent.authorize(stripe, list(request.query.items()))
            case "POST", "/oauth/authorize/decision":
                return consent.decide(stripe, body)
            case "POST", "/oauth/token":
                answer = oauth.token(stripe, body, request.content_type, request.headers)
                entry.merchant = answer["stripe_user_id"]
                return Reply.json(200, answer)
            case "POST", "/oauth/deauthorize":
                answer = oauth.deauthorize(stripe, body, request.content_type, request.headers)
                entry.merchant = answer["stripe_user_id"]
                return Reply.json(200, answer)
        raise no_such_url(request.method, path)


async def _parameters(request: web.Request) -> Document:
    """What was sent: in the query for GET and DELETE, in the body for POST, never in both."""
    query, body = nested(request.query.items()), await request.read()
    if request.method != "POST":
        if body:
            raise StripeError(400, f"{request.method} requests take their parameters in the query.")
        return query
    if query:
        raise StripeError(400, "POST requests take their parameters in the body.", param=next(iter(query)))
    return read_form(body, request.content_type)


def _check_version(version: str) -> None:
    if version not in KNOWN_VERSIONS:
        raise StripeError(400, f"Invalid Stripe API version: {version}")


def _refusal(error: StripeError) -> Reply:
    return Reply.json(error.status, error.body, dict(error.headers))


def _request_id() -> str:
    return "req_" + secrets.token_hex(7)
