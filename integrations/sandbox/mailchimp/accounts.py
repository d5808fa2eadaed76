"""The accounts of the sandbox: who they are, where they live, and what belongs to them."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field, replace

from integrations.sandbox.clock import DAY
from integrations.sandbox.generation import Document, Timeline, key_of, roll
from integrations.sandbox.mailchimp.audiences import Audience, open_audience
from integrations.sandbox.mailchimp.ids import HexIds, hex_text
from integrations.sandbox.mailchimp.jobs import Batch
from integrations.sandbox.mailchimp.merge_fields import MEMBER_NUMBER, OUTLET
from integrations.sandbox.mailchimp.shop import Store
from integrations.sandbox.mailchimp.subscribers import Choice
from integrations.sandbox.persons import People

YEARS = 730 * DAY
COUNTRIES = {"GBP": "GB", "EUR": "DE"}
_CONTACTS: dict[str, Document] = {
    "GB": {"addr1": "17 Lower Marsh", "addr2": "", "city": "London", "state": "London", "zip": "SE1 7RG"},
    "DE": {"addr1": "Hafenstr. 12", "addr2": "", "city": "Hamburg", "state": "Hamburg", "zip": "20457"},
}


@dataclass(frozen=True)
class Sizes:
    """How many members each audience begins with; an account may have only the first."""

    members: int = 1426
    press: int = 64

    def __post_init__(self) -> None:
        for name, size in asdict(self).items():
            if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= 20_000_000:
                raise ValueError(f"size {name} must be a whole number from 0 to 20,000,000")


@dataclass
class Account:
    """One account: the facts about it, its audiences and shops, and how busy it is."""

    id: str
    name: str
    dc: str
    seed: int
    sizes: Sizes
    currency: str
    country: str
    key: bytes = field(repr=False)
    api_key: str = field(repr=False)
    user_id: int
    login_id: int
    email: str
    since: int
    audiences: dict[str, Audience]
    stores: dict[str, Store] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    is_disabled: bool = False
    is_key_revoked: bool = False
    in_flight: int = 0
    most_in_flight: int = 0
    recent_calls: deque[float] = field(default_factory=deque)
    writes: int = 0

    @property
    def main(self) -> Audience:
        return next(iter(self.audiences.values()))

    @property
    def contact(self) -> Document:
        return {"company": self.name, **_CONTACTS[self.country], "country": self.country}

    def new_hex(self, kind: str, length: int) -> str:
        """A fresh id for something written here; the same sequence for the same seed."""
        self.writes += 1
        return hex_text(key_of(self.key, "written", kind), length, self.writes)

    def settle(self, now: int) -> None:
        for audience in self.audiences.values():
            audience.register.settle(now)


def open_account(
    name: str, *, seed: int, sizes: Sizes, dc: str, currency: str, press: str | None, now: int, number: int
) -> Account:
    """Make an account whose history ends now. With `press` it has a second, small audience of that name."""
    key = key_of(seed, "mailchimp", name, number)
    country = COUNTRIES.get(currency, "GB")
    email = f"box-office@{''.join(filter(str.isalnum, name.lower())) or 'venue'}.example"
    account = Account(
        id=hex_text(key_of(key, "account"), 25),
        name=name,
        dc=dc,
        seed=seed,
        sizes=sizes,
        currency=currency,
        country=country,
        key=key,
        api_key=f"{hex_text(key_of(key, 'key'), 32)}-{dc}",
        user_id=10_000_000 + roll(key, 1) % 90_000_000,
        login_id=10_000_000 + roll(key, 2) % 90_000_000,
        email=email,
        since=now - YEARS,
        audiences={},
    )
    for audience in _audiences(account, press, now=now):
        account.audiences[audience.id] = audience
    return account


def _audiences(account: Account, press: str | None, *, now: int) -> list[Audience]:
    people, seed_key = People(account.seed, account.name), key_of(account.seed, account.name, "addresses")
    addresses, sizes = HexIds(seed_key, 10), account.sizes
    timeline = Timeline(begin=account.since, end=now, count=sizes.members, settled=now, drift=0.2)
    contact = {name.replace("addr", "address"): value for name, value in account.contact.items()} | {"phone": ""}
    plans = [(f"{account.name.removeprefix('The ')} Newsletter", sizes.members, MEMBER_NUMBER, Choice())]
    if press is not None:
        plans.append((press, sizes.press, OUTLET, Choice(first=5, step=17)))
    return [
        open_audience(
            key_of(account.key, "audience", number), name, number=number, people=people, addresses=addresses,
            timeline=replace(timeline, count=count), country=account.country, own=own, choice=choice, contact=contact,
            from_email=account.email,
        )
        for number, (name, count, own, choice) in enumerate(plans)
    ]  # fmt: skip
