"""Everything the Stripe double remembers, in one place that a reset can begin anew."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Any

from integrations.sandbox.clock import SECOND, VirtualClock
from integrations.sandbox.postman import Postman
from integrations.sandbox.stripe.accounts import EMPTY, Account, Profile, Sizes, open_account
from integrations.sandbox.stripe.carrier import StripeCarrier
from integrations.sandbox.stripe.grants import Grants, Key
from integrations.sandbox.stripe.permissions import DEFAULT
from integrations.sandbox.stripe.takings import Interval

_SECOND_ACCOUNT = Sizes(customers=212, products=18, charges=420, refunds=12, invoices=20)


@dataclass(frozen=True)
class Settings:
    """How the double behaves; changed through the control plane."""

    page_size: int | None = None
    lag_seconds: float = 0  # of searches; lists see every write at once
    latency_ms: float = 0
    rate_per_second: float | None = None
    write_ms: float = 0  # how long a write takes, during which its idempotency key is in use

    def changed(self, wishes: dict[str, Any]) -> Settings:
        """New settings; ValueError with a plain sentence when a wish makes no sense."""
        for name, value in wishes.items():
            if name not in asdict(self):
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(asdict(self))}")
            if value is None and name in ("page_size", "rate_per_second"):
                continue
            least = {"page_size": 1}.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
                raise ValueError(f"setting {name} must be a number from {least} up")
        return replace(self, **wishes)


@dataclass(frozen=True)
class Application:
    """The one platform that the double knows. Its secret is the secret key of the platform's own account."""

    client_id: str
    client_secret: str
    name: str = "Backline"


class StripeDouble:
    """The state behind all Stripe routes."""

    def __init__(self, clock: VirtualClock, application: Application, *, seed: int, sizes: Sizes) -> None:
        self.clock, self.application = clock, application
        self.redirect_uris: list[str] = []
        self.postman = Postman("stripe", clock, StripeCarrier(clock))
        self.reset(seed=seed, sizes=sizes)

    def reset(self, *, seed: int, sizes: Sizes) -> None:
        """Begin anew: data, keys, tokens, endpoints, events and settings. Registered redirect addresses stay."""
        self.seed, self.sizes = seed, sizes
        self.postman.reset()
        self.settings = Settings()
        self.grants = Grants()
        self.consents: dict[str, dict[str, Any]] = {}
        self.recent_calls: dict[str, deque[float]] = {}
        platform = Profile(self.application.name)
        self.platform = open_account(platform, seed=seed, sizes=EMPTY, now=self.clock.now(), number=0)
        self.grants.keys[self.application.client_secret] = Key(self.platform.id)
        self.venues: dict[str, Account] = {}
        self.open(Profile("The Lantern Room"), sizes=sizes)
        self.open(Profile("Harbour Festival", "eur", interval=Interval.WEEKLY), sizes=_SECOND_ACCOUNT)

    def open(self, profile: Profile, *, sizes: Sizes, seed: int | None = None) -> Account:
        """Add an account with a full, a restricted and a publishable key."""
        account = open_account(
            profile,
            seed=self.seed if seed is None else seed,
            sizes=sizes,
            now=self.clock.now(),
            number=len(self.venues) + 1,
        )
        self.venues[account.id] = account
        self.grants.keys[account.keys["sk"]] = Key(account.id)
        self.grants.keys[account.keys["rk"]] = Key(account.id, DEFAULT)
        return account

    def account(self, account_id: str) -> Account | None:
        return self.platform if account_id == self.platform.id else self.venues.get(account_id)

    @property
    def lag(self) -> int:
        return round(self.settings.lag_seconds * SECOND)
