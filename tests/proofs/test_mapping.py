"""Mappings mend themselves: judged over a corpus of scripted changes, half of which was kept from tuning.

`./backline prove mapping` prints the figures; the quick ones belong to `./backline test` as well.
"""

import os
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import mapping as speed
from integrations.providers import PROVIDERS
from mappings.change import Context
from mappings.engine import compile_rules
from mappings.outbound import OutboundMapper
from tests.mappings import round_trips
from tests.mappings.corpus_cases import Judged, cases, judge
from tests.proofs import matrix
from tests.proofs.conftest import Point
from tests.proofs.house import passed

HALVES = {
    "tuning half": [each for each in cases() if not each.is_held_back],
    "held-back half": [each for each in cases() if each.is_held_back],
}


def test_the_corpus_is_large_and_evenly_cut() -> None:
    assert len(cases()) >= 120
    assert len({each.name for each in cases()}) == len(cases())
    assert abs(len(HALVES["tuning half"]) - len(HALVES["held-back half"])) <= 10


@pytest.mark.parametrize("half", HALVES)
def test_what_mends_itself_is_right(half: str) -> None:
    judged = [judge(each) for each in HALVES[half]]
    sums = {each.name: sum(getattr(one, each.name) for one in judged) for each in fields(Judged) if each.type is int}
    share = sums["proposed_first"] / sums["succeeded"]
    told = (
        "\n  ✔ {half}, {changes} changes: {automatic_right} of {automatic} automatic repairs right; "
        "of {succeeded} rules with a successor it is proposed first for {proposed_first} ({share:.1%}), listed first "
        "for {listed_first}; of {gone} without one {gone_but_proposed} are offered another; "
        "{silent} silent removals, {left_empty} required fields left empty, {clashes} automatic repairs that clash"
    )
    print(told.format(half=half, changes=len(judged), share=share, **sums), flush=True)
    assert sums["automatic"] >= 15
    assert sums["automatic_right"] == sums["automatic"]
    assert share >= 0.9, [f"{each.name}: {judge(each).faults}" for each in HALVES[half] if judge(each).faults]
    assert sums["gone_but_proposed"] <= 0.1 * sums["gone"]
    assert (sums["silent"], sums["unbroken_told"], sums["left_empty"], sums["clashes"]) == (0, 0, 0, 0)


full = pytest.mark.skipif(os.environ.get("PROOFS") != "full", reason="judges time: ./backline prove mapping")


@full
def test_rules_are_as_fast_as_half_of_a_function_written_by_hand() -> None:
    ours, bound, ratio = speed.measured()
    print(f"\n  ✔ ten rules: {ours:,.0f} records/s, by hand {bound:,.0f}: {ratio:.2f} (goal {speed.GOAL})", flush=True)
    assert ratio >= speed.GOAL


TWO_WAY = round_trips.two_way()


def test_every_provider_and_every_kind_of_venue_has_rules_that_go_both_ways() -> None:
    assert {key.partition("-")[0] for key in TWO_WAY} == set(PROVIDERS)
    assert {"square-product-club", "stripe-invoice", "mailchimp-customer-theatre"} <= TWO_WAY.keys()
    count = sum(len(pairs) for pairs in TWO_WAY.values())
    print(f"\n  ✔ {len(TWO_WAY)} templates with {count} fields that go out and come back as they were", flush=True)


@pytest.mark.parametrize("template", TWO_WAY)
@given(data=st.data())
@settings(max_examples=200 if os.environ.get("PROOFS") == "full" else 30, deadline=None)
def test_what_goes_out_comes_back_as_it_was(template: str, data: st.DataObject) -> None:
    provider, pairs = template.partition("-")[0], TWO_WAY[template]
    here = data.draw(round_trips.fields(provider, pairs))
    context = Context(provider, "Europe/London", "GB")
    there = OutboundMapper([out.rule() for out, _ in pairs], context)(here)
    assert there.remarks == []
    back = compile_rules([into.rule() for _, into in pairs], context)(there.values)
    assert (back.fields, back.remarks) == (here, [])


@full
def test_an_owner_changes_tries_saves_and_takes_back_by_keyboard_at_320_px(point: Point) -> None:
    point(passed("tests/browser/test_mapping.py"))


@pytest.mark.django_db
def test_no_route_of_the_mappings_opens_another_venue(point: Point) -> None:
    house, members = matrix.built(), ("viewer", "operator", "owner", "token", "staff")
    routes = [name for name in matrix.OF_VENUES if name.startswith(("api-mappings", "api-fields"))]
    asked = [matrix.Cell(name, identity, matrix.THEIRS) for name in routes for identity in members]
    assert {cell: status for cell in asked if (status := matrix.answered(house, cell)) != 404} == {}
    point(f"{len(routes)} routes by {len(members)} identities, 404 each time")


@full
def test_nothing_of_another_venue_can_be_named_inside_a_request(point: Point) -> None:
    tests = ("nothing_of_another_venue_can_be_named", "rules_are_saved_as_a_template_and_taken_over_by_nobody_else")
    point(passed(*(f"tests/api/test_mappings.py::test_{name}" for name in tests)))
