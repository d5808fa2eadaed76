"""What happens at the venue meanwhile: records changed, made and deleted by the seller's own people."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from integrations.sandbox.clock import DAY, date_text, rfc3339
from integrations.sandbox.generation import Document
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.ledger import keep, remove
from integrations.sandbox.square.merchants import Merchant
from integrations.sandbox.store import Entry


@dataclass(frozen=True)
class Staff:
    """A hand at the venue that edits one seller's records."""

    square: SquareDouble
    merchant: Merchant
    chance: random.Random

    def change(self, kind: str, number: int) -> list[str]:
        return [self.store(kind, entry, _CHANGES[kind](self, entry.document)) for entry in self._pick(kind, number)]

    def create(self, kind: str, number: int) -> list[str]:
        return [made for _ in range(number) for made in _CREATIONS[kind](self)]

    def delete(self, kind: str, number: int) -> list[str]:
        return [remove(self.square, self.merchant, kind, entry)["id"] for entry in self._pick(kind, number)]

    def store(self, kind: str, old: Entry | None, document: Document) -> str:
        return str(keep(self.square, self.merchant, kind, old, document)["id"])

    def unsubscribe(self, email: str) -> list[str]:
        """Let every customer with this address leave the seller's mails, as the link in them does."""
        found = [each for each in self.shuffled("customers") if each.document.get("email_address") == email]
        left: Document = {"preferences": {"email_unsubscribed": True}}
        return [self.store("customers", each, _touched(self, each.document, **left)) for each in found]

    def _pick(self, kind: str, number: int) -> list[Entry]:
        return list(islice(self.shuffled(kind), number))

    def shuffled(self, kind: str) -> Iterator[Entry]:
        """Live records in a random order; of the catalogue the items only."""
        collection = self.merchant.collections()[kind]
        total = collection.generated.count
        for rank in self.chance.sample(range(total), total) if total <= 100_000 else self._endless(total):
            entry = collection.at(rank)
            if entry is not None and (kind != "products" or entry.document["type"] == "ITEM"):
                yield entry

    def _endless(self, total: int) -> Iterator[int]:
        seen: set[int] = set()
        while len(seen) < total:
            rank = self.chance.randrange(total)
            if rank not in seen:
                seen.add(rank)
                yield rank

    def model(self, kind: str) -> Document:
        """Some generated record, to make a new one in its likeness."""
        for entry in self.shuffled(kind):
            return entry.document
        raise ValueError(f"{self.merchant.name} has no {kind} to copy from")

    @property
    def stamp(self) -> str:
        return rfc3339(self.square.clock.now())


def _touched(staff: Staff, document: Document, **changes: object) -> Document:
    """The document with its changes, a new time and, where it has one, the next version."""
    version = {"version": document["version"] + 1} if "version" in document else {}
    return document | changes | {"updated_at": staff.stamp} | version


def _change_customer(staff: Staff, customer: Document) -> Document:
    number = staff.chance.randrange(1000)
    wish: dict[str, object] = staff.chance.choice(
        [
            {"note": f"Spoke at the bar, table {number}"},
            {"phone_number": f"+447700900{number:03d}"},
            {"company_name": f"Northbank Events {number}"},
        ]
    )
    return _touched(staff, customer, **wish)


def _change_product(staff: Staff, item: Document) -> Document:
    now = staff.square.clock.now()
    fresh = {"updated_at": rfc3339(now), "version": max(now, item["version"] + 1)}
    variations = []
    for variation in item["item_data"]["variations"]:
        data = dict(variation["item_variation_data"])
        if "price_money" in data:
            data["price_money"] = data["price_money"] | {"amount": data["price_money"]["amount"] + 50}
        variations.append(variation | {"item_variation_data": data} | fresh)
    return item | {"item_data": item["item_data"] | {"variations": variations}} | fresh


def _change_payment(staff: Staff, payment: Document) -> Document:
    token = staff.merchant.new_id("version token", 45, mixed=True)
    receipt = f"https://squareup.com/receipt/preview/{token[:22]}"
    return _touched(staff, payment, receipt_url=receipt, version_token=token)


def _create_customer(staff: Staff) -> list[str]:
    merchant, model = staff.merchant, staff.model("customers")
    customer = model | {"id": merchant.new_id("customer", 26), "created_at": staff.stamp, "updated_at": staff.stamp}
    customer["email_address"] = f"{customer['id'].lower()}@example.net"
    customer["creation_source"], customer["version"] = "DIRECTORY", 0
    customer.pop("reference_id", None)
    return [staff.store("customers", None, customer)]


def _create_product(staff: Staff) -> list[str]:
    merchant, model, now = staff.merchant, staff.model("products"), staff.square.clock.now()
    fresh = {"created_at": rfc3339(now), "updated_at": rfc3339(now), "version": now}
    item_id = merchant.new_id("catalogue", 24)
    variations = []
    for variation in model["item_data"]["variations"]:
        variation_id = merchant.new_id("catalogue", 24)
        merchant.variation_parents[variation_id] = item_id
        data = variation["item_variation_data"] | {"item_id": item_id}
        variations.append(variation | {"id": variation_id, "item_variation_data": data} | fresh)
    name = f"{model['item_data']['name']} (new {merchant.writes})"
    data = model["item_data"] | {"name": name, "variations": variations}
    return [staff.store("products", None, model | {"id": item_id, "item_data": data} | fresh)]


def _create_order(staff: Staff) -> list[str]:
    """A completed order and its payment."""
    merchant, stamp = staff.merchant, staff.stamp
    model = next(entry.document for entry in staff.shuffled("payments"))
    paid = merchant.orders.get(model["order_id"])
    order_id = merchant.new_id("order", 29, suffix="ZY", mixed=True)
    payment_id = merchant.new_id("payment", 29, suffix="ZY", mixed=True)
    fresh = {"created_at": stamp, "updated_at": stamp}
    order = (paid.document if paid else {}) | {"id": order_id, "closed_at": stamp, "version": 1} | fresh
    order["tenders"] = [
        tender | {"id": payment_id, "payment_id": payment_id, "transaction_id": order_id, "created_at": stamp}
        for tender in order.get("tenders", [])
    ]
    order.pop("reference_id", None)
    payment = {key: value for key, value in model.items() if key not in ("refund_ids", "refunded_money", "note")}
    payment |= {"id": payment_id, "order_id": order_id, "receipt_number": payment_id[:4]} | fresh
    payment["receipt_url"] = f"https://squareup.com/receipt/preview/{payment_id}"
    staff.store("payments", None, payment)
    return [staff.store("orders", None, order)]


def _create_refund(staff: Staff) -> list[str]:
    """A refund of a payment that had none; the payment changes with it."""
    merchant = staff.merchant
    for entry in staff.shuffled("payments"):
        if "refund_ids" not in entry.document:
            break
    else:
        raise ValueError(f"{merchant.name} has no payment left to refund")
    payment = entry.document
    refund_id = f"{payment['id']}_{merchant.new_id('refund', 43, mixed=True)}"
    refund = {
        "id": refund_id, "status": "COMPLETED", "location_id": payment["location_id"],
        "destination_type": payment["source_type"], "amount_money": payment["total_money"],
        "payment_id": payment["id"], "order_id": payment["order_id"], "reason": "Cannot attend",
        "created_at": staff.stamp, "updated_at": staff.stamp,
    }  # fmt: skip
    staff.store(
        "payments",
        entry,
        _change_payment(staff, payment) | {"refund_ids": [refund_id], "refunded_money": payment["total_money"]},
    )
    return [staff.store("refunds", None, refund)]


def _create_payout(staff: Staff) -> list[str]:
    """A payout of one adjustment."""
    merchant, now = staff.merchant, staff.square.clock.now()
    payout_id = "po_" + merchant.new_id("payout", 36).lower()
    money = {"amount": 1000 + staff.chance.randrange(9000), "currency": merchant.currency}
    payout = {
        "id": payout_id, "status": "PAID", "location_id": merchant.main_location_id, "created_at": staff.stamp,
        "updated_at": staff.stamp, "amount_money": money, "version": 1, "type": "BATCH",
        "destination": {"type": "BANK_ACCOUNT", "id": f"bact:{merchant.main_location_id}"},
        "arrival_date": date_text(now // DAY), "end_to_end_id": f"L{merchant.writes:010d}",
    }  # fmt: skip
    merchant.written_entries[payout_id] = [
        {
            "id": f"poe_{merchant.new_id('entry', 24)}", "payout_id": payout_id, "effective_at": staff.stamp,
            "type": "ADJUSTMENT", "gross_amount_money": money,
            "fee_amount_money": {"amount": 0, "currency": merchant.currency}, "net_amount_money": money,
        }
    ]  # fmt: skip
    return [staff.store("payouts", None, payout)]


_CHANGES: dict[str, Callable[[Staff, Document], Document]] = {
    "customers": _change_customer,
    "products": _change_product,
    "orders": lambda staff, order: _touched(staff, order, reference_id=f"TABLE-{staff.chance.randrange(10**6)}"),
    "payments": _change_payment,
    "refunds": lambda staff, refund: _touched(staff, refund, reason=f"Agreed by phone {staff.chance.randrange(90)}"),
    "payouts": lambda staff, payout: _touched(staff, payout, end_to_end_id=f"L{staff.chance.randrange(10**9):010d}"),
    "invoices": lambda staff, invoice: _touched(staff, invoice, title=f"Private hire {staff.chance.randrange(90)}"),
}
_CREATIONS: dict[str, Callable[[Staff], list[str]]] = {
    "customers": _create_customer,
    "products": _create_product,
    "orders": _create_order,
    "refunds": _create_refund,
    "payouts": _create_payout,
}
VERBS = {"change": tuple(_CHANGES), "create": tuple(_CREATIONS), "delete": ("customers", "products", "invoices")}
