"""Who carries the webhooks of one provider, again and again until they are acknowledged or it is too late?

Everything is in memory and bounded. Retries and delays follow the sandbox's clock: moving it makes them due. Only the
patience with a receiver is real time.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from integrations.sandbox.clock import SECOND, VirtualClock, rfc3339
from integrations.sandbox.mail import Answer, Carrier, Envelope, Letter, Notice, Rules
from integrations.sandbox.mailbox import Mailbox
from integrations.sandbox.mischief import Mischief
from integrations.sandbox.store import FOREVER
from integrations.sandbox.tally import Tally
from integrations.sandbox.wire import FAR, Wire

GONE = "nobody is at this address any more"
_QUIET = 0.05  # real seconds without news after which nothing is kept back for the sake of disorder
_GLANCE = 0.01  # real seconds between two looks at whether all is done
_HASTE = 1.0  # real seconds between two tries of somebody in a hurry


class Postman:
    """Takes notices with `post`, and sees to the rest by itself. Must not be called outside the event loop's thread."""

    def __init__(self, name: str, clock: VirtualClock, carrier: Carrier) -> None:
        self._name, self._clock, self._carrier = name, clock, carrier
        self.wire = Wire()
        self._tasks: set[asyncio.Task[Answer]] = set()
        self._is_called = False
        self._alarm: asyncio.TimerHandle | None = None
        self._quiet: asyncio.TimerHandle | None = None
        clock.on_move(self._wake)
        self.reset()

    def reset(self) -> None:
        """Forget what waits, what was counted and what was wished."""
        for task in self._tasks:
            task.cancel()
        self._boxes: dict[str, Mailbox] = {}
        self._strangers: dict[str, Mailbox] = {}
        self.tally = Tally()
        self.mischief, self._number = Mischief(), 0

    def wish(self, wishes: dict[str, Any]) -> None:
        """Change what goes wrong, and count anew for it. ValueError for a wish without sense."""
        self.mischief, self._number = self.mischief.changed(wishes, self._carrier.forgeries), 0
        self._wake()

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.mischief, self._number = Mischief(), 0
        self._settle()

    def post(self, notice: Notice) -> None:
        """Owe this notice to its address from now on."""
        self.tally.announced += 1
        self._number += 1
        fate = self.mischief.fate(self._name, self._number, self._carrier.forgeries)
        if fate.forgery is not None:
            self._strangers.setdefault(notice.address, Mailbox()).put_again(Letter([notice], fate.forgery), 0)
        if fate.is_dropped:
            self.tally.dropped += 1
        else:
            self._put(notice, delay=fate.delay, shift=fate.shift)
            if fate.is_doubled:
                self.tally.duplicated += 1
                self._put(replace(notice, is_copy=True), delay=0, shift=fate.shift)
        self._wake()

    def _put(self, notice: Notice, *, delay: int, shift: int) -> None:
        box = self._boxes.setdefault(notice.address, Mailbox())
        if delay:
            self.tally.delayed += 1
            box.put_later(notice, self._clock.now() + delay)
        elif self.mischief.reorder > 1:
            box.mix(notice, self._number + shift, self.mischief.reorder)
            self._await_quiet()
        else:
            self._give_up(box.put(notice))

    def _await_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(_QUIET, self._settle)

    def _settle(self) -> None:
        for box in self._boxes.values():
            box.unmix()
        self._wake()

    def _wake(self) -> None:
        """Look, as soon as the caller is done, at what may leave. Nothing to do where no loop runs yet."""
        if self._is_called or not (self._boxes or self._strangers):
            return
        self._is_called = True
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._is_called = False
        rules, now = self.rules, self._clock.now()
        for box in [*self._strangers.values(), *(() if rules.waits else self._boxes.values())]:
            while (letter := box.take(rules, now)) is not None:
                self._go(box, letter)
        self._boxes = {address: box for address, box in self._boxes.items() if not box.is_empty}
        self._strangers = {address: box for address, box in self._strangers.items() if not box.is_empty}
        self._set_alarm(now)

    def _set_alarm(self, now: int) -> None:
        """Wake up again when the next thing is due, if time goes by."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = min((box.due for box in self._boxes.values() if box.due is not None), default=None)
        if due is not None and due > now and not self._clock.is_frozen:
            self._alarm = asyncio.get_running_loop().call_later((due - now) / SECOND, self._wake)

    def _go(self, box: Mailbox, letter: Letter) -> asyncio.Task[Answer]:
        box.in_flight += 1
        task = asyncio.get_running_loop().create_task(self._carry(box, letter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, box: Mailbox, letter: Letter) -> Answer:
        letter.tries += 1
        try:
            envelope = self._carrier.envelope(letter)
            answer = await self._send(envelope, letter) if envelope else Answer(None, GONE)
        finally:
            box.in_flight -= 1
        if letter.forgery is None:
            self._note(box, letter, answer)
        self._wake()
        return answer

    async def _send(self, envelope: Envelope, letter: Letter) -> Answer:
        rules = self.rules
        answer = await self.wire.post(envelope, patience=rules.patience)
        at, is_taken = rfc3339(self._clock.now()), answer.status in rules.thanks
        self.tally.note(letter, answer, url=envelope.url, at=at, is_taken=is_taken)
        return answer

    def _note(self, box: Mailbox, letter: Letter, answer: Answer) -> None:
        """Forget what was acknowledged, and decide about what was not. Copies are owed to nobody."""
        owed = letter.owed
        if answer.status in self.rules.thanks:
            self.tally.acknowledged += len(owed)
            for notice in owed:
                self._carrier.acknowledged(notice)
            return
        pauses = self._carrier.pauses(owed[0]) if owed else ()
        if answer.problem in (GONE, FAR) or letter.tries > len(pauses):
            self.tally.given_up += len(owed)
            return
        letter.why = answer.problem or f"http_{answer.status}"
        again = box.put_again(letter, self._clock.now() + pauses[letter.tries - 1])
        self.tally.given_up += len(again.owed) if again else 0

    def _give_up(self, notice: Notice | None) -> None:
        self.tally.given_up += notice is not None and not notice.is_copy

    async def push(self) -> list[tuple[Letter, Answer]]:
        """Send now what waits, one POST after the other, until one of them is not acknowledged."""
        results: list[tuple[Letter, Answer]] = []
        for box in list(self._boxes.values()):
            results += await self._push(box)
        return results

    async def _push(self, box: Mailbox) -> list[tuple[Letter, Answer]]:
        results: list[tuple[Letter, Answer]] = []
        while not results or results[-1][1].status in self.rules.thanks:
            while box.in_flight:
                await asyncio.sleep(_GLANCE)
            letter = box.take(self.rules, FOREVER)
            if letter is None:
                break
            results.append((letter, await self._go(box, letter)))
        return results

    async def send(self, envelope: Envelope) -> Answer:
        """One POST outside all order, owed to nobody and in no count."""
        return await self.wire.post(envelope, patience=self.rules.patience)

    async def flush(self, *, limit: float, is_hurried: bool) -> bool:
        """Wait until nothing is pending, at most so many real seconds; whether it is so. In a hurry nothing waits for
        its time: what was refused or is late is tried now, and again every second."""
        loop = asyncio.get_running_loop()
        ends, next_try = loop.time() + limit, loop.time()
        self._settle()
        while not self.is_idle and loop.time() < ends:
            if is_hurried and loop.time() >= next_try:
                self._hasten()
                next_try += _HASTE
            await asyncio.sleep(_GLANCE)
        return self.is_idle

    def _hasten(self) -> None:
        for box in self._boxes.values():
            box.hasten()
        self._settle()

    @property
    def rules(self) -> Rules:
        """The provider's rules with what was wished instead."""
        rules, wish = self._carrier.rules(), self.mischief
        patience = rules.patience if wish.patience_seconds is None else wish.patience_seconds
        return replace(rules, patience=patience, at_once=wish.at_once or rules.at_once, batch=wish.batch or rules.batch)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, nothing is on its way and nothing will be tried again."""
        return all(box.is_empty for box in [*self._boxes.values(), *self._strangers.values()])

    @property
    def waiting(self) -> int:
        return sum(len(box.waiting) for box in self._boxes.values())

    @property
    def refused(self) -> int:
        return sum(box.refused for box in self._boxes.values())

    def counts(self) -> dict[str, int]:
        """The tally, how many notices are held back behind what is not acknowledged, and the POSTs under way."""
        boxes = self._boxes.values()
        held = sum(len(box.waiting) for box in boxes if box.is_stuck) if self.rules.is_ordered else 0
        under_way = sum(box.in_flight for box in [*boxes, *self._strangers.values()])
        return self.tally.counts() | {"held_back": held, "in_flight": under_way}

    async def close(self) -> None:
        self.reset()
        await self.wire.close()
