"""How up to 500 members are written with one call, each for itself."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.audiences import Audience, member_tags
from integrations.sandbox.mailchimp.calls import Call, Route
from integrations.sandbox.mailchimp.errors import MailchimpError, bad_request, invalid, problem
from integrations.sandbox.mailchimp.ids import subscriber_hash
from integrations.sandbox.mailchimp.ledger import set_tags
from integrations.sandbox.mailchimp.member_wishes import WRITABLE, wishes_of
from integrations.sandbox.mailchimp.member_writes import add, change
from integrations.sandbox.mailchimp.shapes import (
    Problems,
    choice,
    email,
    flag,
    listing,
    record,
    text,
    written_flag,
)
from integrations.sandbox.store import Entry

MOST = 500
_LEFT_OUT = {
    "contact_id", "full_name", "web_id", "unsubscribe_reason", "consents_to_one_to_one_messaging", "sms_phone_number",
    "sms_subscription_status", "sms_subscription_last_updated", "source",
}  # fmt: skip


def write_many(call: Call) -> Document:
    """One refusal does not stop the others; it is told among the errors."""
    made: list[Document] = []
    changed: list[Document] = []
    errors: list[Document] = []
    seen: set[str] = set()
    for wishes in call.body["members"]:
        try:
            _refuse_twice(call, wishes, seen)
            is_new, member = _write(call, wishes)
            (made if is_new else changed).append(_shown(call.audience, member))
        except MailchimpError as error:
            errors.append(_told(wishes, error))
    return {
        "new_members": made, "updated_members": changed, "errors": errors, "total_created": len(made),
        "total_updated": len(changed), "error_count": len(errors),
    }  # fmt: skip


def _write(call: Call, wishes: Document) -> tuple[bool, Document]:
    problems: Problems = []
    email(wishes["email_address"], "email_address", problems)
    if problems:
        raise invalid(problems)
    known = call.audience.register.find(wishes["email_address"])
    if known is None or known.document["status"] == "archived":
        if "status" not in wishes:
            raise invalid([problem("status", "Required for a member who is not in the audience")])
        return True, add(call, known, wishes, status=wishes["status"])
    if not call.body.get("update_existing", False):
        detail = f"{wishes['email_address']} is already a list member. Send update_existing: true to change it."
        raise MailchimpError(400, "Member Exists", detail)
    change(call, known, {name: value for name, value in wishes.items() if name != "tags"})
    return False, _retagged(call, wishes)


def _retagged(call: Call, wishes: Document) -> Document:
    """The tags sent are added; with sync_tags they take the place of the old ones."""
    audience = call.audience
    entry: Entry | None = audience.register.find(wishes["email_address"])
    if entry is None:
        raise LookupError("a member who was just written is there")
    if "tags" not in wishes:
        return entry.document
    sent = [audience.tag(name, now=call.now) for name in wishes["tags"]]
    kept = [] if call.body.get("sync_tags", False) else entry.document["tags"]
    tags = {tag["id"]: tag for tag in [*kept, *sent]}
    return set_tags(call.mailchimp, audience, entry, member_tags(tags.values()))


def _refuse_twice(call: Call, wishes: Document, seen: set[str]) -> None:
    known = subscriber_hash(wishes["email_address"])
    if known in seen and not call.query.get("skip_duplicate_check", False):
        raise bad_request(f"{wishes['email_address']} stands in this request more than once.")
    seen.add(known)


def _shown(audience: Audience, member: Document) -> Document:
    """The member as this answer shows it, with fewer fields than elsewhere."""
    shown = {name: value for name, value in audience.shown(member).items() if name not in _LEFT_OUT}
    shown["location"] = {name: value for name, value in member["location"].items() if name != "region"}
    return shown


def _told(wishes: Document, error: MailchimpError) -> Document:
    first = (error.errors or [{"field": "", "message": ""}])[0]
    return {
        "email_address": wishes["email_address"],
        "error": error.detail,
        "error_code": "ERROR_CONTACT_EXISTS" if error.title == "Member Exists" else "ERROR_GENERIC",
        "field": first["field"],
        "field_message": first["message"],
    }


_MEMBER = record(
    wishes_of(text()) | {"status": choice(*WRITABLE), "tags": listing(text(at_least=1, at_most=100))},
    required=["email_address"],
)
_BODY = record(
    {"members": listing(_MEMBER, at_most=MOST), "sync_tags": flag, "update_existing": flag}, required=["members"]
)
_QUERY = {"skip_merge_validation": written_flag, "skip_duplicate_check": written_flag}
ROUTES = [Route("POST", "/lists/{list_id}", write_many, query=_QUERY, body=_BODY)]
