"""Writing behind: one page under way, in order, and whatever a write meets comes to light."""

import threading
from collections.abc import Callable

import pytest

from syncing.behind import WriteBehind

pytestmark = pytest.mark.django_db  # the writer gives its database connection back


def nothing() -> None:
    """Write nothing."""


def failing() -> None:
    raise LookupError("lost")


def slow(done: list[str], name: str, go: threading.Event) -> Callable[[], None]:
    def write() -> None:
        assert go.wait(10)
        done.append(name)

    return write


def test_a_read_of_one_page_is_written_here_and_needs_no_thread() -> None:
    wrote: list[int] = []
    with WriteBehind() as writer:
        writer.put(lambda: wrote.append(threading.get_ident()), {"a"}, last=True)
    assert wrote == [threading.get_ident()]


def test_a_page_is_written_elsewhere_while_the_next_is_made_ready() -> None:
    go, done = threading.Event(), list[str]()
    with WriteBehind() as writer:
        writer.put(slow(done, "first", go), {"a"}, last=False)
        assert not done, "the next one can be mapped meanwhile"
        go.set()
    assert done == ["first"]


def test_pages_are_written_one_after_the_other_in_their_order() -> None:
    under_way, most, order = list[int](), list[int](), list[int]()

    def write(number: int) -> Callable[[], None]:
        def now() -> None:
            under_way.append(number)
            most.append(len(under_way))
            order.append(number)
            under_way.remove(number)

        return now

    with WriteBehind() as writer:
        for number in range(50):
            writer.put(write(number), {str(number)}, last=number == 49)
    assert (order, max(most)) == (list(range(50)), 1)


def test_who_needs_a_record_that_is_being_written_waits_for_it() -> None:
    go, done = threading.Event(), list[str]()
    with WriteBehind() as writer:
        writer.put(slow(done, "first", go), {"a", "b"}, last=False)
        writer.wait_for({"c"})
        assert not done
        threading.Timer(0.1, go.set).start()
        writer.wait_for({"b", "c"})
        assert done == ["first"]


@pytest.mark.parametrize("asked", ["put", "wait_for", "end"])
def test_what_a_write_met_is_raised_where_it_is_next_asked_for(asked: str) -> None:
    wrote: list[str] = []

    def use() -> None:
        with WriteBehind() as writer:
            writer.put(failing, {"a"}, last=False)
            if asked == "put":
                writer.put(lambda: wrote.append("behind one that was not"), {"b"}, last=True)
            if asked == "wait_for":
                writer.wait_for({"a"})

    with pytest.raises(LookupError, match="lost"):
        use()
    assert not wrote


def test_what_went_wrong_first_is_what_is_told() -> None:
    def use() -> None:
        with WriteBehind() as writer:
            writer.put(failing, {"a"}, last=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with WriteBehind() as writer:
        writer.put(nothing, {"a"}, last=False)
    assert threading.active_count() == before
