"""What happened before anybody looked: events of the generated records, made when somebody asks for them.

Their keys are (time, source, index, place), so that they stand in one order with the events that are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

from integrations.sandbox.generation import Document, Generated, first_at
from integrations.sandbox.stripe.billing import Invoices
from integrations.sandbox.stripe.givebacks import Refunds
from integrations.sandbox.stripe.goods import Prices, Products
from integrations.sandbox.stripe.people import Customers
from integrations.sandbox.stripe.receipts import Charges, Intents, Sessions
from integrations.sandbox.stripe.sales import Outcome, Sales
from integrations.sandbox.stripe.stems import Stems
from integrations.sandbox.stripe.takings import Payouts

EVENT = "evt_1"
_PLACES = 8
EventKey = tuple[int, int, int, int]
Frame = Callable[[str, str, int, Document], Document]  # id, type, time, object: the event
Make = Callable[[int], Document]


class Source(NamedTuple):
    """Generated records and the events that each of them left behind, oldest first."""

    made: Generated
    types: frozenset[str]
    events: Callable[[int], list[tuple[str, Make]]]


class Past:
    """The events of an account's generated records."""

    def __init__(self, key: bytes, sources: list[Source]) -> None:
        self._sources = sources
        self._stems = [Stems(key, f"event {number}") for number in range(len(sources))]

    def keys(
        self, *, begin: int, end: int, types: frozenset[str] | None, is_descending: bool
    ) -> Iterator[tuple[EventKey, str]]:
        """Keys and types of the events from one moment to before another."""
        streams = [
            self._stream(number, begin, end, types, is_descending)
            for number, source in enumerate(self._sources)
            if types is None or source.types & types
        ]
        return heapq.merge(*streams, reverse=is_descending)

    def _stream(
        self, number: int, begin: int, end: int, types: frozenset[str] | None, is_descending: bool
    ) -> Iterator[tuple[EventKey, str]]:
        made, _, events = self._sources[number]
        span = range(first_at(made.count, made.created, begin), first_at(made.count, made.created, end))
        for index in reversed(span) if is_descending else span:
            if made.exists(index):
                left = [
                    ((made.created(index), number, index, place), kind)
                    for place, (kind, _) in enumerate(events(index))
                    if types is None or kind in types
                ]
                yield from reversed(left) if is_descending else left

    def document(self, key: EventKey, frame: Frame) -> Document:
        moment, number, index, place = key
        kind, make = self._sources[number].events(index)[place]
        return frame(EVENT + self._stems[number].of(index * _PLACES + place), kind, moment, make(index))

    def find(self, event_id: str) -> EventKey | None:
        """The key of an event by its id."""
        for number, stems in enumerate(self._stems):
            place = stems.index_of(EVENT, event_id)
            if place is None:
                continue
            made, _, events = self._sources[number]
            index = place // _PLACES
            if index < made.count and made.exists(index) and place % _PLACES < len(events(index)):
                return made.created(index), number, index, place % _PLACES
        return None


def past_of(
    key: bytes,
    sales: Sales,
    *,
    customers: Customers,
    products: Products,
    prices: Prices,
    sessions: Sessions,
    intents: Intents,
    charges: Charges,
    refunds: Refunds,
    payouts: Payouts,
    invoices: Invoices,
) -> Past:
    """Which records left which events, written out."""

    def of_sale(index: int) -> list[tuple[str, Make]]:
        outcome = sales.outcome(index)
        if outcome is Outcome.EXPIRED:
            return [("checkout.session.expired", sessions.document)]
        if outcome is Outcome.FAILED:
            return [("charge.failed", charges.document), ("payment_intent.payment_failed", intents.document)]
        if outcome is not Outcome.PAID:
            return []
        last: Make = sessions.document if sessions.exists(index) else lambda sale: invoices.document(_bill(sales, sale))
        return [
            ("charge.succeeded", lambda sale: charges.document(sale, is_fresh=True)),
            ("payment_intent.succeeded", intents.document),
            ("checkout.session.completed" if sessions.exists(index) else "invoice.paid", last),
        ]

    def refunded_charge(refund: int) -> Document:
        return charges.document(sales.refunded_sale(refund))

    return Past(
        key,
        [
            _always(customers, ("customer.created", customers.document)),
            _always(products, ("product.created", products.document)),
            _always(prices, ("price.created", prices.document)),
            Source(_AllSales(sales), _OF_SALES, of_sale),
            _always(refunds, ("refund.created", refunds.document), ("charge.refunded", refunded_charge)),
            _always(
                payouts,
                ("payout.created", payouts.document),
                ("payout.paid", payouts.document),
                ("payout.reconciliation_completed", payouts.document),
            ),
            _always(invoices, ("invoice.created", invoices.document), ("invoice.finalized", invoices.document)),
        ],
    )


class _AllSales:
    """Every sale as something that happened, whatever became of it."""

    def __init__(self, sales: Sales) -> None:
        self.count, self.created, self.updated = sales.count, sales.created, sales.created
        self.id_of = sales.stems.of

    def index_of(self, record_id: str) -> int | None:
        return None

    def exists(self, index: int) -> bool:
        return True

    def document(self, index: int) -> Document:
        return {}


def _always(made: Generated, *events: tuple[str, Make]) -> Source:
    return Source(made, frozenset(kind for kind, _ in events), lambda index: list(events))


def _bill(sales: Sales, sale: int) -> int:
    return sales.invoice_of(sale) or 0


_OF_SALES = frozenset(
    {
        "checkout.session.expired", "charge.failed", "payment_intent.payment_failed", "charge.succeeded",
        "payment_intent.succeeded", "checkout.session.completed", "invoice.paid",
    }
)  # fmt: skip
