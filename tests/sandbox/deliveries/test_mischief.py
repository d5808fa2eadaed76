"""What goes wrong on request: by chance with a seed, and by script."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from integrations.sandbox.forgeries import TIMED, UNTIMED, Forgery
from tests.sandbox.deliveries.conftest import SIZES, Hook
from tests.sandbox.deliveries.providers import Hooked
from tests.sandbox.deliveries.receiver import Post

FORGERIES = {"square": (*UNTIMED, Forgery.OTHER_URL), "stripe": TIMED, "mailchimp": TIMED, "quickbooks": UNTIMED}


def places(hooked: Hooked, changed: list[str]) -> list[int]:
    """The numbers of the changes in the order in which they arrived."""
    number = {who: place for place, who in enumerate(changed)}
    return [number[who] for who in hooked.told()]


def test_a_share_is_never_delivered_and_another_comes_twice(hooked: Hooked) -> None:
    hooked.wish(drop=0.3, duplicate=0.3, seed=7)
    changed = hooked.edit(60)
    counts, came = hooked.flush(), Counter(hooked.told())
    assert (counts["dropped"], counts["acknowledged"]) == (60 - len(came), len(came))
    assert counts["duplicated"] == sum(times == 2 for times in came.values())
    assert 8 <= counts["dropped"] <= 28
    assert 8 <= counts["duplicated"] <= 28
    assert came.keys() <= set(changed)


@pytest.mark.parametrize("name", list(FORGERIES))
def test_the_same_seed_does_the_same_again(hook: Hook, control: httpx.Client, name: str) -> None:
    came = []
    for seed in (7, 7, 8):
        control.post("reset", json={"sizes": SIZES})
        hooked = hook(name)
        hooked.receiver.got.clear()
        hooked.wish(drop=0.2, duplicate=0.2, reorder=5, at_once=1, seed=seed)
        changed = hooked.edit(40)
        hooked.flush()
        came.append(places(hooked, changed))
    assert came[0] == came[1] != came[2]


def test_newer_ones_pass_but_not_more_than_the_window_holds(hooked: Hooked) -> None:
    hooked.wish(reorder=10, at_once=1, seed=7)
    changed = hooked.edit(80)
    hooked.flush()
    came = places(hooked, changed)
    assert sorted(came) == list(range(80))
    assert came != sorted(came)
    passed = [sum(other > each for other in came[:place]) for place, each in enumerate(came)]
    assert 1 < max(passed) < 10


def test_a_delay_is_over_when_the_clock_says_so(hooked: Hooked) -> None:
    hooked.wish(script=[{"nth": 1, "do": "delay", "seconds": 90}])
    late, soon = hooked.edit(2)
    hooked.arrived(1)
    hooked.advance(89)
    assert (hooked.counts()["posts"], hooked.told()) == (1, [soon])
    hooked.advance(1)
    hooked.flush()
    assert hooked.told() == [soon, late]


def test_a_script_says_what_happens_to_which(hooked: Hooked) -> None:
    hooked.wish(at_once=1, script=[{"nth": 2, "do": "drop"}, {"nth": 3, "do": "duplicate"}])
    first, second, third, fourth = hooked.edit(4)
    hooked.flush()
    assert hooked.told() == [first, third, third, fourth]
    assert second not in hooked.told()


def test_chance_and_script_count_from_when_they_were_set(hooked: Hooked) -> None:
    hooked.edit(3)
    hooked.wish(script=[{"nth": 1, "do": "drop"}])
    hooked.edit(1)
    assert hooked.flush()["dropped"] == 1
    assert hooked.control.delete(f"{hooked.name}/deliveries").json()["wishes"]["script"] == []
    hooked.edit(1)
    assert hooked.flush()["acknowledged"] == 4


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in FORGERIES.items() for way in ways])
def test_a_forged_delivery_comes_with_the_true_one_and_deceives_no_judge(hook: Hook, name: str, way: str) -> None:
    hooked = hook(name)
    hooked.wish(script=[{"nth": 2, "do": "forge", "how": way}])
    hooked.receiver.judge = lambda post: 200 if hooked.is_true(post) else 401
    changed = hooked.edit(3)
    counts = hooked.flush()
    assert (counts["forged"], counts["forged_accepted"], counts["acknowledged"]) == (1, 0, 3)
    assert Counter(hooked.told()) == Counter([*changed, changed[1]])
    assert [hooked.is_true(post) for post in hooked.receiver.got].count(False) == 1


def test_who_believes_a_forgery_is_found_out(hooked: Hooked) -> None:
    hooked.wish(forge=1, seed=7)
    hooked.edit(20)
    counts = hooked.flush()
    assert (counts["forged"], counts["forged_accepted"]) == (20, 20)
    ways = {one["forgery"] for one in hooked.counts(last=100)["last"]} - {None}
    assert ways == {way.value for way in FORGERIES[hooked.name]}


def test_an_unsigned_webhook_cannot_be_forged(hook: Hook, control: httpx.Client) -> None:
    control.post("mailchimp/settings", json={"sign_webhooks": False})
    hooked = hook("mailchimp")
    hooked.wish(forge=1)
    hooked.edit(3)
    assert (hooked.flush()["acknowledged"], hooked.counts()["forged"]) == (3, 0)


@pytest.mark.parametrize(
    "wish",
    [
        {"drop": 2}, {"drop": True}, {"drop": "all"}, {"reorder": 1.5}, {"reorder": -1}, {"seed": None}, {"at_once": 0},
        {"forgeries": ["old_paper"]}, {"script": {}}, {"script": [{"nth": 0, "do": "drop"}]}, {"lose": 1},
        {"script": [{"nth": 1, "do": "burn"}]}, {"script": [{"nth": 1, "do": "forge", "how": "well"}]},
    ],
)  # fmt: skip
def test_a_wish_without_sense_is_refused_with_a_sentence(hooked: Hooked, wish: dict[str, Any]) -> None:
    answer = hooked.control.post(f"{hooked.name}/deliveries", json=wish)
    assert (answer.status_code, " " in answer.json()["error"]) == (400, True)


def test_what_another_provider_forges_is_not_forged_here(hook: Hook) -> None:
    hooked = hook("quickbooks")
    assert hooked.control.post("quickbooks/deliveries", json={"forgeries": ["old"]}).status_code == 400
    assert hooked.control.post("quickbooks/deliveries/flush", json={"limit_seconds": 10_000}).status_code == 400
    assert hooked.control.post("quickbooks/deliveries/burn", json={}).status_code == 404


def test_mischief_at_one_provider_is_not_seen_at_another(hook: Hook) -> None:
    square, stripe = hook("square"), hook("stripe")
    square.wish(drop=1)
    square.edit(4)
    stripe.edit(4)
    assert (square.flush()["dropped"], stripe.flush()["acknowledged"]) == (4, 4)
    assert {post.path for post in square.receiver.got} == {"/stripe"}


def test_a_forger_never_stands_in_the_way_of_the_truth(hooked: Hooked) -> None:
    forged: list[Post] = []

    def judge(post: Post) -> int:
        if hooked.is_true(post):
            return 200
        forged.append(post)
        return 401

    hooked.receiver.judge = judge
    hooked.wish(forge=0.5, drop=0.1, duplicate=0.2, reorder=8, seed=11)
    changed = hooked.edit(50)
    counts = hooked.flush()
    assert counts["acknowledged"] + counts["dropped"] == len(changed)
    assert (counts["forged"], counts["forged_accepted"], counts["retried"]) == (len(forged), 0, 0)
