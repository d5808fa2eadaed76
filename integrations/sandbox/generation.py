"""How endless believable data comes from a seed: every value is a pure function of (key, index).

Nothing is stored: record number 700,000 is made when somebody asks for it, and is the same each time.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

from integrations.sandbox.clock import DAY, HOUR

Document = dict[str, Any]
T = TypeVar("T")

UPPER = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MIXED = "3456789ABcDeFgHjKmNpQrStVwXyZabd"
_TAIL_CHARS = 6
_TAIL_SPACE = 32**_TAIL_CHARS
_STRIDE = 387_420_489  # odd, so that multiplying by it permutes the tail space


class Generated(Protocol):
    """The untouched records of one kind. Times never fall as the index grows, so ranges are found by bisection."""

    @property
    def count(self) -> int: ...

    def id_of(self, index: int) -> str: ...
    def index_of(self, record_id: str) -> int | None: ...
    def created(self, index: int) -> int: ...
    def updated(self, index: int) -> int: ...
    def exists(self, index: int) -> bool: ...
    def document(self, index: int) -> Document: ...


def key_of(*parts: object) -> bytes:
    """A generation key out of seed, owner and kind."""
    return blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()


def roll(key: bytes, index: int) -> int:
    """A large number that is always the same for this key and index, and looks like chance."""
    return int.from_bytes(blake2b(index.to_bytes(8, "little"), key=key, digest_size=32).digest(), "little")


def pick(options: Sequence[T], number: int) -> T:
    return options[number % len(options)]


def first_at(count: int, time_of: Callable[[int], int], moment: int) -> int:
    """The first index whose time is not before the moment."""
    return bisect.bisect_left(range(count), moment, key=time_of)


@dataclass(frozen=True)
class Timeline:
    """Spreads `count` records over a stretch of time, denser towards its end, as a growing business does.

    `drift` is the part of the time until `settled` that passes before a record's last change. With `evenings` every
    moment is moved into the opening hours of its day; `end` must then be a midnight.
    """

    begin: int
    end: int
    count: int
    settled: int
    drift: float = 0.0
    evenings: bool = False

    def created(self, index: int) -> int:
        left = 1 - (index + 1) / (self.count + 1)
        moment = min(self.end - round((self.end - self.begin) * left * math.sqrt(left)), self.end - 1)
        if not self.evenings:
            return moment
        day = moment - moment % DAY
        return day + _OPENS + (moment - day) // _OPEN_PART

    def updated(self, index: int) -> int:
        created = self.created(index)
        return created + int((self.settled - created) * self.drift)


_OPENS = 16 * HOUR
_OPEN_PART = 3  # the doors are open for a third of the day


class Ids:
    """Provider-like ids that carry their index in disguise, so that an id leads back to its record."""

    def __init__(self, key: bytes, length: int, *, alphabet: str = UPPER, prefix: str = "", suffix: str = "") -> None:
        self._key, self._alphabet, self._prefix, self._suffix = key, alphabet, prefix, suffix
        self._pairs = [a + b for a in alphabet for b in alphabet]
        self._body = length - len(prefix) - len(suffix) - _TAIL_CHARS
        self._shift = int.from_bytes(key[:4], "little")
        self._unstride = pow(_STRIDE, -1, _TAIL_SPACE)
        self._length = length

    def of(self, index: int) -> str:
        number = roll(self._key, index)
        pairs = self._pairs
        body = "".join([pairs[number >> shift & 1023] for shift in range(0, 5 * self._body + 5, 10)])[: self._body]
        tail = (index * _STRIDE + self._shift) % _TAIL_SPACE
        coded = pairs[tail >> 20] + pairs[tail >> 10 & 1023] + pairs[tail & 1023]
        return f"{self._prefix}{body}{coded}{self._suffix}"

    def index_of(self, record_id: str) -> int | None:
        if len(record_id) != self._length:
            return None
        end = self._length - len(self._suffix)
        tail = 0
        for char in record_id[end - _TAIL_CHARS : end]:
            digit = self._alphabet.find(char)
            if digit < 0:
                return None
            tail = tail * 32 + digit
        index = (tail - self._shift) * self._unstride % _TAIL_SPACE
        return index if self.of(index) == record_id else None
