"""What all of QuickBooks' objects have in common: their name there, their values, their version."""

from collections.abc import Callable
from typing import Any, ClassVar

from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import records
from integrations.providers.quickbooks.queries import ENTITIES
from integrations.providers.quickbooks.spec import ACCOUNTING
from integrations.providers.types import JSON, ExternalRecord, Field, ObjectType, Values

_DELETED = "Deleted"


class QuickBooksObject:
    """One object type, whether it is read, sent or both."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str] = ACCOUNTING
    fields: ClassVar[tuple[Field, ...]]
    reader: Callable[[JSON], Values]
    is_sale: ClassVar[bool] = False  # can be deleted, has no inactive ones, and the venue's own earliest day bounds it
    has_prices: ClassVar[bool] = False  # holds amounts that may name no currency

    @property
    def entity(self) -> str:
        """Return QuickBooks' name of the object."""
        return ENTITIES[self.object_type]

    def values(self, raw: JSON) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)

    def record(self, raw: JSON, api: ApiSession) -> ExternalRecord:
        """Return one object with QuickBooks' version of it, and the company's currency beside amounts without one."""
        home = api.account.get("currency")
        is_deleted = raw.get("status") == _DELETED
        if self.has_prices and home and not raw.get("CurrencyRef") and not is_deleted:
            raw = raw | {"home_currency": home}
        times = raw.get("MetaData")
        changed = times.get("LastUpdatedTime") if isinstance(times, dict) else None
        return ExternalRecord(
            id=id_of(raw),
            raw=raw,
            version=str(raw.get("SyncToken") or "")[:64],
            updated_at=records.moment_or_none(changed),
            deleted=is_deleted,
        )


def id_of(raw: JSON) -> str:
    """Return the id of an object. Raises Transient where it has none."""
    found: Any = raw.get("Id")
    if not isinstance(found, str) or not found:
        raise Transient("QuickBooks sent a record without an id.", code="unreadable")
    return found
