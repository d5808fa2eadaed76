"""How members are written one by one: added, changed in part, put, archived and forgotten."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp import ledger
from integrations.sandbox.mailchimp.audiences import Audience, member_tags
from integrations.sandbox.mailchimp.calls import Call, Route
from integrations.sandbox.mailchimp.errors import MailchimpError, invalid, problem
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.member_reads import member_of
from integrations.sandbox.mailchimp.member_wishes import (
    WRITABLE,
    Hand,
    member_exists,
    refuse_forgotten,
    refuse_return,
    wishes_of,
)
from integrations.sandbox.mailchimp.newcomers import new_member
from integrations.sandbox.mailchimp.shapes import choice, email, listing, record, text, written_flag
from integrations.sandbox.mailchimp.times import whole
from integrations.sandbox.store import Entry

SOURCE = "API - Generic"


def post(call: Call) -> Document:
    known = call.audience.register.find(call.body["email_address"])
    if known is not None and known.document["status"] != "archived":
        raise member_exists(call.body["email_address"])
    return call.audience.shown(add(call, known, call.body, status=call.body["status"]))


def put(call: Call) -> Document:
    """Adds whom the audience does not have, or has only in its archive; changes everybody else."""
    wishes, known = call.body, call.audience.register.find(call.ids["subscriber_hash"])
    if known is not None and known.document["status"] != "archived":
        return call.audience.shown(change(call, known, wishes))
    status = wishes.get("status_if_new")
    if status is None:
        raise invalid([problem("status_if_new", "Required for a member who is not in the audience")])
    if known is None:
        _check_address(call, wishes["email_address"])
    return call.audience.shown(add(call, known, wishes, status=status))


def patch(call: Call) -> Document:
    return call.audience.shown(change(call, member_of(call), call.body))


def delete(call: Call) -> None:
    entry = member_of(call)
    if entry.document["status"] == "archived":
        raise MailchimpError(405, "Method Not Allowed", "This list member cannot be removed.")
    ledger.archive(call.mailchimp, call.audience, entry, source="api")


def delete_permanently(call: Call) -> None:
    ledger.forget(call.mailchimp, call.audience, member_of(call), source="api")


def add(call: Call, archived: Entry | None, wishes: Document, *, status: str) -> Document:
    """A new member, or one who comes back from the archive."""
    audience, email_address = call.audience, wishes["email_address"]
    refuse_forgotten(audience, email_address)
    fresh = (
        new_member(call.account, audience, email_address, status=status, now=call.now, source=SOURCE)
        if archived is None
        else archived.document
    )
    member = hand_of(call).written(fresh, wishes, status=status, is_new=archived is None)
    if "tags" in wishes:
        member |= tagged(call, audience, wishes["tags"])
    joined = whole(wishes["timestamp_opt"]) if "timestamp_opt" in wishes else None
    return ledger.keep(call.mailchimp, audience, archived, member, source="api", joined=joined)


def change(call: Call, known: Entry, wishes: Document) -> Document:
    """Only what is sent changes; a member who is left as he was keeps his last_changed."""
    old = known.document
    status = str(wishes.get("status", old["status"]))
    refuse_return(old, status)
    member = hand_of(call).written(old, wishes, status=status, is_new=False)
    joined = whole(wishes["timestamp_opt"]) if "timestamp_opt" in wishes else None
    return ledger.keep(call.mailchimp, call.audience, known, member, source="api", joined=joined)


def tagged(call: Call, audience: Audience, tag_names: list[str]) -> Document:
    return member_tags(audience.tag(name, now=call.now) for name in dict.fromkeys(tag_names))


def hand_of(call: Call) -> Hand:
    return Hand(call.audience, call.query.get("skip_merge_validation", False))


def _check_address(call: Call, email_address: str) -> None:
    """A new member is put where its address belongs."""
    if call.ids["subscriber_hash"].lower() not in (subscriber_hash(email_address), email_address.lower()):
        raise invalid([problem("email_address", "The address does not belong to the hash in the path")])


_WISHES = wishes_of(email)
_STATUS, _NEW_STATUS = choice(*WRITABLE), choice(*WRITABLE)
_SKIP = {"skip_merge_validation": written_flag}
_ALL, _ONE = "/lists/{list_id}/members", "/lists/{list_id}/members/{subscriber_hash}"
_POST = record(
    _WISHES | {"status": _STATUS, "tags": listing(text(at_least=1, at_most=100))}, required=["email_address", "status"]
)
_PUT = record(_WISHES | {"status": _STATUS, "status_if_new": _NEW_STATUS}, required=["email_address"])
_PATCH = record(_WISHES | {"status": choice(*(one for one in WRITABLE if one != "transactional"))})
ROUTES = [
    Route("POST", _ALL, post, query=_SKIP, body=_POST),
    Route("PUT", _ONE, put, query=_SKIP, body=_PUT),
    Route("PATCH", _ONE, patch, query=_SKIP, body=_PATCH),
    Route("DELETE", _ONE, delete),
    Route("POST", f"{_ONE}/actions/delete-permanent", delete_permanently),
]
