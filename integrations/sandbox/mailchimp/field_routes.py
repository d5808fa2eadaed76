"""How the merge fields of an audience are read and written."""

from __future__ import annotations

import re
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, invalid, not_found, problem
from integrations.sandbox.mailchimp.fields import Names, names, page
from integrations.sandbox.mailchimp.merge_fields import MOST, TYPES
from integrations.sandbox.mailchimp.shapes import (
    FIELDS,
    PAGE,
    Problems,
    choice,
    flag,
    integer,
    listing,
    record,
    text,
    written_flag,
)

_TAG = re.compile(r"[A-Z][A-Z0-9_]{0,9}")


def get_fields(call: Call) -> Document:
    query = call.query
    found = [
        field for field in call.audience.merge_fields.all()
        if query.get("type", field["type"]) == field["type"]
        and query.get("required", field["required"]) == field["required"]
    ]  # fmt: skip
    return page_of(call, "merge_fields", found, list_id=call.audience.id)


def get_field(call: Call) -> Document:
    return _field(call)


def add_field(call: Call) -> Document:
    fields, wishes = call.audience.merge_fields, call.body
    if len(fields.all()) >= MOST:
        raise bad_request(f"An audience has at most {MOST} merge fields.")
    tag = wishes.get("tag") or fields.next_tag()
    _check_tag(call, tag, own=None)
    _check_choices(wishes["type"], wishes.get("options", {}))
    return fields.add(wishes | {"tag": tag})


def change_field(call: Call) -> Document:
    """The type of a field is fixed."""
    field, wishes = _field(call), call.body
    if "tag" in wishes:
        _check_tag(call, wishes["tag"], own=field["merge_id"])
    options = field["options"] | wishes.get("options", {})
    _check_choices(field["type"], options)
    return call.audience.merge_fields.replace(field["merge_id"], field | wishes | {"options": options})


def delete_field(call: Call) -> None:
    call.audience.merge_fields.remove(_field(call)["merge_id"])


def _field(call: Call) -> Document:
    merge_id = call.ids["merge_id"]
    field = call.audience.merge_fields.get(int(merge_id)) if merge_id.isdigit() else None
    if field is None:
        raise not_found()
    return field


def _check_tag(call: Call, tag: str, *, own: int | None) -> None:
    known = call.audience.merge_fields.by_tag(tag)
    if tag == "EMAIL" or (known is not None and known["merge_id"] != own):
        raise invalid([problem("tag", f"The tag {tag} is taken")])


def _check_choices(kind: str, options: Document) -> None:
    if (kind in ("radio", "dropdown")) != bool(options.get("choices")):
        raise invalid([problem("options.choices", "Radio and dropdown fields have choices, others have none")])


def _tag(value: Any, field: str, problems: Problems) -> Any:
    if value != "" and (not isinstance(value, str) or not _TAG.fullmatch(value)):
        problems.append(problem(field, "A tag has up to ten capital letters, digits and underscores"))
    return value


_OPTIONS = record(
    {
        "default_country": integer,
        "phone_format": choice("US", "none"),
        "date_format": choice("MM/DD/YYYY", "DD/MM/YYYY", "MM/DD", "DD/MM"),
        "choices": listing(text(at_least=1)),
        "size": integer,
    }
)
_WISHES = {
    "tag": _tag,
    "name": text(at_least=1, at_most=50),
    "required": flag,
    "default_value": text(at_most=255),
    "public": flag,
    "display_order": integer,
    "options": _OPTIONS,
    "help_text": text(),
}
FIELD: Names = names(
    "merge_id tag name type required default_value public display_order help_text list_id",
    options=names("default_country phone_format date_format choices size"),
)
_ALL, _ONE = "/lists/{list_id}/merge-fields", "/lists/{list_id}/merge-fields/{merge_id}"
ROUTES = [
    Route(
        "GET", _ALL, get_fields, query=FIELDS | PAGE | {"type": choice(*TYPES), "required": written_flag},
        shown=page("merge_fields", FIELD, "list_id"),
    ),
    Route("POST", _ALL, add_field, body=record(_WISHES | {"type": choice(*TYPES)}, required=["name", "type"])),
    Route("GET", _ONE, get_field, query=FIELDS, shown=FIELD),
    Route("PATCH", _ONE, change_field, body=record(_WISHES, required=["name"])),
    Route("DELETE", _ONE, delete_field),
]  # fmt: skip
