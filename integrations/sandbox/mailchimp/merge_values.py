"""Which values a merge field takes, by its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.errors import invalid, problem
from integrations.sandbox.mailchimp.merge_fields import MergeFields

_ADDRESS = {"addr1", "addr2", "city", "state", "zip", "country"}
_NEEDED = ("addr1", "city", "state", "zip")
_BIRTHDAY = re.compile(r"(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_US_PHONE = re.compile(r"\d{3}-\d{3}-\d{4}")


def checked_values(
    fields: MergeFields, sent: Document, known: dict[int, Any], *, is_required_skipped: bool
) -> dict[int, Any]:  # fmt: skip
    """What the member's values are afterwards, by merge_id; MailchimpError 400 that names every wrong field."""
    problems, values = [], dict(known)
    for tag, value in sent.items():
        field = fields.by_tag(tag)
        complaint = "This audience has no such merge field" if field is None else _complaint(field, value)
        if complaint:
            problems.append(problem(tag, complaint))
        elif field is not None:
            values[field["merge_id"]] = _stored(field, value)
    if not is_required_skipped:
        empty = [
            field["tag"] for field in fields.all() if field["required"] and values.get(field["merge_id"], "") == ""
        ]
        problems += [problem(tag, "Please enter a value") for tag in empty]
    if problems:
        raise invalid(problems, "Your merge fields were invalid.")
    return values


def _complaint(field: Document, value: Any) -> str | None:
    """What is wrong with the value; an empty one is never wrong here."""
    if value == "":
        return None
    if field["type"] == "address":
        return _about_address(value)
    if field["type"] == "number":
        return None if _is_number(value) else "Please enter a number"
    if not isinstance(value, str):
        return "Data did not match any of the schemas described in anyOf."
    return _ABOUT_TEXT[field["type"]](field, value)


def _about_address(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "Data did not match any of the schemas described in anyOf."
    if set(value) - _ADDRESS or not all(isinstance(part, str) for part in value.values()):
        return f"An address is made of the texts {', '.join(sorted(_ADDRESS))}"
    return None if all(value.get(part) for part in _NEEDED) else "Please enter a complete address"


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stored(field: Document, value: Any) -> Any:
    if field["type"] == "number" and isinstance(value, str) and value:
        return float(value) if "." in value else int(value)
    if field["type"] == "address" and value:
        return {"addr1": "", "addr2": "", "city": "", "state": "", "zip": "", "country": "US"} | value
    return value


def _text(field: Document, value: str) -> str | None:
    return None if len(value) <= 255 else "This value is too long. It should have 255 characters or less."


def _phone(field: Document, value: str) -> str | None:
    if field["options"].get("phone_format") == "US" and not _US_PHONE.fullmatch(value):
        return "Please enter a phone number as 404-555-0142"
    return None if len(value) <= 50 else "Please enter a phone number"


def _fitting(pattern: re.Pattern[str], complaint: str) -> Callable[[Document, str], str | None]:
    return lambda field, value: None if pattern.fullmatch(value) else complaint


def _choice(field: Document, value: str) -> str | None:
    choices = field["options"].get("choices", [])
    return None if value in choices else f"The value must be one of {', '.join(choices)}"


_ABOUT_TEXT: dict[str, Callable[[Document, str], str | None]] = {
    "text": _text,
    "phone": _phone,
    "date": _fitting(_DATE, "Please enter a date as YYYY-MM-DD"),
    "birthday": _fitting(_BIRTHDAY, "Please enter a month and a day as MM/DD"),
    "url": _fitting(re.compile(r"https?://\S+"), "Please enter a web address"),
    "imageurl": _fitting(re.compile(r"https?://\S+"), "Please enter the web address of an image"),
    "zip": _fitting(re.compile(r"\d{5}(-\d{4})?"), "Please enter a US zip code"),
    "radio": _choice,
    "dropdown": _choice,
}
