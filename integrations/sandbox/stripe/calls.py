"""One request on its way to a handler, and what every operation says about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.store import Collection, Entry
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.errors import StripeError
from integrations.sandbox.stripe.grants import hidden
from integrations.sandbox.stripe.shapes import EXPAND, Shape


@dataclass(frozen=True)
class Access:
    """Whom a request speaks for. `permissions` is None where everything is allowed."""

    key: str
    account: Account
    permissions: frozenset[str] | None = None
    is_read_only: bool = False
    is_connect: bool = False  # the platform speaks for a connected account
    is_platform: bool = False

    def check(self, permission: str) -> None:
        """StripeError 403 when a right is missing; it names the right, so that the owner can be told."""
        where = f"The provided key '{hidden(self.key)}' does not have the required permissions for this endpoint"
        where += f" on account '{self.account.id}'."
        if self.permissions is not None and permission not in self.permissions:
            raise StripeError(
                403, f"{where} Having the '{permission}' permission would allow this request to continue."
            )
        if self.is_read_only and permission.endswith("_write"):
            raise StripeError(403, where)


@dataclass(frozen=True)
class Call:
    """A request that is let in: known account, allowed right, checked query and body."""

    stripe: StripeDouble
    access: Access
    path: str
    ids: dict[str, str]
    asked: Document
    now: int
    request_id: str
    idempotency_key: str | None = None

    @property
    def account(self) -> Account:
        return self.access.account

    def collection(self, kind: str) -> Collection[Any]:
        return self.account.collections[kind]

    def entry(self, kind: str, record_id: str) -> Entry | None:
        found: Entry | None = self.account.collections[kind].get(record_id)
        return found


Handler = Callable[[Call], Document]


@dataclass(frozen=True)
class Route:
    """One operation: where it is, which right it needs, what may be sent, and who answers."""

    method: str
    path: str
    permission: str
    handler: Handler
    shape: Shape = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def fields(self) -> Shape:
        """What may be sent; every operation but a deletion can expand."""
        return self.shape if self.method == "DELETE" else {**self.shape, "expand": EXPAND}
