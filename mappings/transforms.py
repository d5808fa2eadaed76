"""The closed list of changes a value may undergo on its way. Pure; each is named, typed and safe on any input.

A transform is made once per run from its arguments and the venue's context, and then called for every value. It raises
Unfit with a sentence when a value cannot be carried.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import phonenumbers

from integrations.providers.types import Money
from mappings.countries import three_letters, two_letters

Change: TypeAlias = Callable[[Any], Any]


class Unfit(ValueError):
    """A value that a transform cannot carry; the sentence says why, for the owner."""


@dataclass(frozen=True, slots=True)
class Context:
    """What transforms may know of the run: the provider, and the venue's habits."""

    provider: str
    timezone: str = "UTC"
    country: str = "GB"


def trim(_context: Context) -> Change:
    """Without white space at either end; nothing left means no value."""
    return lambda value: str(value).strip() or None


def lower(_context: Context) -> Change:
    """In lower case."""
    return lambda value: str(value).lower()


def upper(_context: Context) -> Change:
    """In upper case."""
    return lambda value: str(value).upper()


def given_name(_context: Context) -> Change:
    """The first names of a person's whole name; a single word is one."""
    return lambda value: _names(value)[0] or None


def family_name(_context: Context) -> Change:
    """The last name of a person's whole name, with the small words before it (van, de la)."""
    return lambda value: _names(value)[1] or None


def _names(value: Any) -> tuple[str, str]:
    """Return first names and last name. “Last, First” is turned round; nothing else is guessed."""
    last, comma, first = str(value).partition(",")
    if comma and first.strip():
        return " ".join(first.split()), " ".join(last.split())
    words = str(value).replace(",", " ").split()
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return (" ".join(words[:at]), " ".join(words[at:])) if at > 0 else (" ".join(words), "")


_E164 = re.compile(r"\+[1-9]\d{7,14}\Z")


def phone(context: Context) -> Change:
    """In international form (E.164); a number without a country is read as one of the venue's country."""

    def change(value: Any) -> str:
        text = str(value)
        if _E164.match(text):
            return text
        try:
            parsed = phonenumbers.parse(text, context.country)
        except phonenumbers.NumberParseException as error:
            raise Unfit(f"“{text[:40]}” is not a phone number") from error
        if not phonenumbers.is_possible_number(parsed):
            raise Unfit(f"“{text[:40]}” is not a phone number")
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    return change


_BIRTHDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})\Z")


def birthday(_context: Context) -> Change:
    """As YYYY-MM-DD, or --MM-DD when the year is not known (Square says 0000, or leaves it out)."""

    def change(value: Any) -> str:
        found = _BIRTHDAY.match(str(value))
        if not found:
            raise Unfit(f"“{value!s:.20}” is not a birthday")
        year, month, day = found.groups()
        try:
            date(int(year) if year and year != "0000" else 2000, int(month), int(day))
        except ValueError as error:
            raise Unfit(f"“{value!s:.20}” is not a birthday") from error
        return f"{year}-{month}-{day}" if year and year != "0000" else f"--{month}-{day}"

    return change


def birthday_without_year(context: Context) -> Change:
    """As 0000-MM-DD, for a provider that keeps no year."""
    read = birthday(context)
    return lambda value: f"0000-{str(read(str(value).removeprefix('--')))[-5:]}"


def birthday_with_year_zero(context: Context) -> Change:
    """As YYYY-MM-DD, or 0000-MM-DD when the year is not known, as Square shows it."""
    read = birthday(context)
    return lambda value: str(read(str(value).removeprefix("--"))).replace("--", "0000-", 1)


def venue_day(context: Context) -> Change:
    """The day on which a moment fell where the venue is."""
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> str:
        if not isinstance(value, datetime):
            raise Unfit(f"“{value!s:.40}” is not a time")
        try:
            return value.astimezone(zone).date().isoformat()
        except OverflowError as error:
            raise Unfit(f"“{value!s:.40}” lies outside the calendar") from error

    return change


def venue_noon(context: Context) -> Change:
    """The middle of a day where the venue is: the moment that is on this day for almost everybody."""
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> datetime:
        try:
            return datetime.combine(date.fromisoformat(str(value)), time(12), zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Unfit(f"“{value!s:.40}” is not a day") from error

    return change


def country(_context: Context) -> Change:
    """As the two letters of ISO 3166-1; three letters are turned into them."""

    def change(value: Any) -> str:
        known = two_letters(str(value))
        if known is None:
            raise Unfit(f"“{value!s:.40}” is not the code of a country")
        return known

    return change


def country_in_three(_context: Context) -> Change:
    """As the three letters of ISO 3166-1."""

    def change(value: Any) -> str:
        known = three_letters(str(value))
        if known is None:
            raise Unfit(f"“{value!s:.40}” is not the code of a country")
        return known

    return change


def currency(_context: Context) -> Change:
    """The currency of an amount."""

    def change(value: Any) -> str:
        if not isinstance(value, Money):
            raise Unfit("this is not an amount of money")
        return value.currency

    return change


def choice(_context: Context, table: dict[str, Any], otherwise: Any = None) -> Change:
    """The value that a table gives for it; for everything else `otherwise`."""
    known = dict(table)
    return lambda value: known.get(str(value).lower() if isinstance(value, bool) else str(value), otherwise)


def only(_context: Context, part: str) -> Change:
    """A part of a list's only entry; nothing of an empty list. For a provider that has no lists there."""

    def change(value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            raise Unfit("this is not a list of entries")
        if len(value) > 1:
            raise Unfit("there are several, and the provider can hold one")
        return value[0].get(part) if value else None

    return change


def total(_context: Context, part: str) -> Change:
    """The sum of an amount over all entries of a list; nothing where no entry has one."""

    def change(value: Any) -> Money | None:
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            raise Unfit("this is not a list of entries")
        amounts = [entry[part] for entry in value if isinstance(entry.get(part), Money)]
        if len({each.currency for each in amounts}) > 1:
            raise Unfit("these are amounts in several currencies")
        return Money(sum(each.minor for each in amounts), amounts[0].currency) if amounts else None

    return change


def text(_context: Context) -> Change:
    """As text."""
    return str


def reference(context: Context, to: str) -> Change:
    """A pointer to another object of the same provider, by its id there."""
    return lambda value: {"provider": context.provider, "type": to, "id": str(value)}


def reference_id(context: Context) -> Change:
    """The id of the object that a pointer names, where it is one of the same provider."""

    def change(value: Any) -> str:
        if not isinstance(value, Mapping) or value.get("provider") != context.provider or not value.get("id"):
            raise Unfit("what it belongs to is not at this provider")
        return str(value["id"])

    return change


def reference_record(_context: Context) -> Change:
    """The id of our own record that a pointer leads to, 32 hex characters: for a provider whose ids we choose."""
    return lambda value: _fact(value, "record")


def reference_fact(_context: Context, of: str) -> Change:
    """What is known of the record that a pointer leads to: its e-mail address or its name."""
    return lambda value: _fact(value, of)


def _fact(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping) or not value.get(name):
        raise Unfit("what it belongs to is not known here")
    return str(value[name])


TRANSFORMS: dict[str, Callable[..., Change]] = {
    "trim": trim,
    "lower": lower,
    "upper": upper,
    "given_name": given_name,
    "family_name": family_name,
    "phone": phone,
    "birthday": birthday,
    "birthday_without_year": birthday_without_year,
    "birthday_with_year_zero": birthday_with_year_zero,
    "venue_day": venue_day,
    "venue_noon": venue_noon,
    "country": country,
    "country_in_three": country_in_three,
    "currency": currency,
    "choice": choice,
    "only": only,
    "total": total,
    "text": text,
    "reference": reference,
    "reference_id": reference_id,
    "reference_record": reference_record,
    "reference_fact": reference_fact,
}
