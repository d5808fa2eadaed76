"""The companies of the sandbox: who they are, where they are, and their records."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from integrations.sandbox.clock import DAY, HOUR
from integrations.sandbox.generation import Document, Timeline, key_of, roll
from integrations.sandbox.persons import People
from integrations.sandbox.quickbooks import facts
from integrations.sandbox.quickbooks.countries import COUNTRIES, Country
from integrations.sandbox.quickbooks.goods import Items
from integrations.sandbox.quickbooks.invoices import Invoices, Payments
from integrations.sandbox.quickbooks.kinds import KINDS
from integrations.sandbox.quickbooks.numbered import Written
from integrations.sandbox.quickbooks.people import Customers, Vendors
from integrations.sandbox.quickbooks.receipts import CreditMemos, RefundReceipts, SalesReceipts
from integrations.sandbox.quickbooks.shelf import Made, Shelf
from integrations.sandbox.quickbooks.tills import Till
from integrations.sandbox.quickbooks.zones import Zone

YEARS = 730 * DAY
MOST = 20_000_000
SIZES = {
    "Customer": 1284, "Vendor": 18, "Item": 84, "Invoice": 420, "SalesReceipt": 1860, "RefundReceipt": 48,
    "CreditMemo": 24,
}  # fmt: skip


@dataclass
class Company:
    """One company: the facts about it, its records, and what is remembered about calls and writes."""

    realm: str
    name: str
    seed: int
    sizes: dict[str, int]
    country: Country
    zone: Zone
    shelves: dict[str, Shelf]
    requests: OrderedDict[str, tuple[bytes, Document]] = field(default_factory=OrderedDict)
    token_calls: Counter[str] = field(default_factory=Counter)
    calls: dict[str, Counter[str]] = field(default_factory=dict)
    edits: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def settle(self, now: int) -> None:
        for shelf in self.shelves.values():
            shelf.settle(now)


def checked_sizes(wishes: Mapping[str, int], known: Mapping[str, int] = SIZES) -> dict[str, int]:
    """The known sizes with the wishes put in; ValueError for a wish without sense."""
    for name, size in wishes.items():
        if name not in SIZES:
            raise ValueError(f"quickbooks has no size {name}; known are {', '.join(SIZES)}")
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST:
            raise ValueError(f"size {name} must be a whole number from 0 to {MOST:,}")
    return {**known, **wishes}


def open_company(name: str, *, currency: str, seed: int, sizes: dict[str, int], now: int, number: int) -> Company:
    """Make a company whose history of two years ends now. ValueError for a currency that is not known."""
    if currency not in COUNTRIES:
        raise ValueError(f"currency must be one of {', '.join(COUNTRIES)}")
    key, country = key_of(seed, "quickbooks", name, number), COUNTRIES[currency]
    zone = Zone(country.zone)
    made = _history(key, People(seed, name), sizes, country=country, zone=zone, now=now)
    begin = Timeline(begin=now - YEARS, end=now, count=0, settled=now)
    lists = {
        "Account": facts.accounts(country), "TaxCode": facts.tax_codes(country), "TaxRate": facts.tax_rates(country),
        "Class": facts.classes(), "Department": facts.departments(), "PaymentMethod": facts.payment_methods(),
        "Term": facts.terms(), "CompanyInfo": facts.company_info(name, country),
        "Preferences": facts.preferences(country),
    }  # fmt: skip
    written: dict[str, Made] = {kind: Written(begin, zone, documents) for kind, documents in lists.items()}
    return Company(
        realm=f"93414{roll(key, 0) % 10**11:011d}",
        name=name,
        seed=seed,
        sizes=sizes,
        country=country,
        zone=zone,
        shelves={kind: Shelf((made | written)[kind], KINDS[kind].named_by) for kind in KINDS},
    )


def _history(
    key: bytes, people: People, sizes: dict[str, int], *, country: Country, zone: Zone, now: int
) -> dict[str, Made]:
    """Names and goods until now, sales until the last midnight that is at least six hours ago."""
    midnight = (now - 6 * HOUR) // DAY * DAY
    since = Timeline(begin=now - YEARS, end=now, count=0, settled=now)
    sales = Timeline(begin=midnight - YEARS, end=midnight, count=0, settled=midnight, drift=0.02)
    accounts, guests = facts.account_refs(), sizes["Customer"]
    items = Items(key, replace(since, count=sizes["Item"], drift=0.3), zone, country=country, accounts=accounts)
    till = Till(country, items)
    count = sizes["Invoice"] if guests else 0
    invoices = Invoices(key, replace(sales, count=count), zone, till=till, people=people, customers=guests)
    receipts = {
        kind: made(
            key, replace(sales, count=sizes[kind]), zone, till=till, people=people, customers=guests, accounts=accounts
        )
        for kind, made in (
            ("SalesReceipt", SalesReceipts), ("RefundReceipt", RefundReceipts), ("CreditMemo", CreditMemos),
        )
    }  # fmt: skip
    return {
        "Customer": Customers(
            people, replace(since, count=guests, drift=0.03), zone, country=country, invoices=invoices
        ),
        "Vendor": Vendors(key, replace(since, count=sizes["Vendor"], drift=0.1), zone, country=country),
        "Item": items,
        "Invoice": invoices,
        "Payment": Payments(sales, zone, invoices=invoices, accounts=accounts),
        **receipts,
    }
