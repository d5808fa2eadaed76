"""Asking for something beside the request: at most so often, and the last asking is never lost."""

import threading
from collections.abc import Callable

from tests.webhooks.working import until
from webhooks.soon import Soon


def recorder(every: float) -> tuple[Soon, Callable[[], int], threading.Event]:
    done: list[int] = []
    going_on = threading.Event()
    going_on.set()

    def do() -> None:
        done.append(1)
        going_on.wait(10)

    return Soon(do, every=every), lambda: len(done), going_on


def test_many_askings_at_once_are_served_by_one_or_two() -> None:
    soon, count, _ = recorder(every=0.2)
    threads = [threading.Thread(target=soon) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert until(lambda: count() > 0)
    assert count() <= 2


def test_an_asking_while_it_is_being_done_is_served_afterwards() -> None:
    soon, count, going_on = recorder(every=0.0)
    going_on.clear()
    soon()
    assert until(lambda: count() == 1)
    soon()
    assert count() == 1
    going_on.set()
    assert until(lambda: count() == 2)


def test_what_fails_is_tried_again_when_asked_again() -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise ValueError("no")

    soon = Soon(fail, every=0.0)
    soon()
    assert until(lambda: len(tries) == 1)
    soon()
    assert until(lambda: len(tries) == 2)


def test_asking_does_not_wait_for_it() -> None:
    soon, count, going_on = recorder(every=0.0)
    going_on.clear()
    for _ in range(1000):
        soon()
    assert count() <= 1
    going_on.set()
