"""What a catalogue object may look like when it is written."""

from __future__ import annotations

from integrations.sandbox.square.catalog import TYPES
from integrations.sandbox.square.shapes import (
    MONEY,
    Check,
    anything,
    choice,
    flag,
    integer,
    listing,
    nullable,
    raw,
    record,
    text,
)

#: the types that can be written here, and the name of the part that holds their data
DATA_OF = {
    "ITEM": "item_data",
    "ITEM_VARIATION": "item_variation_data",
    "CATEGORY": "category_data",
    "TAX": "tax_data",
    "DISCOUNT": "discount_data",
}
_NAME = nullable(text(at_most=512))
_IDS = nullable(listing(text(at_least=1)))
_CATEGORY_LINK = record({"id": text(at_least=1), "ordinal": nullable(integer())})


def _one(value: object, field: str) -> object:
    return OBJECT(value, field)


_ITEM = record(
    {
        "name": _NAME,
        "description": nullable(text(at_most=4096)),
        "description_html": nullable(text(at_most=65535)),
        "description_plaintext": nullable(text(at_most=65535)),
        "abbreviation": nullable(text(at_most=24)),
        "label_color": nullable(text()),
        "is_taxable": nullable(flag),
        "category_id": nullable(text()),
        "tax_ids": _IDS,
        "image_ids": _IDS,
        "variations": nullable(listing(_one, at_most=250)),
        "product_type": nullable(choice("REGULAR", "FOOD_AND_BEV", "EVENT", "DIGITAL", "DONATION", "GIFT_CARD",
                                        "APPOINTMENTS_SERVICE", "LEGACY_SQUARE_ONLINE_SERVICE",
                                        "LEGACY_SQUARE_ONLINE_MEMBERSHIP")),
        "skip_modifier_screen": nullable(flag),
        "sort_name": nullable(text()),
        "categories": nullable(listing(_CATEGORY_LINK)),
        "reporting_category": nullable(_CATEGORY_LINK),
        "channels": _IDS,
        "is_archived": nullable(flag),
        "is_alcoholic": nullable(flag),
        "buyer_facing_name": _NAME,
        "kitchen_name": _NAME,
        **dict.fromkeys(("modifier_list_info", "item_options", "ecom_seo_data", "food_and_beverage_details"), anything),
    }
)  # fmt: skip
_VARIATION = record(
    {
        "item_id": nullable(text()),
        "name": nullable(text(at_most=255)),
        "sku": nullable(text(at_most=255)),
        "upc": nullable(text(at_most=14)),
        "ordinal": nullable(integer()),
        "pricing_type": nullable(choice("FIXED_PRICING", "VARIABLE_PRICING")),
        "price_money": nullable(MONEY),
        "track_inventory": nullable(flag),
        "user_data": nullable(text(at_most=255)),
        "service_duration": nullable(integer(0)),
        "available_for_booking": nullable(flag),
        "sellable": nullable(flag),
        "stockable": nullable(flag),
        "image_ids": _IDS,
        "team_member_ids": _IDS,
        "inventory_alert_threshold": nullable(integer()),
        "inventory_alert_type": nullable(choice("NONE", "LOW_QUANTITY")),
        "measurement_unit_id": nullable(text()),
        **dict.fromkeys(("location_overrides", "item_option_values", "stockable_conversion"), anything),
    }
)
_CATEGORY = record(
    {
        "name": nullable(text(at_most=255)),
        "category_type": nullable(choice("REGULAR_CATEGORY", "MENU_CATEGORY", "KITCHEN_CATEGORY")),
        "parent_category": nullable(record({"id": nullable(text()), "ordinal": nullable(integer())})),
        "is_top_level": nullable(flag),
        "online_visibility": nullable(flag),
        "image_ids": _IDS,
        "channels": _IDS,
        **dict.fromkeys(("availability_period_ids", "root_category", "ecom_seo_data", "path_to_root"), anything),
    }
)
_TAX = record(
    {
        "name": nullable(text(at_most=255)),
        "calculation_phase": nullable(choice("TAX_SUBTOTAL_PHASE", "TAX_TOTAL_PHASE")),
        "inclusion_type": nullable(choice("ADDITIVE", "INCLUSIVE")),
        "percentage": nullable(text()),
        "applies_to_custom_amounts": nullable(flag),
        "enabled": nullable(flag),
        "applies_to_product_set_id": nullable(text()),
    }
)
_DISCOUNT = record(
    {
        "name": nullable(text(at_most=255)),
        "discount_type": nullable(choice("FIXED_PERCENTAGE", "FIXED_AMOUNT", "VARIABLE_PERCENTAGE", "VARIABLE_AMOUNT")),
        "percentage": nullable(text()),
        "amount_money": nullable(MONEY),
        "pin_required": nullable(flag),
        "label_color": nullable(text()),
        "modify_tax_basis": nullable(text()),
        "maximum_amount_money": nullable(MONEY),
    }
)
OBJECT: Check = record(
    {
        "type": choice(*TYPES),
        "id": text(at_least=1),
        "version": nullable(integer()),
        "created_at": nullable(text()),
        "updated_at": nullable(text()),
        "is_deleted": nullable(flag),
        "present_at_all_locations": nullable(flag),
        "present_at_location_ids": _IDS,
        "absent_at_location_ids": _IDS,
        "custom_attribute_values": anything,
        "catalog_v1_ids": anything,
        "item_data": nullable(_ITEM),
        "item_variation_data": nullable(_VARIATION),
        "category_data": nullable(_CATEGORY),
        "tax_data": nullable(_TAX),
        "discount_data": nullable(_DISCOUNT),
    },
    required=["type", "id"],
)
KEY = text(at_least=1, at_most=128)
UPSERT = record({"idempotency_key": KEY, "object": raw(OBJECT)}, required=["idempotency_key", "object"])
BATCHES = record(
    {
        "idempotency_key": KEY,
        "batches": listing(record({"objects": listing(raw(OBJECT), at_least=1, at_most=1000)}, required=["objects"]),
                           at_least=1),
    },
    required=["idempotency_key", "batches"],
)  # fmt: skip
DELETE = record({"object_ids": listing(text(at_least=1), at_least=1, at_most=200)}, required=["object_ids"])
