"""What is sent to Mailchimp for a contact: only what changes, in the words of its audience. Pure.

Of the merge fields only those are sent that the audience has. An address that Mailchimp would refuse as incomplete, and
a phone number that its field cannot hold, are left out rather than the person. Nobody becomes subscribed here: a new
contact begins as `status_if_new` says, a known one is at most unsubscribed.
"""

import re
from collections.abc import Mapping
from typing import Any

from integrations.providers.errors import Invalid
from integrations.providers.mailchimp.fields import MERGE_FIELDS
from integrations.providers.types import JSON, Operation, Values, Write

BEGINNINGS = frozenset({"transactional", "pending", "unsubscribed"})  # how a contact may begin
_BEGINS = "transactional"
_LEFT = "unsubscribed"
_PLAIN = ("email_type", "language", "vip")
_ADDRESS_NEEDS = ("addr1", "city", "state", "zip")
_ADDRESS = (*_ADDRESS_NEEDS, "addr2", "country")
_DAY = re.compile(r"\d{4}-(\d\d)-(\d\d)")
_US_NUMBER = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


def refusal(write: Write) -> Invalid | None:
    """Return what is wrong with a write before anything is sent, None where nothing is."""
    if not audience(write):
        return Invalid("Choose the Mailchimp audience that new contacts go to.", field="list_id")
    if not email(write):
        return Invalid("A contact needs an e-mail address.", field="email_address")
    begins = write.values.get("status_if_new")
    if begins is not None and begins not in BEGINNINGS:
        return Invalid("Nobody is subscribed by a sync; only the person can do that.", field="status_if_new")
    if write.values.get("status") not in (None, _LEFT):
        return Invalid("A sync can unsubscribe a contact, and nothing else.", field="status")
    return None


def audience(write: Write) -> str:
    """Return the id of the audience: the one the contact is in, else the one that came with the write; "" for none."""
    found = (write.raw.get("list_id"), write.values.get("list_id"), write.whole.get("list_id"))
    return str(next(filter(None, found), ""))


def email(write: Write) -> str:
    """Return the address that the contact has after the write, "" for none."""
    return str(write.values.get("email_address") or write.raw.get("email_address") or "").strip()


def is_moved(write: Write) -> bool:
    """Return whether a known contact gets another address."""
    return write.operation is Operation.UPDATE and email(write).lower() != str(write.raw["email_address"]).lower()


def member(write: Write, known: Mapping[str, JSON]) -> JSON:
    """Return the contact for a batch. `known` are the audience's merge fields by their tag."""
    body: JSON = {"email_address": email(write)} | {
        name: write.values[name] for name in _PLAIN if write.values.get(name) is not None
    }
    if write.operation is Operation.CREATE:
        begins = write.values.get("status_if_new") or _BEGINS
        body["status"] = _LEFT if write.values.get("status") == _LEFT else begins
    elif write.values.get("status") == _LEFT:
        body["status"] = _LEFT
    if "tags" in write.values:
        body["tags"] = [str(tag) for tag in write.values["tags"] or []]
    merge_fields = _merge_fields(write, known)
    return body | ({"merge_fields": merge_fields} if merge_fields else {})


def holds(body: JSON, raw: JSON) -> bool:
    """Return whether a contact is already as a body wants it; for one that is not new its status may be any other."""
    merged: JSON = raw.get("merge_fields") or {}
    return (
        str(raw.get("email_address")).lower() == body["email_address"].lower()
        and all(raw.get(name) == body[name] for name in _PLAIN if name in body)
        and (body.get("status") != _LEFT or raw.get("status") == _LEFT)
        and ("tags" not in body or set(body["tags"]) == tags_of(raw))
        and all(_is_in(value, merged.get(tag)) for tag, value in body.get("merge_fields", {}).items())
    )


def is_otherwise_as_before(body: JSON, raw: JSON, before: JSON) -> bool:
    """Return whether nobody changed what a body leaves alone."""
    names = [name for name in (*_PLAIN, "status") if name not in body]
    mine = body.get("merge_fields", {})
    now, then = ({k: v for k, v in (each.get("merge_fields") or {}).items() if k not in mine} for each in (raw, before))
    return (
        now == then
        and all(raw.get(name) == before.get(name) for name in names)
        and ("tags" in body or tags_of(raw) == tags_of(before))
    )


def tags_of(raw: JSON) -> set[str]:
    """Return the names of a contact's tags."""
    return {str(tag.get("name")) for tag in raw.get("tags") or []}


def _merge_fields(write: Write, known: Mapping[str, JSON]) -> JSON:
    """Return the merge fields that change, by tag; one that is emptied as an empty text."""
    found: JSON = {}
    for name, value in sorted(write.values.items()):
        tag, _, part = name.removeprefix(MERGE_FIELDS).partition(".")
        if not name.startswith(MERGE_FIELDS) or tag not in known or tag in found:
            continue
        sent = _address(write, tag) if part else _fitting(value, known[tag])
        if sent is not None:
            found[tag] = sent
    return found


def _address(write: Write, tag: str) -> JSON | str | None:
    """Return the address as a whole, "" for none, None where it lacks what Mailchimp asks of one."""
    there = (write.raw.get("merge_fields") or {}).get(tag)
    parts = dict(there) if isinstance(there, dict) else {}
    parts |= _parts(write.whole, tag) | _parts(write.values, tag)
    parts = {name: str(parts.get(name) or "") for name in _ADDRESS}
    if not any(parts.values()):
        return ""
    return {name: value for name, value in parts.items() if value or name != "country"} if _is_whole(parts) else None


def _parts(values: Values, tag: str) -> Values:
    begin = f"{MERGE_FIELDS}{tag}."
    return {name.removeprefix(begin): value for name, value in values.items() if name.startswith(begin)}


def _is_whole(parts: JSON) -> bool:
    return all(parts[name] for name in _ADDRESS_NEEDS)


def _fitting(value: Any, field: JSON) -> Any:
    """Return a value as the field takes it, "" for none, None where it cannot take it."""
    if value is None:
        return ""
    if field.get("type") == "birthday":
        day = _DAY.fullmatch(str(value))
        return f"{day[1]}/{day[2]}" if day else str(value)
    if field.get("type") == "phone" and (field.get("options") or {}).get("phone_format") == "US":
        number = _US_NUMBER.fullmatch(str(value))
        return "-".join(number.groups()) if number else None
    return value


def _is_in(wanted: Any, there: Any) -> bool:
    """Return whether a merge field holds what was sent; the parts of an address that are not sent may be any."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(str(there.get(name) or "") == part for name, part in wanted.items())
    return (wanted or "") == (there or "") or str(wanted) == str(there)
