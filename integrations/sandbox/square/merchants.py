"""The sellers of the sandbox: who they are, where they trade, and their records."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from integrations.sandbox.clock import DAY, HOUR, rfc3339_seconds
from integrations.sandbox.generation import MIXED, Document, Ids, Timeline, key_of, pick, roll
from integrations.sandbox.persons import People
from integrations.sandbox.square.billing import Invoices
from integrations.sandbox.square.goods import Catalogue
from integrations.sandbox.square.people import Customers, Groups
from integrations.sandbox.square.receipts import Payments, Refunds
from integrations.sandbox.square.sales import Orders
from integrations.sandbox.square.takings import Payouts
from integrations.sandbox.store import Collection

YEARS = 730 * DAY


@dataclass(frozen=True)
class Sizes:
    """How many records of each kind a seller begins with."""

    customers: int = 1284
    products: int = 96
    orders: int = 2148
    refunds: int = 64
    payout_days: int = 60
    invoices: int = 60

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= 20_000_000:
                raise ValueError(f"size {name} must be a whole number from 0 to 20,000,000")


@dataclass(frozen=True)
class Country:
    code: str
    language: str
    timezone: str
    tax: tuple[str, str]
    phone: str
    towns: tuple[tuple[str, str], ...]


COUNTRIES = {
    "GBP": Country(
        "GB", "en-GB", "Europe/London", ("VAT", "20"), "+442079460{:03d}", (("London", "SE1 7RG"), ("London", "E8 1HE"))
    ),
    "EUR": Country(
        "DE", "de-DE", "Europe/Berlin", ("MwSt.", "19"), "+493023125{:03d}", (("Hamburg", "20457"), ("Bremen", "28195"))
    ),
}


@dataclass
class Merchant:
    """One seller: the facts about it, its collections, and what it remembers about writes."""

    id: str
    name: str
    seed: int
    sizes: Sizes
    currency: str
    locations: list[Document]
    groups: list[Document]
    personal_token: str
    customers: Collection[Customers]
    catalogue: Collection[Catalogue]
    orders: Collection[Orders]
    payments: Collection[Payments]
    refunds: Collection[Refunds]
    payouts: Collection[Payouts]
    invoices: Collection[Invoices]
    idempotent: OrderedDict[tuple[str, str], tuple[bytes, Document]] = field(default_factory=OrderedDict)
    variation_parents: dict[str, str] = field(default_factory=dict)
    written_entries: dict[str, list[Document]] = field(default_factory=dict)
    attributes: dict[str, Document] = field(default_factory=dict)
    invoiced_orders: set[str] = field(default_factory=set)
    catalogue_is_busy: bool = False
    writes: int = 0

    @property
    def main_location_id(self) -> str:
        return str(self.locations[0]["id"])

    @property
    def location_ids(self) -> list[str]:
        return [location["id"] for location in self.locations]

    def currency_at(self, location_id: str) -> str:
        """What the seller charges at one of its locations."""
        return next((str(place["currency"]) for place in self.locations if place["id"] == location_id), self.currency)

    def collections(self) -> dict[str, Collection[Any]]:
        """The collections by the names that the control plane uses."""
        return {
            "customers": self.customers, "products": self.catalogue, "orders": self.orders,
            "payments": self.payments, "refunds": self.refunds, "payouts": self.payouts, "invoices": self.invoices,
        }  # fmt: skip

    def new_id(self, kind: str, length: int, *, prefix: str = "", suffix: str = "", mixed: bool = False) -> str:
        """A fresh id for something written here; the same sequence for the same seed."""
        self.writes += 1
        alphabet = MIXED if mixed else "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
        ids = Ids(key_of(self.id, self.seed, "written", kind), length, alphabet=alphabet, prefix=prefix, suffix=suffix)
        return ids.of(self.writes + (1 << 29))

    def settle(self, now: int) -> None:
        for collection in self.collections().values():
            collection.settle(now)


def open_merchant(
    name: str, *, seed: int, sizes: Sizes, locations: list[tuple[str, str]], now: int, number: int
) -> Merchant:
    """Make a seller whose history ends now. `locations` are (name, currency) pairs; the first one is the main one."""
    key = key_of(seed, "square", name, number)
    merchant_id = "ML" + Ids(key_of(key, "merchant"), 11).of(number)
    currency = locations[0][1]
    country = COUNTRIES.get(currency, COUNTRIES["GBP"])
    places = [
        _location(key, place, label, money, merchant_id=merchant_id, business=name, created=now - YEARS)
        for place, (label, money) in enumerate(locations)
    ]
    history = _history(
        key,
        People(seed, name),
        sizes,
        now=now,
        country=country,
        currency=currency,
        places=[one["id"] for one in places],
    )
    customers, catalogue, orders, payments, payouts, invoices = history
    return Merchant(
        id=merchant_id,
        name=name,
        seed=seed,
        sizes=sizes,
        currency=currency,
        locations=places,
        groups=Groups(key, now - YEARS).documents(),
        personal_token="EAAAE" + "".join(pick(MIXED, roll(key_of(key, "token"), place)) for place in range(59)),
        customers=Collection(customers),
        catalogue=Collection(catalogue),
        orders=Collection(orders),
        payments=Collection(payments),
        refunds=Collection(payments.refunds),
        payouts=Collection(payouts),
        invoices=Collection(invoices),
    )


def _history(
    key: bytes, people: People, sizes: Sizes, *, now: int, country: Country, currency: str, places: list[str]
) -> tuple[Customers, Catalogue, Orders, Payments, Payouts, Invoices]:
    """Two years that end now; sales end at the last midnight that is at least six hours ago."""
    midnight = (now - 6 * HOUR) // DAY * DAY
    since = Timeline(begin=now - YEARS, end=now, count=0, settled=now)
    customers = Customers(key, people, replace(since, count=sizes.customers, drift=0.03), country=country.code)
    catalogue = Catalogue(key, replace(since, count=sizes.products, drift=0.3), currency=currency, tax=country.tax)
    evenings = Timeline(
        begin=midnight - YEARS, end=midnight, count=sizes.orders, settled=midnight, drift=0.0001, evenings=True
    )
    orders = Orders(
        key, evenings, customers=customers, catalogue=catalogue, location_ids=places, currency=currency, tax=country.tax
    )
    payments = Payments(key, orders, refunds=sizes.refunds, settled=midnight)
    payouts = Payouts(key, payments, days=sizes.payout_days, end=midnight)
    invoices = Invoices(key, orders, customers, count=min(sizes.invoices, sizes.orders))
    return customers, catalogue, orders, payments, payouts, invoices


def _location(
    key: bytes, place: int, label: str, currency: str, *, merchant_id: str, business: str, created: int
) -> Document:
    country = COUNTRIES.get(currency, COUNTRIES["GBP"])
    town, postcode = pick(country.towns, place)
    return {
        "id": "L" + Ids(key_of(key, "location"), 12).of(place),
        "name": label,
        "address": {"address_line_1": f"{17 + 4 * place} Lower Marsh", "locality": town, "postal_code": postcode,
                    "country": country.code},
        "timezone": country.timezone,
        "capabilities": ["CREDIT_CARD_PROCESSING", "AUTOMATIC_TRANSFERS"],
        "status": "ACTIVE",
        "created_at": rfc3339_seconds(created),
        "merchant_id": merchant_id,
        "country": country.code,
        "language_code": country.language,
        "currency": currency,
        "phone_number": country.phone.format(place + 1),
        "business_name": business,
        "type": "PHYSICAL",
        "mcc": "7922",
    }  # fmt: skip
