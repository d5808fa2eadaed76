"""What reached the bank: automatic payouts, each of them the sum of what became available."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from integrations.sandbox.clock import DAY, HOUR, MINUTE, SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.sales import Sales
from integrations.sandbox.stripe.stems import Stems

PAYOUT, MOVEMENT = "po_1", "txn_1"
DELAY_DAYS = 2
_SENT_AT = 5 * HOUR + 30 * MINUTE
_MONDAY = 4  # the first Monday after 1970 began


class Interval(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"  # on Mondays


class Payouts:
    """Payouts by day since the account's history began; on days without takings there is none."""

    def __init__(self, key: bytes, sales: Sales, *, end: int, interval: Interval, bank: str) -> None:
        self.sales, self.interval, self._bank = sales, interval, bank
        self.first_day = sales.timeline.begin // DAY
        self.count = end // DAY - self.first_day + 1 if sales.count else 0
        self.stems = Stems(key, "payout")
        self.net_of = lru_cache(maxsize=4096)(self._net)
        self.exists = lru_cache(maxsize=4096)(self._exists)

    def id_of(self, index: int) -> str:
        return PAYOUT + self.stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self.stems.index_of(PAYOUT, record_id)

    def created(self, index: int) -> int:
        return (self.first_day + index) * DAY + _SENT_AT

    updated = created

    def _is_due(self, index: int) -> bool:
        return self.interval is Interval.DAILY or (self.first_day + index) % 7 == _MONDAY

    def sales_of(self, index: int) -> range:
        """The sales whose money, and after which refunded money, is part of this payout."""
        until = self.first_day + index - DELAY_DAYS + 1
        return self.sales.of_day(until - (1 if self.interval is Interval.DAILY else 7), until)

    def parts(self, sales: range) -> Iterator[tuple[str, int, int]]:
        """What moved with these sales, oldest first: its kind, its index and what it adds."""
        made = self.sales
        for sale in sales:
            if made.is_paid(sale):
                amount = made.sale(sale).amount
                yield "charge", sale, amount - made.fee(amount)
            refund = made.hosted_refund(sale)
            if refund is not None:
                yield "refund", refund, -made.refund_amount(refund)

    def pending(self) -> int:
        """What no generated payout has paid out yet."""
        last = next((index for index in range(self.count - 1, -1, -1) if self._is_due(index)), None)
        if last is None:
            return 0
        rest = self.sales.of_day(self.first_day + last - DELAY_DAYS + 1, self.first_day + self.count)
        return sum(net for _, _, net in self.parts(rest))

    def _exists(self, index: int) -> bool:
        return self._is_due(index) and any(True for _ in self.parts(self.sales_of(index)))

    def _net(self, index: int) -> int:
        return sum([net for _, _, net in self.parts(self.sales_of(index))])

    def document(self, index: int) -> Document:
        stem, created = self.stems.of(index), self.created(index)
        return payout_document(
            PAYOUT + stem, self.net_of(index), MOVEMENT + stem, self._bank, created=created // SECOND,
            arrival=created // DAY * DAY // SECOND, currency=self.sales.market.currency, livemode=self.sales.livemode,
        )  # fmt: skip


def payout_document(
    payout_id: str,
    amount: int,
    movement_id: str,
    bank: str,
    *,
    created: int,
    arrival: int,
    currency: str,
    livemode: bool,
) -> Document:
    return {
        "id": payout_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": True,
        "balance_transaction": movement_id,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": bank,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": livemode,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": {"status": "supported", "value": f"L{created:011d}"},
        "type": "bank_account",
    }
