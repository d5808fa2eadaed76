"""What may be said about shops, their customers, products and orders, and what is told."""

from __future__ import annotations

from integrations.sandbox.mailchimp.fields import Names, names
from integrations.sandbox.mailchimp.shapes import (
    Shape,
    choice,
    email,
    flag,
    integer,
    listing,
    moment,
    number,
    raw,
    record,
    text,
)

_LINES = "address1 address2 city province province_code postal_code country country_code"
_PLACE = dict.fromkeys(_LINES.split(), text(at_most=255))
ADDRESS = record(_PLACE)
_LONG_ADDRESS = record(_PLACE | {"longitude": number, "latitude": number})
_POSTAL = record(
    _PLACE | {"longitude": number, "latitude": number, "name": text(), "phone": text(), "company": text()}
)  # fmt: skip
ID = text(at_least=1, at_most=50)
CURRENCY = text(at_least=3, at_most=3)

STORE: Shape = {
    "name": text(at_least=1),
    "platform": text(),
    "domain": text(),
    "is_syncing": flag,
    "email_address": email,
    "currency_code": CURRENCY,
    "money_format": text(),
    "primary_locale": text(),
    "timezone": text(),
    "phone": text(),
    "address": _LONG_ADDRESS,
}
CUSTOMER: Shape = {
    "opt_in_status": flag,
    "company": text(),
    "first_name": text(),
    "last_name": text(),
    "address": ADDRESS,
}
VARIANT: Shape = {
    "id": ID,
    "title": text(at_least=1),
    "url": text(),
    "sku": text(),
    "price": number,
    "inventory_quantity": integer,
    "image_url": text(),
    "backorders": text(),
    "visibility": text(),
}
VARIANT_CHECK = record(VARIANT, required=["id", "title"])
PRODUCT: Shape = {
    "title": text(at_least=1),
    "handle": text(),
    "url": text(),
    "description": text(),
    "type": text(),
    "vendor": text(),
    "image_url": text(),
    "variants": listing(VARIANT_CHECK, at_least=1),
    "images": listing(record({"id": ID, "url": text(), "variant_ids": listing(ID)}, required=["id", "url"])),
    "published_at_foreign": raw(moment),
}
_LINE: Shape = {
    "id": ID, "product_id": ID, "product_variant_id": ID, "quantity": integer, "price": number, "discount": number,
}  # fmt: skip
LINE = record(_LINE, required=["id", "product_id", "product_variant_id", "quantity", "price"])
# The description leaves the id out where an order is changed; the vendor's own clients send it to tell lines apart.
CHANGED_LINE = record(_LINE, required=["id"])
_PROMO = record(
    {"code": text(at_least=1), "amount_discounted": number, "type": choice("fixed", "percentage")},
    required=["code", "amount_discounted", "type"],
)
ORDER: Shape = {
    **dict.fromkeys(
        ("campaign_id", "landing_site", "financial_status", "fulfillment_status", "order_url", "tracking_number",
         "tracking_carrier", "tracking_url"), text(),
    ),
    **dict.fromkeys(("order_total", "discount_total", "tax_total", "shipping_total"), number),
    **dict.fromkeys(("processed_at_foreign", "cancelled_at_foreign", "updated_at_foreign"), raw(moment)),
    "currency_code": CURRENCY,
    "tracking_code": choice("prec"),
    "shipping_address": _POSTAL,
    "billing_address": _POSTAL,
    "promos": listing(_PROMO),
    "outreach": record({"id": text()}),
}  # fmt: skip

_ADDRESS_NAMES = names(_LINES)
_POSTAL_NAMES = names(f"{_LINES} name longitude latitude phone company")
STORE_NAMES: Names = names(
    "id list_id name platform domain is_syncing email_address currency_code money_format primary_locale timezone phone"
    " list_is_active created_at updated_at connected_site automations",
    address=names(f"{_LINES} longitude latitude"),
)
CUSTOMER_NAMES: Names = names(
    "id email_address opt_in_status company first_name last_name orders_count total_spent created_at updated_at",
    address=_ADDRESS_NAMES,
)
VARIANT_NAMES: Names = names(
    "id title url sku price inventory_quantity image_url backorders visibility created_at updated_at"
)
PRODUCT_NAMES: Names = names(
    "id currency_code title handle url description type vendor image_url published_at_foreign",
    variants=VARIANT_NAMES,
    images=names("id url variant_ids"),
)
ORDER_NAMES: Names = names(
    "id store_id campaign_id landing_site financial_status fulfillment_status currency_code order_total order_url"
    " discount_total tax_total shipping_total tracking_code processed_at_foreign cancelled_at_foreign"
    " updated_at_foreign tracking_number tracking_carrier tracking_url",
    customer=CUSTOMER_NAMES,
    shipping_address=_POSTAL_NAMES,
    billing_address=_POSTAL_NAMES,
    promos=names("code amount_discounted type"),
    lines=names(
        "id product_id product_title product_variant_id product_variant_title image_url quantity price discount"
    ),
    outreach=names("id name type published_time"),
)
