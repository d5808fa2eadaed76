"""Products and orders as a runner writes them: by our record’s id, and with everything after a change beside it."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.providers.types import ExternalRecord, Money, Operation, Values, Write
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import Account
from tests.providers.writing import key_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
YESTERDAY, LONG_AGO = NOW - timedelta(days=1), NOW - timedelta(days=400)
ADA = uuid.UUID(int=1).hex
NIGHT: Values = {
    "title": "Jazz night 🎷", "description": "Two sets.", "type": "Ticket", "variants": [
        {"key": "FULL", "title": "Full price", "sku": "JN-F", "price": Money(1850, "GBP")},
        {"sku": "JN-C", "title": "Concession", "price": Money(1200, "GBP")},
    ],
}  # fmt: skip


def make(values: Values, *, number: int = 0, list_id: str = "") -> Write:
    ours = uuid.uuid5(uuid.NAMESPACE_OID, f"{values.get('title')} {number}").hex
    values = values | ({"list_id": list_id} if list_id else {})
    return Write(key_of(f"create {ours}"), ours, Operation.CREATE, values, whole=values)


def change(made: Write, record: ExternalRecord, **values: Any) -> Write:
    values = {name.replace("__", "."): value for name, value in values.items()}
    key = key_of(f"update {made.ours} {sorted(values.items(), key=str)}")
    return replace(made, key=key, operation=Operation.UPDATE, values=values, whole=made.whole | values,
                   external_id=record.id, raw=record.raw)  # fmt: skip


def remove(made: Write, record: ExternalRecord) -> Write:
    return Write(key_of(f"delete {made.ours}"), made.ours, Operation.DELETE, {}, external_id=record.id, raw=record.raw)


def product_of(record: ExternalRecord, **variant: str) -> Values:
    """Return the pointer to a product in the line of an order, as the planner gives it."""
    pointer = {"provider": "mailchimp", "type": "product", "id": record.id, "record": record.id}
    return pointer | ({"variant": variant} if variant else {})


def line(gross: int, quantity: str = "1", currency: str = "GBP", **more: Any) -> Values:
    return {"quantity": quantity, "gross": Money(gross, currency), **more}


def sale(*lines: Values, total: int = 3700, at: datetime = LONG_AGO, currency: str = "GBP", **more: Any) -> Values:
    more = {name.replace("__", "."): value for name, value in more.items()}
    return {
        "customer.id": ADA, "customer.email_address": "ada@example.com", "customer.first_name": "Ada",
        "customer.last_name": "Lovelace 🏮", "currency_code": currency, "order_total": Money(total, currency),
        "processed_at_foreign": at, "financial_status": "paid", "lines": list(lines), **more,
    }  # fmt: skip


def most_in_flight(sandbox: Sandbox, account: Account) -> int:
    """Return how many calls of an account were under way at once, at most."""
    accounts = sandbox.ask("GET", "/state")["mailchimp"]["accounts"]
    return next(int(each["most_in_flight"]) for each in accounts if each["id"] == account["id"])
