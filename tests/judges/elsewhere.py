"""A small shop at localstripe: a Stripe that others wrote, filled by Stripe's own SDK."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stripe

KEY = "sk_test_TheLanternRoom"  # localstripe knows every secret key
CUSTOMERS = 130
_PROGRAM = Path(__file__).with_name("localstripe_alone.py")
_CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}


@dataclass
class Shop:
    """The running server, the SDK's client for it, and the ids of what was made there."""

    url: str
    sdk: stripe.StripeClient
    made: dict[str, str] = field(default_factory=dict)

    def listed(self, name: str, **params: Any) -> dict[str, dict[str, Any]]:
        """Return by id all that the SDK lists, page by page."""
        service = getattr(self.sdk.v1, name)
        pages = service.list(params={"limit": 100, **params}).auto_paging_iter()
        return {each["id"]: each.to_dict() for each in pages}


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Give a filled shop, and end its server afterwards."""
    with subprocess.Popen([sys.executable, _PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            addresses: Any = {"api": url, "connect": url, "files": url}
            shop = Shop(url, stripe.StripeClient(KEY, base_addresses=addresses, max_network_retries=0))
            _fill(shop)
            yield shop
        finally:
            process.terminate()
            process.wait(10)


def _fill(shop: Shop) -> None:
    v1: Any = shop.sdk.v1
    buyer, *_ = [v1.customers.create(params=_person(number)).id for number in range(CUSTOMERS)]
    card = v1.payment_methods.create(params={"type": "card", "card": _CARD}).id
    v1.payment_methods.attach(card, params={"customer": buyer})
    v1.customers.update(buyer, params={"invoice_settings": {"default_payment_method": card}})
    paid = {"currency": "gbp", "customer": buyer, "source": card}
    charge = v1.charges.create(params=paid | {"amount": 2400, "description": "Two for the late show"})
    held = v1.charges.create(params=paid | {"amount": 900, "capture": "false"})
    yen = v1.charges.create(params=paid | {"amount": 700, "currency": "jpy"})
    refund = v1.refunds.create(params={"charge": charge.id, "amount": 1200})
    payout = v1.payouts.create(params={"amount": 5000, "currency": "eur", "status": "paid"})
    v1.invoice_items.create(params={"customer": buyer, "amount": 700, "currency": "eur", "description": "Programme"})
    plan = {"amount": 2500, "currency": "eur", "interval": "month", "product": {"name": "Friends"}}
    friends = v1.plans.create(params=plan)
    subscription = v1.subscriptions.create(params={"customer": buyer, "items": [{"plan": friends.id}]})
    shop.made = {
        "customer": buyer, "charge": charge.id, "held": held.id, "yen": yen.id, "refund": refund.id,
        "payout": payout.id, "invoice": subscription.latest_invoice,
    }  # fmt: skip


def _person(number: int) -> dict[str, Any]:
    return {
        "name": f"Ottoline 🦉 {number}",
        "email": f"ottoline+{number}@example.org",
        "phone": "+442079460018",
        "address": {"line1": "1 Stage Door", "city": "York", "country": "GB"},
        "preferred_locales": ["en-GB"],
    }
