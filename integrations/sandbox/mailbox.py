"""What waits for one address, and what may leave for it next?"""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count

from integrations.sandbox.mail import Letter, Notice, Rules

MOST = 50_000  # notices that wait for one address; beyond it the oldest is given up
_ORDER = count()  # tells apart what is due at the same time


class Mailbox:
    """Notices in their order, those that leave later, and letters that were refused."""

    def __init__(self) -> None:
        self.waiting: deque[Notice] = deque()
        self.in_flight = 0
        self._mixed: list[tuple[int, int, Notice]] = []
        self._later: list[tuple[int, int, Notice]] = []
        self._again: list[tuple[int, int, Letter]] = []

    def put(self, notice: Notice) -> Notice | None:
        """Returns the notice that is given up for this one when there is no room."""
        self.waiting.append(notice)
        return self.waiting.popleft() if len(self.waiting) > MOST else None

    def put_later(self, notice: Notice, due: int) -> None:
        heapq.heappush(self._later, (due, next(_ORDER), notice))

    def put_again(self, letter: Letter, due: int) -> Letter | None:
        """Returns the letter that is given up for this one when there is no room."""
        heapq.heappush(self._again, (due, next(_ORDER), letter))
        return heapq.heappop(self._again)[2] if len(self._again) > MOST else None

    def mix(self, notice: Notice, rank: int, window: int) -> None:
        """Put it among the last ones; what stands first of them leaves once there are `window`."""
        heapq.heappush(self._mixed, (rank, next(_ORDER), notice))
        if len(self._mixed) >= window:
            self.waiting.append(heapq.heappop(self._mixed)[2])

    def unmix(self) -> None:
        """Let leave what still stands among the last ones; nothing more seems to come."""
        while self._mixed:
            self.waiting.append(heapq.heappop(self._mixed)[2])

    def hasten(self) -> None:
        """Let everything leave now that would leave later, in the same order."""
        self._later = [(0, order, notice) for order, (_, _, notice) in enumerate(sorted(self._later))]
        self._again = [(0, order, letter) for order, (_, _, letter) in enumerate(sorted(self._again))]

    def take(self, rules: Rules, now: int) -> Letter | None:
        """What leaves next; None when nothing may leave now."""
        while self._later and self._later[0][0] <= now:
            self.waiting.append(heapq.heappop(self._later)[2])
        if self.in_flight >= (1 if rules.is_ordered else rules.at_once):
            return None
        if self._again and self._again[0][0] <= now:
            return heapq.heappop(self._again)[2]
        if not self.waiting or (rules.is_ordered and self._again):
            return None
        return Letter([self.waiting.popleft() for _ in range(min(rules.batch, len(self.waiting)))])

    @property
    def due(self) -> int | None:
        """When something leaves that does not leave now."""
        return min((heap[0][0] for heap in (self._later, self._again) if heap), default=None)

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.in_flight or self._mixed or self._later or self._again)

    @property
    def refused(self) -> int:
        """How many notices were sent, refused, and will be sent again."""
        return sum(len(letter.notices) for _, _, letter in self._again)

    @property
    def is_stuck(self) -> bool:
        """Whether something was sent that is not acknowledged yet."""
        return bool(self.in_flight or self._again)
