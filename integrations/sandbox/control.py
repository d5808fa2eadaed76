"""How a test or a demo holds the strings: clock, faults, log and reset for all providers, over loopback only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson
from aiohttp import web

from integrations.sandbox.clock import VirtualClock, parse_rfc3339, rfc3339
from integrations.sandbox.door import Reply
from integrations.sandbox.faults import Faults
from integrations.sandbox.log import RequestLog
from integrations.sandbox.post_control import steer
from integrations.sandbox.postman import Postman

Body = dict[str, Any]


class Unclear(Exception):
    """The request to the control plane makes no sense; the message says what to send instead."""


class ProviderControl(Protocol):
    """The strings of one provider."""

    def state(self) -> Body: ...
    def reset(self, body: Body) -> None: ...
    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse: ...


class Control:
    """Everything below /_control."""

    def __init__(
        self, *, clock: VirtualClock, faults: Faults, log: RequestLog, providers: dict[str, ProviderControl],
        postmen: Mapping[str, Postman] | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._faults, self._log, self._providers = clock, faults, log, providers
        self._postmen = postmen or {}
        self._actions: dict[tuple[str, str], Callable[[web.Request, Body], Any]] = {
            ("POST", "reset"): self._reset,
            ("GET", "state"): self._state,
            ("POST", "clock"): self._set_clock,
            ("POST", "faults"): self._add_fault,
            ("GET", "faults"): lambda request, body: self._faults.listed(),
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "log"): self._read_log,
            ("GET", "log/counts"): lambda request, body: self._log.counts(),
            ("DELETE", "log"): self._clear_log,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not is_from_this_machine(request):
            return plain(Reply.json(403, {"error": "The control plane answers this machine only."}))
        try:
            return await self._answer(request, request.path.removeprefix("/_control/").strip("/"))
        except (Unclear, ValueError) as problem:
            return plain(Reply.json(400, {"error": str(problem)}))

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        body = await read_body(request)
        action = self._actions.get((request.method, path))
        if action is not None:
            return plain(Reply.json(200, action(request, body)))
        provider, *parts = path.split("/")
        if provider in self._postmen and parts[:1] == ["deliveries"]:
            shown = await steer(self._postmen[provider], (request.method, *parts[1:]), body, request.query)
            if shown is not None:
                return plain(Reply.json(200, shown))
        if provider in self._providers and parts:
            return await self._providers[provider].handle(request, parts, body)
        return plain(Reply.json(404, {"error": f"There is no {request.method} /_control/{path}."}))

    def _reset(self, request: web.Request, body: Body) -> Body:
        sizes = body.pop("sizes", None) or {}
        if not isinstance(sizes, dict) or set(sizes) - set(self._providers) or set(body) - {"seed"}:
            raise Unclear(f"Send nothing, or seed and sizes: a map of {', '.join(self._providers)} to maps of sizes.")
        self._clock.back_to_real()
        self._faults.clear()
        self._log.clear()
        for name, provider in self._providers.items():
            provider.reset(body | ({"sizes": sizes[name]} if name in sizes else {}))
        return self._state(request, {})

    def _state(self, request: web.Request, body: Body) -> Body:
        providers = {name: provider.state() for name, provider in self._providers.items()}
        return {"clock": self._time(), "faults": self._faults.listed(), **providers}

    def _set_clock(self, request: web.Request, body: Body) -> Body:
        if not body or set(body) - {"advance_seconds", "set", "freeze"}:
            raise Unclear("Send advance_seconds (a number), set (an RFC 3339 time) or freeze (true or false).")
        if "set" in body:
            self._clock.set(parse_rfc3339(str(body["set"])))
        if "advance_seconds" in body:
            if isinstance(body["advance_seconds"], bool) or not isinstance(body["advance_seconds"], int | float):
                raise Unclear("advance_seconds must be a number.")
            self._clock.advance(body["advance_seconds"])
        if "freeze" in body:
            self._clock.freeze(bool(body["freeze"]))
        return self._time()

    def _time(self) -> Body:
        now = self._clock.now()
        return {"now": rfc3339(now), "now_ms": now, "is_frozen": self._clock.is_frozen}

    def _add_fault(self, request: web.Request, body: Body) -> list[Body]:
        if body.get("provider") not in self._providers:
            raise Unclear(f"provider must be one of {', '.join(self._providers)}.")
        self._faults.add(body)
        return self._faults.listed()

    def _clear_faults(self, request: web.Request, body: Body) -> list[Body]:
        self._faults.clear()
        return []

    def _read_log(self, request: web.Request, body: Body) -> Body:
        since, limit = _number(request, "since", 0), _number(request, "limit", 1000)
        return {"entries": self._log.since(since, limit)}

    def _clear_log(self, request: web.Request, body: Body) -> Body:
        self._log.clear()
        return {}


def is_from_this_machine(request: web.Request) -> bool:
    """Both the peer and the Host header must be loopback, so that no web page elsewhere can reach in."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host = request.url.host or ""
    return peer is not None and _is_loopback(peer[0]) and (host == "localhost" or _is_loopback(host))


def plain(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


async def read_body(request: web.Request) -> Body:
    text = await request.read()
    if not text:
        return {}
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unclear("The body must be JSON.") from error
    if not isinstance(body, dict):
        raise Unclear("The body must be a JSON object.")
    return body


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return False


def _number(request: web.Request, name: str, fallback: int) -> int:
    text = request.query.get(name, str(fallback))
    if not text.isdigit():
        raise Unclear(f"{name} must be a whole number.")
    return int(text)
