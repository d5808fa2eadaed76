"""What reached the bank: one payout per location and day with takings, made of its entries."""

from __future__ import annotations

import uuid
from functools import cached_property, lru_cache
from typing import NamedTuple

from integrations.sandbox.clock import DAY, HOUR, MINUTE, date_text, rfc3339_seconds
from integrations.sandbox.generation import Document, first_at, key_of, roll
from integrations.sandbox.square.receipts import Payments

ARRIVES_AFTER = 5 * HOUR + 30 * MINUTE


class Taking(NamedTuple):
    """One card movement of the day: `net` is what it adds to the payout."""

    kind: str
    source: int
    gross: int
    fee: int

    @property
    def net(self) -> int:
        return self.gross - self.fee


class Payouts:
    """Payouts of the last days, in the order of creation. Cash never gets here."""

    def __init__(self, key: bytes, payments: Payments, *, days: int, end: int) -> None:
        self._payments, self._orders = payments, payments.orders
        self._key, self._days, self._end = key_of(key, "payout"), days, end
        self.takings_of_day = lru_cache(maxsize=8)(self._takings_of_day)
        self._net_of = lru_cache(maxsize=4096)(self._net)

    @cached_property
    def _slots(self) -> list[tuple[int, str]]:
        """The (day, location) pairs on which the bank got something."""
        days = range(self._end - self._days * DAY, self._end, DAY)
        return [(day, location) for day in days for location in self._orders.location_ids if self._takes(day, location)]

    @property
    def count(self) -> int:
        return len(self._slots)

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {self.id_of(index): index for index in range(self.count)}

    def _takes(self, day: int, location_id: str) -> bool:
        made = self._payments
        days_sales = range(first_at(made.count, made.created, day), first_at(made.count, made.created, day + DAY))
        return any(
            made.exists(index) and made.location_of(index) == location_id and not self._orders.sale(index).is_cash
            for index in days_sales
        )

    def id_of(self, index: int) -> str:
        return f"po_{uuid.UUID(int=roll(self._key, index) & (1 << 128) - 1)}"

    def index_of(self, payout_id: str) -> int | None:
        return self._by_id.get(payout_id)

    def exists(self, index: int) -> bool:
        return True

    def created(self, index: int) -> int:
        """Early on the morning after; the later locations a moment later."""
        day, location = self._slots[index]
        return day + DAY + ARRIVES_AFTER + 2000 * self._orders.location_ids.index(location)

    def updated(self, index: int) -> int:
        return self.created(index)

    def location_of(self, index: int) -> str:
        return self._slots[index][1]

    def document(self, index: int) -> Document:
        moment = rfc3339_seconds(self.created(index))
        day, location_id = self._slots[index]
        return {
            "id": self.id_of(index),
            "status": "PAID",
            "location_id": location_id,
            "created_at": moment,
            "updated_at": moment,
            "amount_money": self._orders.money(self._net_of(index)),
            "destination": {"type": "BANK_ACCOUNT", "id": f"bact:{location_id}"},
            "version": 1,
            "type": "BATCH",
            "arrival_date": date_text(day // DAY + 1),
            "end_to_end_id": f"L{day // DAY:05d}{index:05d}",
        }

    def entries(self, index: int) -> list[Document]:
        """The payout's entries, oldest first; their nets add up to the payout."""
        day, location_id = self._slots[index]
        takings = self.takings_of_day(day, location_id)
        return [self._entry(index, place, taking, day) for place, taking in enumerate(takings)]

    def _net(self, index: int) -> int:
        return sum(taking.net for taking in self.takings_of_day(*self._slots[index]))

    def _takings_of_day(self, day: int, location_id: str) -> list[Taking]:
        made, given_back = self._payments, self._payments.refunds
        charges = []
        for index in range(first_at(made.count, made.created, day), first_at(made.count, made.created, day + DAY)):
            if made.exists(index) and made.location_of(index) == location_id:
                sale = self._orders.sale(index)
                if not sale.is_cash:
                    charges.append(Taking("CHARGE", index, sale.amount + sale.tip, made.fee(sale)))
        refunds = range(
            first_at(given_back.count, given_back.created, day),
            first_at(given_back.count, given_back.created, day + DAY),
        )
        return charges + [
            Taking("REFUND", index, -given_back.amount(index), 0)
            for index in refunds
            if given_back.location_of(index) == location_id and not given_back.is_cash(index)
        ]

    def _entry(self, index: int, place: int, taking: Taking, day: int) -> Document:
        money, made = self._orders.money, self._payments
        entry: Document = {
            "id": f"poe_{roll(self._key, index * 1_000_003 + place) & (1 << 96) - 1:024x}",
            "payout_id": self.id_of(index),
            "effective_at": rfc3339_seconds(day + DAY),
            "type": taking.kind,
            "gross_amount_money": money(taking.gross),
            "fee_amount_money": money(taking.fee),
            "net_amount_money": money(taking.net),
        }
        if taking.kind == "CHARGE":
            return entry | {"type_charge_details": {"payment_id": made.id_of(taking.source)}}
        refunded = made.id_of(made.refunds.payment_of(taking.source))
        return entry | {"type_refund_details": {"payment_id": refunded, "refund_id": made.refunds.id_of(taking.source)}}
