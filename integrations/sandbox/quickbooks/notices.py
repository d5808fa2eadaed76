"""Who is told when something changed: one signed POST for the whole application, in one of two shapes."""

from __future__ import annotations

import asyncio
import base64
import hmac
from urllib.parse import urlsplit

import aiohttp
import orjson

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.outbox import Event

OPERATIONS = {
    "Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "voided",
    "Emailed": "emailed",
}  # fmt: skip
SILENT = {"TaxCode", "TaxRate", "CompanyInfo"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PATIENCE = aiohttp.ClientTimeout(total=3)
_PAUSES = (1, 2, 3, 30, 120, 720, 1440, 2160)  # times webhook_retry_seconds


def announce(double: QuickBooksDouble, event: Event) -> None:
    """Put an event into the outbox and see that somebody empties it."""
    if double.settings.webhook_url is None or event.entity in SILENT:
        return
    outbox = double.outbox
    outbox.waiting.append(event)
    if not double.settings.webhook_waits and (outbox.task is None or outbox.task.done()):
        outbox.task = asyncio.get_running_loop().create_task(_pump(double))


async def flush(double: QuickBooksDouble) -> list[Document]:
    """Send what is held or waits, until nothing is left or a POST is not acknowledged; one result for each POST."""
    results = []
    outbox = double.outbox
    async with outbox.lock:
        while events := outbox.take():
            results.append(await post(double, events))
            if results[-1]["status"] != 200:
                outbox.tries += 1
                break
            outbox.done()
    return results


async def _pump(double: QuickBooksDouble) -> None:
    """Empty the outbox, waiting longer after each refusal."""
    outbox = double.outbox
    while outbox.held or outbox.waiting:
        results = await flush(double)
        if results and results[-1]["status"] != 200:
            pause = _PAUSES[min(outbox.tries, len(_PAUSES)) - 1]
            await asyncio.sleep(pause * double.settings.webhook_retry_seconds)


async def post(double: QuickBooksDouble, events: list[Event], *, bad_signature: bool = False) -> Document:
    """One signed POST. Only this machine is ever called; other addresses are refused."""
    url = double.settings.webhook_url or ""
    result: Document = {"events": [event.id for event in events], "status": None}
    if urlsplit(url).hostname not in _LOOPBACK:
        return result | {"problem": "set webhook_url to an address of this machine"}
    body = body_of(double, events)
    key = "another-token" if bad_signature else double.application.verifier_token
    headers = {"Content-Type": "application/json", "intuit-signature": signature(key, body)}
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return result | {"status": answer.status}
    except (aiohttp.ClientError, TimeoutError) as error:
        return result | {"problem": type(error).__name__}


def signature(verifier_token: str, body: bytes) -> str:
    """The value of ``intuit-signature``: base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.digest(verifier_token.encode(), body, "sha256")).decode()


def body_of(double: QuickBooksDouble, events: list[Event]) -> bytes:
    if double.settings.webhook_shape == "legacy":
        return orjson.dumps(_legacy(double, events))
    return orjson.dumps([_cloud_event(double, event) for event in events])


def _legacy(double: QuickBooksDouble, events: list[Event]) -> Document:
    """One notification for each company, with its entities."""
    by_realm: dict[str, list[Document]] = {}
    for event in events:
        entity = {
            "name": event.entity, "id": event.record_id, "operation": event.operation,
            "lastUpdated": _local(double, event),
        }  # fmt: skip
        by_realm.setdefault(event.realm, []).append(entity)
    notifications = [{"realmId": realm, "dataChangeEvent": {"entities": found}} for realm, found in by_realm.items()]
    return {"eventNotifications": notifications}


def _local(double: QuickBooksDouble, event: Event) -> str:
    """The company's time, with an offset without a colon; UTC for companies that are not known here."""
    company = double.companies.get(event.realm)
    text = company.zone.text(event.moment) if company else rfc3339(event.moment)[:19] + "+00:00"
    return text[:-3] + text[-2:]


def _cloud_event(double: QuickBooksDouble, event: Event) -> Document:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": "intuit." + signature(double.application.client_id, b"source"),
        "type": f"qbo.{event.entity.lower()}.{OPERATIONS[event.operation]}.v1",
        "datacontenttype": "application/json",
        "time": rfc3339(event.moment)[:-1] + "179517Z",
        "intuitentityid": event.record_id,
        "intuitaccountid": event.realm,
        "data": {},
    }
