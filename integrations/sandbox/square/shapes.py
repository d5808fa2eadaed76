"""What a request may look like: small checks that are put together into the shape of a body or a query.

A check takes the value and the name of its field and gives the value back, times as milliseconds. It raises SquareError
with the code that Square uses. A field that no shape names is refused, so that a client's typo never passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integrations.sandbox.clock import parse_rfc3339
from integrations.sandbox.square.errors import invalid

Check = Callable[[Any, str], Any]
Shape = Mapping[str, Check]


def text(*, at_least: int = 0, at_most: int | None = None) -> Check:
    def check(value: Any, field: str) -> str:
        if not isinstance(value, str):
            raise invalid("EXPECTED_STRING", "Expected a string value.", field)
        if len(value) < at_least:
            code = "VALUE_EMPTY" if not value else "VALUE_TOO_SHORT"
            raise invalid(code, f"Field must be at least {at_least} characters long.", field)
        if at_most is not None and len(value) > at_most:
            raise invalid("VALUE_TOO_LONG", f"Field must not be greater than {at_most} in length.", field)
        return value

    return check


def integer(low: int | None = None, high: int | None = None, *, written: bool = False) -> Check:
    """A whole number; `written` when it comes as text, as in a query string."""

    def check(value: Any, field: str) -> int:
        if written and isinstance(value, str) and value.removeprefix("-").isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid("EXPECTED_INTEGER", "Expected an integer value.", field)
        if low is not None and value < low:
            raise invalid("VALUE_TOO_LOW", f"Field must be greater than or equal to {low}.", field)
        if high is not None and value > high:
            raise invalid("VALUE_TOO_HIGH", f"Field must be less than or equal to {high}.", field)
        return value

    return check


def flag(value: Any, field: str) -> bool:
    if isinstance(value, bool):
        return value
    raise invalid("EXPECTED_BOOLEAN", "Expected a boolean value.", field)


def written_flag(value: Any, field: str) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise invalid("EXPECTED_BOOLEAN", "Expected true or false.", field)


def choice(*options: str) -> Check:
    def check(value: Any, field: str) -> str:
        if value in options:
            return str(value)
        raise invalid("INVALID_ENUM_VALUE", f"`{value}` is not a valid enum value. Use one of {options}.", field)

    return check


def moment(value: Any, field: str) -> int:
    if not isinstance(value, str):
        raise invalid("EXPECTED_STRING", "Expected a string value.", field)
    try:
        return parse_rfc3339(value)
    except ValueError as error:
        raise invalid("INVALID_TIME", f"{error}.", field) from error


def listing(of: Check, *, at_least: int = 0, at_most: int | None = None) -> Check:
    def check(value: Any, field: str) -> list[Any]:
        if not isinstance(value, list):
            raise invalid("EXPECTED_ARRAY", "Expected an array.", field)
        if len(value) < at_least:
            code = "ARRAY_EMPTY" if not value else "ARRAY_LENGTH_TOO_SHORT"
            raise invalid(code, f"Array must have at least {at_least} elements.", field)
        if at_most is not None and len(value) > at_most:
            raise invalid("ARRAY_LENGTH_TOO_LONG", f"Array must have at most {at_most} elements.", field)
        return [of(element, f"{field}[{place}]") for place, element in enumerate(value)]

    return check


def mapping(of: Check, *, at_least: int = 0, at_most: int | None = None, key_at_most: int = 255) -> Check:
    def check(value: Any, field: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("EXPECTED_MAP", "Expected a map.", field)
        if len(value) < at_least:
            raise invalid("VALUE_EMPTY", f"Map must have at least {at_least} entries.", field)
        if at_most is not None and len(value) > at_most:
            raise invalid("TOO_MANY_MAP_ENTRIES", f"Map must have at most {at_most} entries.", field)
        for key in value:
            if len(key) > key_at_most:
                raise invalid("MAP_KEY_LENGTH_TOO_LONG", f"Map keys may have {key_at_most} characters.", field)
        return {key: of(element, f"{field}.{key}") for key, element in value.items()}

    return check


def record(fields: Shape, *, required: Iterable[str] = ()) -> Check:
    wanted = tuple(required)

    def check(value: Any, field: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("EXPECTED_OBJECT", "Expected an object.", field or None)
        for name in wanted:
            if value.get(name) is None:
                raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", _join(field, name))
        return {name: _known(fields, name, field)(element, _join(field, name)) for name, element in value.items()}

    return check


def checked_query(values: Mapping[str, str], fields: Shape, required: Iterable[str]) -> dict[str, Any]:
    """A query string by the same rules; names that were not foreseen are refused."""
    for name in required:
        if not values.get(name):
            raise invalid("MISSING_REQUIRED_PARAMETER", "Field must be set.", name)
    for name in values:
        if name not in fields:
            raise invalid("UNKNOWN_QUERY_PARAMETER", f"Unknown query parameter `{name}`.", name)
    return {name: fields[name](value, name) for name, value in values.items()}


def nullable(of: Check) -> Check:
    return lambda value, field: None if value is None else of(value, field)


def anything(value: Any, field: str) -> Any:
    return value


def raw(of: Check) -> Check:
    """Checks like `of`, but gives the value back as it came; for documents that will be stored."""

    def check(value: Any, field: str) -> Any:
        of(value, field)
        return value

    return check


def time_range(value: Any, field: str) -> dict[str, int]:
    limits = _TIME_RANGE(value, field)
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    if limits.get("start_at", 0) > limits.get("end_at", 1 << 60):
        raise invalid("INVALID_TIME_RANGE", "The start of the range is after its end.", field)
    return limits


def _known(fields: Shape, name: str, field: str) -> Check:
    if name not in fields:
        path = _join(field, name)
        raise invalid("UNKNOWN_BODY_PARAMETER", f"Unknown field `{path}`.", path)
    return fields[name]


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


_TIME_RANGE = record({"start_at": nullable(moment), "end_at": nullable(moment)})
SORT_ORDER = choice("ASC", "DESC")
MONEY = record({"amount": nullable(integer()), "currency": nullable(text(at_least=3, at_most=3))})
CURSOR = text()
