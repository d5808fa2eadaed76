"""The accounts of the sandbox: who they are, their keys, and their records."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from integrations.sandbox.clock import DAY, HOUR, SECOND
from integrations.sandbox.generation import MIXED, Document, Generated, Ids, Timeline, key_of, pick, roll
from integrations.sandbox.persons import People
from integrations.sandbox.store import Collection
from integrations.sandbox.stripe.billing import InvoiceItems, InvoicePayments, Invoices
from integrations.sandbox.stripe.endpoints import Endpoint
from integrations.sandbox.stripe.givebacks import Refunds
from integrations.sandbox.stripe.goods import Prices, Products
from integrations.sandbox.stripe.journal import Journal
from integrations.sandbox.stripe.money import Market, market_of
from integrations.sandbox.stripe.movements import Movements
from integrations.sandbox.stripe.past import past_of
from integrations.sandbox.stripe.people import Customers
from integrations.sandbox.stripe.receipts import Charges, Intents, Sessions
from integrations.sandbox.stripe.sales import Sales
from integrations.sandbox.stripe.takings import Interval, Payouts

HISTORY = 730 * DAY
LEAD = 30 * DAY  # how long before its first sale a venue had customers and something to sell


@dataclass(frozen=True)
class Sizes:
    """How many records of each kind an account begins with; charges count the sales, of which a few came to nothing."""

    customers: int = 1284
    products: int = 48
    charges: int = 2148
    refunds: int = 64
    invoices: int = 96

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= 20_000_000:
                raise ValueError(f"size {name} must be a whole number from 0 to 20,000,000")


EMPTY = Sizes(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Profile:
    """What an account is opened with."""

    name: str
    currency: str = "gbp"
    livemode: bool = False
    interval: Interval = Interval.DAILY

    @property
    def market(self) -> Market:
        return market_of(self.currency)


@dataclass
class Account:
    """One account: the facts about it, its collections, and what it remembers about writes."""

    id: str
    profile: Profile
    seed: int
    sizes: Sizes
    created: int
    bank: str
    keys: dict[str, str]
    collections: dict[str, Collection[Any]]
    customers: Customers
    products: Products
    sessions: Sessions
    invoices: Invoices
    payouts: Payouts
    movements: Movements
    journal: Journal
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    written: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # ids made here, by kind
    idempotent: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    unpaid: dict[str, int] = field(default_factory=dict)  # movements written here that no payout holds yet, with nets
    written_parts: dict[str, list[str]] = field(default_factory=dict)  # the movements of payouts written here
    written_items: dict[str, list[Document]] = field(default_factory=dict)  # the line items of sessions written here
    billed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # items by invoice
    unindexed: list[tuple[int, str, Document | None]] = field(default_factory=list)  # what search does not see yet
    writes: int = 0

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def currency(self) -> str:
        return self.profile.currency

    @property
    def livemode(self) -> bool:
        return self.profile.livemode

    def is_priced(self, product_id: str) -> bool:
        """Whether the product has a price, or ever had one; prices are never deleted."""
        index = self.products.index_of(product_id)
        if index is not None and self.products.offer(index).prices:
            return True
        written = (self.collections["prices"].live(price_id) for price_id in self.written["prices"])
        return any(price is not None and price.document["product"] == product_id for price in written)

    def new_id(self, prefix: str, length: int = 24) -> str:
        """A fresh id for something written here; the same sequence for the same seed."""
        self.writes += 1
        ids = Ids(key_of(self.id, self.seed, "written", prefix), length, alphabet=MIXED)
        return prefix + ids.of(self.writes + (1 << 29))


def open_account(profile: Profile, *, seed: int, sizes: Sizes, now: int, number: int) -> Account:
    """Make an account whose history ends now."""
    key = key_of(seed, "stripe", profile.name, number)
    midnight = (now - 6 * HOUR) // DAY * DAY
    since = Timeline(begin=midnight - HISTORY - LEAD, end=midnight, count=0, settled=midnight)
    market, livemode = profile.market, profile.livemode
    people = People(seed, profile.name)
    customers = Customers(
        key, people, replace(since, count=sizes.customers), country=market.country, livemode=livemode
    )  # fmt: skip
    products = Products(key, replace(since, count=sizes.products), market=market, livemode=livemode)
    evenings = Timeline(midnight - HISTORY, midnight, sizes.charges, settled=midnight, evenings=True)
    sales = Sales(
        key, evenings, customers=customers, products=products, refunds=sizes.refunds, invoices=sizes.invoices
    )  # fmt: skip
    bank = "ba_1" + Ids(key_of(key, "bank"), 22, alphabet=MIXED).of(number)
    refunds = Refunds(key, sales)
    payouts = Payouts(key, sales, end=midnight, interval=profile.interval, bank=bank)
    charges, intents, sessions = Charges(sales, name=profile.name), Intents(sales), Sessions(sales)
    prices, invoices = Prices(products), Invoices(key, sales, name=profile.name)
    movements = Movements(sales, refunds, payouts)
    past = past_of(
        key, sales, customers=customers, products=products, prices=prices, sessions=sessions, intents=intents,
        charges=charges, refunds=refunds, payouts=payouts, invoices=invoices,
    )  # fmt: skip
    kinds: dict[str, Generated] = {
        "customers": customers, "products": products, "prices": prices, "checkout_sessions": sessions,
        "payment_intents": intents, "charges": charges, "refunds": refunds, "balance_transactions": movements,
        "payouts": payouts, "invoices": invoices, "invoice_payments": InvoicePayments(invoices),
        "invoiceitems": InvoiceItems(),
    }  # fmt: skip
    return Account(
        id="acct_1" + Ids(key_of(key, "account"), 15, alphabet=MIXED).of(number),
        profile=profile,
        seed=seed,
        sizes=sizes,
        created=(now - HISTORY) // SECOND,
        bank=bank,
        keys={kind: _key(key, kind, livemode) for kind in ("sk", "rk", "pk")},
        collections={kind: Collection(made) for kind, made in kinds.items()},
        customers=customers,
        products=products,
        sessions=sessions,
        invoices=invoices,
        payouts=payouts,
        movements=movements,
        journal=Journal(past),
    )


def _key(key: bytes, kind: str, livemode: bool) -> str:
    letters = "".join(pick(MIXED, roll(key_of(key, "key", kind), place)) for place in range(48))
    return f"{kind}_{'live' if livemode else 'test'}_{letters}"
