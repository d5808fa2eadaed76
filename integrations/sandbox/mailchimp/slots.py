"""Which members are subscribed, unsubscribed, cleaned and so on, so that any number of them is counted by arithmetic.

Every 97th member is alike in what lists can filter by. So a count below any index needs no look at the records.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

_STATUSES = {"subscribed": 73, "unsubscribed": 10, "cleaned": 4, "pending": 2, "transactional": 5, "archived": 3}
ROUND = sum(_STATUSES.values())
STATUSES = tuple(_STATUSES)


@dataclass(frozen=True, slots=True)
class Slot:
    status: str
    vip: bool
    email_type: str
    tags: tuple[int, ...]


@dataclass(frozen=True)
class Wanted:
    """What a list is filtered by; without a status everything but the archived ones."""

    status: str | None = None
    vip: bool | None = None
    email_type: str | None = None
    tag: int | None = None

    def fits(self, status: str, vip: bool, email_type: str, tags: Iterable[int]) -> bool:
        return (
            (status != "archived" if self.status is None else status == self.status)
            and (self.vip is None or vip == self.vip)
            and (self.email_type is None or email_type == self.email_type)
            and (self.tag is None or self.tag in tags)
        )


EVERYBODY = Wanted()


class Slots:
    """The repeating pattern of one audience, shuffled by its key."""

    def __init__(self, key: bytes, tag_ids: list[int]) -> None:
        chance = random.Random(key)
        statuses = [status for status, number in _STATUSES.items() for _ in range(number)]
        chance.shuffle(statuses)
        self._slots = [self._made(chance, status, tag_ids) for status in statuses]
        self._sums: dict[Wanted, list[int]] = {}

    @staticmethod
    def _made(chance: random.Random, status: str, tag_ids: list[int]) -> Slot:
        tags = tuple(tag_id for tag_id in tag_ids if chance.random() < 0.14)
        return Slot(status, chance.random() < 0.04, "text" if chance.random() < 0.05 else "html", tags)

    def of(self, index: int) -> Slot:
        return self._slots[index % ROUND]

    def fits(self, wanted: Wanted, index: int) -> bool:
        sums = self._sums_for(wanted)
        place = index % ROUND
        return sums[place + 1] > sums[place]

    def below(self, wanted: Wanted, index: int) -> int:
        """How many of the members before this index fit."""
        sums = self._sums_for(wanted)
        rounds, rest = divmod(index, ROUND)
        return rounds * sums[ROUND] + sums[rest]

    def _sums_for(self, wanted: Wanted) -> list[int]:
        if wanted not in self._sums:
            fitting = (wanted.fits(slot.status, slot.vip, slot.email_type, slot.tags) for slot in self._slots)
            self._sums[wanted] = list(accumulate(map(int, fitting), initial=0))
        return self._sums[wanted]
