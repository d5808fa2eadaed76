"""Who is told when something happened: the account's journal, and the endpoints that take the event."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.sandbox.clock import SECOND
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Notice
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.carrier import News, sealed_for
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.endpoints import Endpoint
from integrations.sandbox.stripe.journal import Written

VERSION = "2026-10-28.endive"


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
    """Write an event into the account's journal and owe it to everybody who takes it."""
    written = write(stripe, account, kind, thing, cause=cause, before=before)
    for endpoint, added in listeners(stripe, account, kind):
        news = News(endpoint, written, added, livemode=account.livemode)
        stripe.postman.post(Notice(endpoint.id, written.id, kind, news))
    return written


def write(
    stripe: StripeDouble, account: Account, kind: str, thing: Document, *, cause: Cause = NOBODY,
    before: Document | None = None,
) -> Written:  # fmt: skip
    """Write an event into the account's journal without telling anybody yet."""
    now = stripe.clock.now()
    event = framed(account.new_id("evt_1"), kind, thing, now=now, account=account, cause=cause, before=before)
    return account.journal.add(event, now=now, waiting=[one.id for one, _ in listeners(stripe, account, kind)])


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
    stripe: StripeDouble, account: Account, written: Written, *, forgery: Forgery | None = None
) -> list[Document]:
    """Send the event now to everybody who takes it, once and past everything that waits; one result each."""
    results = []
    for endpoint, added in listeners(stripe, account, written.kind):
        event = written.shown() | added
        answer = await stripe.postman.send(sealed_for(endpoint, event, now=stripe.clock.now(), forgery=forgery))
        result: Document = {"endpoint_id": endpoint.id, "event_id": written.id, "status": answer.status}
        results.append(result | ({"problem": answer.problem} if answer.problem else {}))
        if answer.status in stripe.postman.rules.thanks and forgery is None:
            written.acknowledge(endpoint.id)
    return results
