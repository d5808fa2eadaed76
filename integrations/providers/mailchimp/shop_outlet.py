"""What the outlets of our store have in common: whose write goes to which store, and what is alike."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from integrations.providers.errors import Invalid
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import fields, lanes, records, shops
from integrations.providers.mailchimp.shops import Shop
from integrations.providers.mailchimp.spec import FULL_ACCESS
from integrations.providers.types import (
    JSON,
    ExternalRecord,
    Field,
    Money,
    ObjectType,
    Operation,
    Values,
    Write,
    WriteResult,
)

Results = dict[str, WriteResult]
_EMPTY: tuple[Any, ...] = (None, "", [], {})


class ShopOutlet:
    """What the outlets have in common. `key` is what their part of a store is called in paths."""

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str] = FULL_ACCESS
    fields: ClassVar[tuple[Field, ...]]
    batch_size: ClassVar[int] = lanes.TWO_ROUNDS
    writable: ClassVar[frozenset[str]]
    created_only: ClassVar[frozenset[str]] = frozenset({"list_id"})
    deletable: ClassVar[bool] = True
    place: ClassVar[str] = "list_id"
    key: ClassVar[str]
    reader: Callable[[JSON], Values]

    def values(self, raw: dict[str, object]) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)

    def calls(self, writes: Sequence[Write]) -> int:
        """Return one call for each."""
        return len(writes)

    def write_batch(self, api: ApiSession, writes: list[Write]) -> list[WriteResult]:
        """Make the changes; see `base.Outlet`. One call for each, six at a time, and one for the store in a session.

        Mailchimp's batch endpoint is not used: it works off one batch of an account at a time, whoever handed it in,
        and may take longer than a job is lent to a worker. Calls cost nothing, and six at a time are as fast.
        """
        refused = Invalid("Choose the Mailchimp audience that your sales go to.", field="list_id")
        results = {each.key: WriteResult(each.key, error=refused) for each in writes if not shops.audience(each)}
        left = [each for each in writes if each.key not in results]
        for audience in dict.fromkeys(shops.audience(each) for each in left):
            results |= self._of_one_store(api, audience, [each for each in left if shops.audience(each) == audience])
        return [results[each.key] for each in writes]

    def _of_one_store(self, api: ApiSession, audience: str, writes: Sequence[Write]) -> Results:
        deletes = [each for each in writes if each.operation is Operation.DELETE]
        results = lanes.results([[each] for each in deletes], partial(_removed, api, audience, self.key))
        left = [each for each in writes if each.operation is not Operation.DELETE]
        if not left:
            return results
        told = Counter(filter(None, (self.currency(each.whole | each.values) for each in left)))
        try:
            shop = shops.shop(api, audience, max(told, key=told.__getitem__, default=""))
        except lanes.OF_ONE_RECORD as error:
            return results | {each.key: WriteResult(each.key, error=error) for each in left}
        return results | self.put(shop, left)

    def currency(self, values: Values) -> str:
        """Return the currency that an object tells, "" where it tells none. Pure."""
        raise NotImplementedError

    def put(self, shop: Shop, writes: Sequence[Write]) -> Results:
        """Make and change objects in a store."""
        raise NotImplementedError


def written(
    write: Write, made: Callable[[Write, Values], JSON], changed: Callable[[Write], JSON], catalogue: tuple[Field, ...]
) -> JSON:
    """Return the object after a change. Raises a ProviderError, Invalid with our field id."""
    try:
        return made(write, write.values) if write.operation is Operation.CREATE else changed(write)
    except Invalid as error:
        error.field = fields.named(error.field, catalogue)
        raise


def is_alike(ours: object, theirs: object) -> bool:
    """Return whether two values are alike: nothing is an empty text and no money, and times count by the second."""
    if isinstance(ours, Money) or isinstance(theirs, Money):
        return ours == theirs or not any(each.minor for each in (ours, theirs) if isinstance(each, Money))
    if isinstance(ours, datetime):
        ours = ours.replace(microsecond=0)
    return ours == theirs or (ours in _EMPTY and theirs in _EMPTY)


def entries(value: Any) -> list[Values]:
    """Return a list as it is, none for anything else."""
    return value if isinstance(value, list) else []


def _removed(api: ApiSession, audience: str, key: str, write: Write) -> ExternalRecord:
    """Remove an object; one that is not there is as it should be."""
    store = str(write.raw.get("store_id") or shops.id_of(audience))
    shops.remove(api, shops.path(store, key, write.external_id))
    return ExternalRecord(write.external_id, write.raw, deleted=True)
