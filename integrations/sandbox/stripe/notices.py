"""Who is told when something happened: the account's journal, and signed deliveries to webhook endpoints."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.endpoints import Endpoint, signature
from integrations.sandbox.stripe.journal import Written

VERSION = "2026-10-28.endive"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PATIENCE = aiohttp.ClientTimeout(total=10)
_LATE = 600  # seconds; older than any receiver should accept


@dataclass(frozen=True)
class Cause:
    """The request that made something happen; nothing when the venue's own people did it."""

    request_id: str | None = None
    idempotency_key: str | None = None


NOBODY = Cause()


def framed(
    event_id: str, kind: str, thing: Document, *, now: int, account: Account, cause: Cause = NOBODY,
    before: Document | None = None,
) -> Document:  # fmt: skip
    """An event about a thing, with what its changed attributes were before."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": VERSION,
        "created": now // SECOND,
        "data": {"object": thing} | ({} if before is None else {"previous_attributes": before}),
        "livemode": account.livemode,
        "pending_webhooks": 0,
        "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
        "type": kind,
    }


def announce(
    stripe: StripeDouble, account: Account, kind: str, thing: Document, *, cause: Cause = NOBODY,
    before: Document | None = None,
) -> Written:  # fmt: skip
    """Write an event into the account's journal and start its deliveries."""
    written = write(stripe, account, kind, thing, cause=cause, before=before)
    if written.waiting:
        stripe.in_background(asyncio.get_running_loop().create_task(deliver(stripe, account, written)))
    return written


def write(
    stripe: StripeDouble, account: Account, kind: str, thing: Document, *, cause: Cause = NOBODY,
    before: Document | None = None,
) -> Written:  # fmt: skip
    """Write an event into the account's journal without telling anybody yet."""
    now = stripe.clock.now()
    event = framed(account.new_id("evt_1"), kind, thing, now=now, account=account, cause=cause, before=before)
    return account.journal.add(event, now=now, waiting=len(listeners(stripe, account, kind)))


def listeners(stripe: StripeDouble, account: Account, kind: str) -> list[tuple[Endpoint, Document]]:
    """Who takes this event: the account's own endpoints, and the platform's for connected accounts.

    Each comes with what is added to the event for it: a platform is told which account it is about.
    """
    own = [(one, Document()) for one in account.endpoints.values() if not one.connect and one.takes(kind)]
    is_connected = account.id in stripe.grants.connections or kind == "account.application.deauthorized"
    if not is_connected:
        return own
    told = {"account": account.id}
    return own + [(one, told) for one in stripe.platform.endpoints.values() if one.connect and one.takes(kind)]


async def deliver(
    stripe: StripeDouble, account: Account, written: Written, *, bad_signature: bool = False, is_late: bool = False
) -> list[Document]:
    """Send the event to everybody who takes it; one result each. There are no retries."""
    results = []
    for endpoint, added in listeners(stripe, account, written.document["type"]):
        result = await _send(endpoint, written.shown() | added, bad_signature=bad_signature, is_late=is_late)
        results.append(result)
        if result["status"] is not None and 200 <= result["status"] < 300:
            written.waiting = max(0, written.waiting - 1)
    return results


async def _send(endpoint: Endpoint, event: Document, *, bad_signature: bool, is_late: bool) -> Document:
    """One signed POST. Only this machine is ever called; the signature carries real time, not the sandbox's."""
    body = orjson.dumps(event)
    result: Document = {"endpoint_id": endpoint.id, "event_id": event["id"], "status": None}
    if urlsplit(endpoint.url).hostname not in LOOPBACK:
        return result | {"problem": "the sandbox only calls addresses of this machine"}
    moment = int(time.time()) - (_LATE if is_late else 0)
    secret = "whsec_another" if bad_signature else endpoint.secret
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(secret, moment, body),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(endpoint.url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return result | {"status": answer.status}
    except (aiohttp.ClientError, TimeoutError) as error:
        return result | {"problem": type(error).__name__}
