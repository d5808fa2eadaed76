"""What an order may look like when it is written."""

from __future__ import annotations

from integrations.sandbox.square.shapes import (
    MONEY,
    Check,
    anything,
    choice,
    flag,
    integer,
    listing,
    mapping,
    nullable,
    raw,
    record,
    text,
)

#: what a client sets; everything else in an order is worked out by Square
SETTABLE = (
    "reference_id", "customer_id", "ticket_name", "metadata", "line_items", "taxes", "discounts", "service_charges",
    "fulfillments", "pricing_options", "source",
)  # fmt: skip
_WORKED_OUT = (
    "id", "returns", "return_amounts", "net_amounts", "rounding_adjustment", "tenders", "refunds", "created_at",
    "updated_at", "closed_at", "total_money", "total_tax_money", "total_discount_money", "total_tip_money",
    "total_service_charge_money", "rewards", "net_amount_due_money",
)  # fmt: skip
_UID = nullable(text(at_most=60))
_METADATA = nullable(mapping(text(at_most=255), at_most=10, key_at_most=60))
_UNIT = record(
    {
        "measurement_unit": anything,
        "precision": nullable(integer(0, 5)),
        "catalog_object_id": nullable(text()),
        "catalog_version": nullable(integer()),
    }
)


def _applied(name: str) -> Check:
    """A pointer from a line to a tax or discount of its order."""
    uid = text(at_least=1, at_most=60)
    return record({"uid": _UID, name: uid, "applied_money": anything}, required=[name])


_LINE = record(
    {
        "uid": _UID,
        "name": nullable(text(at_most=512)),
        "quantity": text(at_least=1, at_most=12),
        "note": nullable(text(at_most=2000)),
        "catalog_object_id": nullable(text(at_most=192)),
        "catalog_version": nullable(integer()),
        "variation_name": nullable(text(at_most=400)),
        "item_type": nullable(choice("ITEM", "CUSTOM_AMOUNT", "GIFT_CARD")),
        "base_price_money": nullable(MONEY),
        "metadata": _METADATA,
        "quantity_unit": nullable(_UNIT),
        "applied_taxes": nullable(listing(_applied("tax_uid"))),
        "applied_discounts": nullable(listing(_applied("discount_uid"))),
        **dict.fromkeys(
            ("modifiers", "applied_service_charges", "pricing_blocklists", "variation_total_price_money",
             "gross_sales_money", "total_tax_money", "total_discount_money", "total_money",
             "total_service_charge_money"),
            anything,
        ),
    }
)  # fmt: skip
_SHARE = {
    "uid": _UID,
    "catalog_object_id": nullable(text(at_most=192)),
    "catalog_version": nullable(integer()),
    "name": nullable(text(at_most=255)),
    "percentage": nullable(text(at_most=10)),
    "metadata": _METADATA,
    "applied_money": anything,
    "scope": nullable(choice("OTHER_TAX_SCOPE", "OTHER_DISCOUNT_SCOPE", "LINE_ITEM", "ORDER")),
}
_TAX = record(_SHARE | {"type": nullable(choice("UNKNOWN_TAX", "ADDITIVE", "INCLUSIVE")), "auto_applied": flag})
_DISCOUNT = record(
    _SHARE
    | {
        "type": nullable(choice("UNKNOWN_DISCOUNT", "FIXED_PERCENTAGE", "FIXED_AMOUNT", "VARIABLE_PERCENTAGE",
                                "VARIABLE_AMOUNT")),
        "amount_money": nullable(MONEY),
        "reward_ids": anything,
        "pricing_rule_id": anything,
    }
)  # fmt: skip
_FIELDS = {
    "reference_id": nullable(text(at_most=40)),
    "customer_id": nullable(text(at_most=191)),
    "ticket_name": nullable(text(at_most=30)),
    "metadata": _METADATA,
    "line_items": nullable(listing(_LINE, at_most=500)),
    "taxes": nullable(listing(_TAX)),
    "discounts": nullable(listing(_DISCOUNT)),
    "service_charges": nullable(listing(anything)),
    "fulfillments": nullable(listing(anything)),
    "pricing_options": anything,
    "source": nullable(record({"name": nullable(text())})),
    "state": nullable(choice("OPEN", "COMPLETED", "CANCELED", "DRAFT")),
    "version": nullable(integer()),
    **dict.fromkeys(_WORKED_OUT, anything),
}
CREATE = record(
    {
        "order": raw(record(_FIELDS | {"location_id": text(at_least=1)}, required=["location_id"])),
        "idempotency_key": text(at_most=192),
    }
)
UPDATE = record(
    {
        "order": nullable(raw(record(_FIELDS | {"location_id": nullable(text())}))),
        "fields_to_clear": nullable(listing(text())),
        "idempotency_key": nullable(text(at_most=192)),
    }
)
