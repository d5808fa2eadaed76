"""How a request that knows its account reaches its handler, whether it came over HTTP or inside a batch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.calls import Answer, Call, Route
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.errors import MailchimpError, bad_request
from integrations.sandbox.mailchimp.fields import picked
from integrations.sandbox.mailchimp.routes import find
from integrations.sandbox.mailchimp.shapes import checked_body, checked_query
from integrations.sandbox.mailchimp.times import whole

JSON = "application/json"
_NOTHING = (b"", b"null", b"{}")  # what clients send where nothing is wanted


@dataclass(frozen=True)
class Asked:
    """A request in plain parts."""

    query: Mapping[str, str]
    body: bytes
    content_type: str
    origin: str


async def respond(
    mailchimp: MailchimpDouble, account: Account, route: Route, ids: dict[str, str], asked: Asked
) -> Answer:
    """The handler's answer, cut to the wanted fields. MailchimpError for everything that is wrong."""
    query = checked_query(asked.query, route.query, route.required_query)
    body = _body(route, asked)
    moment = mailchimp.clock.now()
    account.settle(moment)

    async def run(operation: Document) -> tuple[int, str]:
        return await _run(mailchimp, account, operation, asked.origin)

    answer = route.handler(Call(mailchimp, account, ids, query, body, whole(moment), asked.origin, run))
    document = await answer if inspect.isawaitable(answer) else answer
    return document if document is None or route.shown is None else picked(document, query, route.shown)


async def _run(mailchimp: MailchimpDouble, account: Account, operation: Document, origin: str) -> tuple[int, str]:
    """One operation of a batch: its status, and its answer as text."""
    query = {name: _written(value) for name, value in operation.get("params", {}).items()}
    body = operation.get("body", "").encode()
    try:
        route, ids = find(operation["method"], operation["path"])
        if route.path.startswith("/batches"):
            raise bad_request("A batch cannot hold batches.")
        answer = await respond(mailchimp, account, route, ids, Asked(query, body, JSON, origin))
    except MailchimpError as error:
        return error.status, orjson.dumps(error.document()).decode()
    return (204, "") if answer is None else (200, orjson.dumps(answer).decode())


def _written(value: object) -> str:
    """A parameter as a query string would hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _body(route: Route, asked: Asked) -> object:
    if route.body is None:
        if asked.body.strip() not in _NOTHING:
            raise bad_request("This operation takes no body.")
        return None
    if asked.content_type != JSON:
        raise MailchimpError(415, "Unsupported Media Type", "Send a JSON body with Content-Type application/json.")
    try:
        raw = orjson.loads(asked.body)
    except orjson.JSONDecodeError as error:
        raise MailchimpError(400, "JSON Parse Error", "The body of the request is not JSON.") from error
    return checked_body(route.body, raw)
