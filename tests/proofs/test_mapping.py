"""Mappings mend themselves: judged over a corpus of scripted changes, half of which was kept from tuning.

`./backline prove mapping` prints the figures; the quick ones belong to `./backline test` as well.
"""

import os
from dataclasses import fields
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import mapping as speed
from integrations.providers import PROVIDERS
from mappings import judging
from mappings.engine import compile_rules
from mappings.models import Direction
from mappings.outbound import OutboundMapper
from mappings.rules import RuleData
from mappings.transforms import Context
from tests.mappings.corpus_cases import Judged, cases, judge
from tests.mappings.test_judging import shipped

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
        "{silent} silent removals, {left_empty} required fields left empty, {clashes} targets filled twice"
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


def two_way(provider: str) -> list[tuple[RuleData, RuleData]]:
    """Return the shipped pairs of a customer's rules that carry a field there and back; not those that lose a part."""
    rules = [each for each in shipped(provider) if each.object_type == "customer"]
    inward = {(each.source, each.target): each for each in rules if each.direction == Direction.IN}
    return [
        (out, inward[out.target, out.source])
        for out in rules
        if out.direction == Direction.OUT and (out.target, out.source) in inward and not judging.loses(out)
    ]


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "email": st.emails().map(str.lower),
    "phone": st.integers(7_700_900_000, 7_700_900_999).map(lambda number: f"+44{number}"),
    "birthday": st.dates(min_value=date(1920, 1, 1)).map(lambda day: day.isoformat()),
    "address.country": st.sampled_from(["GB", "DE", "US", "FR"]),
    "marketing_consent.status": st.just("unsubscribed"),  # nothing else leaves: nobody is signed up by a sync
    "locale": st.sampled_from(["en", "de"]),
    "tags": st.lists(st.text("abc", min_size=1), unique=True),
}
_WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@pytest.mark.parametrize("provider", PROVIDERS)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_what_goes_out_comes_back_as_it_was(provider: str, data: st.DataObject) -> None:
    pairs = two_way(provider)
    assert len(pairs) >= 3
    fields_here: dict[str, Any] = {}
    for out, _ in pairs:
        value = data.draw(_VALUES.get(out.source, _WORDS))
        into = fields_here
        *parents, leaf = out.source.split(".")
        for name in parents:
            into = into.setdefault(name, {})
        into[leaf] = value
    context = Context(provider)
    there = OutboundMapper([out.rule() for out, _ in pairs], context)(fields_here)
    assert there.remarks == []
    back = compile_rules([into.rule() for _, into in pairs], context)(there.values)
    assert (back.fields, back.remarks) == (fields_here, [])
