"""Who is told when a member changed: forms for the audience's webhooks that take the event from this source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Notice
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.carrier import News, sealed_for
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.hooks import Webhook
from integrations.sandbox.mailchimp.times import fired_at


def announce(mailchimp: MailchimpDouble, audience: Audience, event: str, data: Document, *, source: str) -> None:
    """Owe an event to the webhooks that take it from this source. It is known by what it says, for it has no id."""
    body = form(event, data, moment=mailchimp.clock.now())
    for webhook in audience.webhooks.values():
        if webhook.takes(event, source):
            address, told = f"{audience.id}/{webhook.id}", str(data.get("id") or data.get("new_id") or data["email"])
            mailchimp.postman.post(Notice(address, f"{event}:{told}", event, News(webhook, body)))


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
    mailchimp: MailchimpDouble, webhook: Webhook, body: bytes, *, forgery: Forgery | None = None
) -> Document:  # fmt: skip
    """One post now, past everything that waits."""
    answer = await mailchimp.postman.send(sealed_for(webhook, body, forgery))
    result: Document = {"webhook_id": webhook.id, "status": answer.status}
    return result | ({"problem": answer.problem} if answer.problem else {})


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}[{key}]", part)
    else:
        yield name, str(value)
