"""What was sold: the figures of every generated sale, and the orders that show them."""

from __future__ import annotations

from typing import NamedTuple

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.generation import MIXED, Document, Ids, Timeline, key_of, pick, roll
from integrations.sandbox.square.goods import Catalogue
from integrations.sandbox.square.people import Customers

_SOURCES = ["Point of Sale", "Online store", "Box office tablet"]


class Line(NamedTuple):
    variation_id: str
    name: str
    variation: str
    quantity: int
    price: int
    discount: int
    tax: int

    @property
    def gross(self) -> int:
        return self.quantity * self.price

    @property
    def total(self) -> int:
        return self.gross - self.discount


class Sale(NamedTuple):
    """One sale in minor units. `number` is the sale's own chance, for whoever adds details to it."""

    number: int
    location_id: str
    customer_id: str | None
    lines: list[Line]
    tip: int
    is_cash: bool

    @property
    def amount(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)


class Orders:
    """Orders by index. One in fifty was cancelled and one in fifty is still open; every other one was paid."""

    def __init__(
        self,
        key: bytes,
        timeline: Timeline,
        *,
        customers: Customers,
        catalogue: Catalogue,
        location_ids: list[str],
        currency: str,
        tax: tuple[str, str],
    ) -> None:
        self.count, self.currency = timeline.count, currency
        self._customers, self._catalogue, self.location_ids, self._tax = customers, catalogue, location_ids, tax
        self._key = key_of(key, "order")
        self._ids = Ids(key_of(key, "order id"), 29, alphabet=MIXED, suffix="ZY")
        self.payment_ids = Ids(key_of(key, "payment id"), 29, alphabet=MIXED, suffix="ZY")
        self.id_of, self.index_of = self._ids.of, self._ids.index_of
        self.created, self.updated = timeline.created, timeline.updated

    def exists(self, index: int) -> bool:
        return True

    def state_of(self, index: int) -> str:
        return {17: "CANCELED", 33: "OPEN"}.get(index % 50, "COMPLETED")

    def location_of(self, index: int) -> str:
        return pick(self.location_ids, roll(self._key, index) >> 200)

    def sale(self, index: int) -> Sale:
        number = roll(self._key, index)
        discounted = (number >> 20) % 9 == 0
        lines = [self._line(number >> 24 + 16 * place, discounted) for place in range(1 + number % 5 // 2)]
        amount = sum(line.total for line in lines)
        tip = amount * pick((5, 10, 12), number >> 100) // 100 if (number >> 104) % 3 == 0 else 0
        has_customer = self._customers.count and (number >> 110) % 10 < 7
        customer_id = self._customers.id_of((number >> 120) % self._customers.count) if has_customer else None
        return Sale(number, pick(self.location_ids, number >> 200), customer_id, lines, tip, (number >> 190) % 12 == 0)

    def _line(self, number: int, discounted: bool) -> Line:
        if not self._catalogue.items:
            return Line("", "Cloakroom", "Regular", 1, 200, 0, 0)
        name, variations = self._catalogue.priced(number % self._catalogue.items)
        variation_id, variation, price = pick(variations, number >> 8)
        quantity = 1 + (number >> 10) % 7 // 3
        discount = quantity * price // 10 if discounted else 0
        rate = int(self._tax[1])
        tax = round((quantity * price - discount) * rate / (100 + rate))
        return Line(variation_id, name, variation, quantity, price, discount, tax)

    def document(self, index: int) -> Document:
        sale, state = self.sale(index), self.state_of(index)
        created, updated = rfc3339(self.created(index)), rfc3339(self.updated(index))
        paid = state == "COMPLETED"
        tip = sale.tip if paid else 0
        document: Document = {
            "id": self.id_of(index),
            "location_id": sale.location_id,
            "source": {"name": pick(_SOURCES, sale.number >> 150)},
            "line_items": [self._line_item(line, place) for place, line in enumerate(sale.lines)],
            "created_at": created,
            "updated_at": updated,
            "state": state,
            "total_money": self.money(sale.amount + tip),
            "total_tax_money": self.money(sale.tax),
            "total_discount_money": self.money(sale.discount),
            "total_tip_money": self.money(tip),
            "total_service_charge_money": self.money(0),
            "net_amounts": self._net_amounts(sale, tip),
            "net_amount_due_money": self.money(0 if paid or state == "CANCELED" else sale.amount),
        }
        if index % 10 != 7:  # some orders were not made through the API and carry no version
            document["version"] = 2 + (sale.number >> 160) % 4
        if sale.customer_id:
            document["customer_id"] = sale.customer_id
        if (sale.number >> 170) % 7 == 0:
            document["reference_id"] = f"DOOR-{index:07d}"
        if sale.tax:
            document["taxes"] = [self._order_tax(sale)]
        if sale.discount:
            document["discounts"] = [self._order_discount(sale)]
        if state != "OPEN":
            document["closed_at"] = updated
        if paid:
            document["tenders"] = [self._tender(index, sale, created)]
        return document

    def money(self, amount: int) -> Document:
        return {"amount": amount, "currency": self.currency}

    def _net_amounts(self, sale: Sale, tip: int) -> Document:
        return {
            "total_money": self.money(sale.amount + tip),
            "tax_money": self.money(sale.tax),
            "discount_money": self.money(sale.discount),
            "tip_money": self.money(tip),
            "service_charge_money": self.money(0),
        }

    def _line_item(self, line: Line, place: int) -> Document:
        item: Document = {
            "uid": f"line-{place + 1}",
            "name": line.name,
            "quantity": str(line.quantity),
            "variation_name": line.variation,
            "item_type": "ITEM",
            "base_price_money": self.money(line.price),
            "variation_total_price_money": self.money(line.gross),
            "gross_sales_money": self.money(line.gross),
            "total_tax_money": self.money(line.tax),
            "total_discount_money": self.money(line.discount),
            "total_service_charge_money": self.money(0),
            "total_money": self.money(line.total),
        }
        if line.variation_id:
            item["catalog_object_id"] = line.variation_id
        if line.tax:
            item["applied_taxes"] = [
                {"uid": f"line-{place + 1}-tax", "tax_uid": "tax", "applied_money": self.money(line.tax)}
            ]
        if line.discount:
            item["applied_discounts"] = [
                {"uid": f"line-{place + 1}-off", "discount_uid": "off", "applied_money": self.money(line.discount)}
            ]
        return item

    def _order_tax(self, sale: Sale) -> Document:
        return {
            "uid": "tax", "catalog_object_id": self._catalogue.tax_id(), "name": self._tax[0], "type": "INCLUSIVE",
            "percentage": self._tax[1], "scope": "LINE_ITEM", "applied_money": self.money(sale.tax),
        }  # fmt: skip

    def _order_discount(self, sale: Sale) -> Document:
        return {
            "uid": "off", "catalog_object_id": self._catalogue.discount_id(), "name": "Members' tenth",
            "type": "FIXED_PERCENTAGE", "percentage": "10", "scope": "LINE_ITEM",
            "applied_money": self.money(sale.discount),
        }  # fmt: skip

    def _tender(self, index: int, sale: Sale, created: str) -> Document:
        payment_id = self.payment_ids.of(index)
        tender: Document = {
            "id": payment_id, "payment_id": payment_id, "location_id": sale.location_id,
            "transaction_id": self.id_of(index), "created_at": created, "type": "CASH" if sale.is_cash else "CARD",
            "amount_money": self.money(sale.amount + sale.tip), "tip_money": self.money(sale.tip),
        }  # fmt: skip
        return tender | ({"customer_id": sale.customer_id} if sale.customer_id else {})
