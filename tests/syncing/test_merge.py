"""Merging: each side's change is taken, clashes go by the policy, consent is the strictest, tags are a union."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncing.merge import Clash, Merged, Policy, Way, changed, flat, merge, nested, strictest

_DAYS = [f"2026-03-0{day + 1}T10:00:00Z" for day in range(5)]
COVERS = ("given_name", "family_name", "email", "address.line1", "address.city", "tags", "marketing_consent.status")


def merged(base: Any, theirs: Any, ours: Any, policy: Policy = Policy.NEWEST, *, newer: bool = True) -> Merged:
    return merge(base, theirs, ours, covers=COVERS, policy=lambda path: policy, theirs_is_newer=newer)


def test_a_change_on_either_side_is_taken() -> None:
    base = {"given_name": "Nell", "family_name": "Gray"}
    found = merged(base, {"given_name": "Nelly", "family_name": "Gray"}, {"given_name": "Nell", "family_name": "Grey"})
    assert (found.fields, found.clashes) == ({"given_name": "Nelly", "family_name": "Grey"}, [])


def test_what_their_side_cannot_tell_stays() -> None:
    assert merged(None, {"given_name": "Nell"}, {"given_name": "N", "birthday": "--02-29"}).fields == {
        "given_name": "Nell",
        "birthday": "--02-29",
    }


def test_what_their_side_emptied_is_emptied_and_what_we_emptied_stays_so() -> None:
    base = {"given_name": "Nell", "family_name": "Gray"}
    assert merged(base, {"family_name": "Gray"}, {"given_name": "Nell"}).fields == {}


def test_without_a_base_both_sides_agreed_on_what_we_have() -> None:
    assert merged(None, {"given_name": "Nelly"}, {"given_name": "Nell"}) == Merged({"given_name": "Nelly"}, [])


def test_the_parts_of_an_address_are_fields_of_their_own() -> None:
    base = {"address": {"line1": "1 The Cut", "city": "Bristol"}}
    theirs, ours = (
        {"address": {"line1": "2 The Cut", "city": "Bristol"}},
        {"address": {"line1": "1 The Cut", "city": "Bath"}},
    )
    assert merged(base, theirs, ours).fields == {"address": {"line1": "2 The Cut", "city": "Bath"}}


@pytest.mark.parametrize(
    ("policy", "newer", "value", "taken"),
    [
        (Policy.NEWEST, True, "theirs@example.test", "theirs"),
        (Policy.NEWEST, False, "ours@example.test", "ours"),
        (Policy.OURS, True, "ours@example.test", "ours"),
        (Policy.THEIRS, False, "theirs@example.test", "theirs"),
        (Policy.ASK, True, "ours@example.test", ""),
    ],
)
def test_a_clash_goes_by_the_policy_and_is_told(policy: Policy, newer: bool, value: str, taken: str) -> None:
    base, theirs, ours = ({"email": f"{side}@example.test"} for side in ("base", "theirs", "ours"))
    found = merged(base, theirs, ours, policy, newer=newer)
    assert found.fields == {"email": value}
    assert found.clashes == [Clash("email", base["email"], ours["email"], theirs["email"], taken)]
    assert bool(found.asked) == (policy is Policy.ASK)


def test_the_same_change_on_both_sides_is_no_clash() -> None:
    assert merged({"email": "a@b.test"}, {"email": "c@d.test"}, {"email": "c@d.test"}).clashes == []


def test_tags_of_both_sides_are_kept_and_what_one_side_took_away_is_gone() -> None:
    found = merged({"tags": ["vip", "press"]}, {"tags": ["vip", "staff"]}, {"tags": ["vip", "press", "member"]})
    assert found.fields["tags"] == ["vip", "member", "staff"]


@pytest.mark.parametrize(
    ("ours", "theirs", "counts"),
    [
        ({"status": "subscribed"}, {"status": "unsubscribed"}, "unsubscribed"),
        ({"status": "unsubscribed"}, {"status": "subscribed"}, "unsubscribed"),
        ({"status": "cleaned"}, {"status": "unsubscribed"}, "cleaned"),
        ({"status": "pending"}, {"status": "subscribed"}, "pending"),
        ({"status": "unknown"}, {"status": "subscribed"}, "subscribed"),
        ({"status": "unsubscribed", "at": _DAYS[1]}, {"status": "subscribed", "at": _DAYS[2]}, "subscribed"),
        ({"status": "unsubscribed", "at": _DAYS[3]}, {"status": "subscribed", "at": _DAYS[2]}, "unsubscribed"),
        ({"status": "unsubscribed"}, {"status": "subscribed", "at": _DAYS[2]}, "unsubscribed"),
    ],
)  # fmt: skip
def test_the_strictest_consent_counts_unless_a_later_yes_lifts_it(ours: Any, theirs: Any, counts: str) -> None:
    for policy in Policy:
        found = merged({}, {"marketing_consent": theirs}, {"marketing_consent": ours}, policy)
        assert found.fields["marketing_consent"]["status"] == counts
        assert found.clashes == []


def test_what_changed_here_is_told_by_path() -> None:
    assert changed(None, {"email": "a@b.test"}) == frozenset()
    assert changed({"email": "a@b.test", "address": {"city": "Bath"}}, {"address": {"city": "Bristol"}}) == {
        "email",
        "address.city",
    }


_values = st.dictionaries(st.sampled_from(["given_name", "family_name", "email"]), st.sampled_from(["a", "b", "c"]))
_consents = st.fixed_dictionaries(
    {"status": st.sampled_from(["subscribed", "pending", "unsubscribed", "cleaned", "transactional", "unknown"])},
    optional={"at": st.sampled_from(_DAYS)},
)


@given(_values, _values, _values, st.sampled_from(Policy), st.booleans())
def test_nothing_is_lost_without_a_clash(base: Any, theirs: Any, ours: Any, policy: Policy, newer: bool) -> None:
    found = merged(base, theirs, ours, policy, newer=newer)
    told = {clash.path for clash in found.clashes}
    for path in {"given_name", "family_name", "email"} - told:
        values = {side.get(path) for side in (theirs, ours) if side.get(path) != base.get(path)}
        assert found.fields.get(path) in (values or {base.get(path)})


@given(_values, _values, _values, st.booleans())
def test_merging_again_changes_nothing(base: Any, theirs: Any, ours: Any, newer: bool) -> None:
    once = merged(base, theirs, ours, newer=newer).fields
    assert merged(theirs, theirs, once, newer=newer) == Merged(once, [])


@given(_consents, _consents)
def test_consent_is_the_same_whichever_side_is_asked_first(one: Any, other: Any) -> None:
    first, second = strictest(one, other), strictest(other, one)
    assert first is not None
    assert second is not None
    assert first["status"] == second["status"]


@given(_values)
def test_flat_and_nested_are_each_other_s_reverse(values: Any) -> None:
    assert nested(flat({"address": values, **values})) == {
        name: value for name, value in {"address": values, **values}.items() if value
    }


@pytest.mark.parametrize(
    ("way", "theirs", "ours", "kept"),
    [
        (Way.IF_NEW, "Nelly", "Nell", "Nell"), (Way.IF_NEW, "Nelly", None, None),
        (Way.IF_EMPTY, "Nelly", "Nell", "Nell"), (Way.IF_EMPTY, "Nelly", None, "Nelly"),
        (Way.IF_EMPTY, None, None, None), (Way.APPEND, ["b", "a"], ["a"], ["a", "b"]),
        (Way.APPEND, None, ["a"], ["a"]), (Way.APPEND, ["b"], None, ["b"]), (Way.APPEND, None, None, None),
    ],
)  # fmt: skip
def test_what_is_here_already_goes_by_the_way_of_the_rule(way: Way, theirs: Any, ours: Any, kept: Any) -> None:
    found = merge(
        {}, {"note": theirs} if theirs else {}, {"note": ours} if ours else {}, covers=["note"],
        policy=lambda path: Policy.THEIRS, theirs_is_newer=True, ways={"note": way},
    )  # fmt: skip
    assert (found.fields.get("note"), found.clashes) == (kept, [])
