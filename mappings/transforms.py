"""The closed list of changes a value may undergo on its way. Pure; each is named, typed and safe on any input.

A transform is made once per run from its arguments and the venue's context, and then called for every value. It raises
Unfit with a sentence when a value cannot be carried.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from integrations.providers.types import Money
from mappings import phones
from mappings.change import Change, Context, Unfit
from mappings.changes_of_amounts import (
    decimal_amount,
    minor_units,
    money_of_decimal,
    money_of_minor_units,
    rounded,
)
from mappings.changes_of_days import (
    birthday,
    birthday_with_year_zero,
    birthday_without_year,
    day_read,
    day_written,
    night_of,
    venue_day,
    venue_noon,
)
from mappings.countries import three_letters, two_letters

_LONGEST = 10_000  # characters that can be kept


def trim(_context: Context) -> Change:
    """Without white space at either end; nothing left means no value."""
    return lambda value: str(value).strip() or None


def lower(_context: Context) -> Change:
    """In lower case."""
    return lambda value: str(value).lower()


def upper(_context: Context) -> Change:
    """In upper case."""
    return lambda value: str(value).upper()


_WORD = re.compile(r"(?<!\w)(?<![’'])\w+|(?<=[’'])\w{3,}")


def title(_context: Context) -> Change:
    """With a capital letter at each word, the others small; Mia O’Neill-Hart, and the singer’s as it should be."""
    return lambda value: _WORD.sub(lambda word: word.group().capitalize(), str(value).lower())


def shorten(_context: Context, to: int) -> Change:
    """The first so many characters."""
    if isinstance(to, bool) or not isinstance(to, int) or not 1 <= to <= _LONGEST:
        raise ValueError(f"from 1 to {_LONGEST} characters can be kept")
    return lambda value: str(value)[:to].rstrip() or None


def fixed(_context: Context, text: str) -> Change:
    """Always the same, whatever the field holds; the engine fills it also where the field holds nothing."""
    if not isinstance(text, str) or not text:
        raise ValueError("a text is needed")
    return lambda _value: text


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


def phone(context: Context) -> Change:
    """In international form (E.164); a number without a country is read as one of the venue's country."""
    read = phones.reader(context.country)

    def change(value: Any) -> str:
        text = str(value)
        number = read(text)
        if number is None:
            raise Unfit(f"“{text[:40]}” is not a phone number")
        return number

    return change


def yes_no(_context: Context, yes: str = "yes", no: str = "no") -> Change:
    """Yes or no as a word."""

    def change(value: Any) -> str:
        if not isinstance(value, bool):
            raise Unfit(f"“{value!s:.40}” is neither yes nor no")
        return yes if value else no

    return change


_YES, _NO = frozenset({"yes", "y", "true", "1", "on", "x"}), frozenset({"no", "n", "false", "0", "off"})


def yes_no_read(_context: Context, yes: str = "", no: str = "") -> Change:
    """Yes or no from a word: the usual ones, and those that are named; nothing for an empty one."""
    yeses, noes = _YES | {yes.strip().lower()} - {""}, _NO | {no.strip().lower()} - {""}

    def change(value: Any) -> bool | None:
        word = str(value).strip().lower()
        if word in yeses or word in noes:
            return word in yeses
        if not word:
            return None
        raise Unfit(f"“{value!s:.40}” is neither yes nor no")

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
    each.__name__: each
    for each in (
        trim, lower, upper, title, shorten, fixed, given_name, family_name, phone, birthday, birthday_without_year,
        birthday_with_year_zero, venue_day, night_of, venue_noon, day_written, day_read, country, country_in_three,
        currency, minor_units, money_of_minor_units, decimal_amount, money_of_decimal, rounded, yes_no, yes_no_read,
        choice, only, total, text, reference, reference_id, reference_record, reference_fact,
    )
}  # fmt: skip
