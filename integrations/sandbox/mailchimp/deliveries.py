"""How the control plane sends a webhook at will: now, twice, in the wrong order, or with a wrong signature."""

from __future__ import annotations

from integrations.sandbox.clock import SECOND
from integrations.sandbox.control import Body, Unclear
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.hooks import EVENTS
from integrations.sandbox.mailchimp.notices import form, member_data, send

KINDS = ("now", "duplicate", "reordered", "bad_signature")


async def delivered(mailchimp: MailchimpDouble, account: Account, body: Body) -> Body:
    """The status of each delivery, in the order of sending. Sources are not asked; the events of a webhook are."""
    kind, event = body.get("kind", "now"), body.get("type")
    if kind not in KINDS or event not in EVENTS or set(body) - {"kind", "type", "id"}:
        raise Unclear(f"Send type ({', '.join(EVENTS)}), id of the member, and kind: {', '.join(KINDS)}.")
    audience, member = _member(account, str(body.get("id")))
    data, now = _data(audience, event, member), mailchimp.clock.now()
    moments = {"duplicate": (now, now), "reordered": (now, now - SECOND)}.get(kind, (now,))
    forms = [form(event, data, moment=moment) for moment in moments]
    hooks = [webhook for webhook in audience.webhooks.values() if webhook.events[event]]
    forgery = Forgery.OTHER_SECRET if kind == "bad_signature" else None
    results = [await send(mailchimp, webhook, one, forgery=forgery) for one in forms for webhook in hooks]
    return {"deliveries": results}


def _member(account: Account, address: str) -> tuple[Audience, Document]:
    for audience in account.audiences.values():
        entry = audience.register.find(address)
        if entry is not None:
            return audience, entry.document
    raise Unclear(f"There is no member {address} to tell about; send its id, address or contact_id.")


def _data(audience: Audience, event: str, member: Document) -> Document:
    if event == "upemail":
        return {
            "list_id": audience.id, "new_id": member["unique_email_id"], "new_email": member["email_address"],
            "old_email": f"before.{member['email_address']}",
        }  # fmt: skip
    if event == "cleaned":
        return {"list_id": audience.id, "campaign_id": "", "reason": "hard", "email": member["email_address"]}
    if event == "campaign":
        return {"id": "4f5a1c0b9d", "subject": "This week", "status": "sent", "reason": "", "list_id": audience.id}
    leaving = {"action": "unsub", "reason": "manual"} if event == "unsubscribe" else {}
    return {**leaving, **member_data(audience, member)}
