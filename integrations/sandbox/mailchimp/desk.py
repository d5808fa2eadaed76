"""How a Mailchimp request is let in: which host it is meant for, whose it is, and whether there is room for it."""

from __future__ import annotations

import asyncio
import re
import uuid

import orjson
from aiohttp import web

from integrations.sandbox.door import Reply
from integrations.sandbox.log import Entry
from integrations.sandbox.mailchimp import consent, errors, oauth
from integrations.sandbox.mailchimp.calls import Route
from integrations.sandbox.mailchimp.credentials import account_of
from integrations.sandbox.mailchimp.crowd import let_in, refusal
from integrations.sandbox.mailchimp.dispatch import Asked, respond
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.errors import LoginError, MailchimpError
from integrations.sandbox.mailchimp.routes import find

_API = re.compile(r"^/([a-z]+\d+)/3\.0(/.*)?$")


class MailchimpDesk:
    """Answers everything below the prefix of Mailchimp."""

    name = "mailchimp"
    latency = 0.0  # it is served inside, where a slow call holds its place among the user's connections

    def __init__(self, mailchimp: MailchimpDouble) -> None:
        self.mailchimp = mailchimp

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        try:
            if path.startswith("/login/"):
                return await self._login(request, path, entry)
            if path.startswith("/results/"):
                return self._result(path, entry)
            return await self._api(request, path, entry)
        except MailchimpError as error:
            return error.reply()
        except LoginError as refused:
            return Reply.json(refused.status, refused.document)

    def rate_limited(self, retry_after: float | None) -> Reply:
        """Mailchimp never says when to come back, unless the fault does."""
        reply = refusal(self.mailchimp.settings).reply()
        if retry_after is not None:
            reply.headers["Retry-After"] = f"{retry_after:g}"
        return reply

    def failed(self, status: int) -> Reply:
        if status >= 500 and self.mailchimp.settings.empty_errors:
            return Reply(status, b"", "text/html")
        return errors.failed(status).reply()

    async def _api(self, request: web.Request, path: str, entry: Entry) -> Reply:
        fit = _API.match(path)
        if fit is None:
            raise errors.not_found()
        dc, rest = fit[1], fit[2] or "/"
        found = _found(request.method, rest)
        if not isinstance(found, MailchimpError):
            entry.template = "/{dc}/3.0" + found[0].path
        account = account_of(self.mailchimp, request.headers.get("Authorization", ""), dc)
        entry.merchant = account.id
        with let_in(self.mailchimp.settings, account):
            if isinstance(found, MailchimpError):
                raise found
            await self._linger()
            asked = Asked(_query(request), await request.read(), request.content_type, str(request.url.origin()))
            document = await respond(self.mailchimp, account, *found, asked)
        headers = {"X-Request-Id": str(uuid.uuid4())}
        if document is None:
            return Reply(204, b"", headers=headers)
        return Reply(200, orjson.dumps(document), headers=headers)

    async def _login(self, request: web.Request, path: str, entry: Entry) -> Reply:
        mailchimp = self.mailchimp
        await self._linger()
        match request.method, path:
            case "GET", "/login/oauth2/authorize":
                return consent.authorize(mailchimp, dict(request.query))
            case "POST", "/login/oauth2/authorize/decision":
                return consent.decide(mailchimp, await request.read())
            case "POST", "/login/oauth2/token":
                entry.merchant, answer = oauth.obtain_token(mailchimp, request.content_type, await request.read())
                return Reply.json(200, answer)
            case "GET", "/login/oauth2/metadata":
                entry.merchant, answer = oauth.metadata(mailchimp, request.headers.get("Authorization", ""))
                return Reply.json(200, answer)
        raise errors.not_found()

    def _result(self, path: str, entry: Entry) -> Reply:
        """The archive of a batch, for everybody who has the address while it is valid."""
        entry.template = "/results/{name}"
        until, archive = self.mailchimp.results.get(path.removeprefix("/results/"), (0, b""))
        if self.mailchimp.clock.now() >= until:
            raise MailchimpError(403, "Forbidden", "This address is unknown or has expired.")
        return Reply(200, archive, "application/gzip")

    async def _linger(self) -> None:
        if self.mailchimp.settings.latency_ms:
            await asyncio.sleep(self.mailchimp.settings.latency_ms / 1000)


def _query(request: web.Request) -> dict[str, str]:
    query = dict(request.query)
    if len(query) < len(request.query):
        raise errors.bad_request("A query parameter was sent twice.")
    return query


def _found(method: str, path: str) -> tuple[Route, dict[str, str]] | MailchimpError:
    try:
        return find(method, path)
    except MailchimpError as error:
        return error
