"""The closed list of changes a value may undergo on its way. Pure; each is named, typed and safe on any input.

A transform is made once per run from its arguments and the venue's context, and then called for every value. It raises
Unfit with a sentence when a value cannot be carried.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import phonenumbers

from integrations.providers import money
from integrations.providers.errors import BadRecord
from integrations.providers.types import Money
from mappings.countries import three_letters, two_letters

Change: TypeAlias = Callable[[Any], Any]


_LONGEST = 10_000  # characters that can be kept
_FINEST = 8  # decimals
_LATEST = 12  # o’clock at which a night may end
_LARGEST = 2**53  # of an amount in its smallest units; beyond it is a mistake


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


def night_of(context: Context, until: int) -> Change:
    """The day on which the night began that a moment belongs to: where the venue is, before `until` o’clock.

    For houses that sell past midnight: what is sold at two in the morning is of the day before.
    """
    if isinstance(until, bool) or not isinstance(until, int) or not 1 <= until <= _LATEST:
        raise ValueError(f"a night ends from 1 to {_LATEST} o’clock")
    zone = ZoneInfo(context.timezone)

    def change(value: Any) -> str:
        if not isinstance(value, datetime):
            raise Unfit(f"“{value!s:.40}” is not a time")
        try:
            there = value.astimezone(zone)
            return (there.date() - timedelta(days=there.hour < until)).isoformat()
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


# How days are written; the names are what an owner chooses from.
DAY_FORMS: dict[str, str] = {
    "DD/MM/YYYY": "%d/%m/%Y", "MM/DD/YYYY": "%m/%d/%Y", "DD.MM.YYYY": "%d.%m.%Y", "YYYY-MM-DD": "%Y-%m-%d",
}  # fmt: skip


def day_written(context: Context, form: str) -> Change:
    """A day as it is written somewhere; of a moment the day where the venue is."""
    there, day_of = DAY_FORMS[form], venue_day(context)

    def change(value: Any) -> str:
        text = str(day_of(value)) if isinstance(value, datetime) else str(value)
        day = _day(text, "%Y-%m-%d")
        return day.strftime(there.replace("%Y", f"{day.year:04}"))

    return change


def day_read(_context: Context, form: str) -> Change:
    """A day that was written in a certain way."""
    here = DAY_FORMS[form]
    return lambda value: _day(str(value).strip(), here).isoformat()


def _day(text: str, form: str) -> date:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise Unfit(f"“{text:.40}” is not a day") from error


def minor_units(_context: Context) -> Change:
    """An amount as a whole number of its smallest units: pence, cents, yen."""
    return lambda value: _money(value).minor


def money_of_minor_units(_context: Context, currency: str) -> Change:
    """An amount from a whole number of its smallest units."""
    known = _currency(currency)

    def change(value: Any) -> Money:
        try:
            minor = Decimal(str(value))
        except InvalidOperation as error:
            raise Unfit(f"“{value!s:.40}” is not a whole number") from error
        if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > _LARGEST:
            raise Unfit(f"“{value!s:.40}” is not a whole number")
        return Money(int(minor), known)

    return change


def decimal_amount(_context: Context) -> Change:
    """An amount as a decimal number, with the decimals that its currency has."""

    def change(value: Any) -> str:
        amount = _money(value)
        places = money.decimals(amount.currency)
        return f"{Decimal(amount.minor).scaleb(-places):.{places}f}"

    return change


def money_of_decimal(_context: Context, currency: str) -> Change:
    """An amount from a decimal number; what is finer than the currency’s smallest unit is refused, not rounded."""
    known = _currency(currency)

    def change(value: Any) -> Money:
        try:
            amount = money.from_decimal(value, known)
        except BadRecord as error:
            raise Unfit(str(error).rstrip(".")) from error
        if Decimal(amount.minor).scaleb(-money.decimals(known)) != Decimal(str(value)):
            raise Unfit(f"“{value!s:.40}” is finer than {known} can be")
        return amount

    return change


def _money(value: Any) -> Money:
    if not isinstance(value, Money):
        raise Unfit("this is not an amount of money")
    return value


def _currency(given: Any) -> str:
    if not isinstance(given, str) or not re.fullmatch("[A-Z]{3}", given):
        raise ValueError("a currency has three capital letters, such as GBP")
    return given


def rounded(_context: Context, to: int = 0) -> Change:
    """A number with so many decimals at most, halves away from zero; a text stays a text."""
    if isinstance(to, bool) or not isinstance(to, int) or not 0 <= to <= _FINEST:
        raise ValueError(f"from 0 to {_FINEST} decimals can be kept")
    step = Decimal(1).scaleb(-to)

    def change(value: Any) -> Any:
        try:
            if isinstance(value, bool):
                raise InvalidOperation
            found = Decimal(str(value)).quantize(step, rounding=ROUND_HALF_UP)
            if not found.is_finite():
                raise InvalidOperation
        except InvalidOperation as error:
            raise Unfit(f"“{value!s:.40}” is not a number") from error
        if isinstance(value, str):
            return str(found)
        return int(found) if to == 0 else float(found)

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
