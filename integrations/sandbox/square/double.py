"""Everything the Square double remembers, in one place that a reset can begin anew."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from integrations.sandbox.clock import DAY, SECOND, VirtualClock
from integrations.sandbox.generation import Document
from integrations.sandbox.postman import Postman
from integrations.sandbox.square.carrier import SquareCarrier
from integrations.sandbox.square.grants import Grants, Token
from integrations.sandbox.square.merchants import Merchant, Sizes, open_merchant
from integrations.sandbox.square.scopes import ALL
from integrations.sandbox.square.subscriptions import Subscription

EVENTS_KEPT = 28 * DAY
_SECOND_SELLER = {"customers": 212, "products": 34, "orders": 420, "refunds": 12, "payout_days": 30, "invoices": 12}


@dataclass(frozen=True)
class Settings:
    """How the double behaves; changed through the control plane."""

    page_size: int | None = None
    lag_seconds: float = 0
    empty_page_every: int | None = None
    latency_ms: float = 0
    rate_per_second: float | None = None
    catalog_write_ms: float = 5

    def changed(self, wishes: dict[str, Any]) -> Settings:
        """New settings; ValueError with a plain sentence when a wish makes no sense."""
        for name, value in wishes.items():
            if name not in asdict(self):
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(asdict(self))}")
            if value is None and name in ("page_size", "empty_page_every", "rate_per_second"):
                continue
            least = {"page_size": 1, "empty_page_every": 2}.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
                raise ValueError(f"setting {name} must be a number from {least} up")
        return replace(self, **wishes)


@dataclass(frozen=True)
class Application:
    """The one application that the double knows, with the personal token of whoever made it."""

    client_id: str
    client_secret: str
    name: str = "Backline"
    token: str = field(default="EAAAlBacklineSandboxApplicationToken", repr=False)


class SquareDouble:
    """The state behind all Square routes."""

    def __init__(self, clock: VirtualClock, application: Application, *, seed: int, sizes: Sizes) -> None:
        self.clock, self.application = clock, application
        self.redirect_uris: list[str] = []
        self.postman = Postman("square", clock, SquareCarrier())
        self.reset(seed=seed, sizes=sizes)

    def reset(self, *, seed: int, sizes: Sizes) -> None:
        """Begin anew: data, tokens, subscriptions, events and settings. Registered redirect addresses stay."""
        self.seed, self.sizes = seed, sizes
        self.postman.reset()
        self.cursor_key = hashlib.sha256(f"cursor {seed}".encode()).digest()
        self.settings = Settings()
        self.grants = Grants()
        self.merchants: dict[str, Merchant] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.events: deque[Document] = deque(maxlen=10_000)
        self.events_enabled = False
        self.consents: dict[str, Document] = {}
        self.recent_calls: dict[str, deque[float]] = {}
        first = self.open("The Lantern Room", [("Main Hall", "GBP"), ("Canal Bar", "GBP")], sizes=sizes)
        self.grants.tokens[self.application.token] = Token(
            first.id, sorted(ALL), None, is_personal=True, is_application=True
        )
        self.open("Harbour Festival", [("Festival Ground", "EUR")], sizes=Sizes(**_SECOND_SELLER))

    def open(self, name: str, locations: list[tuple[str, str]], *, sizes: Sizes, seed: int | None = None) -> Merchant:
        """Add a seller with a personal access token that may do everything."""
        merchant = open_merchant(
            name,
            seed=self.seed if seed is None else seed,
            sizes=sizes,
            locations=locations,
            now=self.clock.now(),
            number=len(self.merchants),
        )
        self.merchants[merchant.id] = merchant
        self.grants.tokens[merchant.personal_token] = Token(merchant.id, sorted(ALL), None, is_personal=True)
        return merchant

    @property
    def lag(self) -> int:
        return round(self.settings.lag_seconds * SECOND)
