"""How a QuickBooks request is let in: token, company, version, pace and body are checked before a handler sees it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from integrations.sandbox.door import Reply
from integrations.sandbox.log import Entry
from integrations.sandbox.quickbooks import consent, oauth
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble, new_trace
from integrations.sandbox.quickbooks.errors import (
    OAuthError,
    QuickBooksError,
    forbidden,
    unauthorized,
    unsupported,
)  # fmt: skip
from integrations.sandbox.quickbooks.grants import ACCOUNTING, Grant
from integrations.sandbox.quickbooks.routes import Route, find, read_body
from integrations.sandbox.quickbooks.throttle import Throttled, admitted, throttle_reply
from integrations.sandbox.quickbooks.zones import Zone

_UTC = Zone("UTC")
_COMPANY = "/v3/company/"


class QuickBooksDesk:
    """Answers everything below the prefix of QuickBooks."""

    name = "quickbooks"
    latency = 0.0  # waited for inside, so that calls on their way can be counted

    def __init__(self, double: QuickBooksDouble) -> None:
        self.double = double

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        try:
            reply = await self._answer(request, path, entry)
        except OAuthError as error:
            reply = Reply.json(error.status, error.body)
        except Throttled:
            reply = self.rate_limited(None)
        except QuickBooksError as error:
            reply = self._refusal(error, entry.merchant)
        reply.headers["intuit_tid"] = new_trace()
        return reply

    def rate_limited(self, retry_after: float | None) -> Reply:
        now = self.double.clock.now()
        reply = throttle_reply(
            self.double.settings.throttle_shape, time=_UTC.text(now), now=now, retry_after=retry_after
        )
        reply.headers["intuit_tid"] = new_trace()
        return reply

    def failed(self, status: int) -> Reply:
        error = QuickBooksError(10000, "An application error has occurred while processing your request",
                                "System Failure Error: The sandbox was told to fail.", status=status,
                                kind="SystemFault")  # fmt: skip
        if status == 401:
            error = unauthorized("The sandbox was told to fail.")
        if status == 403:
            error = forbidden("The sandbox was told to fail.")
        reply = self._refusal(error, None)
        reply.headers["intuit_tid"] = new_trace()
        return reply

    def _refusal(self, error: QuickBooksError, realm: str | None) -> Reply:
        now, company = self.double.clock.now(), self.double.companies.get(realm or "")
        time = (company.zone if company else _UTC).text(now)
        return Reply.json(error.status, error.body(time, now))

    async def _answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        if path.startswith(_COMPANY):
            return await self._for_company(request, path, entry)
        double = self.double
        match request.method, path:
            case "GET", "/.well-known/openid_configuration/" | "/.well-known/openid_sandbox_configuration/":
                base = str(request.url.origin()) + request.path.removesuffix(path)
                return Reply.json(200, oauth.discovery(base))
            case "GET", "/connect/oauth2":
                return consent.authorize(double, dict(request.query))
            case "POST", "/connect/authorize/decision":
                return consent.decide(double, await request.read())
            case "POST", "/oauth2/v1/tokens/bearer":
                answer, grant = await oauth.obtain_tokens(double, request)
                entry.merchant = grant.realm
                return Reply.json(200, answer, {"Cache-Control": "no-store"})
            case "POST", "/v2/oauth2/tokens/revoke":
                entry.merchant = (await oauth.revoke_token(double, request)).realm
                return Reply(200, b"")
        raise unsupported(f"There is no {request.method} {path}.", status=404)

    async def _for_company(self, request: web.Request, path: str, entry: Entry) -> Reply:
        realm, _, rest = path.removeprefix(_COMPANY).partition("/")
        route = find(request.method, rest)
        entry.template = f"{_COMPANY}{{realm}}/{route.template}"
        grant = self._grant(request)
        entry.merchant = grant.realm
        if realm != grant.realm or ACCOUNTING not in grant.scopes:
            raise forbidden("The token was not given for this company, or not for its books.")
        company = self.double.companies[realm]
        with admitted(self.double, company):
            await asyncio.sleep(self.double.settings.latency_ms / 1000)
            return await self._run(request, route, company, path)

    async def _run(self, request: web.Request, route: Route, company: Company, path: str) -> Reply:
        query = route.checked_query(request)
        body, raw = await read_body(request, route)
        company.settle(self.double.clock.now())
        call = Call(self.double, company, query, body, raw, self.double.clock.now())
        return Reply.json(200, route.run(call, path))

    def _grant(self, request: web.Request) -> Grant:
        """What the token of the request opens; QuickBooksError 401 when that is nothing any more."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        grant = self.double.grants.by_access.get(text.strip())
        if kind != "Bearer" or grant is None or grant.realm not in self.double.companies:
            raise unauthorized("Malformed bearer token: unknown token")
        if grant.is_revoked:
            raise unauthorized("Token revoked")
        if self.double.clock.now() >= grant.access[text.strip()]:
            raise unauthorized("Token expired: the access token is too old")
        return grant
