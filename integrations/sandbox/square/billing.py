"""What was billed by letter instead of at the door: the generated invoices."""

from __future__ import annotations

from integrations.sandbox.clock import DAY, HOUR, date_text, rfc3339
from integrations.sandbox.generation import MIXED, Document, Ids, key_of, roll
from integrations.sandbox.square.people import Customers
from integrations.sandbox.square.sales import Orders


class Invoices:
    """Invoices by index, each for one order of the venue's history."""

    def __init__(self, key: bytes, orders: Orders, customers: Customers, *, count: int) -> None:
        self.count, self._orders, self._customers = count, orders, customers
        self._key = key_of(key, "invoice")
        self._ids = Ids(key_of(key, "invoice id"), 34, alphabet=MIXED, prefix="inv:0-")
        self.id_of, self.index_of = self._ids.of, self._ids.index_of

    def _order_of(self, index: int) -> int:
        return index * self._orders.count // self.count

    def is_of_order(self, order_id: str) -> bool:
        """Whether one of the generated invoices is for this order."""
        order = self._orders.index_of(order_id)
        if order is None or not self.count:
            return False
        near = -(-order * self.count // self._orders.count)
        return near < self.count and self._order_of(near) == order

    def exists(self, index: int) -> bool:
        return True

    def created(self, index: int) -> int:
        return self._orders.created(self._order_of(index))

    def updated(self, index: int) -> int:
        return self.created(index) + HOUR // 2

    def location_of(self, index: int) -> str:
        return self._orders.location_of(self._order_of(index))

    def document(self, index: int) -> Document:
        order = self._order_of(index)
        sale, state = self._orders.sale(order), self._orders.state_of(order)
        status = {"COMPLETED": "PAID", "OPEN": "UNPAID", "CANCELED": "CANCELED"}[state]
        amount = self._orders.money(sale.amount)
        due_date = date_text(self.created(index) // DAY + 14)
        paid = amount if status == "PAID" else self._orders.money(0)
        document: Document = {
            "id": self.id_of(index),
            "version": 1,
            "location_id": sale.location_id,
            "order_id": self._orders.id_of(order),
            "payment_requests": [{
                "uid": f"{roll(self._key, index) & (1 << 64) - 1:016x}",
                "request_type": "BALANCE",
                "due_date": due_date,
                "tipping_enabled": False,
                "automatic_payment_source": "NONE",
                "computed_amount_money": amount,
                "total_completed_amount_money": paid,
            }],
            "delivery_method": "EMAIL",
            "invoice_number": f"{index + 1:06d}",
            "title": "Private hire" if index % 3 else "Workshop series",
            "status": status,
            "timezone": "Europe/London",
            "created_at": rfc3339(self.created(index)),
            "updated_at": rfc3339(self.updated(index)),
            "accepted_payment_methods": {
                "card": True, "square_gift_card": False, "bank_account": False, "buy_now_pay_later": False,
                "cash_app_pay": False,
            },
            "store_payment_method_enabled": False,
            "sale_or_service_date": due_date,
        }  # fmt: skip
        if status == "UNPAID":
            document["next_payment_amount_money"] = amount
        if self._customers.count:
            document["primary_recipient"] = self._recipient(index)
        return document

    def _recipient(self, index: int) -> Document:
        profile = self._customers.document(index * self._customers.count // self.count)
        shown = ("given_name", "family_name", "email_address", "phone_number", "company_name")
        return {"customer_id": profile["id"]} | {name: profile[name] for name in shown if name in profile}
