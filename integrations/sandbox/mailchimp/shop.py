"""What a shop of an account holds: its facts, customers, products and orders, all of them written by the client.

`notifications` are the changes of orders that would have set off automations: those made while it was not syncing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.sandbox.generation import Document


@dataclass
class Store:
    document: Document
    customers: dict[str, Document] = field(default_factory=dict)
    products: dict[str, Document] = field(default_factory=dict)
    orders: dict[str, Document] = field(default_factory=dict)
    notifications: list[Document] = field(default_factory=list)
