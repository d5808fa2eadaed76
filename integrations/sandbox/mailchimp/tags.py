"""How tags are read and given, and how they show as static segments."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience, member_tags
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import not_found
from integrations.sandbox.mailchimp.fields import Names, names, page
from integrations.sandbox.mailchimp.ledger import set_tags
from integrations.sandbox.mailchimp.member_reads import member_of
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, choice, flag, listing, record, text


def get_member_tags(call: Call) -> Document:
    member = member_of(call).document
    shown = [tag | {"date_added": member["timestamp_opt"]} for tag in member["tags"]]
    return page_of(call, "tags", shown)


def change_member_tags(call: Call) -> None:
    """Active ones are given, inactive ones taken away; a tag that nobody knew is made."""
    entry, audience = member_of(call), call.audience
    tags = {tag["name"]: tag for tag in entry.document["tags"]}
    for wish in call.body["tags"]:
        if wish["status"] == "active":
            tags.setdefault(wish["name"], audience.tag(wish["name"], now=call.now))
        else:
            tags.pop(wish["name"], None)
    set_tags(call.mailchimp, audience, entry, member_tags(tags.values()))


def search_tags(call: Call) -> Document:
    """Tags whose name begins like this, big or small."""
    wanted = call.query.get("name", "").casefold()
    found = [tag for tag in call.audience.tags.values() if tag["name"].casefold().startswith(wanted)]
    return {"tags": [{"id": tag["id"], "name": tag["name"]} for tag in found], "total_items": len(found)}


def get_segments(call: Call) -> Document:
    kind = call.query.get("type", "static")
    found = [_segment(call.audience, tag) for tag in call.audience.tags.values() if kind == "static"]
    return page_of(call, "segments", found, list_id=call.audience.id)


def get_segment(call: Call) -> Document:
    number = call.ids["segment_id"]
    tag = call.audience.tags.get(int(number)) if number.isdigit() else None
    if tag is None:
        raise not_found()
    return _segment(call.audience, tag)


def _segment(audience: Audience, tag: Document) -> Document:
    members = audience.count("subscribed", tag=tag["id"])
    return tag | {"member_count": members, "type": "static", "list_id": audience.id}


SEGMENT: Names = names(
    "id name member_count type created_at updated_at list_id", options=names("match conditions")
)  # fmt: skip
_CHANGE = record(
    {
        "tags": listing(
            record({"name": text(at_least=1, at_most=100), "status": choice("active", "inactive")},
                   required=["name", "status"]),
            at_least=1,
        ),
        "is_syncing": flag,
    },
    required=["tags"],
)  # fmt: skip
_TAGS = "/lists/{list_id}/members/{subscriber_hash}/tags"
ROUTES = [
    Route("GET", _TAGS, get_member_tags, query=FIELDS | PAGE, shown=page("tags", names("id name date_added"))),
    Route("POST", _TAGS, change_member_tags, body=_CHANGE),
    Route("GET", "/lists/{list_id}/tag-search", search_tags, query={"name": text()}),
    Route(
        "GET", "/lists/{list_id}/segments", get_segments,
        query=FIELDS | PAGE | {"type": choice("static", "saved", "fuzzy")}, shown=page("segments", SEGMENT, "list_id"),
    ),
    Route("GET", "/lists/{list_id}/segments/{segment_id}", get_segment, query=FIELDS, shown=SEGMENT),
]  # fmt: skip
