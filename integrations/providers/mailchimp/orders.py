"""Which orders are sent to our store, and when Mailchimp's automations hear of them.

Mailchimp sets off automations, such as a letter of thanks, when an order comes or its status changes. An order that was
made more than two days ago is told while the store “is syncing”, so that nobody gets a letter for an old one; a newer
one is told while it is not. So nobody has to know when a first sync is over: it is over with the first new sale.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from integrations.providers.errors import NotFound, Transient
from integrations.providers.mailchimp import bodies_of_orders, lanes, records_of_shops
from integrations.providers.mailchimp.fields import ORDER, ORDER_WRITABLE
from integrations.providers.mailchimp.order_writes import OrderWriter
from integrations.providers.mailchimp.shop_outlet import Results, ShopOutlet, entries, is_alike
from integrations.providers.mailchimp.shops import Shop
from integrations.providers.types import ObjectType, Operation, Values, Write, WriteResult

_OLD = timedelta(days=2)
_UNPAID = ("draft", "pending")


class Orders(ShopOutlet):
    """The orders of a store whose buyers are known by name and address."""

    object_type = ObjectType.ORDER
    fields = ORDER
    writable: ClassVar[frozenset[str]] = ORDER_WRITABLE
    # Mailchimp keeps the buyer that an order was made for.
    created_only: ClassVar[frozenset[str]] = frozenset({
        "list_id", "customer.id", "customer.email_address", "customer.first_name", "customer.last_name",
    })  # fmt: skip
    key = "orders"
    reader = staticmethod(records_of_shops.order)

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Keep the clock that tells old sales from new ones."""
        self._clock = clock

    def unfit(self, write: Write) -> str:
        """Return why an order is not sent: Mailchimp takes finished sales to people whom it can write to."""
        if write.operation is not Operation.CREATE:
            return ""
        if write.values.get("financial_status") in _UNPAID:
            return "Left out: this order is not paid yet."
        if not write.values.get("customer.id"):
            return "Left out: this order names no customer, and Mailchimp keeps sales by customer."
        if not write.values.get("customer.email_address"):
            return "Left out: the customer of this order has no e-mail address."
        return ""

    def is_same(self, name: str, ours: object, theirs: object) -> bool:
        """Return whether a value says what is there already."""
        if name == "lines":
            return bodies_of_orders.are_there(entries(ours), entries(theirs))
        return is_alike(ours, theirs)

    def currency(self, values: Values) -> str:
        """Return the order's own currency."""
        return str(values.get("currency_code") or "")

    def put(self, shop: Shop, writes: Sequence[Write]) -> Results:
        """Make and change orders: first the old ones, while no automation hears of them, then the new."""
        old = [each for each in writes if self._is_old(each)]
        new = [each for each in writes if not self._is_old(each)]
        results = _told(shop, old, is_syncing=True) if old else {}
        stop = next((each.error for each in results.values() if isinstance(each.error, Transient)), None)
        if new and stop is None:
            try:
                return results | _told(shop, new, is_syncing=False)
            except Transient as error:
                if not results:
                    raise
                stop = error
        return results | {each.key: WriteResult(each.key, error=stop) for each in new}

    def _is_old(self, write: Write) -> bool:
        """Return whether a sale is no news any more; one without a time is none."""
        at = bodies_of_orders.happened(write.whole | write.values)
        return at is None or self._clock() - at > _OLD


def _told(shop: Shop, writes: Sequence[Write], *, is_syncing: bool) -> Results:
    try:
        shop.pause(is_syncing)
    except NotFound as error:
        raise shop.gone() from error
    return lanes.results(_by_buyer(writes), OrderWriter(shop).write)


def _by_buyer(writes: Iterable[Write]) -> list[list[Write]]:
    """Return the orders of each buyer together: the first one makes the buyer, and has to come before the second."""
    found: dict[str, list[Write]] = {}
    for write in writes:
        found.setdefault(str((write.whole | write.values).get("customer.id") or write.ours), []).append(write)
    return list(found.values())
