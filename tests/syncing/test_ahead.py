"""Reading ahead: what came together is handed over together, and nothing is lost when reading ends early."""

import threading
from collections.abc import Iterator

import pytest

from integrations.providers.errors import Transient
from integrations.providers.types import ExternalRecord, Page
from syncing import ahead
from syncing.ahead import ReadAhead

pytestmark = pytest.mark.django_db  # the reader gives its database connection back


def page(number: int, size: int = 1, *, last: bool = False, total: int | None = None) -> Page:
    records = [ExternalRecord(f"{number}-{each}", {}) for each in range(size)]
    return Page(records, {"at": number}, total=total, last=last)


def never() -> bool:
    return False


def ids(pages: list[Page]) -> list[str]:
    return [record.id for each in pages for record in each.records]


def test_every_record_is_handed_over_in_order_and_the_last_position_is_the_last() -> None:
    with ReadAhead((page(number, last=number == 19) for number in range(20)), enough=never) as coming:
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

    with ReadAhead(pages(), enough=never) as coming:
        assert read.wait(5)
        (merged,) = list(coming)
    assert ids([merged]) == ["0-0", "0-1", "0-2", "1-0", "1-1", "2-0", "2-1"]
    assert (merged.position, merged.total, merged.last) == ({"at": 2}, 40, False)


def test_no_more_than_about_a_thousand_records_are_handed_over_at_once() -> None:
    with ReadAhead((page(number, 400, last=number == 9) for number in range(10)), enough=never) as coming:
        sizes = [len(each.records) for each in coming]
    assert sum(sizes) == 4000
    assert max(sizes) < 1400


def test_an_error_is_raised_after_what_came_before_it() -> None:
    def pages() -> Iterator[Page]:
        yield page(0)
        yield page(1)
        raise Transient("cut")

    seen: list[Page] = []
    with ReadAhead(pages(), enough=never) as coming, pytest.raises(Transient, match="cut"):
        seen.extend(coming)
    assert ids(seen) == ["0-0", "1-0"]


def test_enough_ends_the_reading_after_the_page_under_way() -> None:
    asked: list[int] = []

    def pages() -> Iterator[Page]:
        for number in range(100):
            asked.append(number)
            yield page(number)

    with ReadAhead(pages(), enough=lambda: len(asked) >= 3) as coming:
        assert ids(list(coming)) == ["0-0", "1-0", "2-0"]
    assert asked == [0, 1, 2]


def test_at_least_one_page_is_read_even_when_the_time_is_over_at_once() -> None:
    with ReadAhead(iter([page(0), page(1)]), enough=lambda: True) as coming:
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

    with ReadAhead(pages(), enough=never, meanwhile=sign) as coming, pytest.raises(Transient, match="no longer ours"):
        list(coming)
    assert len(signs) == 3


def test_a_reader_that_nobody_listens_to_ends_and_has_read_only_a_little() -> None:
    asked: list[int] = []

    def endless() -> Iterator[Page]:
        while True:
            asked.append(1)
            yield page(len(asked), 1000)

    before = threading.active_count()
    with ReadAhead(endless(), enough=never) as coming:
        next(iter(coming))
    assert threading.active_count() == before
    assert len(asked) < 15
