"""Rules carry values to canonical fields; what cannot be carried is remarked upon, never raised."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.types import Money, ObjectType
from mappings import canonical, engine
from mappings.change import Context
from mappings.engine import BadRule, Mapped, Remark, Rule, compile_rules

CONTEXT = Context(provider="square", timezone="Europe/London", country="GB")


def run(values: dict[str, Any], *rules: Rule) -> Mapped:
    return compile_rules(rules, CONTEXT)(values)


def test_targets_with_dots_are_nested() -> None:
    mapped = run(
        {"city": "Leeds", "postcode": "LS1", "name": "Nell"},
        Rule("city", "address.city"), Rule("postcode", "address.postal_code"), Rule("name", "given_name"),
    )  # fmt: skip
    assert mapped.fields == {"address": {"city": "Leeds", "postal_code": "LS1"}, "given_name": "Nell"}


def test_only_mapped_fields_leave() -> None:
    assert run({"a": 1, "b": 2}, Rule("a", "x")).fields == {"x": 1}


def test_transforms_run_in_their_order_until_nothing_is_left() -> None:
    chain = [{"name": "trim"}, {"name": "lower"}]
    assert run({"a": "  NELL "}, Rule("a", "x", chain)).fields == {"x": "nell"}
    assert run({"a": "   "}, Rule("a", "x", chain)).fields == {}


def test_every_entry_of_a_list_is_carried_by_rules_of_its_own() -> None:
    inner = [{"source": "n", "target": "name", "transforms": [{"name": "trim"}]}, {"source": "p", "target": "price.is"}]
    mapped = run({"lines": [{"n": " Ale ", "p": Money(5, "GBP")}, {"other": 1}]},
                 Rule("lines", "lines", [{"name": "each", "rules": inner}]))  # fmt: skip
    assert mapped.fields == {"lines": [{"name": "Ale", "price": {"is": Money(5, "GBP")}}, {}]}


@pytest.mark.parametrize("value", ["text", {"a": 1}, ["text"], [None]])
def test_what_is_not_a_list_of_entries_is_remarked_upon(value: Any) -> None:
    mapped = run({"lines": value}, Rule("lines", "lines", [{"name": "each", "rules": []}]))
    assert mapped == Mapped({}, [Remark("lines", "this is not a list of entries", required=False)])


def test_a_default_stands_in_for_what_is_missing_or_unfit_but_not_for_false_or_zero() -> None:
    rule = Rule("a", "x", default="none given")
    assert run({}, rule).fields == {"x": "none given"}
    assert run({"a": False}, rule).fields == {"x": False}
    assert run({"a": 0}, rule).fields == {"x": 0}
    unfit = run({"a": "?"}, Rule("a", "x", [{"name": "phone"}], default="+440"))
    assert (unfit.fields, len(unfit.remarks)) == ({"x": "+440"}, 1)


def test_a_value_that_does_not_fit_is_left_out_with_a_remark_and_the_rest_goes_on() -> None:
    mapped = run(
        {"a": "call me", "b": "Nell"}, Rule("a", "phone", [{"name": "phone"}], required=True), Rule("b", "name")
    )
    assert mapped == Mapped({"name": "Nell"}, [Remark("phone", "“call me” is not a phone number", required=True)])


@pytest.mark.parametrize(
    "transforms",
    [
        [{"name": "reverse"}], [{}], ["trim"], [7], [{"name": "trim", "extra": 1}], [{"name": "choice"}],
        [{"name": "choice", "table": 5}], [{"name": "each"}], [{"name": "each", "rules": [{"from": "a"}]}],
        [{"name": "each", "rules": [{"source": "a", "target": "b", "transforms": [{"name": "no"}]}]}],
        [{"name": ["x"]}],
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_before_it_runs(transforms: Any) -> None:
    with pytest.raises(BadRule) as met:
        compile_rules([Rule("a", "x", transforms)], CONTEXT)
    assert "The rule for" in str(met.value)


def test_a_target_and_a_part_of_it_cannot_both_be_filled() -> None:
    with pytest.raises(BadRule, match="both address and its part"):
        compile_rules([Rule("a", "address"), Rule("b", "address.city")], CONTEXT)


def test_a_venue_with_an_unknown_time_zone_is_a_bad_rule_not_a_crash() -> None:
    with pytest.raises(BadRule):
        compile_rules([Rule("a", "x", [{"name": "venue_day"}])], Context("square", timezone="Europe/Atlantis"))


def test_a_mapper_keeps_nothing_from_one_record_to_the_next() -> None:
    mapper = compile_rules([Rule("a", "x.y")], CONTEXT)
    first = mapper({"a": 1})
    assert mapper({}).fields == {}
    assert first.fields == {"x": {"y": 1}}


NOW = datetime(2026, 3, 1, tzinfo=UTC)
ZERO = Money(0, "GBP")


@pytest.mark.parametrize(
    ("object_type", "values", "missing"),
    [
        ("customer", {"given_name": "Nell"}, ""), ("customer", {"phone": "+44"}, ""),
        ("customer", {"note": "tall", "email": ""}, "e-mail, phone number or name"),
        ("customer", {}, "e-mail, phone number or name"),
        ("order", {"placed_at": NOW, "currency": "GBP", "total": ZERO}, ""),
        ("order", {"currency": "GBP", "total": ZERO}, "placed"), ("order", {}, "placed"),
        ("payment", {"amount": ZERO, "currency": "GBP"}, "paid"),
        ("payout", {"amount": ZERO, "currency": "GBP"}, "status"),
        ("location", {"name": "Bar"}, ""), ("location", {"currency": "GBP"}, "name"), ("product", {}, "name"),
        ("refund", {"amount": ZERO, "currency": "GBP", "at": NOW}, ""), ("invoice", {"currency": "GBP"}, "total"),
    ],
)  # fmt: skip
def test_what_a_record_lacks_is_named(object_type: ObjectType, values: dict[str, Any], missing: str) -> None:
    assert canonical.OBJECTS[ObjectType(object_type)].missing(values) == missing


def test_every_object_has_words_and_fields_of_its_own() -> None:
    assert set(canonical.OBJECTS) == set(ObjectType)
    for shape in canonical.OBJECTS.values():
        paths = [field.path for field in shape.fields]
        assert len(set(paths)) == len(paths)
        assert set(shape.one_of) <= set(paths)
        assert bool(shape.one_of) == bool(shape.one_of_label)


def test_a_field_is_called_as_the_owner_calls_it() -> None:
    assert canonical.label("customer", "address.city") == "Town or city"
    assert canonical.label("customer", "shoe_size") == "shoe_size"


_VALUES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d.e", "f"]),
    st.one_of(st.none(), st.sampled_from(["", "  ", " Mia ", "x@y.z", "020 7946 0018", "n/a", "2000-02-30", 7, []])),
)
_RULES = [
    Rule("a", "name", [{"name": "trim"}, {"name": "lower"}]), Rule("b", "number"),
    Rule("c", "phone", [{"name": "phone"}]), Rule("d.e", "part.one"), Rule("f", "part.two", [{"name": "trim"}]),
    Rule("a", "kept", [{"name": "trim"}], default="none"), Rule("b", "deep.er.est", [{"name": "birthday"}]),
    Rule("f", "needed", [{"name": "upper"}], required=True), Rule("c", "part.three", default=1),
]  # fmt: skip


@given(values=_VALUES, chosen=st.sets(st.sampled_from(range(len(_RULES)))))
def test_the_quick_pass_and_the_careful_one_say_the_same(values: dict[str, Any], chosen: set[int]) -> None:
    rules = [_RULES[number] for number in sorted(chosen)]
    context = Context("square")
    steps = [
        (rule.source, tuple(rule.target.split(".")), engine._chain(rule, context, False), rule.default, rule.required,
         rule.target)
        for rule in rules
    ]  # fmt: skip
    assert compile_rules(rules, context)(values) == engine._careful(steps)(values)


@pytest.mark.parametrize(
    ("entry", "known"), [({"name": "trim"}, "It takes no settings."), ({"name": "shorten", "to": 4}, "It takes to.")]
)
def test_a_setting_that_a_transform_does_not_take_is_named_with_those_that_it_takes(
    entry: dict[str, Any], known: str
) -> None:
    with pytest.raises(engine.BadRule, match=f"with “status”, which it does not know. {known}"):
        engine.compile_rules([Rule("note", "note", [entry | {"status": 1}])], Context("square"))
