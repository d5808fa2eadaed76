"""Mappings mend themselves: judged over a corpus of scripted changes, half of which was kept from tuning.

`./backline prove mapping` prints the figures; they are quick and belong to `./backline test` as well.
"""

from dataclasses import fields

import pytest

from tests.mappings.corpus_cases import Judged, cases, judge

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
