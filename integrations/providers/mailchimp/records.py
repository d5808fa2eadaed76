"""Mailchimp's JSON as typed values by field id. Pure; no canonical field is known here.

Field ids are Mailchimp's own paths. What a contact says of itself stands in the audience's merge fields, whose tags
the venue chooses: each becomes `merge_fields.TAG`, the parts of an address `merge_fields.TAG.part`. Mailchimp says
"nothing" with an empty text; what is empty there is left out here.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from integrations.providers.errors import BadRecord
from integrations.providers.types import JSON, Values

_MEMBER = (
    "id", "contact_id", "list_id", "email_address", "unique_email_id", "web_id", "full_name", "email_type", "status",
    "unsubscribe_reason", "consents_to_one_to_one_messaging", "sms_phone_number", "sms_subscription_status", "language",
    "vip", "source",
)  # fmt: skip
_AUDIENCE = ("id", "web_id", "name", "double_optin", "marketing_permissions", "visibility")
_MERGE_FIELD = (
    "merge_id", "list_id", "tag", "name", "type", "required", "public", "default_value", "display_order", "help_text",
)  # fmt: skip
_BIRTHDAY = "BIRTHDAY"
_WILLING = ("subscribed", "pending")
_MONTH_AND_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")


def member(raw: JSON) -> Values:
    """Return the values of a contact of an audience."""
    values = _copied(raw, _MEMBER)
    for tag, value in (raw.get("merge_fields") or {}).items():
        _add_merge_field(values, tag, value)
    tags = [_clean(entry["name"]) for entry in raw.get("tags") or []]
    if tags:
        values["tags"] = tags
    _add_parts(values, raw, "location", ("country_code", "timezone"))
    values = _with_times(values, raw, ("timestamp_signup", "timestamp_opt", "last_changed"))
    # When somebody left is not told: not after the last change. The time of signing up would let an older yes win.
    since = values.get("timestamp_opt" if values.get("status") in _WILLING else "last_changed")
    return values | ({"status_since": since} if since else {})


def audience(raw: JSON) -> Values:
    """Return the values of an audience."""
    values = _copied(raw, _AUDIENCE)
    _add_parts(values, raw, "campaign_defaults", ("language", "from_name"))
    _add_parts(values, raw, "stats", ("member_count", "unsubscribe_count", "cleaned_count"))
    return _with_times(values, raw, ("date_created",))


def merge_field(raw: JSON) -> Values:
    """Return the values of a merge field. One without a number of its own cannot be told apart."""
    values = {"merge_id": raw["merge_id"]} | _copied(raw, _MERGE_FIELD)
    _add_parts(values, raw, "options", ("choices", "size", "default_country", "phone_format", "date_format"))
    return values


def subscriber_hash(email: str) -> str:
    """Return what addresses a contact in a path: never the e-mail itself, which would end up in logs."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def moment(text: str) -> datetime:
    """Return an aware time in UTC; what names no zone is UTC. Raises BadRecord for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"“{text!s:.40}” is not a time.") from error


def readable(read: Callable[[JSON], Values], raw: JSON) -> Values:
    """Return `read(raw)`; a shape that Mailchimp does not document becomes one BadRecord."""
    try:
        return read(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadRecord(
            f"Mailchimp sent this record in a shape we cannot read ({type(error).__name__}: {error})."
        ) from error


def _add_merge_field(values: Values, tag: str, value: Any) -> None:
    name = f"merge_fields.{tag}"
    if isinstance(value, dict):
        values |= {f"{name}.{part}": _clean(each) for part, each in value.items() if each is not None and each != ""}
    elif value is not None and value != "":
        values[name] = _birthday(str(value)) if tag == _BIRTHDAY else _clean(value)


def _birthday(text: str) -> str:
    """Return MM/DD as 0000-MM-DD: a birthday whose year nobody knows."""
    found = _MONTH_AND_DAY.fullmatch(text.strip())
    return f"0000-{found[1]:0>2}-{found[2]:0>2}" if found else _clean(text)


def _copied(raw: JSON, names: Iterable[str]) -> Values:
    return {name: _clean(raw[name]) for name in names if raw.get(name) is not None and raw[name] != ""}


def _add_parts(values: Values, raw: JSON, name: str, parts: Iterable[str]) -> None:
    values |= {f"{name}.{part}": value for part, value in _copied(raw.get(name) or {}, parts).items()}


def _clean(value: Any) -> Any:
    """Return the value without NUL characters, which cannot be stored."""
    return value.replace("\x00", "") if isinstance(value, str) and "\x00" in value else value


def _with_times(values: Values, raw: JSON, names: Iterable[str]) -> Values:
    return values | {name: moment(raw[name]) for name in names if raw.get(name)}
