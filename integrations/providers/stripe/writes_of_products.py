"""How products and their prices are made, changed and put away, with the fewest calls that Stripe has for it.

A new product costs one call, which makes its first price as well, and one for each other price; one more names the
first price, for Stripe takes no name along. A change costs one call if it is the product's own, one for each new price
and one for each price that is changed or archived. Putting away costs one call, and one for each price on sale; a
product that never had a price is deleted with one.

A product of ours has an id of ours, so it is there but once whatever is lost. What an earlier attempt did to it is
looked up before anything is sent again, product and prices with a call each, and only what is still missing is done:
so a variant never ends with two prices on sale.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from integrations.providers.errors import Duplicate, Invalid, NotFound, Settled
from integrations.providers.http import Answer, ApiSession
from integrations.providers.stripe import bodies_of_products as bodies
from integrations.providers.stripe import prices, writes
from integrations.providers.stripe.streams.paging import clock
from integrations.providers.stripe.streams.prices import PATH as PRICES
from integrations.providers.stripe.streams.prices import beside, listed
from integrations.providers.types import JSON, ExternalRecord, Operation, Write, WriteResult

_PATH = "/v1/products"


@dataclass(slots=True)
class _Product:
    """A product and its prices as they are at Stripe, after each answer; `seen` is the second of the last one."""

    raw: JSON
    prices: dict[str, JSON]
    seen: int

    def note(self, answer: Answer) -> JSON:
        """Keep what an answer shows, and return it."""
        raw: JSON = answer.body
        self.seen = clock(answer)
        if raw.get("object") == "price":
            self.prices[raw["id"]] = raw
        else:
            self.raw = raw
        return raw

    @property
    def offer(self) -> JSON | None:
        """Return the price that it offers first."""
        return self.prices.get(str(self.raw.get("default_price")))


@dataclass(frozen=True, slots=True)
class ProductWriter:
    """Writes products. `record` is that of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON, int], ExternalRecord]

    def write(self, wanted: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order; see `writes.in_turn`."""
        return writes.in_turn(wanted, self._written)

    def _written(self, write: Write) -> WriteResult:
        if refused := bodies.refusal(write):
            raise refused
        if write.operation is Operation.DELETE:
            return WriteResult(write.key, self._put_away(write))
        if write.operation is Operation.UPDATE:
            product = self._known(write)
            self._set(write, product, is_new=False)
            return WriteResult(write.key, self._shown(product))
        return self._created(write)

    def _created(self, write: Write) -> WriteResult:
        """Return the product that the write makes, or that was there already and is now as it is wanted."""
        product = self._looked_up(bodies.own_id(write)) if write.attempt > 1 else None
        is_new = False
        if product is None:
            try:
                product, is_new = self._made(write), True
            except Duplicate as error:
                product = self._looked_up(bodies.own_id(write))
                if product is None:
                    raise Settled("It was deleted at Stripe, where an id can be used but once.") from error
        self._set(write, product, is_new=is_new)
        return WriteResult(write.key, self._shown(product))

    def _made(self, write: Write) -> _Product:
        with writes.in_our_words(bodies.field_of):
            answer = writes.make(self.api, write, _PATH, bodies.new(write))
        raw, offer = answer.body, answer.body.get("default_price")
        if not isinstance(offer, dict):
            return _Product(raw, {}, clock(answer))
        return _Product(raw | {"default_price": offer["id"]}, {offer["id"]: offer}, clock(answer))

    def _known(self, write: Write) -> _Product:
        """Return the product as it was read last; as it is now when an earlier attempt may have changed it."""
        if write.attempt == 1:
            raw = {name: value for name, value in write.raw.items() if name != "prices"}
            return _Product(raw, {each["id"]: each for each in write.raw.get("prices") or []}, int(write.version or 0))
        product = self._looked_up(write.external_id)
        if product is None:
            raise NotFound("It is not at Stripe any more.")
        return product

    def _looked_up(self, external_id: str) -> _Product | None:
        """Return the product as it is now, None where it is not there. Two calls."""
        try:
            answer = self.api.get(_path(_PATH, external_id))
        except NotFound:
            return None
        if answer.body.get("deleted"):
            return None
        return _Product(answer.body, {each["id"]: each for each in listed(self.api, external_id)}, clock(answer))

    def _set(self, write: Write, product: _Product, *, is_new: bool) -> None:
        """Make product and prices what the write wants. An old price is archived when a new one has taken its place."""
        plan = self._planned(write, product)
        made = {key: self._added(write, product, form) for key, form in plan.made.items()}
        self._repriced(write, product, plan.opened.items())
        form = {} if is_new else bodies.changed(write, product.raw)
        offer = plan.offer(product.offer, made)
        if offer is not None:
            form["default_price"] = offer
        if form:
            with writes.in_our_words(bodies.field_of):
                product.note(writes.change(self.api, write, _path(_PATH, product.raw["id"]), form))
        self._repriced(write, product, plan.closed.items())

    def _planned(self, write: Write, product: _Product) -> prices.Plan:
        if prices.FIELD not in write.values:
            return prices.Plan()
        known = {str(each["id"]) for each in write.raw.get("prices") or []}
        return prices.plan(write.values[prices.FIELD] or [], list(product.prices.values()), known=known)

    def _added(self, write: Write, product: _Product, form: prices.Form) -> str:
        with writes.in_our_words(_of_prices):
            answer = writes.add(self.api, write, PRICES, form | {"product": str(product.raw["id"])})
        return str(product.note(answer)["id"])

    def _repriced(self, write: Write, product: _Product, forms: Iterable[tuple[str, prices.Form]]) -> None:
        for price_id, form in forms:
            with writes.in_our_words(_of_prices):
                product.note(writes.change(self.api, write, _path(PRICES, price_id), form))

    def _put_away(self, write: Write) -> ExternalRecord:
        """Return what is left of the product: Stripe deletes none that ever had a price, so such a one is archived."""
        try:
            product = self._known(write)
            if not product.prices:
                product = self._deleted(write)
            self._archive(write, product)
        except NotFound:
            return ExternalRecord(write.external_id, {}, version=write.version, deleted=True)
        return replace(self._shown(product), deleted=True)

    def _archive(self, write: Write, product: _Product) -> None:
        """Take product and prices off sale; the product first, for what it offers first cannot be archived."""
        form = {"active": "false"} if product.raw.get("active") else {}
        form |= {"default_price": ""} if product.raw.get("default_price") else {}
        if form:
            product.note(writes.change(self.api, write, _path(_PATH, write.external_id), form))
        on_sale = [price_id for price_id, price in product.prices.items() if price.get("active")]
        self._repriced(write, product, [(price_id, {"active": "false"}) for price_id in on_sale])

    def _deleted(self, write: Write) -> _Product:
        """Return a product that got prices meanwhile and so cannot be deleted. Raises NotFound for one that is gone."""
        try:
            self.api.call("DELETE", _path(_PATH, write.external_id), repeatable=True)
        except Invalid:
            if (product := self._looked_up(write.external_id)) is not None:
                return product
        raise NotFound("It is not at Stripe any more.")

    def _shown(self, product: _Product) -> ExternalRecord:
        """Return the product as a read brings it."""
        return self.record(beside(product.raw, product.prices.values()), product.seen)


def _path(path: str, external_id: str) -> str:
    return f"{path}/{quote(external_id, safe='')}"


def _of_prices(parameter: str) -> str:
    return prices.FIELD
