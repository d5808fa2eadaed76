"""Each change a value may undergo, by literals; what cannot be carried is Unfit and says why."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.providers.types import Money
from mappings.change import Context, Unfit
from mappings.transforms import TRANSFORMS

LONDON = Context(provider="square", timezone="Europe/London", country="GB")
NEW_YORK = Context(provider="square", timezone="America/New_York", country="US")
KINDS = {"table": {"EVENT": "ticket", "true": "yes"}, "otherwise": "other"}
UNFIT = object()

CASES: list[tuple[str, Context, dict[str, Any], Any, Any]] = [
    ("trim", LONDON, {}, "  Nell ", "Nell"), ("trim", LONDON, {}, " \t\n", None), ("trim", LONDON, {}, 7, "7"),
    ("trim", LONDON, {}, "\u00a0Zoë 🎭\u2003", "Zoë 🎭"),
    ("lower", LONDON, {}, "NELL@Example.Test", "nell@example.test"), ("lower", LONDON, {}, "", ""),
    ("lower", LONDON, {}, True, "true"),
    ("given_name", LONDON, {}, "Zoë Ann Hart", "Zoë Ann"), ("family_name", LONDON, {}, "Zoë Ann Hart", "Hart"),
    ("given_name", LONDON, {}, " Cher ", "Cher"), ("family_name", LONDON, {}, "Cher", None),
    ("given_name", LONDON, {}, "Hart,  Zoë", "Zoë"), ("family_name", LONDON, {}, "Hart,  Zoë", "Hart"),
    ("given_name", LONDON, {}, "Ana de la Cruz", "Ana"), ("family_name", LONDON, {}, "Ana de la Cruz", "de la Cruz"),
    ("given_name", LONDON, {}, "van Dijk", "van"), ("family_name", LONDON, {}, "zoë hart", "hart"),
    ("given_name", LONDON, {}, " , ", None), ("family_name", LONDON, {}, "", None),
    ("family_name", LONDON, {}, 7, None),
    ("upper", LONDON, {}, "gb", "GB"), ("upper", LONDON, {}, "straße", "STRASSE"), ("upper", LONDON, {}, 1, "1"),
    ("phone", LONDON, {}, "020 7946 0958", "+442079460958"), ("phone", LONDON, {}, "+1 (212) 555-0123", "+12125550123"),
    ("phone", NEW_YORK, {}, "212-555-0123", "+12125550123"), ("phone", LONDON, {}, "+442079460958", "+442079460958"),
    ("phone", LONDON, {}, "ask at the door", UNFIT), ("phone", LONDON, {}, "12", UNFIT),
    ("phone", LONDON, {}, "9" * 300, UNFIT), ("phone", LONDON, {}, "", UNFIT),
    ("birthday", LONDON, {}, "1990-02-28", "1990-02-28"), ("birthday", LONDON, {}, "0000-02-29", "--02-29"),
    ("birthday", LONDON, {}, "12-24", "--12-24"), ("birthday", LONDON, {}, "1990-02-30", UNFIT),
    ("birthday", LONDON, {}, "24/12/1990", UNFIT), ("birthday", LONDON, {}, 19900228, UNFIT),
    ("reference_id", LONDON, {}, {"provider": "square", "type": "customer", "id": "C1"}, "C1"),
    ("reference_id", LONDON, {}, {"provider": "stripe", "type": "customer", "id": "C1"}, UNFIT),
    ("reference_id", LONDON, {}, "C1", UNFIT),
    ("reference_record", LONDON, {}, {"provider": "stripe", "type": "customer", "record": "1f"}, "1f"),
    ("reference_record", LONDON, {}, {"provider": "stripe", "type": "customer", "id": "C1"}, UNFIT),
    ("reference_fact", LONDON, {"of": "email"}, {"type": "customer", "email": "a@b.test"}, "a@b.test"),
    ("reference_fact", LONDON, {"of": "email"}, {"type": "customer"}, UNFIT),
    ("reference_fact", LONDON, {"of": "email"}, "C1", UNFIT),
    ("birthday_without_year", LONDON, {}, "1990-02-28", "0000-02-28"),
    ("birthday_without_year", LONDON, {}, "--02-29", "0000-02-29"),
    ("birthday_without_year", LONDON, {}, "some day", UNFIT),
    ("birthday_with_year_zero", LONDON, {}, "1990-02-28", "1990-02-28"),
    ("birthday_with_year_zero", LONDON, {}, "--02-29", "0000-02-29"),
    ("birthday_with_year_zero", LONDON, {}, "some day", UNFIT),
    ("country_in_three", LONDON, {}, "gb", "GBR"), ("country_in_three", LONDON, {}, "DEU", "DEU"),
    ("country_in_three", LONDON, {}, "Utopia", UNFIT),
    ("only", LONDON, {"part": "sku"}, [{"sku": "S1"}], "S1"), ("only", LONDON, {"part": "sku"}, [{"name": "x"}], None),
    ("only", LONDON, {"part": "sku"}, [], None), ("only", LONDON, {"part": "sku"}, [{"sku": "S1"}, {}], UNFIT),
    ("only", LONDON, {"part": "sku"}, "S1", UNFIT),
    ("total", LONDON, {"part": "amount"}, [{"amount": Money(150, "GBP")}, {"rate": "20"}, {"amount": Money(7, "GBP")}],
     Money(157, "GBP")),
    ("total", LONDON, {"part": "amount"}, [], None), ("total", LONDON, {"part": "amount"}, [{"rate": "20"}], None),
    ("total", LONDON, {"part": "amount"}, [{"amount": Money(1, "GBP")}, {"amount": Money(1, "EUR")}], UNFIT),
    ("total", LONDON, {"part": "amount"}, Money(1, "GBP"), UNFIT),
    ("venue_day", LONDON, {}, datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "2026-07-02"),
    ("venue_day", NEW_YORK, {}, datetime(2026, 7, 1, 2, 0, tzinfo=UTC), "2026-06-30"),
    ("venue_day", LONDON, {}, "2026-07-01", UNFIT),
    ("venue_day", NEW_YORK, {}, datetime(1, 1, 1, tzinfo=UTC), UNFIT),
    ("venue_noon", LONDON, {}, "2026-07-01", datetime(2026, 7, 1, 11, 0, tzinfo=UTC)),
    ("venue_noon", NEW_YORK, {}, "2026-12-01", datetime(2026, 12, 1, 17, 0, tzinfo=UTC)),
    ("venue_noon", LONDON, {}, "some day", UNFIT), ("venue_noon", LONDON, {}, 7, UNFIT),
    ("country", LONDON, {}, "GBR", "GB"), ("country", LONDON, {}, " usa", "US"), ("country", LONDON, {}, "ie", "IE"),
    ("country", LONDON, {}, "England", UNFIT), ("country", LONDON, {}, "", UNFIT), ("country", LONDON, {}, 826, UNFIT),
    ("currency", LONDON, {}, Money(100, "JPY"), "JPY"), ("currency", LONDON, {}, "GBP", UNFIT),
    ("currency", LONDON, {}, {"minor": 1, "currency": "GBP"}, UNFIT),
    ("choice", LONDON, KINDS, "EVENT", "ticket"), ("choice", LONDON, KINDS, True, "yes"),
    ("choice", LONDON, KINDS, "NEW_KIND", "other"), ("choice", LONDON, {"table": {}}, "EVENT", None),
    ("text", LONDON, {}, 12.5, "12.5"), ("text", LONDON, {}, "as it is", "as it is"),
    ("text", LONDON, {}, None, "None"),
    ("reference", LONDON, {"to": "customer"}, "C1", {"provider": "square", "type": "customer", "id": "C1"}),
    ("reference", Context("stripe"), {"to": "order"}, 7, {"provider": "stripe", "type": "order", "id": "7"}),
    ("reference", LONDON, {"to": "location"}, "L 1", {"provider": "square", "type": "location", "id": "L 1"}),
    ("title", LONDON, {}, "mia O'NEILL-hart", "Mia O'Neill-Hart"), ("title", LONDON, {}, "l’ecole", "L’Ecole"),
    ("title", LONDON, {}, "the singer's night", "The Singer's Night"), ("title", LONDON, {}, "don’t", "Don’t"),
    ("shorten", LONDON, {"to": 11}, "The Lantern Room", "The Lantern"), ("shorten", LONDON, {"to": 4}, "The x", "The"),
    ("shorten", LONDON, {"to": 1}, " x", None), ("shorten", LONDON, {"to": 3}, 12345, "123"),
    ("fixed", LONDON, {"text": "Lantern Room"}, "anything", "Lantern Room"),
    ("night_of", LONDON, {"until": 6}, datetime(2026, 7, 2, 1, 30, tzinfo=UTC), "2026-07-01"),
    ("night_of", LONDON, {"until": 6}, datetime(2026, 7, 2, 5, 0, tzinfo=UTC), "2026-07-02"),
    ("night_of", NEW_YORK, {"until": 6}, datetime(2026, 7, 2, 8, 0, tzinfo=UTC), "2026-07-01"),
    ("night_of", LONDON, {"until": 6}, "2026-07-02", UNFIT),
    ("night_of", NEW_YORK, {"until": 6}, datetime(1, 1, 1, tzinfo=UTC), UNFIT),
    ("day_written", LONDON, {"form": "DD/MM/YYYY"}, "2026-03-04", "04/03/2026"),
    ("day_written", LONDON, {"form": "MM/DD/YYYY"}, datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "07/02/2026"),
    ("day_written", LONDON, {"form": "DD.MM.YYYY"}, "0900-03-04", "04.03.0900"),
    ("day_written", LONDON, {"form": "YYYY-MM-DD"}, "2026-02-30", UNFIT),
    ("day_read", LONDON, {"form": "DD/MM/YYYY"}, " 04/03/2026", "2026-03-04"),
    ("day_read", LONDON, {"form": "MM/DD/YYYY"}, "31/03/2026", UNFIT),
    ("minor_units", LONDON, {}, Money(120450, "GBP"), 120450), ("minor_units", LONDON, {}, 7, UNFIT),
    ("money_of_minor_units", LONDON, {"currency": "JPY"}, 1205, Money(1205, "JPY")),
    ("money_of_minor_units", LONDON, {"currency": "GBP"}, "1205", Money(1205, "GBP")),
    ("money_of_minor_units", LONDON, {"currency": "GBP"}, 12.5, UNFIT),
    ("money_of_minor_units", LONDON, {"currency": "GBP"}, "some", UNFIT),
    ("decimal_amount", LONDON, {}, Money(120450, "GBP"), "1204.50"), ("decimal_amount", LONDON, {}, "x", UNFIT),
    ("decimal_amount", LONDON, {}, Money(1200, "JPY"), "1200"),
    ("decimal_amount", LONDON, {}, Money(1205, "KWD"), "1.205"),
    ("money_of_decimal", LONDON, {"currency": "KWD"}, "1.205", Money(1205, "KWD")),
    ("money_of_decimal", LONDON, {"currency": "JPY"}, 1200, Money(1200, "JPY")),
    ("money_of_decimal", LONDON, {"currency": "GBP"}, "1.205", UNFIT),
    ("money_of_decimal", LONDON, {"currency": "GBP"}, "n/a", UNFIT),
    ("rounded", LONDON, {"to": 1}, 2.25, 2.3), ("rounded", LONDON, {"to": 0}, 2.5, 3),
    ("rounded", LONDON, {"to": 2}, "2.345", "2.35"), ("rounded", LONDON, {"to": 0}, True, UNFIT),
    ("rounded", LONDON, {"to": 0}, "many", UNFIT), ("rounded", LONDON, {"to": 0}, float("nan"), UNFIT),
    ("yes_no", LONDON, {"yes": "ja", "no": "nein"}, True, "ja"), ("yes_no", LONDON, {}, False, "no"),
    ("yes_no", LONDON, {}, "yes", UNFIT),
    ("yes_no_read", LONDON, {"yes": "ja", "no": "nein"}, " JA ", True), ("yes_no_read", LONDON, {}, "off", False),
    ("yes_no_read", LONDON, {}, "", None), ("yes_no_read", LONDON, {}, "perhaps", UNFIT),
]  # fmt: skip


def test_every_transform_is_shown_here() -> None:
    assert {name for name, *_ in CASES} == set(TRANSFORMS)


@pytest.mark.parametrize(("name", "context", "arguments", "value", "expected"), CASES)
def test_a_value_becomes_what_it_should(
    name: str, context: Context, arguments: dict[str, Any], value: Any, expected: Any
) -> None:
    change = TRANSFORMS[name](context, **arguments)
    if expected is UNFIT:
        with pytest.raises(Unfit) as met:
            change(value)
        assert 10 < len(str(met.value)) < 120
    else:
        assert change(value) == expected


ARGUMENTS: dict[str, dict[str, Any]] = {
    "choice": KINDS, "reference": {"to": "customer"}, "only": {"part": "sku"}, "reference_fact": {"of": "name"},
    "total": {"part": "amount"}, "shorten": {"to": 3}, "fixed": {"text": "x"}, "night_of": {"until": 6},
    "day_written": {"form": "DD/MM/YYYY"}, "day_read": {"form": "DD/MM/YYYY"}, "rounded": {"to": 2},
    "money_of_minor_units": {"currency": "GBP"}, "money_of_decimal": {"currency": "GBP"},
}  # fmt: skip
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.datetimes(
    timezones=st.just(UTC)
) | st.builds(Money, st.integers(), st.text())  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(TRANSFORMS)), value=ANYTHING)
def test_any_value_is_carried_or_unfit_and_nothing_else(name: str, value: Any) -> None:
    with contextlib.suppress(Unfit):
        TRANSFORMS[name](NEW_YORK, **ARGUMENTS.get(name, {}))(value)
