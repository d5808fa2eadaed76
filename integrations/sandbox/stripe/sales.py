"""What was sold: who bought what, what became of it, and when money was given back."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from integrations.sandbox.clock import DAY, MINUTE
from integrations.sandbox.generation import Timeline, first_at, key_of, roll
from integrations.sandbox.stripe.goods import Products, is_bare
from integrations.sandbox.stripe.people import Customers
from integrations.sandbox.stripe.stems import Stems

_MANY_LINES = 12  # more than an invoice embeds


class Outcome(StrEnum):
    PAID = "paid"
    FAILED = "failed"  # the card was declined
    EXPIRED = "expired"  # the buyer left the checkout page
    OPEN = "open"  # an invoice that is not paid yet
    VOID = "void"  # an invoice that was taken back


class Line(NamedTuple):
    product: int
    place: int
    text: str
    quantity: int
    price: int

    @property
    def total(self) -> int:
        return self.quantity * self.price


class Sale(NamedTuple):
    """One sale in minor units. `number` is the sale's own chance, for whoever adds details to it."""

    number: int
    customer: int | None
    lines: list[Line]

    @property
    def amount(self) -> int:
        return sum([line.quantity * line.price for line in self.lines])


class Sales:
    """Sales by index. Some are invoices, the others went through a checkout page."""

    def __init__(
        self, key: bytes, timeline: Timeline, *, customers: Customers, products: Products, refunds: int, invoices: int
    ) -> None:
        self.count = timeline.count if products.count else 0
        self.customers, self.products, self.timeline = customers, products, timeline
        self.market, self.livemode = products.market, products.livemode
        self.stems, self.created = Stems(key, "sale"), lru_cache(maxsize=4096)(timeline.created)
        self.invoices = min(invoices, self.count // 4) if customers.count else 0
        self.refunds = min(refunds, self.count // 3)
        self._key = key_of(key, "sale")
        self.sale = lru_cache(maxsize=1024)(self._sale)
        self.outcome = lru_cache(maxsize=1024)(self._outcome)

    def _outcome(self, index: int) -> Outcome:
        invoice = self.invoice_of(index)
        if invoice is not None:
            return Outcome.OPEN if invoice % 4 == 3 else Outcome.VOID if invoice % 16 == 9 else Outcome.PAID
        left = index % 50
        return Outcome.EXPIRED if left == 17 else Outcome.FAILED if left == 33 else Outcome.PAID

    def is_paid(self, index: int) -> bool:
        return self.outcome(index) is Outcome.PAID

    def _sale(self, index: int) -> Sale:
        number, invoice = roll(self._key, index), self.invoice_of(index)
        places = _MANY_LINES if invoice is not None and invoice % 8 == 5 else 1 + number % 5 // 2
        offered = max(1, (index + 1) * self.products.count // (self.count + 1))
        lines = [self._line(number >> 14 * place, offered) for place in range(1, places + 1)]
        known = (index + 1) * self.customers.count // (self.count + 1)
        has_customer = invoice is not None or (known and (number >> 200) % 10 < 7)
        return Sale(number, (number >> 210) % max(known, 1) if has_customer else None, lines)

    def _line(self, number: int, offered: int) -> Line:
        product = number % offered
        product -= is_bare(product)
        offer = self.products.offer(product)
        place = (number >> 5) % len(offer.prices)
        label, price = offer.prices[place]
        return Line(product, place, f"{offer.name} ({label})", 1 + (number >> 9) % 7 // 3, price)

    def fee(self, amount: int) -> int:
        return self.market.fee(amount)

    def invoice_sale(self, invoice: int) -> int:
        """The sale behind an invoice."""
        return invoice * self.count // self.invoices

    def invoice_of(self, index: int) -> int | None:
        """The invoice of this sale, if it was billed."""
        if not self.invoices:
            return None
        near = -(-index * self.invoices // self.count)
        return near if near < self.invoices and near * self.count // self.invoices == index else None

    def refunded_sale(self, refund: int) -> int:
        """The sale that this refund gives back: the last paid one up to its place."""
        place = self._refund_place(refund)
        return next(sale for sale in (place, place - 1, place - 2) if self.is_paid(sale))

    def refund_of(self, index: int) -> int | None:
        """The refund of this sale, if there is one."""
        near = index * self.refunds // self.count if self.refunds else 0
        for refund in (near - 1, near, near + 1):
            is_near = 0 <= refund < self.refunds and 0 <= self._refund_place(refund) - index <= 2
            if is_near and self.refunded_sale(refund) == index:
                return refund
        return None

    def refund_amount(self, refund: int) -> int:
        """A third of the refunds gives back half."""
        amount = self.sale(self.refunded_sale(refund)).amount
        return amount // 2 if roll(self._key, refund) % 3 == 0 else amount

    def refund_host(self, refund: int) -> int:
        """The sale after which the refund was given; no two refunds share one."""
        later = min((self.count // self.refunds - 1) // 2, 40)
        return self._refund_place(refund) + later

    def _refund_place(self, refund: int) -> int:
        return (2 * refund + 1) * self.count // (2 * self.refunds)

    def hosted_refund(self, index: int) -> int | None:
        """The refund that was given right after this sale, if any."""
        near = index * self.refunds // self.count if self.refunds else 0
        for refund in (near - 1, near, near + 1):
            if 0 <= refund < self.refunds and self.refund_host(refund) == index:
                return refund
        return None

    def after(self, index: int) -> int:
        """A moment after this sale, on the same day and not later than the next sale."""
        created = self.created(index)
        later = min(created + MINUTE, created - created % DAY + DAY - 1)
        return min(later, self.created(index + 1)) if index + 1 < self.count else later

    def of_day(self, day: int, until: int | None = None) -> range:
        """The sales of a day, or of the days from one to before another; days count from 1970."""
        end = day + 1 if until is None else until
        return range(first_at(self.count, self.created, day * DAY), first_at(self.count, self.created, end * DAY))
