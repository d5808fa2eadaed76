"""What happens at the venue meanwhile: records changed, made and deleted by the account's own people."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from integrations.sandbox.clock import SECOND
from integrations.sandbox.generation import Document
from integrations.sandbox.store import Entry
from integrations.sandbox.stripe import ledger
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.givings import give_back, pay_out, sell
from integrations.sandbox.stripe.notices import announce


@dataclass(frozen=True)
class Staff:
    """A hand at the venue that edits one account's records."""

    stripe: StripeDouble
    account: Account
    chance: random.Random

    def change(self, kind: str, number: int) -> list[str]:
        return [_CHANGES[kind](self, entry) for entry in islice(self.shuffled(kind), number)]

    def create(self, kind: str, number: int) -> list[str]:
        return [_CREATIONS[kind](self) for _ in range(number)]

    def delete(self, kind: str, number: int) -> list[str]:
        """Of the products only those without a price, as at the API."""
        chosen = list(islice(self._deletable(kind), number))
        return [ledger.remove(self.stripe, self.account, kind, entry)["id"] for entry in chosen]

    def shuffled(self, kind: str) -> Iterator[Entry]:
        """Live generated records in a random order, each once; without end for large collections."""
        collection = self.account.collections[kind]
        total = collection.generated.count
        for rank in self.chance.sample(range(total), total) if total <= 100_000 else self._endless(total):
            entry = collection.at(rank)
            if entry is not None:
                yield entry

    def model(self, kind: str, wanted: Callable[[Document], bool] = bool) -> Entry:
        """Some generated record, to make a new one in its likeness or to act on."""
        for entry in self.shuffled(kind):
            if wanted(entry.document):
                return entry
        raise ValueError(f"{self.account.name} has no fitting record among its {kind}")

    def store(self, kind: str, old: Entry, **changes: object) -> str:
        return str(ledger.change(self.stripe, self.account, kind, old, changes)["id"])

    def add(self, kind: str, document: Document) -> str:
        return str(ledger.create(self.stripe, self.account, kind, document)["id"])

    def now_of(self, kind: str, record_id: str) -> Document:
        """The record as it is now; it must exist."""
        entry = self.account.collections[kind].get(record_id)
        if entry is None:
            raise ValueError(f"{self.account.name} has no {record_id} among its {kind}")
        return entry.document

    @property
    def moment(self) -> int:
        return self.stripe.clock.now() // SECOND

    def _deletable(self, kind: str) -> Iterator[Entry]:
        if kind == "customers":
            yield from self.shuffled(kind)
            return
        written = filter(None, map(self.account.collections[kind].live, self.account.written[kind]))
        for entry in chain(written, self.shuffled(kind)):
            if not self.account.is_priced(entry.document["id"]):
                yield entry

    def _endless(self, total: int) -> Iterator[int]:
        seen: set[int] = set()
        while len(seen) < total:
            rank = self.chance.randrange(total)
            if rank not in seen:
                seen.add(rank)
                yield rank


def _change_customer(staff: Staff, old: Entry) -> str:
    number = staff.chance.randrange(1000)
    customer = old.document
    wishes: list[Document] = [
        {"name": f"{customer['name']} (Table {number})"},
        {"email": f"moved.{customer['id'].lower()}.{number}@example.net"},
        {"phone": f"+447700900{number:03d}"},
        {"description": f"Spoke at the bar, table {number}"},
        {"metadata": customer["metadata"] | {"seat": f"Row {number}"}},
    ]
    return staff.store("customers", old, **staff.chance.choice(wishes))


def _change_product(staff: Staff, old: Entry) -> str:
    number = staff.chance.randrange(1000)
    wishes: list[Document] = [
        {"name": f"{old.document['name']} (run {number})"},
        {"description": f"Doors at six, show {number}."},
        {"active": not old.document["active"]},
    ]
    return staff.store("products", old, **staff.chance.choice(wishes))


def _change_price(staff: Staff, old: Entry) -> str:
    number = staff.chance.randrange(1000)
    wishes: list[Document] = [
        {"nickname": f"{old.document['nickname']} {number}"},
        {"active": not old.document["active"]},
        {"metadata": {"block": f"B{number}"}},
    ]
    return staff.store("prices", old, **staff.chance.choice(wishes))


def _change_invoice(staff: Staff, old: Entry) -> str:
    """An open invoice is paid by bank transfer; on the others the memo changes."""
    invoice = old.document
    if invoice["status"] != "open":
        return staff.store("invoices", old, description=f"Agreed by phone {staff.chance.randrange(1000)}")
    times = invoice["status_transitions"] | {"paid_at": staff.moment}
    paid = staff.store(
        "invoices", old, status="paid", amount_paid=invoice["amount_due"], amount_remaining=0, attempted=True,
        status_transitions=times,
    )  # fmt: skip
    announce(staff.stripe, staff.account, "invoice.paid", staff.now_of("invoices", paid))
    return paid


def _noting(kind: str) -> Callable[[Staff, Entry], str]:
    """A change by a note in the metadata, which is all that people change on these."""

    def note(staff: Staff, old: Entry) -> str:
        return staff.store(
            kind, old, metadata=old.document["metadata"] | {"note": f"No. {staff.chance.randrange(10**6)}"}
        )

    return note


def _create_customer(staff: Staff) -> str:
    customer_id = staff.account.new_id("cus_", 14)
    model = staff.model("customers").document
    fresh = {
        "id": customer_id, "created": staff.moment, "email": f"{customer_id.lower()}@example.net", "metadata": {},
        "invoice_prefix": customer_id[4:12].upper(),
    }  # fmt: skip
    return staff.add("customers", model | fresh)


def _create_product(staff: Staff) -> str:
    model, moment = staff.model("products").document, staff.moment
    product_id = staff.account.new_id("prod_", 14)
    name = f"{model['name']} (new {staff.account.writes})"
    fresh = {
        "id": product_id,
        "created": moment,
        "updated": moment,
        "name": name,
        "default_price": None,
        "active": True,
    }
    return staff.add("products", model | fresh)


def _create_price(staff: Staff) -> str:
    """Another price of a product that has some."""
    model = staff.model("prices").document
    amount = model["unit_amount"] + 50 * staff.account.profile.market.scale
    price_id = staff.account.new_id("price_1")
    fresh = {
        "id": price_id, "created": staff.moment, "unit_amount": amount, "unit_amount_decimal": str(amount),
        "nickname": f"Special {staff.account.writes}", "lookup_key": None, "metadata": {},
    }  # fmt: skip
    return staff.add("prices", model | fresh)


def _create_charge(staff: Staff) -> str:
    """A sale: a charge with its checkout session, payment intent and balance transaction."""
    model = staff.model("checkout_sessions", lambda session: session["payment_status"] == "paid").document
    charge = sell(staff.stripe, staff.account, model, _items(staff, model))
    return str(charge["id"])


def _items(staff: Staff, session: Document) -> list[Document]:
    sessions = staff.account.sessions
    index, products = sessions.index_of(session["id"]) or 0, sessions.sales.products
    return [
        {
            "object": "item", "adjustable_quantity": None, "amount_discount": 0, "amount_subtotal": line.total,
            "amount_tax": 0, "amount_total": line.total, "currency": staff.account.currency, "description": line.text,
            "metadata": {}, "quantity": line.quantity,
            "price": staff.now_of("prices", products.price_id(line.product, line.place)),
        }
        for _, line in sessions.line_items(index)
    ]  # fmt: skip


def _create_refund(staff: Staff) -> str:
    """A refund of a charge that had none; the charge changes with it."""
    charge = staff.model("charges", lambda one: one["paid"] and not one["amount_refunded"])
    reason, amount = "requested_by_customer", charge.document["amount"]
    return str(give_back(staff.stripe, staff.account, charge, amount, reason, {})["id"])


def _create_payout(staff: Staff) -> str:
    """A payout of what was written here; if everything is paid out already, something is sold first."""
    if not staff.account.unpaid:
        _create_charge(staff)
    return str(pay_out(staff.stripe, staff.account)["id"])


_CHANGES: dict[str, Callable[[Staff, Entry], str]] = {
    "customers": _change_customer,
    "products": _change_product,
    "prices": _change_price,
    "charges": _noting("charges"),
    "refunds": _noting("refunds"),
    "payouts": _noting("payouts"),
    "invoices": _change_invoice,
}
_CREATIONS: dict[str, Callable[[Staff], str]] = {
    "customers": _create_customer,
    "products": _create_product,
    "prices": _create_price,
    "charges": _create_charge,
    "refunds": _create_refund,
    "payouts": _create_payout,
}
VERBS = {"change": tuple(_CHANGES), "create": tuple(_CREATIONS), "delete": ("customers", "products")}
