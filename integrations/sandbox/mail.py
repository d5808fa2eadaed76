"""What lies between a provider and the postman: rules, notices, letters, and what stands on the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from integrations.sandbox.forgeries import Forgery


@dataclass(frozen=True)
class Rules:
    """How a provider delivers. `patience` is in real seconds.

    With `is_ordered` nothing newer leaves for an address before the POST before it was acknowledged; with `waits`
    nothing leaves by itself at all.
    """

    patience: float = 10
    at_once: int = 8
    batch: int = 1
    is_ordered: bool = False
    waits: bool = False
    thanks: range = range(200, 300)


@dataclass(frozen=True, slots=True)
class Notice:
    """News that is owed to one address. `address` names a subscription, `content` is the provider's own affair."""

    address: str
    id: str
    kind: str
    content: Any
    is_copy: bool = False


@dataclass(slots=True)
class Letter:
    """What one POST carries. `tries` counts the POSTs so far, `why` is what was wrong with the last of them."""

    notices: Sequence[Notice]
    forgery: Forgery | None = None
    tries: int = 0
    why: str = ""

    @property
    def owed(self) -> list[Notice]:
        return [notice for notice in self.notices if not notice.is_copy]


class Envelope(NamedTuple):
    url: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What came back: a status, or what was wrong instead."""

    status: int | None
    problem: str = ""


class Carrier(Protocol):
    """One provider's part: its rules, its signatures, and what an acknowledgement changes."""

    @property
    def forgeries(self) -> Sequence[Forgery]: ...
    def rules(self) -> Rules: ...

    def pauses(self, notice: Notice) -> Sequence[int]:
        """How long to wait before each next try, in milliseconds of the sandbox's clock; after the last: given up."""

    def envelope(self, letter: Letter) -> Envelope | None:
        """Signed for this try; None when nobody is at this address any more, or nothing can be forged there."""

    def acknowledged(self, notice: Notice) -> None: ...
