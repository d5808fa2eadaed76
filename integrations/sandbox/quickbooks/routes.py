"""Which operations a company has, what may be sent to each, and who answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks import batches, reading, writes
from integrations.sandbox.quickbooks.calls import Call
from integrations.sandbox.quickbooks.errors import QuickBooksError, business, missing, unknown_property, unsupported
from integrations.sandbox.quickbooks.kinds import BY_RESOURCE, Kind, Nature
from integrations.sandbox.quickbooks.meter import CORE, COREPLUS, count_call

LEAST_VERSION, MOST_VERSION = 75, 99
KEPT = 50_000
_JSON, _TEXT = "application/json", "application/text"


@dataclass(frozen=True)
class Route:
    """One operation. `call_class` is None where each part of the call is counted on its own."""

    template: str
    handler: Callable[[Call], Document]
    call_class: str | None
    query: tuple[str, ...] = ()
    content_type: str | None = None
    is_once: bool = False

    def checked_query(self, request: web.Request) -> dict[str, str]:
        """The query parameters; QuickBooksError for one that is unknown, repeated or out of bounds."""
        if _JSON not in request.headers.get("Accept", ""):
            raise QuickBooksError(1050, "Invalid Content Type", "Send Accept: application/json", status=406)
        known = ("minorversion", *self.query, *(("requestid",) if self.is_once else ()))
        for name in request.query:
            if name not in known or len(request.query.getall(name)) > 1:
                raise unknown_property(name)
        version = request.query.get("minorversion", str(LEAST_VERSION))
        if not version.isdigit() or not LEAST_VERSION <= int(version) <= MOST_VERSION:
            raise unsupported(f"Minor version {version} is not supported; the lowest is {LEAST_VERSION}.")
        if len(request.query.get("requestid", "")) > 50:
            raise business("You cannot enter more than 50 characters in the request_id field.")
        return dict(request.query)

    def run(self, call: Call, path: str) -> Document:
        """Count the call and answer it; the same request id is answered once and then remembered."""
        if self.call_class is not None:
            count_call(call.double, call.company, self.call_class)
        request_id = call.query.get("requestid")
        return self.handler(call) if not request_id else _once(call, path, request_id, self.handler)


def find(method: str, rest: str) -> Route:
    """The operation behind the part of the path that follows the company; QuickBooksError when there is none."""
    fixed = _FIXED.get((method, rest))
    if fixed is not None:
        return fixed
    resource, _, record_id = rest.partition("/")
    kind = BY_RESOURCE.get(resource)
    if kind is None or "/" in record_id:
        raise unsupported(f"Operation {method} {rest} is not supported.")
    if method == "GET" and (record_id or kind.nature is Nature.FACTS):
        return _reading(kind, record_id)
    if method == "POST" and not record_id and kind.is_written:
        return _writing(kind)
    raise unsupported(f"Operation {method} {rest} is not supported.")


async def read_body(request: web.Request, route: Route) -> tuple[Any, bytes]:
    """The body as the operation wants it; QuickBooksError for another content type or no JSON."""
    raw = await request.read()
    if route.content_type is None:
        return None, raw
    if request.content_type != route.content_type:
        detail = f"Send Content-Type {route.content_type}, not {request.content_type}"
        raise QuickBooksError(1050, "Invalid Content Type", detail, status=415)
    if route.content_type == _TEXT:
        return raw.decode("utf-8", "replace"), raw
    try:
        return orjson.loads(raw), raw
    except orjson.JSONDecodeError as error:
        raise QuickBooksError(2010, "Request has invalid or unsupported property", "The body is not JSON") from error


def _reading(kind: Kind, record_id: str) -> Route:
    template = f"{kind.resource}/{{id}}" if record_id else kind.resource
    return Route(template, lambda call: reading.read_one(call, kind, record_id), COREPLUS)


def _writing(kind: Kind) -> Route:
    return Route(
        kind.resource, lambda call: writes.write(call, kind), CORE, ("operation", "include"), _JSON, is_once=True
    )


def _query(call: Call) -> Document:
    text = call.body if call.body is not None else call.query.get("query", "")
    if not text.strip():
        raise missing("query")
    return reading.run_query(call, text)


def _once(call: Call, path: str, request_id: str, handler: Callable[[Call], Document]) -> Document:
    """Act, or give the answer of the first time back; QuickBooksError 600 when the id came with other content."""
    memory = call.company.requests
    options = {name: value for name, value in call.query.items() if name != "requestid"}
    digest = hashlib.sha256(orjson.dumps([path, options]) + call.raw).digest()
    if request_id in memory:
        first, answer = memory[request_id]
        if first != digest:
            raise QuickBooksError(600, "Duplicate Request ID", f"The request id {request_id} was used before.")
        return answer
    answer = handler(call)
    memory[request_id] = digest, answer
    if len(memory) > KEPT:
        memory.popitem(last=False)
    return answer


_FIXED = {
    ("GET", "query"): Route("query", _query, COREPLUS, ("query",)),
    ("POST", "query"): Route("query", _query, COREPLUS, (), _TEXT),
    ("GET", "cdc"): Route("cdc", reading.changes, COREPLUS, ("entities", "changedSince")),
    ("POST", "batch"): Route("batch", batches.run_batch, None, (), _JSON, is_once=True),
}
