"""Paging by time of change: whatever moves between two pages, and however Mailchimp counts the bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.providers.errors import Transient
from integrations.providers.mailchimp import windows
from integrations.providers.mailchimp.windows import Window

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
NOW = 100_000


@cache
def at(second: int) -> str:
    return windows.text(BEGINNING + timedelta(seconds=second))


@dataclass
class Crowd:
    """Contacts by id with their second of change, listed as Mailchimp lists them."""

    changed: dict[int, int]
    since_counts: bool
    before_counts: bool
    now: int = NOW
    requests: list[tuple[str, str, int]] = field(default_factory=list)

    def page(self, window: Window, size: int) -> tuple[list[tuple[int, str]], int]:
        self.requests.append((window.since, window.before, max(window.skip, 0)))
        matched = sorted(
            (second, each)
            for each, second in self.changed.items()
            if self._after(at(second), window.since) and self._before(at(second), window.before)
        )
        start = max(window.skip, 0)
        return [(each, at(second)) for second, each in matched[start : start + size]], len(matched)

    def _after(self, changed: str, bound: str) -> bool:
        return not bound or changed > bound or (self.since_counts and changed == bound)

    def _before(self, changed: str, bound: str) -> bool:
        return not bound or changed < bound or (self.before_counts and changed == bound)

    def touch(self, each: int) -> None:
        self.now += 1
        self.changed[each] = self.now


def read(
    crowd: Crowd, window: Window | None, size: int, meanwhile: Callable[[], None] = lambda: None
) -> dict[int, str]:
    """Read a window to its end and return what was seen of each contact at last."""
    seen: dict[int, str] = {}
    for _ in range(5_000):
        if window is None:
            return seen
        page, total = crowd.page(window, size)
        seen |= {each: changed for each, changed in page if window.holds(changed)}
        window = windows.advanced(window, [changed for _, changed in page], total)
        meanwhile()
    raise AssertionError("the read does not end")


crowds = st.builds(
    Crowd,
    changed=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 30)), max_size=12,
    ).map(lambda groups: dict(enumerate(second for second, many in groups for _ in range(many)))),
    since_counts=st.booleans(),
    before_counts=st.booleans(),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(crowd=crowds, size=st.integers(2, 12), seed=st.integers(0, 1000), quiet=st.booleans())
def test_what_moves_during_a_read_is_seen_by_it_or_by_the_next(crowd: Crowd, size: int, seed: int, quiet: bool) -> None:
    random = Random(seed)

    def some_change() -> None:
        if crowd.now < NOW + 60 and crowd.changed and not quiet and random.random() < 0.7:
            crowd.touch(random.choice(list(crowd.changed)))

    seen = read(crowd, Window("A"), size, some_change)
    seen |= read(crowd, Window("A", at=at(NOW - 120)), size)
    assert seen == {each: at(second) for each, second in crowd.changed.items()}


@settings(max_examples=60, deadline=None)
@given(crowd=crowds, size=st.integers(2, 12), cut=st.integers(0, 45), seed=st.integers(0, 1000))
def test_two_halves_hold_everything_once(crowd: Crowd, size: int, cut: int, seed: int) -> None:
    first = read(crowd, Window("A", to=at(cut)), size)
    second = read(crowd, Window("A", at=at(cut)), size)
    assert not first.keys() & second.keys()
    assert first | second == {each: at(when) for each, when in crowd.changed.items()}


@pytest.mark.parametrize("counts", [False, True])
def test_a_bulk_import_of_one_second_is_read_to_its_end(counts: bool) -> None:
    crowd = Crowd(dict.fromkeys(range(10500), 7) | dict.fromkeys(range(10500, 10510), 8), counts, counts)
    assert len(read(crowd, Window("A"), 1000)) == 10_510
    assert len(crowd.requests) == (14 if counts else 13)


def test_those_who_leave_a_crowded_second_hide_nobody_behind_them() -> None:
    crowd = Crowd(dict.fromkeys(range(50), 7), since_counts=False, before_counts=False)
    changes = iter([0, 1, 2, 3, 4, 5])

    def change() -> None:
        for each in (next(changes, None), next(changes, None)):
            if each is not None:
                crowd.touch(each)

    assert read(crowd, Window("A"), 10, change).keys() == crowd.changed.keys()


def test_an_empty_window_costs_one_call() -> None:
    crowd = Crowd({1: 5}, since_counts=False, before_counts=False)
    assert read(crowd, Window("A", at=at(10), to=at(5000)), 1000) == {}
    assert len(crowd.requests) == 1


def test_whether_since_counts_its_moment_is_learned_and_kept() -> None:
    window = windows.advanced(Window("A", at=at(10)), [at(9), at(12)], total=9)
    assert window is not None
    assert (window.at, window.since) == (at(12), at(12))
    assert Window.of(window.as_json()) == window


def test_until_then_a_second_more_is_asked_for() -> None:
    window = windows.advanced(Window("A", at=at(10)), [at(11), at(12)], total=9)
    assert window is not None
    assert (window.at, window.since) == (at(12), at(11))


def test_a_window_is_cut_in_the_middle_of_the_time_that_is_left() -> None:
    held = Window("A", "archived", at=at(0), left=5, counts=True, told=True)
    first, second = windows.halves(held, at(36_000)) or (None, None)
    assert first == Window("A", "archived", at=at(0), to=at(18_000), counts=True, told=True)
    assert second == Window("A", "archived", at=at(18_000), counts=True, told=True)
    assert windows.halves(Window("A", at=at(0), to=at(9_000), left=2), at(36_000)) == (
        Window("A", at=at(0), to=at(4_500)),
        Window("A", at=at(4_500), to=at(9_000), told=True),
    )


@pytest.mark.parametrize(
    "held",
    [
        Window("A"),
        Window("A", left=9),
        Window("A", at=at(0)),
        Window("A", at=at(0), left=1),
        Window("A", at=at(35_000), left=9),
        Window("A", at=at(0), to=at(3_600), left=9),
    ],
    ids=["nothing read", "no time known", "no full page", "one page left", "an hour left", "a short window"],
)
def test_what_is_not_worth_a_call_is_not_cut(held: Window) -> None:
    assert windows.halves(held, at(36_000)) is None


@pytest.mark.parametrize(
    ("window", "times", "total"),
    [
        (Window("A", at=at(50)), [at(1), at(2)], 9),
        (Window("A"), [at(2), at(1)], 9),
        (Window("A"), [], 9),
        (Window("A"), ["", ""], 9),
        (Window("A", at=at(7), skip=4, held=9), [], 9),
    ],
    ids=["since is ignored", "the order is ignored", "nothing though more", "no times", "nothing in a second"],
)
def test_what_was_not_asked_for_ends_the_read(window: Window, times: list[str], total: int) -> None:
    with pytest.raises(Transient) as met:
        windows.advanced(window, times, total)
    assert met.value.code == "cursor_loop"


def test_a_page_beyond_the_end_of_its_window_is_its_last() -> None:
    assert windows.advanced(Window("A", to=at(20)), [at(10), at(30)], total=5000) is None
