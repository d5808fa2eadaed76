"""Reading ahead: what came together is handed over together, and nothing is lost when reading ends early."""

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from integrations.providers.errors import Transient
from integrations.providers.types import ExternalRecord, Page, Position
from syncing import ahead
from syncing.ahead import ReadAhead
from syncing.windows import Windows

pytestmark = pytest.mark.django_db  # the reader gives its database connection back


def page(number: int, size: int = 1, *, last: bool = False, total: int | None = None) -> Page:
    records = [ExternalRecord(f"{number}-{each}", {}) for each in range(size)]
    return Page(records, {"at": number}, total=total, last=last)


def ahead_of(pages: Iterable[Page], **more: Any) -> ReadAhead:
    """Read these pages in one window."""
    return ReadAhead(Windows({}), lambda position: iter(pages), **more)


def never() -> bool:
    return False


def ids(pages: list[Page]) -> list[str]:
    return [record.id for each in pages for record in each.records]


def test_every_record_is_handed_over_in_order_and_the_last_position_is_the_last() -> None:
    with ahead_of((page(number, last=number == 19) for number in range(20)), enough=never) as coming:
        pages = list(coming)
    assert ids(pages) == [f"{number}-0" for number in range(20)]
    assert (pages[-1].position, pages[-1].last) == ({"at": 19}, True)
    assert not any(each.last for each in pages[:-1])


def test_pages_that_came_while_one_was_written_are_one_page_with_the_newest_position() -> None:
    read = threading.Event()

    def pages() -> Iterator[Page]:
        yield page(0, 3, total=50)
        yield page(1, 2)
        yield page(2, 2, total=40)
        read.set()

    with ahead_of(pages(), enough=never) as coming:
        assert read.wait(5)
        (merged,) = list(coming)
    assert ids([merged]) == ["0-0", "0-1", "0-2", "1-0", "1-1", "2-0", "2-1"]
    assert (merged.position, merged.total, merged.last) == ({"at": 2}, 40, False)


def test_no_more_than_about_a_thousand_records_are_handed_over_at_once() -> None:
    with ahead_of((page(number, 400, last=number == 9) for number in range(10)), enough=never) as coming:
        sizes = [len(each.records) for each in coming]
    assert sum(sizes) == 4000
    assert max(sizes) < 1400


def test_an_error_is_raised_after_what_came_before_it() -> None:
    def pages() -> Iterator[Page]:
        yield page(0)
        yield page(1)
        raise Transient("cut")

    seen: list[Page] = []
    with ahead_of(pages(), enough=never) as coming, pytest.raises(Transient, match="cut"):
        seen.extend(coming)
    assert ids(seen) == ["0-0", "1-0"]


def test_enough_ends_the_reading_after_the_page_under_way() -> None:
    asked: list[int] = []

    def pages() -> Iterator[Page]:
        for number in range(100):
            asked.append(number)
            yield page(number)

    with ahead_of(pages(), enough=lambda: len(asked) >= 3) as coming:
        assert ids(list(coming)) == ["0-0", "1-0", "2-0"]
    assert asked == [0, 1, 2]


def test_at_least_one_page_is_read_even_when_the_time_is_over_at_once() -> None:
    with ahead_of(iter([page(0), page(1)]), enough=lambda: True) as coming:
        assert ids(list(coming)) == ["0-0"]


def test_while_nothing_comes_a_sign_of_life_is_given_and_may_end_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_SIGN_OF_LIFE_SECONDS", 0.05)
    go, signs = threading.Event(), list[int]()

    def pages() -> Iterator[Page]:
        yield page(0)
        go.wait(10)

    def sign() -> None:
        signs.append(1)
        if len(signs) == 3:
            go.set()
            raise Transient("no longer ours")

    with ahead_of(pages(), enough=never, meanwhile=sign) as coming, pytest.raises(Transient, match="no longer ours"):
        list(coming)
    assert len(signs) == 3


def test_a_reader_that_nobody_listens_to_ends_and_has_read_only_a_little() -> None:
    asked: list[int] = []

    def endless() -> Iterator[Page]:
        while True:
            asked.append(1)
            yield page(len(asked), 1000)

    before = threading.active_count()
    with ahead_of(endless(), enough=never) as coming:
        next(iter(coming))
    assert threading.active_count() == before
    assert len(asked) < 15


class Numbers:
    """A stream of the numbers from 0 to 9,999, ten on a page, that can be cut anywhere."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.slow = threading.Event()

    def read(self, position: Position) -> Iterator[Page]:
        at, end = position.get("at", 0), position.get("end", 10_000)
        while True:
            self.calls.append(at)
            self.slow.wait(0.0005)
            following = min(at + 10, end)
            records = [ExternalRecord(str(each), {}) for each in range(at, following)]
            if following == end:
                yield Page(records, {"done": 10_000}, last=True)
                return
            at = following
            yield Page(records, {"at": at, "end": end})

    def split(self, position: Position) -> tuple[Position, Position] | None:
        middle = (position["at"] + position["end"]) // 2
        if middle - position["at"] < 10:
            return None
        return position | {"end": middle}, {"at": middle, "end": position["end"]}

    def joined(self, ends: list[Position]) -> Position:
        return {"done": min(end["done"] for end in ends)}


def windows_of(numbers: Numbers, position: Position, **more: Any) -> ReadAhead:
    windows = Windows(position, joined=numbers.joined)
    return ReadAhead(windows, numbers.read, split=numbers.split, at_once=8, **more)


def test_windows_read_at_once_bring_every_record_once_and_end_with_one_bookmark() -> None:
    numbers = Numbers()
    with windows_of(numbers, {}, enough=never) as coming:
        pages = list(coming)
    assert sorted(map(int, ids(pages))) == list(range(10_000))
    assert (pages[-1].position, pages[-1].last) == ({"done": 10_000}, True)
    assert len(numbers.calls) <= 1000 + 40, "cutting costs hardly any call"


def test_a_read_that_ended_anywhere_goes_on_from_the_stored_windows_and_misses_nothing() -> None:
    seen: set[str] = set()
    position: Position = {}
    is_through = False
    for turn in range(200):
        numbers, stored = Numbers(), 0
        with windows_of(
            numbers, json.loads(json.dumps(position)), enough=lambda n=numbers: len(n.calls) > 30
        ) as coming:
            for page in coming:
                if stored > 3 and turn % 3 == 0:
                    break  # what came after this was never stored
                seen |= set(ids([page]))
                position, stored, is_through = page.position, stored + 1, page.last
        if is_through:
            break
    assert seen == {str(each) for each in range(10_000)}
    assert position == {"done": 10_000}


def test_an_error_in_one_window_ends_the_read_and_what_came_is_kept() -> None:
    numbers = Numbers()

    def read(position: Position) -> Iterator[Page]:
        for page in numbers.read(position):
            if len(numbers.calls) > 300:
                raise Transient("cut")
            yield page

    windows = Windows({}, joined=numbers.joined)
    seen: list[Page] = []
    with (
        ReadAhead(windows, read, split=numbers.split, at_once=8, enough=never) as coming,
        pytest.raises(Transient, match="cut"),
    ):
        seen.extend(coming)
    assert 200 < len(set(ids(seen))) < 10_000
    assert len(seen[-1].position["windows"]) > 1
