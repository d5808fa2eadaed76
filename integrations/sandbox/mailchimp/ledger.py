"""How a change of a member is kept and made known, whoever made it: the client, the venue's people, the member."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.newcomers import full_name
from integrations.sandbox.mailchimp.notices import announce, member_data
from integrations.sandbox.mailchimp.times import stamp, whole
from integrations.sandbox.store import Entry

Event = tuple[str, Document]


def keep(
    mailchimp: MailchimpDouble, audience: Audience, old: Entry | None, member: Document, *, source: str,
    joined: int | None = None,
) -> Document:  # fmt: skip
    """Store a member, a new one when there is no old one, and tell. Nothing happens when nothing has changed."""
    if old is not None and member == old.document:
        return member
    now = whole(mailchimp.clock.now())
    member = member | {"last_changed": stamp(now), "full_name": full_name(member["merge_fields"])}
    if old is None:
        audience.register.add(member, joined=now if joined is None else joined, now=now, lag=mailchimp.lag)
    else:
        audience.register.replace(old, member, joined=joined, now=now, lag=mailchimp.lag)
    for event, data in _events(audience, None if old is None else old.document, member):
        announce(mailchimp, audience, event, data, source=source)
    return member


def archive(mailchimp: MailchimpDouble, audience: Audience, old: Entry, *, source: str) -> Document:
    return keep(mailchimp, audience, old, old.document | {"status": "archived"}, source=source)


def forget(mailchimp: MailchimpDouble, audience: Audience, old: Entry, *, source: str) -> None:
    """Delete for good, and tell those who were told of the subscription."""
    audience.register.forget(old, now=whole(mailchimp.clock.now()), lag=mailchimp.lag)
    if old.document["status"] == "subscribed":
        data = _leaving(audience, old.document, "delete")
        announce(mailchimp, audience, "unsubscribe", data, source=source)


def set_tags(mailchimp: MailchimpDouble, audience: Audience, old: Entry, tags: Document) -> Document:
    """Give a member these tags. No webhook tells of tags; whether they count as a change is a setting."""
    now = whole(mailchimp.clock.now())
    member = old.document | tags
    if member == old.document:
        return member
    if mailchimp.settings.tags_touch_members:
        member = member | {"last_changed": stamp(now)}
    else:
        now = old.updated
    audience.register.replace(old, member, now=now, lag=mailchimp.lag)
    return member


def _events(audience: Audience, old: Document | None, new: Document) -> Iterator[Event]:
    before = "" if old is None else old["status"]
    if new["status"] != before:
        yield from _status_events(audience, before, new)
    if old is None:
        return
    if new["email_address"] != old["email_address"]:
        yield (
            "upemail",
            {
                "list_id": audience.id,
                "new_id": new["unique_email_id"],
                "new_email": new["email_address"],
                "old_email": old["email_address"],
            },
        )
    if any(new[name] != old[name] for name in ("merge_fields", "email_address", "email_type", "language")):
        yield "profile", member_data(audience, new)


def _status_events(audience: Audience, before: str, member: Document) -> Iterator[Event]:
    if member["status"] == "subscribed":
        yield "subscribe", member_data(audience, member)
    elif member["status"] == "cleaned":
        yield "cleaned", {
            "list_id": audience.id, "campaign_id": "", "reason": "hard", "email": member["email_address"],
        }  # fmt: skip
    elif before == "subscribed" and member["status"] in ("unsubscribed", "archived"):
        yield "unsubscribe", _leaving(audience, member, "unsub" if member["status"] == "unsubscribed" else "delete")


def _leaving(audience: Audience, member: Document, action: str) -> Document:
    return {"action": action, "reason": "manual", **member_data(audience, member), "campaign_id": ""}
