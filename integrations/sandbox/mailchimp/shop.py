"""What a shop of an account holds: its facts, customers, products and orders, all of them written by the client."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.sandbox.generation import Document


@dataclass
class Store:
    document: Document
    customers: dict[str, Document] = field(default_factory=dict)
    products: dict[str, Document] = field(default_factory=dict)
    orders: dict[str, Document] = field(default_factory=dict)
