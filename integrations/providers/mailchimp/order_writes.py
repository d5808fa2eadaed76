"""How orders are made and changed in our store: one call for each.

Their ids are ours, as those of products are. A refusal does not say which of the products it does not know, so the
store's products are looked at then, once in a session; a line of a product that is not there is one of other sales.
Lines that are sent are put, others stay: those that an order no longer has are removed one by one. The address of a
buyer who is in the store already stays as it is there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from integrations.providers.errors import Duplicate, Invalid, NotFound
from integrations.providers.mailchimp import asking, bodies_of_orders, fields, shops
from integrations.providers.mailchimp.records_of_shops import without_links
from integrations.providers.mailchimp.shop_outlet import written
from integrations.providers.mailchimp.shops import Shop
from integrations.providers.mailchimp.variants import OTHER, Shelf
from integrations.providers.types import JSON, ExternalRecord, Values, Write

_ADDRESS = "customer.email_address"
Body = Callable[[Shelf | None], JSON]


@dataclass(frozen=True, slots=True)
class OrderWriter:
    """Writes the orders of one store."""

    shop: Shop

    def write(self, write: Write) -> ExternalRecord:
        """Return the order as it now stands. Raises a ProviderError, Invalid with our field id."""
        raw = written(write, self._made, self._changed, fields.ORDER)
        return ExternalRecord(asking.text_in(raw, "id"), without_links(raw))

    def _made(self, write: Write, values: Values) -> JSON:
        if not values.get("customer.id") or not values.get(_ADDRESS):
            raise Invalid("An order needs a buyer with an e-mail address.", field=_ADDRESS)
        try:
            return self._mended(lambda shelf: bodies_of_orders.order(write.ours, values, shelf), self._posted)
        except Duplicate:
            return self._made_before(write, values)
        except NotFound as error:
            raise self.shop.gone() from error

    def _made_before(self, write: Write, values: Values) -> JSON:
        """Return an order that an earlier attempt made, as it shall be; its buyer is the same anyway."""
        try:
            return self._patched(write.ours, lambda shelf: bodies_of_orders.changes(values, values, shelf))
        except NotFound as error:  # so it was not the order that is there already
            raise Invalid("Another buyer in the store has this e-mail address.", field=_ADDRESS) from error

    def _changed(self, write: Write) -> JSON:
        def body(shelf: Shelf | None) -> JSON:
            return bodies_of_orders.changes(write.values, write.whole, shelf)

        if not body(None):
            return write.raw
        try:
            return self._patched(write.external_id, body)
        except NotFound:
            return self._made(write, write.whole | write.values)

    def _posted(self, body: JSON) -> JSON:
        """Make an order. One whose buyer is in the store with another address is made for the buyer as known there."""
        path = self.shop.path("orders")
        try:
            return dict(self.shop.api.post(path, body, repeatable=True).body)
        except Invalid as error:
            if fields.named(error.field, fields.ORDER) != _ADDRESS:
                raise
            refused = error
        known = body | {"customer": {"id": body["customer"]["id"]}}
        try:
            return dict(self.shop.api.post(path, known, repeatable=True).body)
        except Invalid as error:
            raise (error if _is_about_products(error) else refused) from error

    def _patched(self, order: str, body: Body) -> JSON:
        path = self.shop.path("orders", order)
        raw = self._mended(
            body, lambda sent: dict(self.shop.api.call("PATCH", path, body=orjson.dumps(sent), repeatable=True).body)
        )
        wanted = {each["id"] for each in body(None).get("lines", [])}
        there = raw.get("lines") or []
        for each in there if wanted else ():
            if each["id"] not in wanted:
                shops.remove(self.shop.api, self.shop.path("orders", order, "lines", each["id"]))
        return raw | {"lines": [each for each in there if not wanted or each["id"] in wanted]}

    def _mended(self, body: Body, send: Callable[[JSON], JSON]) -> JSON:
        """Return what `send` answers; where a product is not known, once more with what the store's products tell."""
        shelf = self.shop.shelf
        try:
            return self._stocked(body(shelf), send)
        except Invalid as error:
            if not _is_about_products(error):
                raise
        return self._stocked(body(self.shop.look(shelf)), send)

    def _stocked(self, body: JSON, send: Callable[[JSON], JSON]) -> JSON:
        if any(each["product_id"] == OTHER for each in body.get("lines", [])):
            self.shop.keep_other()
        return send(body)


def _is_about_products(error: Invalid) -> bool:
    """Return whether a product or variant is not known: Mailchimp says so in words only."""
    words = str(error).lower()
    return "product" in words and "does not exist" in words
