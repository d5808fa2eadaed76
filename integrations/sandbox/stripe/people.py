"""Who the venue's customers are: the generated customer objects."""

from __future__ import annotations

from functools import lru_cache

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document, Timeline, pick
from integrations.sandbox.persons import NOTES, STREETS, TOWNS, People, Person, index_of_email, phone_of
from integrations.sandbox.stripe.stems import Stems

PREFIX = "cus_"
INVOICE_SETTINGS = {
    "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None,
}  # fmt: skip
NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def name_of(person: Person) -> str:
    return f"{person.given} {person.family}"


class Customers:
    """Customers by index. The e-mail address carries the index, so that a search by address is quick."""

    def __init__(self, key: bytes, people: People, timeline: Timeline, *, country: str, livemode: bool) -> None:
        self.count, self.person = timeline.count, lru_cache(maxsize=1024)(people.person)
        self._country, self._livemode = country, livemode
        self._stems = Stems(key, "customer", 14)
        self.created, self.updated = timeline.created, timeline.created

    def id_of(self, index: int) -> str:
        return PREFIX + self._stems.of(index)

    def index_of(self, record_id: str) -> int | None:
        return self._stems.index_of(PREFIX, record_id)

    def exists(self, index: int) -> bool:
        return True

    def index_of_email(self, email: str) -> int | None:
        """The only generated customer who may have this address."""
        index = index_of_email(email)
        return index if index is not None and index < self.count else None

    def document(self, index: int) -> Document:
        person = self.person(index)
        number = person.number
        chance = number >> 40
        stem = self._stems.of(index)
        return {
            "id": PREFIX + stem,
            "object": "customer",
            "address": self._address(number >> 60) if chance % 7 < 2 else None,
            "balance": 0,
            "created": self.created(index) // SECOND,
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": pick(NOTES, number >> 110) if chance % 12 == 5 else None,
            "discount": None,
            "email": person.email if chance % 8 else None,
            "invoice_prefix": stem[:8].upper(),
            "invoice_settings": INVOICE_SETTINGS,
            "livemode": self._livemode,
            "metadata": {"box_office": f"BOX-{index:06d}"} if chance % 10 == 4 else {},
            "name": name_of(person) if chance % 25 else person.given,
            "next_invoice_sequence": 1,
            "phone": phone_of(self._country, number >> 80) if chance % 4 else None,
            "preferred_locales": ["en"] if chance % 3 else [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }

    def _address(self, number: int) -> Document:
        town, postcode = pick(TOWNS.get(self._country, TOWNS["GB"]), number)
        return {
            "city": town,
            "country": self._country,
            "line1": f"{number % 140 + 1} {pick(STREETS, number >> 8)}",
            "line2": None,
            "postal_code": postcode,
            "state": None,
        }
