"""Whose rows does the database show? The second wall between venues, behind the question that every query asks anyway.

The code asks for the caller's venues in each query; that is the first wall. The second is PostgreSQL's: a web request
and a worker's turn run as the role `backline_app`, which sees the rows of one person's venues, or of one venue, and
nothing at all where neither is named. The staff console has a role of its own that sees the whole house, and so has
what must choose among all venues' rows: the queue, the schedule, the doors for events.

A wall is a fact of the thread (a context variable). `integrations/walled` tells it to the database before a statement
whenever it is another one than the database knows of, within a transaction for that transaction only.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ParamSpec, TypeVar
from uuid import UUID

APP, STAFF_ROLE, PLATFORM_ROLE = "backline_app", "backline_staff", "backline_platform"
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Wall:
    """A role of the database ("none" is the one that signed in), and for `backline_app` whose venues it sees."""

    role: str
    user: str = ""
    venue: str = ""


SIGNED_IN = Wall("none")  # what owns the tables: migrations, commands
NOBODY = Wall(APP)
STAFF = Wall(STAFF_ROLE)
PLATFORM = Wall(PLATFORM_ROLE)
_wall: ContextVar[Wall | None] = ContextVar("backline_wall", default=None)


class _House:
    """What holds where nothing was said: nothing is shut for a command; a web process or worker shuts its doors."""

    otherwise = SIGNED_IN


def shut() -> None:
    """Let this process see nothing where no wall is named. Called once where a web process or a worker begins."""
    _House.otherwise = NOBODY


def current() -> Wall:
    """Return the wall that stands here."""
    return _wall.get() or _House.otherwise


def of_user(user: int | str) -> Wall:
    """Return the wall around the venues that a person is a member of."""
    return Wall(APP, user=str(user))


def of_venue(venue: UUID) -> Wall:
    """Return the wall around one venue."""
    return Wall(APP, venue=str(venue))


@contextmanager
def behind(wall: Wall) -> Iterator[None]:
    """Stand behind a wall, and where one stood before when this ends."""
    before = _wall.set(wall)
    try:
        yield
    finally:
        _wall.reset(before)


def move(wall: Wall) -> None:
    """Stand behind another wall until the `behind` around this ends, as when a request turns out to be somebody's."""
    _wall.set(wall)


def streamed(parts: Iterable[_R]) -> Iterator[_R]:
    """Yield the parts of an answer, each made behind the wall that stands now, whoever asks for them later."""
    wall, left = current(), iter(parts)

    def run() -> Iterator[_R]:
        while True:
            with behind(wall):
                try:
                    part = next(left)
                except StopIteration:
                    return
            yield part

    return run()


def carried(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return the function as it runs behind the wall that stands now, for another thread to call, more than once."""
    wall = current()

    def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with behind(wall):
            return function(*args, **kwargs)

    return run
