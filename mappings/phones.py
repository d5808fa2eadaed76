"""Phone numbers in international form, as libphonenumber reads them, quicker where there is nothing to ponder. Pure.

The library takes 15 µs for a number that is written without its country, a fifth of what mapping a customer costs. Most
of these are digits with spaces between them that fit the country's plan as they stand. A test holds that for every
country both ways lead to the same.
"""

import re
from collections.abc import Callable
from functools import cache

import phonenumbers
from phonenumbers import PhoneMetadata

_INTERNATIONAL = re.compile(r"\+[1-9]\d{7,14}\Z", re.ASCII)
_AT_HOME = re.compile(r"\d[\d .-]{5,22}\d\Z", re.ASCII)
_BETWEEN = str.maketrans("", "", " .-")

Reader = Callable[[str], str | None]


@cache
def reader(country: str) -> Reader:
    """Return a function that gives a number in international form (E.164), None for what is no possible number.

    `country` (ISO 3166, two letters) is that of numbers that are written without one.
    """
    quick = _quick(country)

    def read(text: str) -> str | None:
        if _INTERNATIONAL.match(text):
            return text
        return quick(text) or _pondered(text, country)

    return read


def _pondered(text: str, country: str) -> str | None:
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _quick(country: str) -> Reader:
    """Return a function that reads what fits a country's plan beyond doubt, and gives None for all else.

    A number fits that begins neither like a call abroad nor with the country's own code, and whose rest behind the
    prefix for calls within the country is one that the plan knows. Plans that put something else in the place of a
    prefix are left out.
    """
    plan = PhoneMetadata.metadata_for_region(country, None)
    if plan is None or plan.general_desc is None or plan.national_prefix_transform_rule or not plan.country_code:
        return _nothing
    code, known = str(plan.country_code), plan.general_desc.national_number_pattern
    main = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(plan.country_code), plan)
    possible = main.general_desc if main is not None else None  # the library asks the first country of a code
    if known is None or possible is None:
        return _nothing
    fits, lengths = re.compile(known).fullmatch, frozenset(possible.possible_length)
    prefix = re.compile(plan.national_prefix_for_parsing or r"(?!)")
    is_otherwise = re.compile(f"{code}|{plan.international_prefix or r'(?!)'}").match

    def read(text: str) -> str | None:
        if not _AT_HOME.match(text):
            return None
        digits = text.translate(_BETWEEN)
        if is_otherwise(digits):
            return None
        inside = prefix.match(digits)
        number = digits[inside.end() :] if inside else digits
        is_plain = len(number) in lengths and number[0] != "0" and fits(number)
        return f"+{code}{number}" if is_plain else None

    return read


def _nothing(_: str) -> None:
    return None
