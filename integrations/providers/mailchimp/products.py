"""How products are made and changed in our store: one call for each.

Their ids are ours, so what an earlier attempt made is found again by its own: where a product is there already it is
brought up to date, and where one is not there any more it is made anew. Variants that are sent are put, others stay, so
those that a product no longer has are removed one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import orjson

from integrations.providers.errors import Duplicate, NotFound
from integrations.providers.mailchimp import (
    asking,
    bodies_of_products,
    lanes,
    records_of_shops,
    shops,
    variants,
)
from integrations.providers.mailchimp.fields import PRODUCT, PRODUCT_WRITABLE
from integrations.providers.mailchimp.records_of_shops import without_links
from integrations.providers.mailchimp.shop_outlet import Results, ShopOutlet, entries, is_alike, written
from integrations.providers.mailchimp.shops import Shop
from integrations.providers.types import JSON, ExternalRecord, ObjectType, Values, Write


class Products(ShopOutlet):
    """The products of a store, with their variants and prices."""

    object_type = ObjectType.PRODUCT
    fields = PRODUCT
    writable: ClassVar[frozenset[str]] = PRODUCT_WRITABLE
    key = "products"
    reader = staticmethod(records_of_shops.product)

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there already: a variant without a title bears the product’s there."""
        if name == "variants":
            return variants.are_there(entries(ours), entries(theirs))
        return is_alike(ours, theirs)

    def currency(self, values: Values) -> str:
        """Return the currency of a product’s prices."""
        return bodies_of_products.currency(values)

    def put(self, shop: Shop, writes: Sequence[Write]) -> Results:
        """Make and change products."""
        return lanes.results([[each] for each in writes], ProductWriter(shop).write)


@dataclass(frozen=True, slots=True)
class ProductWriter:
    """Writes the products of one store."""

    shop: Shop

    def write(self, write: Write) -> ExternalRecord:
        """Return the product as it now stands. Raises a ProviderError, Invalid with our field id."""
        raw = written(write, self._made, self._changed, PRODUCT)
        return ExternalRecord(asking.text_in(raw, "id"), without_links(raw) | {"store_id": self.shop.id})

    def _made(self, write: Write, values: Values) -> JSON:
        body = bodies_of_products.product(write, values, self.shop.currency)
        try:
            return dict(self.shop.api.post(self.shop.path("products"), body, repeatable=True).body)
        except Duplicate:
            return self._patched(write.ours, {name: value for name, value in body.items() if name != "id"})
        except NotFound as error:
            raise self.shop.gone() from error

    def _changed(self, write: Write) -> JSON:
        body = bodies_of_products.changes(write, self.shop.currency)
        try:
            return self._patched(write.external_id, body)
        except NotFound:
            return self._made(write, write.whole | write.values)

    def _patched(self, product: str, body: JSON) -> JSON:
        path = self.shop.path("products", product)
        raw: JSON = self.shop.api.call("PATCH", path, body=orjson.dumps(body), repeatable=True).body
        if "variants" not in body:
            return raw
        wanted = {each["id"] for each in body["variants"]}
        there = raw.get("variants") or []
        for each in there:
            if each["id"] not in wanted:
                shops.remove(self.shop.api, self.shop.path("products", product, "variants", each["id"]))
        return raw | {"variants": [each for each in there if each["id"] in wanted]}
