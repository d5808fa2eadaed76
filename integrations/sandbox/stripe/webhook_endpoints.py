"""How somebody asks to be told of events: endpoints are made, changed and removed. The secret is shown once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.calls import Call, Route
from integrations.sandbox.stripe.endpoints import ANY, Endpoint
from integrations.sandbox.stripe.errors import StripeError, invalid, no_such
from integrations.sandbox.stripe.event_types import KNOWN
from integrations.sandbox.stripe.listing import PAGING, page_of_few
from integrations.sandbox.stripe.notices import VERSION
from integrations.sandbox.stripe.shapes import choice, flag, listing, metadata, text
from integrations.sandbox.stripe.writing import kept, merged, set_fields
from integrations.sandbox.wire import is_near

_MOST = 16


def list_endpoints(call: Call) -> Document:
    shown = [endpoint.document() for endpoint in reversed(call.account.endpoints.values())]
    return page_of_few(call, shown, "webhook endpoint")


def get_endpoint(call: Call) -> Document:
    return _known(call).document()


def create_endpoint(call: Call) -> Document:
    asked = set_fields(call)
    if len(call.account.endpoints) >= _MOST:
        raise StripeError(400, f"You have reached the maximum of {_MOST} test webhook endpoints.")
    if asked.get("connect") and not call.access.is_platform:
        raise invalid("Only a platform can listen to connected accounts.", "connect")
    endpoint = Endpoint(
        id=call.account.new_id("we_1"),
        url=asked["url"],
        enabled_events=asked["enabled_events"],
        created=call.now // SECOND,
        livemode=call.account.livemode,
        api_version=asked.get("api_version"),
        description=asked.get("description"),
        connect=asked.get("connect", False),
        metadata=kept(asked.get("metadata", {})),
    )
    call.account.endpoints[endpoint.id] = endpoint
    return endpoint.document() | {"secret": endpoint.secret}


def update_endpoint(call: Call) -> Document:
    endpoint, asked = _known(call), set_fields(call)
    if "disabled" in asked:
        endpoint.status = "disabled" if asked["disabled"] else "enabled"
    endpoint.url = asked.get("url", endpoint.url)
    endpoint.enabled_events = asked.get("enabled_events", endpoint.enabled_events)
    endpoint.description = asked.get("description", endpoint.description)
    if "metadata" in asked:
        endpoint.metadata = merged(endpoint.metadata, asked["metadata"])
    return endpoint.document()


def delete_endpoint(call: Call) -> Document:
    endpoint = _known(call)
    del call.account.endpoints[endpoint.id]
    endpoint.status = "disabled"  # what waits for it is given up
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True}


def _known(call: Call) -> Endpoint:
    wanted = call.ids["id"]
    if wanted not in call.account.endpoints:
        raise no_such("webhook endpoint", wanted)
    return call.account.endpoints[wanted]


def _url(value: Any, field: str) -> str:
    url: str = text(at_most=5000, emptiable=False)(value, field)
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_near(url)):
        return url
    raise invalid("Invalid URL: use https, or http on this machine.", field, "url_invalid")


def _event(value: Any, field: str) -> str:
    if value == ANY or value in KNOWN:
        return str(value)
    raise invalid(f"Invalid {field}: must be a known event type or *, not {value}", field)


_UPDATE = {
    "url": _url, "enabled_events": listing(_event, emptiable=False), "description": text(), "metadata": metadata,
    "disabled": flag,
}  # fmt: skip
_CREATE = {name: check for name, check in _UPDATE.items() if name != "disabled"}
_CREATE |= {"api_version": choice(VERSION), "connect": flag}
_READ, _WRITE = "rak_webhook_read", "rak_webhook_write"
_ALL, _ONE = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}"
ROUTES = [
    Route("GET", _ALL, _READ, list_endpoints, PAGING),
    Route("POST", _ALL, _WRITE, create_endpoint, _CREATE, ("url", "enabled_events")),
    Route("GET", _ONE, _READ, get_endpoint),
    Route("POST", _ONE, _WRITE, update_endpoint, _UPDATE),
    Route("DELETE", _ONE, _WRITE, delete_endpoint),
]
