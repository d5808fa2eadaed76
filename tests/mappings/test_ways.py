"""The list of changes that an owner chooses from: each is there, does what its example says, and can be taken back."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers import money
from integrations.providers.types import FieldType as T
from integrations.providers.types import Money
from mappings import ways
from mappings.change import Context
from mappings.engine import COMBINE, BadRule, Rule, compile_rules
from mappings.transforms import TRANSFORMS
from mappings.ways import WAYS, Way

LONDON = Context("square", "Europe/London", "GB")
OFFERED = [way for way in WAYS.values() if way.offered]
INTERNAL = frozenset({COMBINE, "each"})
ASKED: dict[str, dict[str, Any]] = {
    "shorten": {"to": 11}, "choice": {"table": {"GOLD": "gold member"}}, "fixed": {"text": "Lantern Room"},
    "night_of": {"until": 6}, "rounded": {"to": 1},
}  # fmt: skip


def arguments(way: Way) -> dict[str, Any]:
    return ASKED.get(way.key) or {each.name: each.otherwise for each in way.wishes}


def typed(value: Any, way: Way) -> Any:
    """Return an example's text as the value that it stands for."""
    if isinstance(value, str) and way.takes == frozenset({T.MONEY}):
        amount, currency = value.split()
        return money.from_decimal(amount, currency)
    return datetime.fromisoformat(value) if way.takes == frozenset({T.DATETIME}) else value


def worded(value: Any) -> str:
    if isinstance(value, Money):
        return money.words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def test_every_change_that_there_is_stands_in_the_list_and_no_other() -> None:
    assert set(WAYS) == set(TRANSFORMS) | INTERNAL
    assert len(OFFERED) >= 15


@pytest.mark.parametrize("way", [each for each in OFFERED if each.key != COMBINE], ids=lambda way: way.key)
def test_an_example_is_true(way: Way) -> None:
    before, after = way.example
    rule = Rule("a", "x", [{"name": way.key, **arguments(way)}])
    assert worded(compile_rules([rule], LONDON)({"a": typed(before, way)}).fields["x"]) == after


def test_every_change_has_a_name_and_one_line_of_help() -> None:
    assert len({way.name for way in OFFERED}) == len(OFFERED)
    assert all(10 < len(way.help) < 90 for way in OFFERED)


@pytest.mark.parametrize("way", [each for each in WAYS.values() if each.back], ids=lambda way: way.key)
def test_what_takes_a_change_back_fits_behind_it(way: Way) -> None:
    back = WAYS[way.back]
    assert way.makes is None or back.understands(way.makes)


AMOUNTS = st.builds(Money, st.integers(-(2**40), 2**40), st.sampled_from(["GBP", "JPY", "KWD", "CLF"]))
BACK_AND_FORTH: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("country_in_three", "country"): st.sampled_from(["GB", "DE", "US", "JP"]),
    ("day_written", "day_read"): st.dates().map(lambda day: day.isoformat()),
    ("venue_noon", "venue_day"): st.dates(min_value=date(1971, 1, 1)).map(lambda day: day.isoformat()),
    ("minor_units", "money_of_minor_units"): AMOUNTS,
    ("decimal_amount", "money_of_decimal"): AMOUNTS,
    ("yes_no", "yes_no_read"): st.booleans(),
    ("birthday_with_year_zero", "birthday"): st.dates().map(lambda day: f"--{day:%m-%d}"),
}


@pytest.mark.parametrize(("there", "back"), BACK_AND_FORTH, ids=lambda name: name)
@given(data=st.data())
def test_there_and_back_is_what_it_was(there: str, back: str, data: st.DataObject) -> None:
    value = data.draw(BACK_AND_FORTH[there, back])
    more = {"currency": value.currency} if isinstance(value, Money) else {}
    out = {"name": there} | ({"form": "MM/DD/YYYY"} if there == "day_written" else {})
    again = {"name": back} | more | ({"form": "MM/DD/YYYY"} if back == "day_read" else {})
    assert WAYS[there].back == back
    assert compile_rules([Rule("a", "x", [out, again])], LONDON)({"a": value}).fields["x"] == value


def test_an_owner_is_offered_what_fits_both_types() -> None:
    keys = {way.key for way in ways.offered(T.MONEY, T.TEXT)}
    assert {"decimal_amount", "currency", "text", "fixed"} <= keys
    assert not keys & {"trim", "phone", "minor_units", "only"}
    assert "minor_units" in {way.key for way in ways.offered(T.MONEY, T.NUMBER)}
    assert "phone" not in {way.key for way in ways.offered(T.TEXT, T.MONEY)}


def test_fields_are_combined_and_empty_ones_left_out() -> None:
    rule = Rule("first", "x", [{"name": "combine", "with": ["last", "house"], "separator": ", "}, {"name": "upper"}])
    run = compile_rules([rule, Rule("first", "y")], LONDON)
    assert rule.reads == ("first", "last", "house")
    assert run({"first": "Mia", "last": None, "house": "Lantern"}).fields == {"x": "MIA, LANTERN", "y": "Mia"}
    assert run({"first": None}).fields == {}


@pytest.mark.parametrize(
    "steps",
    [
        [{"name": "combine"}], [{"name": "combine", "with": []}], [{"name": "combine", "with": "last"}],
        [{"name": "combine", "with": [7]}], [{"name": "combine", "with": ["last"], "separator": 7}],
        [{"name": "trim"}, {"name": "combine", "with": ["last"]}], ["combine"],
        [{"name": "shorten", "to": 0}], [{"name": "shorten", "to": "many"}], [{"name": "night_of", "until": 13}],
        [{"name": "fixed", "text": ""}], [{"name": "money_of_decimal", "currency": "pounds"}],
        [{"name": "day_read", "form": "tomorrow"}], [{"name": "rounded", "to": 9}],
    ],
    ids=str,
)  # fmt: skip
def test_a_change_that_is_not_said_rightly_is_refused_before_any_record(steps: list[Any]) -> None:
    with pytest.raises(BadRule):
        compile_rules([Rule("first", "x", steps)], LONDON)


def test_a_fixed_text_stands_also_where_the_field_holds_nothing() -> None:
    rule = Rule("a", "x", [{"name": "fixed", "text": "Lantern Room"}], required=True)
    mapped = compile_rules([rule], LONDON)({})
    assert (mapped.fields, mapped.remarks) == ({"x": "Lantern Room"}, [])
