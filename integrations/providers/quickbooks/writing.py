"""What writing asks of an object: its body, the name that it is found again by, and when it is as it was wanted."""

from typing import ClassVar

from integrations.providers.base import ComparingOutlet
from integrations.providers.errors import Invalid
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import bodies
from integrations.providers.quickbooks.objects import QuickBooksObject
from integrations.providers.types import JSON, ExternalRecord, Money, Operation, Write

MOST_ITEMS = 30  # that one batch takes


class QuickBooksOutlet(QuickBooksObject):
    """An object that can be written, and found again by a name or number that tells it apart."""

    batch_size: ClassVar[int] = MOST_ITEMS
    writable: ClassVar[frozenset[str]]
    created_only: ClassVar[frozenset[str]] = frozenset()
    deletable: ClassVar[bool] = True
    named_by: ClassVar[str]

    def body(self, write: Write) -> JSON:
        """Return what is sent to make or change the object; empty where nothing changes. Pure."""
        raise NotImplementedError

    def item(self, write: Write) -> JSON:
        """Return operation and body as a batch takes them; empty where nothing changes. Pure."""
        if write.operation is Operation.DELETE:
            return self._removal(write)
        body = self.body(write)
        return {"operation": str(write.operation), self.entity: body} if body else {}

    def refusal(self, api: ApiSession, write: Write) -> Invalid | None:
        """Return why a write cannot be sent, None where it can: amounts must be in the currency of the books."""
        home = write.raw.get("home_currency") or api.account.get("currency")
        for name, value in write.values.items():
            if isinstance(value, Money) and home and value.currency != home:
                return Invalid(f"The books are kept in {home}, and this price is in {value.currency}.", field=name)
        return None

    def prepared(self, api: ApiSession, write: Write) -> Write:
        """Return the write with what the books say of it, just before it is sent. Raises Invalid where that lacks."""
        return write

    def flaw(self, write: Write, record: ExternalRecord) -> Invalid | None:
        """Return what QuickBooks made of a write that must not stay so, None where it is as it was wanted."""
        return None

    def holds(self, write: Write, raw: JSON) -> bool:
        """Return whether an object is as a write that makes or changes it wants it."""
        values = self.values(raw)
        return all(self._is_alike(name, value, values.get(name)) for name, value in write.values.items())

    def is_made_by(self, write: Write, raw: JSON) -> bool:
        """Return whether an object that bears the name of what is to be made is what an earlier attempt made."""
        return self.holds(write, raw)

    def _removal(self, write: Write) -> JSON:
        if self.is_sale:
            return {"operation": "delete", self.entity: {"Id": write.external_id, "SyncToken": write.version}}
        return {"operation": "update", self.entity: bodies.put_away(write)}

    def _is_alike(self, name: str, ours: object, theirs: object) -> bool:
        return ours == theirs or (isinstance(self, ComparingOutlet) and self.is_same(name, ours, theirs))
