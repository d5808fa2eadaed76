"""How a request gets through the sandbox's door: logged, delayed, made to fail if wanted, then answered.

This is the same for every provider; a provider brings a `Desk` that answers what came through.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from aiohttp import web

from integrations.sandbox.clock import VirtualClock, http_date, rfc3339
from integrations.sandbox.faults import Fault, Faults, Kind
from integrations.sandbox.log import Entry, RequestLog

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass
class Reply:
    """What goes back: bytes and what they are."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, data: object, headers: dict[str, str] | None = None) -> Reply:
        return cls(status, orjson.dumps(data), headers=headers or {})


class Desk(Protocol):
    """One provider behind the door."""

    name: str

    @property
    def latency(self) -> float: ...

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply: ...

    def rate_limited(self, retry_after: float | None) -> Reply: ...

    def failed(self, status: int) -> Reply: ...


class Door:
    """Lets requests through to one provider's desk."""

    def __init__(self, desk: Desk, *, prefix: str, clock: VirtualClock, faults: Faults, log: RequestLog) -> None:
        self._desk, self._prefix, self._clock, self._faults, self._log = desk, prefix, clock, faults, log

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(self._prefix)
        entry = self._log.begin(
            self._desk.name,
            request.method,
            path,
            dict(request.query),
            at=rfc3339(self._clock.now()),
            client_request_id=request.headers.get("X-Client-Request-Id") or request.headers.get("X-Request-Id"),
        )
        status, size = None, 0
        try:
            response, status, size = await self._respond(request, path, entry)
            return response
        finally:
            self._log.end(entry, status=status, bytes_out=size)

    async def _respond(
        self, request: web.Request, path: str, entry: Entry
    ) -> tuple[web.StreamResponse, int | None, int]:
        fault = self._faults.next_for(self._desk.name, request.method, path)
        if self._desk.latency:
            await asyncio.sleep(self._desk.latency)
        if fault is not None and fault.kind is Kind.RESET:
            return _cut(request), None, 0
        if fault is not None and fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        reply = self._instead(fault) or await self._desk.answer(request, path, entry)
        reply.headers["Date"] = http_date(self._clock.now())
        if fault is not None and fault.kind is Kind.LOST_ANSWER:
            return _cut(request), None, 0
        if fault is not None and fault.kind is Kind.DRIP:
            return await _drip(request, reply), reply.status, len(reply.body)
        if fault is not None and fault.kind is Kind.MALFORMED:
            reply.body = reply.body[: max(1, len(reply.body) // 2)]
        response = web.Response(
            status=reply.status, body=reply.body, content_type=reply.content_type, headers=reply.headers
        )
        return response, reply.status, len(reply.body)

    def _instead(self, fault: Fault | None) -> Reply | None:
        """The answer that takes the place of the real one, for faults that do no work."""
        if fault is None:
            return None
        if fault.kind is Kind.RATE_LIMIT:
            return self._desk.rate_limited(fault.retry_after)
        if fault.kind is Kind.HTML:
            return Reply(fault.status if fault.status != 500 else 502, _PAGE, "text/html")
        if fault.kind is not Kind.STATUS:
            return None
        reply = self._desk.failed(fault.status) if fault.body is None else Reply.json(fault.status, fault.body)
        if fault.retry_after is not None:
            reply.headers["Retry-After"] = f"{fault.retry_after:g}"
        return reply


def _cut(request: web.Request) -> web.StreamResponse:
    """Close the connection under the client's feet."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _drip(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = reply.content_type
    response.content_length = len(reply.body)
    try:
        await response.prepare(request)
        for position in range(len(reply.body)):
            await response.write(reply.body[position : position + 1])
            await asyncio.sleep(1)
    except ConnectionError:
        pass  # the client has had enough, which is what a drip is for
    return response
