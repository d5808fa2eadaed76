"""Reads single canonical values as the venue's own side may send them in JSON. Pure.

Each reader returns the value as it is kept, None for an empty one, and raises Unusable otherwise.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

from integrations.providers import PROVIDERS
from integrations.providers.types import FieldType, ObjectType
from mappings import changes_of_days, transforms
from mappings.change import Change, Context, Unfit

_LONGEST_TEXT, _LONGEST_EMAIL, _LONGEST_REFERENCE, _MOST_ENTRIES, _MOST_MINOR = 10_000, 254, 255, 1_000, 10**15
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+\Z")
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,12})?\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
# The provider of a reference to a record of Backline itself.
OURS = "backline"

CHOICES: dict[tuple[ObjectType, str], tuple[str, ...]] = {
    (ObjectType.CUSTOMER, "marketing_consent.status"): (
        "subscribed", "pending", "unsubscribed", "cleaned", "transactional", "unknown",
    ),
    (ObjectType.PRODUCT, "kind"): (
        "event", "ticket", "merchandise", "food_and_drink", "fee", "donation", "gift_card", "membership",
    ),
    (ObjectType.ORDER, "state"): ("draft", "open", "completed", "cancelled"),
    (ObjectType.INVOICE, "status"): (
        "draft", "open", "partly_paid", "paid", "refunded", "cancelled", "void", "uncollectible", "failed",
    ),
}  # fmt: skip


class Unusable(ValueError):
    """A value that cannot be kept: a sentence that says what would be right, and its place below the field."""

    def __init__(self, sentence: str, pointer: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.pointer = pointer


def text(value: Any) -> str | None:
    """Text without white space at either end."""
    if not isinstance(value, str):
        raise Unusable("Send text.")
    if len(value) > _LONGEST_TEXT:
        raise Unusable(f"This is longer than {_LONGEST_TEXT:,} characters.")
    if not is_writable(value):
        raise Unusable("This holds half of a character, which cannot be kept.")
    return value.replace("\x00", "").strip() or None


def is_writable(value: str) -> bool:
    """Return whether a text is whole: JSON can carry half of a surrogate pair, which no file and no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def step(name: str) -> str:
    """Return a name as one step of a JSON pointer (RFC 6901), shortened, whatever was sent as a name."""
    return name[:100].encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")


def email(value: Any) -> str | None:
    """An e-mail address in lower case."""
    found = text(value)
    if found and (len(found) > _LONGEST_EMAIL or not _EMAIL.match(found)):
        raise Unusable(f"“{found[:60]}” is not an e-mail address.")
    return found.lower() if found else None


def phone(country: str) -> Callable[[Any], str | None]:
    """A phone number in international form; one without a country is one of `country`."""
    return _transformed(transforms.phone(Context(provider="", country=country)))


def boolean(value: Any) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise Unusable("Send true or false.")
    return value


def number(value: Any) -> int | float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable("Send a number.")
    return value


def decimal(value: Any) -> str | None:
    """A decimal number as text, so that none of its digits is lost."""
    found = text(value) if isinstance(value, str) else value
    if found is None:
        return None
    if not isinstance(found, str) or not _DECIMAL.match(found):
        raise Unusable('Send a decimal number as text, such as "2" or "0.5".')
    return found


def money(value: Any) -> dict[str, Any]:
    """An amount in minor units of an ISO 4217 currency."""
    is_whole = isinstance(value, Mapping) and set(value) == {"minor", "currency"}
    if not is_whole or isinstance(value["minor"], bool) or not isinstance(value["minor"], int):
        raise Unusable('Send an amount as {"minor": 1250, "currency": "GBP"}, in the smallest unit of the currency.')
    if abs(value["minor"]) > _MOST_MINOR:
        raise Unusable("This amount is too large.", "/minor")
    try:
        return {"minor": value["minor"], "currency": currency(value["currency"])}
    except Unusable as error:
        raise Unusable(error.sentence, "/currency") from error


def currency(value: Any) -> str:
    """A currency by the three letters of ISO 4217."""
    if not isinstance(value, str) or not _CURRENCY.match(value):
        raise Unusable("Send the three letters of the currency, such as GBP.")
    return value


def day(value: Any) -> str | None:
    """A day of the calendar."""
    found = text(value)
    try:
        return date.fromisoformat(found).isoformat() if found else None
    except ValueError as error:
        raise Unusable("Send a date such as 2026-11-23.") from error


def moment(value: Any) -> str | None:
    """A moment, with the zone it is told in; kept in UTC."""
    found = text(value)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found)
        if at.tzinfo is None:
            raise Unusable("Send the time with its zone, such as 2026-11-23T19:30:00Z.")
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise Unusable("Send a time with its zone, such as 2026-11-23T19:30:00Z.") from error


def birthday(value: Any) -> str | None:
    """A birthday, with the year or, as --05-17, without it."""
    found = text(value)
    return _birthday(found.removeprefix("--")) if found else None


def choice(known: Collection[str]) -> Callable[[Any], str | None]:
    """One of a closed set of words."""

    def read(value: Any) -> str | None:
        found = text(value)
        if found is not None and found not in known:
            raise Unusable(f"Choose one of {', '.join(known)}.")
        return found

    return read


def reference(value: Any) -> dict[str, str]:
    """A pointer to another object: of a provider by its id there, or of Backline by its id here."""
    is_whole = isinstance(value, Mapping) and set(value) == {"provider", "type", "id"}
    if not is_whole or not all(map(_is_short, value.values())):
        raise Unusable(f'Send a reference as {{"provider": "{OURS}", "type": "customer", "id": "…"}}.')
    if value["provider"] not in (OURS, *PROVIDERS):
        raise Unusable(f"Choose one of {', '.join((OURS, *PROVIDERS))}.", "/provider")
    return {name: value[name] for name in ("provider", "type", "id")}


def tags(value: Any) -> list[str]:
    """Words, each once, in the order in which they were given."""
    if not isinstance(value, list) or len(value) > _MOST_ENTRIES or not all(isinstance(each, str) for each in value):
        raise Unusable(f"Send a list of at most {_MOST_ENTRIES:,} words.")
    return list(dict.fromkeys(found for each in value if (found := text(each))))


def entries(readers: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], list[dict[str, Any]]]:
    """A list of small objects with these fields."""

    def read(value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > _MOST_ENTRIES:
            raise Unusable(f"Send a list of at most {_MOST_ENTRIES:,} entries.")
        return [_entry(readers, each, f"/{place}") for place, each in enumerate(value)]

    return read


def _entry(readers: Mapping[str, Callable[[Any], Any]], value: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Unusable(f"Send an object with {', '.join(readers)}.", pointer)
    found = {}
    for name, each in value.items():
        if name not in readers:
            raise Unusable(f"There is no such field. Known are {', '.join(readers)}.", f"{pointer}/{step(name)}")
        try:
            read = readers[name](each) if each is not None else None
        except Unusable as error:
            raise Unusable(error.sentence, f"{pointer}/{name}{error.pointer}") from error
        if read is not None:
            found[name] = read
    return found


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_REFERENCE and is_writable(value)


def _transformed(change: Change) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        found = text(value)
        try:
            return change(found) if found else None
        except Unfit as error:
            raise Unusable(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error

    return read


_CONTEXT = Context(provider="")
_birthday = _transformed(changes_of_days.birthday(_CONTEXT))
_VARIANT = {"key": text, "name": text, "sku": text, "price": money, "available": boolean}
_AMOUNTS = dict.fromkeys(("unit_price", "gross", "discount", "tax", "total"), money)
_LINE = {"name": text, "variant": text, "quantity": decimal, **_AMOUNTS, "product": reference}
_SHARE = {"name": text, "rate": decimal, "amount": money}
# What is more than its type says.
BY_PATH: dict[str, Callable[[Any], Any]] = {
    "birthday": birthday,
    "currency": currency,
    "tags": tags,
    "variants": entries(_VARIANT),
    "lines": entries(_LINE),
    "taxes": entries(_SHARE),
    "discounts": entries(_SHARE),
}
BY_TYPE: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: text,
    FieldType.NUMBER: number,
    FieldType.MONEY: money,
    FieldType.DATE: day,
    FieldType.DATETIME: moment,
    FieldType.BOOLEAN: boolean,
    FieldType.CHOICE: text,
    FieldType.EMAIL: email,
    FieldType.COUNTRY: _transformed(transforms.country(_CONTEXT)),
    FieldType.REFERENCE: reference,
}
