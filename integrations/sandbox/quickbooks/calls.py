"""One request on its way to a handler, and the answers that handlers give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble


@dataclass(frozen=True)
class Call:
    """A request that is let in: a known company, checked query parameters, a body that could be read."""

    double: QuickBooksDouble
    company: Company
    query: dict[str, str]
    body: Any
    raw: bytes
    now: int

    @property
    def time(self) -> str:
        return self.company.zone.text(self.now)

    def answer(self, **parts: Any) -> Document:
        return {**parts, "time": self.time}
