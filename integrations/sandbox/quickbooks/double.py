"""Everything the QuickBooks double remembers, in one place that a reset can begin anew."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from integrations.sandbox.clock import SECOND, VirtualClock
from integrations.sandbox.generation import Document
from integrations.sandbox.postman import Postman
from integrations.sandbox.quickbooks.carrier import Portal, QuickBooksCarrier
from integrations.sandbox.quickbooks.companies import Company, checked_sizes, open_company
from integrations.sandbox.quickbooks.grants import ACCOUNTING, Grant, Grants
from integrations.sandbox.quickbooks.zones import whole_second

VERIFIER_TOKEN = "7d1c0b52-sandbox-verifier-token"
_SECOND_COMPANY = {
    "Customer": 212, "Vendor": 9, "Item": 34, "Invoice": 96, "SalesReceipt": 310, "RefundReceipt": 9, "CreditMemo": 6,
}  # fmt: skip
_CHOICES = {"throttle_shape": ("xml", "json", "fault", "403"), "webhook_shape": ("cloudevents", "legacy", "both")}
_FLAGS = ("webhook_waits", "unique_numbers", "tax_codes_demanded")
_NULLABLE = ("page_size", "rate_per_second", "per_minute", "in_flight", "coreplus_cap", "rotate_every_seconds")


@dataclass(frozen=True)
class Settings:
    """How the double behaves; changed through the control plane. None switches a limit off."""

    page_size: int | None = None
    lag_seconds: float = 0
    latency_ms: float = 0
    rate_per_second: float | None = None
    per_minute: int | None = 500
    in_flight: int | None = 10
    throttle_shape: str = "xml"
    coreplus_cap: int | None = None
    rotate_every_seconds: float | None = 0
    grace_seconds: float = 0
    webhook_url: str | None = None
    verifier_token: str = VERIFIER_TOKEN
    webhook_shape: str = "cloudevents"
    webhook_waits: bool = False
    webhook_retry_seconds: float = 10
    unique_numbers: bool = True
    tax_codes_demanded: bool = False

    def changed(self, wishes: dict[str, Any]) -> Settings:
        """New settings; ValueError with a plain sentence when a wish makes no sense."""
        for name, value in wishes.items():
            if name not in asdict(self):
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(asdict(self))}")
            _check(name, value)
        return replace(self, **wishes)


def _check(name: str, value: Any) -> None:
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(f"setting {name} must be one of {', '.join(_CHOICES[name])}")
    elif name in _FLAGS:
        if not isinstance(value, bool):
            raise ValueError(f"setting {name} must be true or false")
    elif name == "verifier_token":
        if not (isinstance(value, str) and value):
            raise ValueError("setting verifier_token must be a text")
    elif name == "webhook_url":
        if value is not None and not (isinstance(value, str) and value.startswith("http")):
            raise ValueError("setting webhook_url must be null or an address")
    elif value is None and name in _NULLABLE:
        return
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < (1 if name == "page_size" else 0):
        raise ValueError(f"setting {name} must be a number from {1 if name == 'page_size' else 0} up")


@dataclass(frozen=True)
class Application:
    """The one application that the double knows."""

    client_id: str
    client_secret: str
    name: str = "Backline"


class QuickBooksDouble:
    """The state behind all QuickBooks routes."""

    def __init__(
        self, clock: VirtualClock, application: Application, *, seed: int, sizes: Mapping[str, int],
        remember: Path | None = None,
    ) -> None:  # fmt: skip
        self.clock, self.application = clock, application
        self._remember: Path | None = None
        self.redirect_uris: list[str] = []
        self.postman = Postman("quickbooks", clock, QuickBooksCarrier(lambda: self.portal))
        self.reset(seed=seed, sizes=checked_sizes(sizes))
        if remember is not None:
            self._remember = remember
            self.grants.remember_in(remember)

    def reset(self, *, seed: int, sizes: dict[str, int]) -> None:
        """Begin anew: data, tokens, settings, waiting webhooks. Registered redirect addresses stay."""
        self.seed, self.sizes = seed, sizes
        self.settings = Settings()
        self.grants = Grants()
        self.ready: dict[str, Grant] = {}
        self.companies: dict[str, Company] = {}
        self.consents: dict[str, Document] = {}
        self.recent_calls: dict[str, deque[int]] = {}
        self.postman.reset()
        self.open("The Lantern Room", "GBP", sizes=sizes)
        self.open("Harbour Festival", "EUR", sizes=checked_sizes(_SECOND_COMPANY))
        self.grants.file = self._remember
        self.grants.keep()

    def open(self, name: str, currency: str, *, sizes: dict[str, int], seed: int | None = None) -> Company:
        """Add a company, with a grant that is ready for use without the consent page."""
        company = open_company(
            name,
            currency=currency,
            seed=self.seed if seed is None else seed,
            sizes=sizes,
            now=whole_second(self.clock.now()),
            number=len(self.companies),
        )
        self.companies[company.realm] = company
        self.ready[company.realm] = self.grants.new(company.realm, [ACCOUNTING], now=self.clock.now(), is_kept=False)
        return company

    @property
    def portal(self) -> Portal:
        settings = self.settings
        return Portal(
            settings.webhook_url, settings.verifier_token, self.application.client_id, settings.webhook_retry_seconds,
            settings.webhook_waits,
        )  # fmt: skip

    @property
    def lag(self) -> int:
        return round(self.settings.lag_seconds * SECOND)

    @property
    def now(self) -> int:
        """The time in whole seconds, as records carry it."""
        return whole_second(self.clock.now())


def new_trace() -> str:
    """A fresh `intuit_tid`."""
    return f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
