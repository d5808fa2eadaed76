"""A telephone number is read the quick way only where the library would say the same."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from mappings import phones

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = PhoneNumberType.values()


def written(country: str) -> list[str]:
    """Return a country's own examples as people write them there and abroad."""
    found = []
    for kind in KINDS:
        number = phonenumbers.example_number_for_type(country, kind)
        if number is not None:
            forms = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164)
            found += [str(number.national_number), *(phonenumbers.format_number(number, form) for form in forms)]
    return found


@st.composite
def nearly_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a country and one of its examples, changed in a place or two, or any digits at all."""
    country = draw(st.sampled_from(COUNTRIES))
    text = draw(st.one_of(st.sampled_from(written(country)), st.from_regex(r"0{0,2}[0-9]{1,16}", fullmatch=True)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from([*"0123456789 -.()+x", ""])) + text[at + draw(st.integers(0, 1)) :]
    return country, text


@settings(max_examples=2_000, deadline=None)
@given(nearly_numbers())
@example(("GB", "00447700900123"))
@example(("GB", "447700900123"))
@example(("US", "1 415 555 0123"))
@example(("AU", "1831 412 345 678"))
@example(("IT", "06 6982 1234"))
@example(("AR", "011 15 2345-6789"))
def test_the_quick_way_leads_where_the_library_leads(drawn: tuple[str, str]) -> None:
    country, text = drawn
    quick = phones._quick(country)(text)
    assert quick is None or quick == phones._pondered(text, country)


@pytest.mark.parametrize("country", ["GB", "US", "DE", "FR", "AU", "IE", "CA", "NL"])
def test_a_number_as_it_is_written_at_home_goes_the_quick_way(country: str) -> None:
    number = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).replace("(", "").replace(")", "")
    assert phones._quick(country)(at_home) == phonenumbers.format_number(number, PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("country", "text", "read"),
    [("GB", "07700 900123", "+447700900123"), ("GB", "+1 (212) 555-0123", "+12125550123"), ("XX", "07700 900123", None),
     ("GB", "12", None), ("GB", "ask at the door", None), ("", "+447700900123", "+447700900123")],
)  # fmt: skip
def test_a_number_is_read_as_one_of_its_country_and_nothing_else_is(country: str, text: str, read: str | None) -> None:
    assert phones.reader(country)(text) == read
