"""Everything the Mailchimp double remembers, in one place that a reset can begin anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.clock import SECOND, VirtualClock
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account, Sizes, open_account
from integrations.sandbox.mailchimp.carrier import MailchimpCarrier
from integrations.sandbox.mailchimp.grants import Grants
from integrations.sandbox.mailchimp.settings import Settings
from integrations.sandbox.postman import Postman

DATA_CENTRES = ("us6", "us21", "us14")


@dataclass(frozen=True)
class Application:
    """The one application that the double knows."""

    client_id: str
    client_secret: str
    name: str = "Backline"


class MailchimpDouble:
    """The state behind all Mailchimp routes."""

    def __init__(self, clock: VirtualClock, application: Application, *, seed: int, sizes: Sizes) -> None:
        self.clock, self.application = clock, application
        self.redirect_uris: list[str] = []
        self.background: set[asyncio.Task[Any]] = set()
        self.postman = Postman("mailchimp", clock, MailchimpCarrier())
        self.reset(seed=seed, sizes=sizes)

    def reset(self, *, seed: int, sizes: Sizes) -> None:
        """Begin anew: data, tokens, webhooks, batches and settings. Registered redirect addresses stay."""
        self.seed, self.sizes = seed, sizes
        self.postman.reset()
        self.settings = Settings()
        self.grants = Grants()
        self.accounts: dict[str, Account] = {}
        self.consents: dict[str, Document] = {}
        self.results: dict[str, tuple[int, bytes]] = {}
        self.open("The Lantern Room", sizes=sizes, press="Press and partners")
        self.open("Harbour Festival", sizes=Sizes(members=318, press=0), currency="EUR")

    def open(
        self, name: str, *, sizes: Sizes, seed: int | None = None, currency: str = "GBP", dc: str | None = None,
        press: str | None = None,
    ) -> Account:  # fmt: skip
        """Add an account with an API key of its own."""
        number = len(self.accounts)
        account = open_account(
            name,
            seed=self.seed if seed is None else seed,
            sizes=sizes,
            dc=dc or DATA_CENTRES[number % len(DATA_CENTRES)],
            currency=currency,
            press=press,
            now=self.clock.now(),
            number=number,
        )
        self.accounts[account.id] = account
        return account

    @property
    def lag(self) -> int:
        return round(self.settings.lag_seconds * SECOND)

    def in_background(self, task: asyncio.Task[Any]) -> None:
        """Keep a running task alive until it is done."""
        self.background.add(task)
        task.add_done_callback(self.background.discard)
