"""What an owner may do to a value on its way: the closed list, each with its name, one line of help and an example.

Page, API and judge ask here: which types a change takes, what it makes of them, what it loses, what takes it back, and
what an owner has to say for it. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.providers.types import FieldType as T
from mappings.changes_of_days import DAY_FORMS
from mappings.engine import COMBINE

_WORDS = frozenset({T.TEXT, T.PHONE, T.EMAIL, T.COUNTRY, T.CHOICE})
_MONEY, _NUMBERS, _DAYS = frozenset({T.MONEY}), frozenset({T.NUMBER, T.TEXT}), frozenset({T.DATE, T.TEXT})
_LISTS, _POINTERS, _YES_NO = frozenset({T.LIST}), frozenset({T.REFERENCE}), frozenset({T.BOOLEAN})
_PRICES = frozenset({T.NUMBER, T.TEXT})


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner says for a change. `kind` is number, text, choice, table or fields; `choices` bound it."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    otherwise: Any = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One change. `takes` are the types that it understands (None: any), `makes` what comes out (None: as it came).

    `makes_any` where that depends on what is asked for. `loses` says which part of a value is lost, "" when none is;
    `back` names the change that takes this one back. What is not `offered` is in templates only: an owner keeps it or
    takes it out.
    """

    key: str
    name: str
    help: str
    example: tuple[Any, str]
    takes: frozenset[T] | None = None
    makes: T | None = None
    makes_any: bool = False
    loses: str = ""
    back: str = ""
    wishes: tuple[Wish, ...] = ()
    offered: bool = True

    def understands(self, kind: T) -> bool:
        """Return whether values of a type can be changed so."""
        return self.takes is None or kind in self.takes


_FORM = Wish("form", "Written as", "choice", tuple(DAY_FORMS), "DD/MM/YYYY")
_CURRENCY = Wish("currency", "Currency", "text", (), "GBP")
_WORDS_OF = (Wish("yes", "Word for yes", "text", (), "yes"), Wish("no", "Word for no", "text", (), "no"))

WAYS: Mapping[str, Way] = {
    each.key: each
    for each in (
        Way("trim", "Trim", "Without spaces at either end.", (" Mia ", "Mia"), _WORDS),
        Way("lower", "Lower-case", "All letters small.", ("Mia@Example.com", "mia@example.com"), _WORDS),
        Way("upper", "Upper-case", "All letters large.", ("gb", "GB"), _WORDS),
        Way("title", "Title case", "A capital letter at each word.", ("mia kovac", "Mia Kovac"), _WORDS),
        Way(
            "shorten", "First characters", "Cut after so many characters.", ("The Lantern Room", "The Lantern"), _WORDS,
            T.TEXT, loses="what is longer is cut", wishes=(Wish("to", "How many", "number", (), 60),),
        ),
        Way(
            "given_name", "First name of a whole name", "What stands before the last name.", ("Mia Kovac", "Mia"),
            _WORDS, T.TEXT, loses="only the first names are kept",
        ),
        Way(
            "family_name", "Last name of a whole name", "The last name with what belongs to it.",
            ("Ana de la Cruz", "de la Cruz"), _WORDS, T.TEXT, loses="only the last name is kept",
        ),
        Way(
            COMBINE, "Combine with other fields", "The texts of several fields one behind the other.",
            (("Mia", "Kovac"), "Mia Kovac"), _WORDS, T.TEXT,
            wishes=(Wish("with", "Together with", "fields"), Wish("separator", "Between them", "text", (), " ")),
        ),
        Way("phone", "International", "A phone number with its country in front.", ("07700 900123", "+447700900123"),
            frozenset({T.PHONE, T.TEXT}), T.PHONE),
        Way("country", "Country code", "The two letters of a country.", ("GBR", "GB"), frozenset({T.COUNTRY, T.TEXT}),
            T.COUNTRY, back="country_in_three"),
        Way("country_in_three", "Country in three letters", "The three letters of a country.", ("GB", "GBR"),
            frozenset({T.COUNTRY, T.TEXT}), T.COUNTRY, back="country"),
        Way("birthday", "Birthday", "A birthday, with or without its year.", ("0000-02-28", "--02-28"), _DAYS, T.DATE),
        Way("birthday_with_year_zero", "Birthday, year 0000 when unknown", "As Square shows a birthday.",
            ("--02-28", "0000-02-28"), _DAYS, T.DATE, back="birthday"),
        Way("birthday_without_year", "Birthday without its year", "The day and month only.",
            ("1990-02-28", "0000-02-28"), _DAYS, T.DATE, loses="the year is left out"),
        Way("venue_day", "Day at your venue", "The day on which a moment fell where you are.",
            ("2026-07-01T23:30:00+00:00", "2026-07-02"), frozenset({T.DATETIME}), T.DATE,
            loses="the time of day is left out"),
        Way("night_of", "Night it belongs to", "The day on which the night began: at two it is the day before.",
            ("2026-07-02T01:30:00+00:00", "2026-07-01"), frozenset({T.DATETIME}), T.DATE,
            loses="the time of day is left out",
            wishes=(Wish("until", "The night ends at (o’clock)", "number", (), 6),)),
        Way("venue_noon", "Noon of the day", "The middle of a day where you are.",
            ("2026-07-02", "2026-07-02T11:00:00+00:00"), _DAYS, T.DATETIME, back="venue_day"),
        Way("day_written", "Date as it is written", "A date in the way of a country.", ("2026-03-04", "04/03/2026"),
            frozenset({T.DATE, T.DATETIME, T.TEXT}), T.TEXT, back="day_read", wishes=(_FORM,)),
        Way("day_read", "Date from text", "A date from the way in which a country writes it.",
            ("04/03/2026", "2026-03-04"), _DAYS, T.DATE, back="day_written", wishes=(_FORM,)),
        Way("minor_units", "In pence or cents", "An amount as a whole number of its smallest units.",
            ("12.05 GBP", "1205"), _MONEY, T.NUMBER, back="money_of_minor_units"),
        Way("money_of_minor_units", "Money from pence or cents", "An amount from a whole number of smallest units.",
            (1205, "12.05 GBP"), _PRICES, T.MONEY, back="minor_units", wishes=(_CURRENCY,)),
        Way("decimal_amount", "As a decimal number", "An amount with the decimals of its currency.",
            ("12.05 GBP", "12.05"), _MONEY, T.TEXT, back="money_of_decimal"),
        Way("money_of_decimal", "Money from a decimal number", "An amount from a number with decimals.",
            ("12.05", "12.05 GBP"), _PRICES, T.MONEY, back="decimal_amount", wishes=(_CURRENCY,)),
        Way("currency", "Its currency", "The three letters of an amount’s currency.", ("12.05 GBP", "GBP"), _MONEY,
            T.TEXT),
        Way("rounded", "Round", "A number with so many decimals at most.", (2.25, "2.3"), _NUMBERS,
            loses="further decimals are left out", wishes=(Wish("to", "Decimals", "number", (), 0),)),
        Way("yes_no", "Yes and no in words", "The words for yes and no.", (True, "yes"), _YES_NO, T.TEXT,
            back="yes_no_read", wishes=_WORDS_OF),
        Way("yes_no_read", "Yes or no from words", "Yes or no from the words for it.", ("Yes", "yes"), _WORDS,
            T.BOOLEAN, back="yes_no", wishes=_WORDS_OF),
        Way("choice", "Choice table", "Another value for each of these; everything else as said.",
            ("GOLD", "gold member"), frozenset({*_WORDS, T.BOOLEAN}), makes_any=True,
            wishes=(Wish("table", "Value = new value, one a line", "table"), Wish("otherwise", "Everything else"))),
        Way("fixed", "Fixed text", "Always the same text, whatever the field holds.", ("Mia", "Lantern Room"), None,
            T.TEXT, loses="what the field holds is left out", wishes=(Wish("text", "Text"),)),
        Way("text", "As text", "A number, date or choice as text.", (7, "7"), None, T.TEXT),
        Way("only", "Only entry", "A part of a list’s only entry.", ([{"sku": "TS-1"}], "TS-1"), _LISTS,
            makes_any=True, loses="of several entries only one is kept", offered=False),
        Way("total", "Sum", "The sum of an amount over a list.", ([{"amount": "12.05 GBP"}], "12.05 GBP"), _LISTS,
            T.MONEY, offered=False),
        Way("each", "Each entry", "Each entry of a list by rules of its own.", ([{"name": "Tea"}], "Tea"), _LISTS,
            T.LIST, offered=False),
        Way("reference", "Pointer", "What it belongs to.", ("C1", "C1"), None, T.REFERENCE, back="reference_id",
            offered=False),
        Way("reference_id", "Id of what it belongs to", "The id at the provider.", ("C1", "C1"), _POINTERS, T.TEXT,
            back="reference", offered=False),
        Way("reference_record", "Our id of what it belongs to", "The id here.", ("1f", "1f"), _POINTERS, T.TEXT,
            offered=False),
        Way("reference_fact", "Of what it belongs to", "Its e-mail address or name.", ("Mia", "Mia"), _POINTERS,
            T.TEXT, offered=False),
    )
}  # fmt: skip


def offered(source: T, target: T) -> list[Way]:
    """Return the changes that an owner may choose from to bring a value of one type into a field of another."""
    return [way for way in WAYS.values() if way.offered and way.understands(source) and reaches(way, source, target)]


def reaches(way: Way, source: T, target: T) -> bool:
    """Return whether what a change makes of a type fits into a field of another."""
    return way.makes_any or fits(way.makes or source, target)


def fits(source: T, target: T) -> bool:
    """Return whether a field can be filled from another as it is."""
    return source == target or {source, target} <= _TEXTS or target is T.CHOICE


_TEXTS = frozenset({T.TEXT, T.PHONE, T.EMAIL, T.COUNTRY, T.CHOICE, T.REFERENCE, T.DATE})  # what is written as text


def made(transforms: Sequence[Mapping[str, Any]], source: T) -> T | None:
    """Return the type that comes out of a chain, None where it may be any."""
    kind: T | None = source
    for step in transforms:
        way = WAYS.get(str(step.get("name", "")))
        if way is not None and (way.makes_any or way.makes is not None):
            kind = None if way.makes_any else way.makes
    return kind


def losses(transforms: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which parts of a value are lost on the way, in words."""
    known = [WAYS.get(str(step.get("name", ""))) for step in transforms]
    return [way.loses for way in known if way is not None and way.loses]


def told(transforms: Sequence[Mapping[str, Any]]) -> str:
    """Return a chain in an owner's words; “As it is” for none."""
    names = [str(step.get("name", "")) for step in transforms]
    return ", ".join(WAYS[name].name if name in WAYS else name.replace("_", " ") for name in names) or "As it is"
