"""One request on its way to a handler, and the shortcuts that every handler needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.grants import Token
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.square.shapes import Check, Shape


@dataclass(frozen=True)
class Call:
    """A request that is let in: known seller, allowed scope, checked query and body."""

    square: SquareDouble
    merchant: Merchant
    token: Token
    path: str
    ids: dict[str, str]
    query: Document
    body: Document | None
    raw_body: Any
    now: int

    @property
    def asked(self) -> Document:
        """The checked body, empty when there was none."""
        return self.body or {}


Answer = Document | Awaitable[Document]
Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """One operation: where it is, whom it lets in, what may be sent, and who answers."""

    method: str
    path: str
    scopes: tuple[str, ...]
    handler: Handler
    query: Shape | None = None
    body: Check | None = None
    required_query: tuple[str, ...] = ()
    is_personal_only: bool = False


def present(**fields: Any) -> Document:
    """An answer without its empty fields, as Square leaves them out."""
    return {name: value for name, value in fields.items() if value is not None and value != [] and value != {}}
