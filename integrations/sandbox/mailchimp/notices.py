"""Who is told when a member changed: form posts to the audience's webhooks, signed where the webhook has a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.hooks import Webhook, signature
from integrations.sandbox.mailchimp.times import fired_at

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PATIENCE = aiohttp.ClientTimeout(total=10)


def announce(mailchimp: MailchimpDouble, audience: Audience, event: str, data: Document, *, source: str) -> None:
    """Start the deliveries of an event to the webhooks that take it from this source."""
    body = form(event, data, moment=mailchimp.clock.now())
    for webhook in audience.webhooks.values():
        if webhook.takes(event, source):
            task = asyncio.get_running_loop().create_task(send(mailchimp, webhook, body))
            mailchimp.in_background(task)


def form(event: str, data: Document, *, moment: int) -> bytes:
    """The event as a form with keys such as ``data[merges][FNAME]``."""
    fields = [("type", event), ("fired_at", fired_at(moment)), *_flat("data", data)]
    return urlencode(fields).encode()


def member_data(audience: Audience, member: Document) -> Document:
    """What events of subscribe and profile tell about a member."""
    merges = {"EMAIL": member["email_address"], **audience.shown(member)["merge_fields"], "INTERESTS": ""}
    return {
        "id": member["unique_email_id"],
        "email": member["email_address"],
        "email_type": member["email_type"],
        "ip_opt": member["ip_opt"],
        "ip_signup": member["ip_signup"],
        "web_id": member["web_id"],
        "merges": merges,
        "list_id": audience.id,
    }


async def send(
    mailchimp: MailchimpDouble, webhook: Webhook, body: bytes, *, bad_signature: bool = False
) -> Document:  # fmt: skip
    """One post. Only this machine is ever called; other addresses are refused."""
    result: Document = {"webhook_id": webhook.id, "status": None}
    if not is_near(webhook.url):
        return result | {"problem": "the sandbox only calls addresses of this machine"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "MailChimp"}
    if webhook.secret is not None:
        secret = "another-secret" if bad_signature else webhook.secret
        headers["X-Mailchimp-Signature"] = signature(secret, mailchimp.clock.now() // SECOND, body)
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(webhook.url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return result | {"status": answer.status}
    except (aiohttp.ClientError, TimeoutError) as error:
        return result | {"problem": type(error).__name__}


async def answers(url: str) -> bool:
    """Whether a GET of the address is answered with 200, which a webhook's address must do."""
    if not is_near(url):
        return False
    try:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session, session.get(url, allow_redirects=False) as got:
            return got.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def is_near(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}[{key}]", part)
    else:
        yield name, str(value)
