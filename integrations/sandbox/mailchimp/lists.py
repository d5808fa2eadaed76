"""How an account and its audiences are read."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import not_imitated
from integrations.sandbox.mailchimp.fields import Names, names, page
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, choice, email, moment, written_flag
from integrations.sandbox.mailchimp.slots import STATUSES
from integrations.sandbox.mailchimp.times import stamp


def root(call: Call) -> Document:
    account = call.account
    return {
        "account_id": account.id,
        "login_id": str(account.login_id),
        "account_name": account.name,
        "email": account.email,
        "first_name": "Box",
        "last_name": "Office",
        "username": account.email,
        "avatar_url": "",
        "role": "owner",
        "member_since": stamp(account.since),
        "pricing_plan_type": "monthly",
        "first_payment": stamp(account.since),
        "account_timezone": "Europe/London" if account.country == "GB" else "Europe/Berlin",
        "account_industry": "Entertainment and Events",
        "contact": account.contact,
        "pro_enabled": False,
        "last_login": stamp(call.now),
        "total_subscribers": sum(audience.count("subscribed") for audience in account.audiences.values()),
        "industry_stats": {"open_rate": 0.21, "bounce_rate": 0.004, "click_rate": 0.023},
    }


def ping(call: Call) -> Document:
    return {"health_status": "Everything's Chimpy!"}


def get_lists(call: Call) -> Document:
    query = call.query
    found = [one for one in call.account.audiences.values() if _fits(one, query)]
    found.sort(key=lambda one: one.created, reverse=query.get("sort_dir") == "DESC")
    shown = [list_document(one, with_total=query.get("include_total_contacts", False)) for one in found]
    limits = {"may_create": True, "max_instances": 5, "current_total_instances": len(call.account.audiences)}
    return page_of(call, "lists", shown, constraints=limits)


def get_list(call: Call) -> Document:
    return list_document(call.audience, with_total=call.query.get("include_total_contacts", False))


def list_document(audience: Audience, *, with_total: bool = False) -> Document:
    stats = {
        "member_count": audience.count("subscribed"),
        "unsubscribe_count": audience.count("unsubscribed"),
        "cleaned_count": audience.count("cleaned"),
        "member_count_since_send": 0,
        "unsubscribe_count_since_send": 0,
        "cleaned_count_since_send": 0,
        "campaign_count": 0,
        "campaign_last_sent": "",
        "merge_field_count": len(audience.merge_fields.all()),
        "avg_sub_rate": 12,
        "avg_unsub_rate": 2,
        "target_sub_rate": 9,
        "open_rate": 31.5,
        "click_rate": 4.2,
        "last_sub_date": "",
        "last_unsub_date": "",
    }
    if with_total:
        stats["total_contacts"] = sum(audience.count(status) for status in STATUSES if status != "archived")
    return {
        "id": audience.id,
        "web_id": audience.web_id,
        "name": audience.name,
        "contact": audience.contact,
        "permission_reminder": "You gave us your address at the box office.",
        "use_archive_bar": True,
        "campaign_defaults": {
            "from_name": audience.from_name, "from_email": audience.from_email, "subject": "", "language": "en",
        },
        "notify_on_subscribe": "",
        "notify_on_unsubscribe": "",
        "date_created": stamp(audience.created),
        "list_rating": 4,
        "email_type_option": False,
        "subscribe_url_short": f"https://eepurl.example/{audience.id}",
        "subscribe_url_long": f"https://venue.list-manage.example/subscribe?id={audience.id}",
        "beamer_address": f"{audience.id}@inbound.example",
        "visibility": "prv",
        "double_optin": False,
        "has_welcome": False,
        "marketing_permissions": False,
        "modules": [],
        "stats": stats,
    }  # fmt: skip


def _fits(audience: Audience, query: Document) -> bool:
    if query.get("has_ecommerce_store") or "since_campaign_last_sent" in query or "before_campaign_last_sent" in query:
        raise not_imitated("this filter of lists")
    is_member = "email" not in query or audience.register.find(query["email"]) is not None
    since, before = query.get("since_date_created", 0), query.get("before_date_created", audience.created + 1)
    return bool(is_member and since <= audience.created < before)


LIST: Names = names(
    "id web_id name permission_reminder use_archive_bar notify_on_subscribe notify_on_unsubscribe date_created"
    " list_rating email_type_option subscribe_url_short subscribe_url_long beamer_address visibility double_optin"
    " has_welcome marketing_permissions modules",
    contact=names("company address1 address2 city state zip country phone"),
    campaign_defaults=names("from_name from_email subject language"),
    stats=names(
        "member_count total_contacts unsubscribe_count cleaned_count member_count_since_send"
        " unsubscribe_count_since_send cleaned_count_since_send campaign_count campaign_last_sent merge_field_count"
        " avg_sub_rate avg_unsub_rate target_sub_rate open_rate click_rate last_sub_date last_unsub_date"
    ),
)
_ROOT = names(
    "account_id login_id account_name email first_name last_name username avatar_url role member_since"
    " pricing_plan_type first_payment account_timezone account_industry pro_enabled last_login total_subscribers",
    contact=names("company addr1 addr2 city state zip country"),
    industry_stats=names("open_rate bounce_rate click_rate"),
)
_LISTS = page("lists", LIST) | {"constraints": names("may_create max_instances current_total_instances")}
_FILTERS = {
    "since_date_created": moment,
    "before_date_created": moment,
    "since_campaign_last_sent": moment,
    "before_campaign_last_sent": moment,
    "email": email,
    "sort_field": choice("date_created"),
    "sort_dir": choice("ASC", "DESC"),
    "has_ecommerce_store": written_flag,
    "include_total_contacts": written_flag,
}
ROUTES = [
    Route("GET", "/", root, query=FIELDS, shown=_ROOT),
    Route("GET", "/ping", ping),
    Route("GET", "/lists", get_lists, query=FIELDS | PAGE | _FILTERS, shown=_LISTS),
    Route(
        "GET", "/lists/{list_id}", get_list, query=FIELDS | {"include_total_contacts": written_flag}, shown=LIST
    ),
]  # fmt: skip
