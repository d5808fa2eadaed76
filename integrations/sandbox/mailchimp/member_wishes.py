"""What may be said about a member, and how it is written into the member's document."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.errors import MailchimpError, invalid, problem
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.merge_values import checked_values
from integrations.sandbox.mailchimp.shapes import (
    Check,
    Shape,
    choice,
    flag,
    listing,
    mapping,
    moment,
    number,
    record,
    text,
)
from integrations.sandbox.mailchimp.slots import STATUSES
from integrations.sandbox.mailchimp.subscribers import NOWHERE
from integrations.sandbox.mailchimp.times import stamp, whole

WRITABLE = tuple(status for status in STATUSES if status != "archived")
_PLAIN = ("email_type", "language", "vip", "ip_signup", "ip_opt")
_ADMIN = "N/A (Unsubscribed by an admin)"


@dataclass(frozen=True)
class Hand:
    """Who writes, and how strictly required merge fields are taken."""

    audience: Audience
    is_required_skipped: bool = False

    def written(self, member: Document, wishes: Document, *, status: str, is_new: bool) -> Document:
        """The member with everything that was wished. Required fields count for new ones and where fields are sent."""
        changes: Document = {name: wishes[name] for name in _PLAIN if name in wishes}
        changes |= {
            name: stamp(whole(wishes[name])) for name in ("timestamp_signup", "timestamp_opt") if name in wishes
        }
        if "location" in wishes:
            changes["location"] = NOWHERE | member["location"] | wishes["location"]
        if is_new or "merge_fields" in wishes:
            changes["merge_fields"] = checked_values(
                self.audience.merge_fields, wishes.get("merge_fields", {}), member["merge_fields"],
                is_required_skipped=self.is_required_skipped,
            )  # fmt: skip
        self._refuse_groups(wishes)
        return with_status(member | changes | self._address(member, wishes), status)

    def _address(self, member: Document, wishes: Document) -> Document:
        """A new address is a new hash; it must be free, and never have been forgotten."""
        email = str(wishes.get("email_address", member["email_address"]))
        if email.lower() == member["email_address"].lower():
            return {"email_address": email}
        refuse_forgotten(self.audience, email)
        if self.audience.register.find(email) is not None:
            raise member_exists(email)
        known = self.audience.register.generated.address_id(email)
        return {"id": subscriber_hash(email), "email_address": email, "unique_email_id": known}

    def _refuse_groups(self, wishes: Document) -> None:
        for name in ("interests", "marketing_permissions"):
            if wishes.get(name):
                raise invalid([problem(name, "This audience has none of these")])


def with_status(member: Document, status: str) -> Document:
    """The member in this status, with the fields that follow from it."""
    if status == member["status"]:
        return member
    member = member | {"status": status, "consents_to_one_to_one_messaging": status == "subscribed"}
    if status == "unsubscribed":
        return member | {"unsubscribe_reason": _ADMIN}
    member.pop("unsubscribe_reason", None)
    return member


def refuse_return(member: Document, status: str) -> None:
    """Who unsubscribed or bounced can only come back by own hand."""
    if status == "subscribed" and member["status"] in ("unsubscribed", "cleaned"):
        email = member["email_address"]
        detail = f"{email} is in a compliance state due to unsubscribe, bounce or review and cannot be subscribed."
        raise MailchimpError(400, "Member In Compliance State", detail)


def refuse_forgotten(audience: Audience, email: str) -> None:
    if subscriber_hash(email) in audience.register.forgotten:
        detail = f"{email} was permanently deleted and cannot be imported again. The person must sign up anew."
        raise MailchimpError(400, "Forgotten Email Not Subscribed", detail)


def member_exists(email: str) -> MailchimpError:
    detail = f"{email} is already a list member. Use PUT to insert or update list members."
    return MailchimpError(400, "Member Exists", detail)


def wishes_of(email: Check) -> Shape:
    return {
        "email_address": email,
        "email_type": choice("html", "text"),
        "merge_fields": mapping,
        "interests": mapping,
        "language": text(at_most=10),
        "vip": flag,
        "location": record({"latitude": number, "longitude": number}),
        "marketing_permissions": listing(
            record(
                {"marketing_permission_id": text(), "enabled": flag}, required=["marketing_permission_id", "enabled"]
            )
        ),
        "ip_signup": text(at_most=45),
        "timestamp_signup": moment,
        "ip_opt": text(at_most=45),
        "timestamp_opt": moment,
    }
