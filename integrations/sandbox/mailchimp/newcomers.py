"""What a member looks like on the day it is added."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.subscribers import FNAME, LNAME, NOWHERE
from integrations.sandbox.mailchimp.times import stamp


def new_member(account: Account, audience: Audience, email: str, *, status: str, now: int, source: str) -> Document:
    """A member without any values; not stored yet."""
    contact_id = account.new_hex("contact", 32)
    return {
        "id": subscriber_hash(email),
        "email_address": email,
        "unique_email_id": audience.register.generated.address_id(email),
        "contact_id": contact_id,
        "full_name": "",
        "web_id": 610_000_000 + account.writes,
        "email_type": "html",
        "status": status,
        "consents_to_one_to_one_messaging": status == "subscribed",
        "sms_phone_number": "",
        "sms_subscription_status": "",
        "sms_subscription_last_updated": "",
        "merge_fields": {},
        "stats": {"avg_open_rate": 0, "avg_click_rate": 0},
        "ip_signup": "",
        "timestamp_signup": "",
        "ip_opt": "",
        "timestamp_opt": stamp(now),
        "member_rating": 2,
        "last_changed": stamp(now),
        "language": "en" if account.country == "GB" else "de",
        "vip": False,
        "email_client": "",
        "location": NOWHERE,
        "source": source,
        "tags_count": 0,
        "tags": [],
        "list_id": audience.id,
    }


def full_name(values: dict[int, object]) -> str:
    return f"{values.get(FNAME, '')} {values.get(LNAME, '')}".strip()
