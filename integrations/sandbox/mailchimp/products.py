"""How the products of a shop and their variants are read and written."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route, page_of
from integrations.sandbox.mailchimp.errors import bad_request, invalid, not_found, problem
from integrations.sandbox.mailchimp.fields import page
from integrations.sandbox.mailchimp.shapes import FIELDS, PAGE, record
from integrations.sandbox.mailchimp.shop_shapes import ID, PRODUCT, PRODUCT_NAMES, VARIANT_CHECK, VARIANT_NAMES
from integrations.sandbox.mailchimp.stores import store_of
from integrations.sandbox.mailchimp.times import stamp

_BLANK = {"handle": "", "url": "", "description": "", "type": "", "vendor": "", "image_url": "", "images": []}
_BLANK_VARIANT = {
    "url": "", "sku": "", "price": 0, "inventory_quantity": 0, "image_url": "", "backorders": "", "visibility": "",
}  # fmt: skip


def get_products(call: Call) -> Document:
    store = store_of(call)
    return page_of(call, "products", list(store.products.values()), store_id=store.document["id"])


def get_product(call: Call) -> Document:
    return _product(call)


def add_product(call: Call) -> Document:
    store, wishes = store_of(call), call.body
    if wishes["id"] in store.products:
        raise bad_request("A product with the provided ID already exists in the account.")
    _refuse_doubles(wishes["variants"])
    variants = [_variant(call, variant, None) for variant in wishes["variants"]]
    product: Document = _BLANK | wishes | {"currency_code": store.document["currency_code"], "variants": variants}
    store.products[wishes["id"]] = product
    return product


def change_product(call: Call) -> Document:
    """Variants that are sent are put; others stay."""
    product, wishes = _product(call), call.body
    variants = product["variants"]
    _refuse_doubles(wishes.get("variants", []))
    for wish in wishes.get("variants", ()):
        variants = _put(call, variants, wish)
    return _keep(call, product | wishes | {"variants": variants})


def delete_product(call: Call) -> None:
    del store_of(call).products[_product(call)["id"]]


def get_variants(call: Call) -> Document:
    product = _product(call)
    beside = {"store_id": call.ids["store_id"], "product_id": product["id"]}
    return page_of(call, "variants", product["variants"], **beside)


def put_variant(call: Call) -> Document:
    product, variant_id = _product(call), call.ids["variant_id"]
    if call.body["id"] != variant_id:
        raise invalid([problem("id", "The id is not the one in the path")])
    variants = _keep(call, product | {"variants": _put(call, product["variants"], call.body)})["variants"]
    return next(dict(variant) for variant in variants if variant["id"] == variant_id)


def delete_variant(call: Call) -> None:
    """A product never loses its last variant."""
    product, variant_id = _product(call), call.ids["variant_id"]
    left = [variant for variant in product["variants"] if variant["id"] != variant_id]
    if len(left) == len(product["variants"]):
        raise not_found()
    if not left:
        raise bad_request("In order to delete this variant, delete the parent resource.")
    _keep(call, product | {"variants": left})


def _refuse_doubles(wishes: list[Document]) -> None:
    if len({wish["id"] for wish in wishes}) < len(wishes):
        raise bad_request("A product may not contain the same variant id more than once.")


def _put(call: Call, variants: list[Document], wish: Document) -> list[Document]:
    known = next((variant for variant in variants if variant["id"] == wish["id"]), None)
    fresh = _variant(call, wish, known)
    if known is None:
        return [*variants, fresh]
    return [fresh if variant is known else variant for variant in variants]


def _variant(call: Call, wish: Document, known: Document | None) -> Document:
    created = {"created_at": stamp(call.now)}
    return _BLANK_VARIANT | created | (known or {}) | wish | {"updated_at": stamp(call.now)}


def _product(call: Call) -> Document:
    found = store_of(call).products.get(call.ids["product_id"])
    if found is None:
        raise not_found()
    return found


def _keep(call: Call, product: Document) -> Document:
    store_of(call).products[product["id"]] = product
    return product


_ALL = "/ecommerce/stores/{store_id}/products"
_ONE = f"{_ALL}/{{product_id}}"
ROUTES = [
    Route("GET", _ALL, get_products, query=FIELDS | PAGE, shown=page("products", PRODUCT_NAMES, "store_id")),
    Route("POST", _ALL, add_product, body=record(PRODUCT | {"id": ID}, required=["id", "title", "variants"])),
    Route("GET", _ONE, get_product, query=FIELDS, shown=PRODUCT_NAMES),
    Route("PATCH", _ONE, change_product, body=record(PRODUCT)),
    Route("DELETE", _ONE, delete_product),
    Route(
        "GET", f"{_ONE}/variants", get_variants, query=FIELDS | PAGE,
        shown=page("variants", VARIANT_NAMES, "store_id product_id"),
    ),
    Route("PUT", f"{_ONE}/variants/{{variant_id}}", put_variant, body=VARIANT_CHECK),
    Route("DELETE", f"{_ONE}/variants/{{variant_id}}", delete_variant),
]  # fmt: skip
