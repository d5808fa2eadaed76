"""How members are read: listed by change or by joining, and one by one."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route
from integrations.sandbox.mailchimp.errors import not_found, not_imitated
from integrations.sandbox.mailchimp.fields import OPEN, Names, names, page
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, choice, moment, text, written_flag
from integrations.sandbox.mailchimp.sight import Question
from integrations.sandbox.mailchimp.slots import STATUSES, Wanted
from integrations.sandbox.store import FOREVER, Entry, Window


def get_members(call: Call) -> Document:
    audience, (offset, count) = call.audience, call.page
    missing = _NOT_IMITATED & set(call.query)
    if missing:
        raise not_imitated(f"{', '.join(sorted(missing))} of members")
    rows, total = audience.register.sight.page(_question(call.query), offset=offset, count=count)
    members = [audience.shown(row.document) for row in rows]
    return {"members": members, "list_id": audience.id, "total_items": total}


def get_member(call: Call) -> Document:
    return call.audience.shown(member_of(call).document)


def member_of(call: Call) -> Entry:
    """The member in the path, archived or not, as of now; MailchimpError 404 when there is none."""
    entry = call.audience.register.find(call.ids["subscriber_hash"])
    if entry is None:
        raise not_found()
    return entry


def _question(query: Document) -> Question:
    """A time range counts its begin, but not its end. Without an order members come as they joined."""
    window = Window(
        query.get("since_timestamp_opt", 0), query.get("before_timestamp_opt", FOREVER),
        query.get("since_last_changed", 0), query.get("before_last_changed", FOREVER),
    )  # fmt: skip
    wanted = Wanted(
        status=query.get("status"), vip=True if query.get("vip_only") else None, email_type=query.get("email_type")
    )
    return Question(wanted, window, query.get("sort_field") == "last_changed", query.get("sort_dir") == "DESC")


MEMBER: Names = names(
    "id email_address unique_email_id contact_id full_name web_id email_type status unsubscribe_reason"
    " consents_to_one_to_one_messaging sms_phone_number sms_subscription_status sms_subscription_last_updated"
    " ip_signup timestamp_signup ip_opt timestamp_opt member_rating last_changed language vip email_client source"
    " tags_count list_id",
    merge_fields=OPEN,
    interests=OPEN,
    stats=names(
        "avg_open_rate avg_click_rate", ecommerce_data=names("total_revenue number_of_orders currency_code")
    ),
    location=names("latitude longitude gmtoff dstoff country_code timezone region"),
    marketing_permissions=names("marketing_permission_id text enabled"),
    last_note=names("note_id created_at created_by note"),
    tags=names("id name"),
)  # fmt: skip
_NOT_IMITATED = {
    "unique_email_id", "interest_category_id", "interest_ids", "interest_match", "since_last_campaign",
    "unsubscribed_since",
}  # fmt: skip
_FILTERS = {
    "status": choice(*STATUSES),
    "since_timestamp_opt": moment,
    "before_timestamp_opt": moment,
    "since_last_changed": moment,
    "before_last_changed": moment,
    "email_type": choice("html", "text"),
    "vip_only": written_flag,
    "sort_field": choice("timestamp_opt", "timestamp_signup", "last_changed"),
    "sort_dir": choice("ASC", "DESC"),
    **dict.fromkeys(_NOT_IMITATED, text()),
}
ROUTES = [
    Route(
        "GET", "/lists/{list_id}/members", get_members, query=FIELDS | PAGE | _FILTERS,
        shown=page("members", MEMBER, "list_id"),
    ),
    Route("GET", "/lists/{list_id}/members/{subscriber_hash}", get_member, query=FIELDS, shown=MEMBER),
]  # fmt: skip
