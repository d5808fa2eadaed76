"""What a request may look like: small checks that are put together into the shape of a body or a query.

A check takes the value, the name of its field and the list of problems so far. It gives the value back, times as
milliseconds, or adds a problem. All problems of a request are told at once. A field that no shape names is one too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integrations.sandbox.clock import parse_rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.errors import bad_request, invalid, problem

Problems = list[Document]
Check = Callable[[Any, str, Problems], Any]
Shape = dict[str, Check]
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def checked_body(check: Check, body: Any) -> Any:
    problems: Problems = []
    value = check(body, "", problems)
    if problems:
        raise invalid(problems)
    return value


def checked_query(values: Mapping[str, str], shape: Mapping[str, Check], required: Iterable[str]) -> dict[str, Any]:
    """A query string by the same rules; names that were not foreseen are refused."""
    unknown = [name for name in values if name not in shape]
    if unknown:
        raise bad_request(f"Unknown query parameter: {', '.join(unknown)}.")
    problems = [problem(name, "This parameter is required") for name in required if not values.get(name)]
    found = {name: shape[name](value, name, problems) for name, value in values.items()}
    if problems:
        raise invalid(problems)
    return found


def text(*, at_least: int = 0, at_most: int | None = None) -> Check:
    def check(value: Any, field: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            problems.append(_wrong(field, "string", value))
        elif len(value) < at_least:
            problems.append(problem(field, "This value should not be blank."))
        elif at_most is not None and len(value) > at_most:
            problems.append(problem(field, f"This value is too long. It should have {at_most} characters or less."))
        return value

    return check


def email(value: Any, field: str, problems: Problems) -> Any:
    if not isinstance(value, str) or not _EMAIL.match(value) or len(value) > 254:
        problems.append(problem(field, "This value should be a valid email."))
    return value


def flag(value: Any, field: str, problems: Problems) -> Any:
    if not isinstance(value, bool):
        problems.append(_wrong(field, "boolean", value))
    return value


def number(value: Any, field: str, problems: Problems) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(_wrong(field, "number", value))
    return value


def integer(value: Any, field: str, problems: Problems) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        problems.append(_wrong(field, "integer", value))
    return value


def choice(*options: str) -> Check:
    def check(value: Any, field: str, problems: Problems) -> Any:
        if value not in options:
            problems.append(problem(field, f"The value must be one of {', '.join(options)}, not {value!r}"))
        return value

    return check


def moment(value: Any, field: str, problems: Problems) -> Any:
    """An ISO 8601 time with its offset, as milliseconds. A plus sign that became a blank is a problem."""
    try:
        return parse_rfc3339(value)
    except (ValueError, TypeError):
        problems.append(problem(field, f"{value!r} is not an ISO 8601 date and time with an offset"))
        return 0


def listing(of: Check, *, at_most: int | None = None, at_least: int = 0) -> Check:
    def check(value: Any, field: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            problems.append(_wrong(field, "array", value))
            return []
        if not at_least <= len(value) <= (len(value) if at_most is None else at_most):
            most = "" if at_most is None else f" and at most {at_most}"
            problems.append(problem(field, f"Send at least {at_least}{most} of these"))
        return [of(part, f"{field}.{place}" if field else str(place), problems) for place, part in enumerate(value)]

    return check


def record(fields: Shape, *, required: Iterable[str] = ()) -> Check:
    wanted = tuple(required)

    def check(value: Any, field: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            problems.append(_wrong(field, "object", value))
            return {}
        missing = [name for name in wanted if name not in value]
        if missing:
            problems.append(problem(field, f"Required fields were not provided: {', '.join(missing)}"))
        checked = {}
        for name, part in value.items():
            path = f"{field}.{name}" if field else name
            if name in fields:
                checked[name] = fields[name](part, path, problems)
            else:
                problems.append(problem(path, "The schema does not know this field"))
        return checked

    return check


def anything(value: Any, field: str, problems: Problems) -> Any:
    return value


def mapping(value: Any, field: str, problems: Problems) -> Any:
    if not isinstance(value, dict):
        problems.append(_wrong(field, "object", value))
        return {}
    return value


def raw(of: Check) -> Check:
    """Checks like `of`, but gives the value back as it came; for documents that will be stored."""

    def check(value: Any, field: str, problems: Problems) -> Any:
        of(value, field, problems)
        return value

    return check


def written_integer(low: int, high: int | None = None) -> Check:
    """A whole number in a query string."""

    def check(value: Any, field: str, problems: Problems) -> Any:
        found = int(value) if value.isascii() and value.isdigit() else -1
        if found < low or (high is not None and found > high):
            limits = f"from {low} up" if high is None else f"from {low} to {high}"
            problems.append(problem(field, f"The value must be a whole number {limits}, not {value!r}"))
        return found

    return check


def written_flag(value: Any, field: str, problems: Problems) -> Any:
    if value not in ("true", "false"):
        problems.append(problem(field, f"The value must be true or false, not {value!r}"))
    return value == "true"


def comma_list(value: Any, field: str, problems: Problems) -> Any:
    names = value.split(",")
    if not all(re.fullmatch(r"[\w.-]+", name) for name in names):
        problems.append(problem(field, "Send names with commas between them, and nothing else"))
    return names


def _wrong(field: str, wanted: str, value: Any) -> Document:
    return problem(field, f"Schema describes {wanted}, {_KINDS.get(type(value), 'null')} found instead")


FIELDS: Shape = {"fields": comma_list, "exclude_fields": comma_list}
PAGE: Shape = {"count": written_integer(1, 1000), "offset": written_integer(0)}
