"""How the balance moved: one balance transaction for each charge, refund and payout, in one order of time.

The index of a movement follows from those of sales and days. A sale on day d has the slots 2i+d+1 (its charge) and
2i+d+2 (a refund right after it); the payout of day d stands before the first sale of that day, on slot 2i+d.
"""

from __future__ import annotations

import bisect
from functools import lru_cache
from typing import NamedTuple

from integrations.sandbox.clock import DAY, SECOND
from integrations.sandbox.generation import Document, first_at
from integrations.sandbox.stripe import givebacks, takings
from integrations.sandbox.stripe.givebacks import Refunds
from integrations.sandbox.stripe.receipts import CHARGE, MOVEMENT, item_text
from integrations.sandbox.stripe.sales import Sales
from integrations.sandbox.stripe.takings import DELAY_DAYS, Payouts

_STRIDE = 4


class Slot(NamedTuple):
    """What moved: a charge of that sale, a refund right after that sale, or the payout of that day."""

    kind: str
    place: int


class Movements:
    """Balance transactions by slot; a slot where nothing moved is empty."""

    def __init__(self, sales: Sales, refunds: Refunds, payouts: Payouts) -> None:
        self._sales, self._refunds, self._payouts = sales, refunds, payouts
        self.count = 2 * sales.count + payouts.count if sales.count else 0
        self._near = 0
        self._slot = lru_cache(maxsize=512)(self._find)

    def _of_charge(self, sale: int) -> int:
        return 2 * sale + self._sales.created(sale) // DAY - self._payouts.first_day + 1

    def _of_payout(self, day: int) -> int:
        first_day, made = self._payouts.first_day, self._sales
        return 2 * first_at(made.count, made.created, (first_day + day) * DAY) + day

    def _find(self, index: int) -> Slot:
        low, high = self._around(index)
        self._near = sale = bisect.bisect_right(range(high), index, low, key=self._of_charge) - 1
        rest = index - self._of_charge(sale) if sale >= 0 else 2
        if rest >= 2:
            return Slot("payout", index - 2 * (sale + 1))
        return Slot("refund" if rest else "charge", sale)

    def _around(self, index: int) -> tuple[int, int]:
        """The sales among which to look: those near the last found one, if that is where readers still are."""
        low, high = max(0, self._near - _STRIDE), min(self._sales.count, self._near + _STRIDE)
        is_behind = low == 0 or self._of_charge(low) <= index
        is_before = high == self._sales.count or self._of_charge(high) > index
        return (low, high) if is_behind and is_before else (0, self._sales.count)

    def exists(self, index: int) -> bool:
        kind, place = self._slot(index)
        if kind == "payout":
            return self._payouts.exists(place)
        return self._sales.is_paid(place) if kind == "charge" else self._sales.hosted_refund(place) is not None

    def created(self, index: int) -> int:
        kind, place = self._slot(index)
        if kind == "payout":
            return self._payouts.created(place)
        return self._sales.created(place) if kind == "charge" else self._sales.after(place)

    updated = created

    def id_of(self, index: int) -> str:
        kind, place = self._slot(index)
        if kind == "payout":
            return takings.MOVEMENT + self._payouts.stems.of(place)
        if kind == "charge":
            return MOVEMENT + self._sales.stems.of(place)
        return givebacks.MOVEMENT + self._refunds.stems.of(self._sales.hosted_refund(place) or 0)

    def index_of(self, record_id: str) -> int | None:
        sale = self._sales.stems.index_of(MOVEMENT, record_id)
        if sale is not None and sale < self._sales.count:
            return self._of_charge(sale)
        refund = self._refunds.stems.index_of(givebacks.MOVEMENT, record_id)
        if refund is not None and refund < self._refunds.count:
            return self._of_charge(self._sales.refund_host(refund)) + 1
        day = self._payouts.stems.index_of(takings.MOVEMENT, record_id)
        return self._of_payout(day) if day is not None and day < self._payouts.count else None

    def ids_of_payout(self, day: int) -> list[str]:
        """The movements that a payout is the sum of, and its own."""
        sales, refunds = self._sales.stems, self._refunds.stems
        parts = self._payouts.parts(self._payouts.sales_of(day))
        moved = [
            MOVEMENT + sales.of(index) if kind == "charge" else givebacks.MOVEMENT + refunds.of(index)
            for kind, index, _ in parts
        ]
        return [*moved, takings.MOVEMENT + self._payouts.stems.of(day)]

    def document(self, index: int) -> Document:
        kind, place = self._slot(index)
        moment = self.created(index)
        if kind == "payout":
            amount, source, text, available = (
                -self._payouts.net_of(place),
                self._payouts.id_of(place),
                "STRIPE PAYOUT",
                0,
            )
        else:
            available = DELAY_DAYS
            amount, source, text = self._sold(place) if kind == "charge" else self._given_back(place)
        return movement_document(
            self.id_of(index), kind, amount, source, text, created=moment // SECOND,
            fee=self._sales.fee(amount) if kind == "charge" else 0, currency=self._sales.market.currency,
            available_on=(moment // DAY + available) * DAY // SECOND,
            is_available=(moment // DAY + available) < self._payouts.first_day + self._payouts.count,
        )  # fmt: skip

    def _sold(self, place: int) -> tuple[int, str, str]:
        sale = self._sales.sale(place)
        return sale.amount, CHARGE + self._sales.stems.of(place), item_text(sale)

    def _given_back(self, place: int) -> tuple[int, str, str]:
        refund = self._sales.hosted_refund(place) or 0
        return -self._sales.refund_amount(refund), self._refunds.id_of(refund), "REFUND FOR CHARGE"


def movement_document(
    movement_id: str,
    kind: str,
    amount: int,
    source: str,
    text: str,
    *,
    created: int,
    available_on: int,
    fee: int,
    currency: str,
    is_available: bool = True,
) -> Document:
    fees = {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees",
            "type": "stripe_fee"}  # fmt: skip
    return {
        "id": movement_id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": text,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fees] if fee else [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "available" if is_available else "pending",
        "type": kind,
    }
