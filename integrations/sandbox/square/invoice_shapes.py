"""What an invoice may look like when it is written."""

from __future__ import annotations

from datetime import date
from typing import Any

from integrations.sandbox.square.errors import invalid
from integrations.sandbox.square.shapes import (
    MONEY,
    anything,
    choice,
    flag,
    integer,
    listing,
    moment,
    nullable,
    raw,
    record,
    text,
)


def day(value: Any, field: str) -> str:
    try:
        return date.fromisoformat(str(text(at_least=10, at_most=10)(value, field))).isoformat()
    except ValueError as error:
        raise invalid("INVALID_DATE", "Expected YYYY-MM-DD.", field) from error


#: what a client sets; everything else in an invoice is worked out by Square
SETTABLE = (
    "primary_recipient", "payment_requests", "delivery_method", "invoice_number", "title", "description",
    "scheduled_at", "accepted_payment_methods", "custom_fields", "sale_or_service_date", "store_payment_method_enabled",
)  # fmt: skip
PAYMENT_METHODS = ("card", "square_gift_card", "bank_account", "buy_now_pay_later", "cash_app_pay")
_REQUEST = record(
    {
        "uid": nullable(text(at_least=1, at_most=255)),
        "request_type": nullable(choice("BALANCE", "DEPOSIT", "INSTALLMENT")),
        "due_date": nullable(day),
        "fixed_amount_requested_money": nullable(MONEY),
        "percentage_requested": nullable(text()),
        "tipping_enabled": nullable(flag),
        "automatic_payment_source": nullable(choice("NONE", "CARD_ON_FILE", "BANK_ON_FILE")),
        "card_id": nullable(text(at_least=1, at_most=255)),
        "reminders": anything,
    }
)
_INVOICE = record(
    {
        "version": nullable(integer(0)),
        "location_id": nullable(text(at_least=1, at_most=255)),
        "order_id": nullable(text(at_least=1, at_most=255)),
        "primary_recipient": nullable(record({"customer_id": nullable(text(at_least=1, at_most=255))})),
        "payment_requests": nullable(listing(_REQUEST, at_most=13)),
        "delivery_method": nullable(choice("EMAIL", "SHARE_MANUALLY")),
        "invoice_number": nullable(text(at_least=1, at_most=191)),
        "title": nullable(text(at_least=1, at_most=255)),
        "description": nullable(text(at_least=1, at_most=65536)),
        "scheduled_at": nullable(moment),
        "accepted_payment_methods": nullable(record(dict.fromkeys(PAYMENT_METHODS, nullable(flag)))),
        "custom_fields": nullable(listing(anything, at_most=2)),
        "sale_or_service_date": nullable(day),
        "payment_conditions": nullable(text(at_least=1, at_most=2000)),
        "store_payment_method_enabled": nullable(flag),
    }
)
_KEY = {"idempotency_key": nullable(text(at_most=128))}
CREATE = record({"invoice": raw(_INVOICE), **_KEY}, required=["invoice"])
UPDATE = record({"invoice": raw(_INVOICE), "fields_to_clear": nullable(listing(text())), **_KEY}, required=["invoice"])
PUBLISH = record({"version": integer(0), **_KEY}, required=["version"])
CANCEL = record({"version": integer(0)}, required=["version"])
