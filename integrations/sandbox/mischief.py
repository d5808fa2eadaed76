"""What goes wrong with deliveries on request: by chance with a seed, and by script.

The fate of a delivery is a pure function of the seed and its number, which counts from when the wishes were last
changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from integrations.sandbox.clock import SECOND
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import key_of, roll

_SHARES = ("duplicate", "drop", "delay", "forge")
_LEAST = {"seed": 0, "reorder": 0, "at_once": 1, "batch": 1}
_OPTIONAL = {"at_once", "batch", "patience_seconds"}
_WORD = 1 << 32


class Deed(StrEnum):
    DROP = "drop"  # it never leaves
    DUPLICATE = "duplicate"  # it comes twice
    DELAY = "delay"  # it leaves later, by the sandbox's clock
    FORGE = "forge"  # a stranger's delivery comes with it


class Fate(NamedTuple):
    """What becomes of one delivery. `delay` is in milliseconds; `shift` is how many newer ones may pass it."""

    is_dropped: bool = False
    is_doubled: bool = False
    delay: int = 0
    shift: int = 0
    forgery: Forgery | None = None


_NONE = Fate()


@dataclass(frozen=True)
class Mischief:
    """Shares from 0 to 1, and what differs from the provider's own rules. None means as the provider does."""

    seed: int = 0
    duplicate: float = 0
    drop: float = 0
    delay: float = 0
    delay_seconds: float = 60
    reorder: int = 0
    forge: float = 0
    forgeries: Sequence[str] = ()
    script: Sequence[dict[str, Any]] = ()
    patience_seconds: float | None = None
    at_once: int | None = None
    batch: int | None = None

    def changed(self, wishes: dict[str, Any], known: Sequence[Forgery]) -> Mischief:
        """New wishes; ValueError with a plain sentence when one makes no sense. `known` is what can be forged here."""
        for name, value in wishes.items():
            if name not in asdict(self):
                raise ValueError(f"unknown wish {name!r}; known are {', '.join(asdict(self))}")
            if not (value is None and name in _OPTIONAL):
                _check(name, value, known)
        return replace(self, **wishes)

    def fate(self, name: str, number: int, known: Sequence[Forgery]) -> Fate:
        """What becomes of the delivery of this number, from 1 on, at the provider of this name."""
        scripted = [step for step in self.script if step["nth"] == number]
        is_calm = not (self.duplicate or self.drop or self.delay or self.forge or self.reorder or scripted)
        return _NONE if is_calm else self._drawn(scripted, roll(key_of(self.seed, name, "deliveries"), number), known)

    def _drawn(self, scripted: Sequence[dict[str, Any]], chance: int, known: Sequence[Forgery]) -> Fate:
        steps = {step["do"]: step for step in scripted}
        words = [chance >> 32 * place & _WORD - 1 for place in range(7)]
        met = {name: words[place] < getattr(self, name) * _WORD or name in steps for place, name in enumerate(_SHARES)}
        seconds = steps.get(Deed.DELAY, {}).get("seconds", self.delay_seconds)
        ways = [Forgery(way) for way in self.forgeries] or known
        way = steps.get(Deed.FORGE, {}).get("how") or ways[words[4] % len(ways)]
        return Fate(
            is_dropped=met["drop"],
            is_doubled=met["duplicate"],
            delay=round(seconds * SECOND) if met["delay"] else 0,
            shift=words[5] % self.reorder if self.reorder else 0,
            forgery=Forgery(way) if met["forge"] else None,
        )


def _check(name: str, value: Any, known: Sequence[Forgery]) -> None:
    if name == "script":
        _check_script(value, known)
    elif name == "forgeries":
        if not isinstance(value, list) or not set(value) <= set(known):
            raise ValueError(f"forgeries must be a list of {', '.join(known)}")
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < _LEAST.get(name, 0):
        raise ValueError(f"{name} must be a number from {_LEAST.get(name, 0)} up")
    elif name in _LEAST and not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number")
    elif name in _SHARES and value > 1:
        raise ValueError(f"{name} is a share, from 0 to 1")


def _check_script(steps: Any, known: Sequence[Forgery]) -> None:
    sentence = (
        f"script is a list of steps: nth (from 1), do ({', '.join(Deed)}), seconds for a delay, how for a forgery"
        f" ({', '.join(known)})"
    )
    if not isinstance(steps, list):
        raise ValueError(sentence)
    for step in steps:
        if not isinstance(step, dict) or set(step) - {"nth", "do", "seconds", "how"} or step.get("do") not in set(Deed):
            raise ValueError(sentence)
        if not isinstance(step.get("nth"), int) or step["nth"] < 1 or step.get("how", known[0]) not in known:
            raise ValueError(sentence)
        if isinstance(step.get("seconds"), bool) or not isinstance(step.get("seconds", 0), int | float):
            raise ValueError(sentence)
