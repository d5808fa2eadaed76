"""What a request may hold: small checks that are put together into the shape of a body or a query.

A check takes the value as it came and the name of its field, and gives the value to work with back. It raises
StripeError with Stripe's words. A parameter that no shape names is refused, so that a client's typo never passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.errors import StripeError, invalid
from integrations.sandbox.stripe.money import CURRENCIES

Check = Callable[[Any, str], Any]
Shape = Mapping[str, Check]
_EMAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@.]+$")
_WHOLE = re.compile(r"^-?\d{1,18}$")
_DECIMAL = re.compile(r"^-?\d{1,15}(\.\d{1,12})?$")


def text(*, at_most: int = 5000, emptiable: bool = True) -> Check:
    """A string. An empty one unsets the field and comes back as None, unless it may not be empty."""

    def check(value: Any, field: str) -> str | None:
        if not isinstance(value, str):
            raise invalid("Invalid string: {}", field)
        if not value:
            return None if emptiable else refuse_empty(field)
        if len(value) > at_most:
            raise invalid(f"Invalid string: {value[:10]}...; must be at most {at_most} characters", field)
        return value

    return check


def email(value: Any, field: str) -> str | None:
    address: str | None = text(at_most=512)(value, field)
    if address is not None and not _EMAIL.match(address):
        raise invalid(f"Invalid email address: {address}", field, "email_invalid")
    return address


def integer(low: int | None = None, high: int | None = None) -> Check:
    def check(value: Any, field: str) -> int:
        if not isinstance(value, str) or not _WHOLE.match(value):
            raise invalid(f"Invalid integer: {_shown(value)}", field, "parameter_invalid_integer")
        number = int(value)
        if low is not None and number < low:
            raise invalid(_beyond("greater", low, number), field, "parameter_invalid_integer")
        if high is not None and number > high:
            raise invalid(_beyond("less", high, number), field, "parameter_invalid_integer")
        return number

    return check


def decimal(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise invalid(f"Invalid decimal: {_shown(value)}", field)
    return value


def flag(value: Any, field: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {_shown(value)}", field)
    return bool(value == "true")


def choice(*options: str, emptiable: bool = False) -> Check:
    def check(value: Any, field: str) -> str | None:
        if emptiable and value == "":
            return None
        if value not in options:
            listed = ", ".join(options[:-1]) + f" or {options[-1]}" if len(options) > 1 else options[0]
            raise invalid(f"Invalid {field}: must be one of {listed}", field)
        return str(value)

    return check


def currency(value: Any, field: str) -> str:
    if not isinstance(value, str) or value.lower() not in CURRENCIES:
        raise invalid(f"Invalid currency: {_shown(value)}.", field)
    return value.lower()


def listing(of: Check, *, at_most: int | None = None, emptiable: bool = True) -> Check:
    """A list, sent as `name[]=` or `name[0]=`; an empty string empties it."""

    def check(value: Any, field: str) -> list[Any]:
        if value == "":
            return [] if emptiable else refuse_empty(field)
        if not isinstance(value, dict) or list(value) != [str(place) for place in range(len(value))]:
            raise invalid("Invalid array", field)
        if at_most is not None and len(value) > at_most:
            raise invalid(f"Array {field} exceeded maximum {at_most} allowed elements.", field)
        return [of(element, f"{field}[{place}]") for place, element in value.items()]

    return check


def record(fields: Shape, *, required: Iterable[str] = (), emptiable: bool = False) -> Check:
    wanted = tuple(required)

    def check(value: Any, field: str) -> Document | None:
        if emptiable and value == "":
            return None
        if not isinstance(value, dict):
            raise invalid("Invalid object", field)
        refuse_unknown(value, fields, field)
        require(value, wanted, field)
        return {name: fields[name](element, _inside(field, name)) for name, element in value.items()}

    return check


def metadata(value: Any, field: str) -> dict[str, str]:
    """Keys to values; an empty value unsets its key, an empty whole unsets them all (as an empty map)."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise invalid("Metadata must be a hash of keys to strings.", field)
    if len(value) > 50:
        raise invalid("Metadata can have at most 50 keys.", field)
    for key, one in value.items():
        if len(key) > 40:
            raise invalid(f"Metadata keys can be at most 40 characters: {key[:40]}...", field)
        if len(one) > 500:
            raise invalid(f"Metadata values can have up to 500 characters, but {key} has more.", _inside(field, key))
    return dict(value)


def checked(values: Document, fields: Shape, required: Iterable[str] = ()) -> Document:
    """A whole query or body by the same rules."""
    refuse_unknown(values, fields, "")
    require(values, required, "")
    return {name: fields[name](value, name) for name, value in values.items()}


def refuse_unknown(values: Document, fields: Shape, field: str) -> None:
    unknown = [_inside(field, name) for name in values if name not in fields]
    if unknown:
        many = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{many}: {', '.join(unknown)}"
        raise invalid(message, unknown[0], "parameter_unknown")


def require(values: Document, names: Iterable[str], field: str) -> None:
    for name in names:
        if name not in values:
            missing = _inside(field, name)
            raise invalid(f"Missing required param: {missing}.", missing, "parameter_missing")


def refuse_empty(field: str) -> Any:
    message = f"You passed an empty string for '{field}'. It cannot be unset; leave it out or send a value."
    raise invalid(message, field, "parameter_invalid_empty")


def one_only(values: Document, *names: str) -> None:
    if sum(name in values for name in names) > 1:
        raise StripeError(400, f"You may only specify one of these parameters: {', '.join(names)}.", param=names[0])


def _inside(field: str, name: str) -> str:
    return f"{field}[{name}]" if field else name


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "{}"


def _beyond(side: str, limit: int, number: int) -> str:
    return f"This value must be {side} than or equal to {limit} (it currently is '{number}')."


ADDRESS = record(
    {name: text() for name in ("city", "country", "line1", "line2", "postal_code", "state")}, emptiable=True
)
SHIPPING = record(
    {"address": ADDRESS, "name": text(emptiable=False), "phone": text(at_most=20)},
    required=["address", "name"],
    emptiable=True,
)
EXPAND = listing(text(emptiable=False), at_most=20)
_RANGE = record({name: integer(0) for name in ("gt", "gte", "lt", "lte")})


def moments(value: Any, field: str) -> Document:
    """A moment, or a range of moments by gt, gte, lt and lte; always given back as a range."""
    if isinstance(value, dict):
        limits: Document = _RANGE(value, field)
        return limits
    moment = integer(0)(value, field)
    return {"gte": moment, "lte": moment}
