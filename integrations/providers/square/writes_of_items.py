"""How items are made, changed and deleted: a hundred with one call, new and changed ones together.

A call carries a key made of its writes and their content, and Square gives the same answer to the same call again. But
after a lost answer the same writes may come in other company, and catalogue objects have no field for a reference of
ours that Square would search. A custom attribute would be one; it needs a definition in the seller's account, of which
there can be ten for all applications. So each variation of an item that we make says in its `user_data`, which is there
for what an application notes, which record it was made for. What was sent before is searched for by the items' names,
250 with one call, and known by that note: two items of one name are told apart, and nobody else's is taken for ours.

A change names the versions that it is made to. One that was sent before, or is refused for its version, is looked at, a
hundred with one call: it was made, it is still to be made, or somebody else came first. A call is done whole or not at
all, so one that is refused for anything else is cut in halves until what is refused stands alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from integrations.providers.errors import Conflict, Invalid, NotFound, ProviderError, Transient
from integrations.providers.http import ApiSession
from integrations.providers.square import bodies_of_items as bodies
from integrations.providers.square import item_search
from integrations.providers.types import JSON, ExternalRecord, Operation, Values, Write, WriteResult

Results = dict[str, WriteResult]
Load = list[tuple[Write, JSON]]
MOST_ITEMS = 100  # as many as are surely written in the time that a call has
_MOST_OBJECTS = 1000  # of one batch, variations counted
_MOVING = ("updated_at", "category_name")  # what changes without anybody changing the item


@dataclass(frozen=True, slots=True)
class ItemWriter:
    """Writes items. `record`, `values` and `is_same` are those of the stream that reads them."""

    api: ApiSession
    record: Callable[[JSON], ExternalRecord]
    values: Callable[[JSON], Values]
    is_same: Callable[[str, object, object], bool]

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Return one result for each write, in their order. Raises a ProviderError when all of them are open.

        Those that were sent before go by themselves: in the company that they had, their old key still counts.
        """
        results = self._settled(writes)
        results |= self._looked_up([each for each in writes if each.attempt > 1 and each.key not in results])
        left = [each for each in writes if each.key not in results]
        upserts = [each for each in left if each.operation is not Operation.DELETE]
        results |= self._sent([each for each in upserts if each.attempt > 1])
        results |= self._sent([each for each in upserts if each.attempt == 1])
        results |= self._deleted([each for each in left if each.operation is Operation.DELETE])
        return [results[each.key] for each in writes]

    def _settled(self, writes: Sequence[Write]) -> Results:
        """Return what needs no call: what cannot be, what a read has met meanwhile, and what changes nothing."""
        results: Results = {}
        for write in writes:
            unfit = bodies.refusal(write, str(self.api.account.get("currency") or ""))
            is_met = write.operation is Operation.CREATE and write.external_id and write.raw
            is_idle = write.operation is Operation.UPDATE and bodies.item(write) == bodies.writable(write.raw)
            if unfit is not None:
                results[write.key] = WriteResult(write.key, error=unfit)
            elif is_met or is_idle:
                results[write.key] = WriteResult(write.key, self.record(write.raw))
        return results

    def _looked_up(self, writes: Sequence[Write]) -> Results:
        """Return what became of writes that were sent before, as far as they need not be sent again."""
        return self._made_before(writes) | self._outcomes(writes)

    def _made_before(self, writes: Sequence[Write]) -> Results:
        """Return the items that earlier attempts made."""
        news = [each for each in writes if each.operation is Operation.CREATE]
        found = item_search.made_for(self.api, news)
        return {each.key: WriteResult(each.key, self.record(found[each.ours])) for each in news if each.ours in found}

    def _outcomes(self, writes: Sequence[Write]) -> Results:
        """Return what became of those changes that need not, or cannot be sent as they are. One call."""
        changes = [each for each in writes if each.operation is Operation.UPDATE]
        current = item_search.current(self.api, [each.external_id for each in changes])
        found = (self._outcome(each, current.get(each.external_id)) for each in changes)
        return {each.key: each for each in found if each is not None}

    def _outcome(self, write: Write, raw: JSON | None) -> WriteResult | None:
        """Return what became of a change that was sent before, None when it has to be sent."""
        if raw is None:
            return WriteResult(write.key, error=NotFound("This item is not in Square any more.", code="NOT_FOUND"))
        if self._is_as_wanted(write, raw):
            return WriteResult(write.key, self.record(raw))
        if raw.get("version") == write.raw.get("version"):
            return None
        return WriteResult(write.key, error=Conflict("It was changed in Square meanwhile.", code="VERSION_MISMATCH"))

    def _is_as_wanted(self, write: Write, raw: JSON) -> bool:
        """Return whether an item is as it was last read but for our changes."""
        there, wanted = self.values(raw), self.values(write.raw) | write.values
        names = (there.keys() | wanted.keys()) - set(_MOVING)
        return all(self.is_same(name, wanted.get(name), there.get(name)) for name in names)

    def _sent(self, writes: Sequence[Write]) -> Results:
        results: Results = {}
        for load in _loads([(each, bodies.item(each)) for each in writes]):
            results |= self._upserted(load)
        return results

    def _upserted(self, load: Load) -> Results:
        """Return the results of one call; when it is refused, of more calls for its parts."""
        if not load:
            return {}
        objects = [body for _, body in load]
        key = bodies.request_key((write.key for write, _ in load), objects)
        asked = {"idempotency_key": key, "batches": [{"objects": objects}]}
        try:
            answer = self.api.post("/v2/catalog/batch-upsert", asked, repeatable=True).body
        except (Invalid, Conflict, NotFound) as error:
            return self._apart(load, error)
        found = _by_id(answer)
        return {write.key: self._result(write, found.get(body["id"])) for write, body in load}

    def _apart(self, load: Load, error: ProviderError) -> Results:
        """Return the results of writes that were refused together: of those to blame, and of the others sent again."""
        settled = {} if isinstance(error, Invalid) else self._outcomes([write for write, _ in load])
        if settled:
            return settled | self._upserted([each for each in load if each[0].key not in settled])
        if len(load) == 1:
            ((write, _),) = load
            return {write.key: WriteResult(write.key, error=_in_our_words(error))}
        half = len(load) // 2
        return self._upserted(load[:half]) | self._upserted(load[half:])

    def _result(self, write: Write, raw: JSON | None) -> WriteResult:
        if raw is None:
            return WriteResult(write.key, error=Transient("Square left this item out of its answer.", code="partial"))
        beside = {name: write.raw[name] for name in ("category_name",) if name in write.raw}
        return WriteResult(write.key, self.record(raw | beside))

    def _deleted(self, writes: Sequence[Write]) -> Results:
        """Return the results of one call; what it does not name was gone already, or is looked at once more."""
        if not writes:
            return {}
        asked = {"object_ids": [each.external_id for each in writes]}
        answer = self.api.post("/v2/catalog/batch-delete", asked, repeatable=True).body
        gone = set(answer.get("deleted_object_ids") or [])
        kept = item_search.current(self.api, [each.external_id for each in writes if each.external_id not in gone])
        return {each.key: _deletion(each, is_kept=each.external_id in kept) for each in writes}


def _by_id(answer: JSON) -> dict[str, JSON]:
    """Return the objects of an answer by the ids that they were sent with, the temporary ones of new objects."""
    try:
        found = {str(raw["id"]): raw for raw in answer.get("objects") or []}
        made = {each["client_object_id"]: found.get(each["object_id"]) for each in answer.get("id_mappings") or []}
    except (AttributeError, KeyError, TypeError) as error:
        raise Transient("Square answered in a shape that we cannot read.", code="unreadable") from error
    return found | {key: raw for key, raw in made.items() if raw is not None}


def _loads(writes: Load) -> Iterator[Load]:
    """Yield the writes in parts that Square takes with one call."""
    load: Load = []
    heavy = 0
    for write, body in writes:
        if load and heavy + bodies.weight(body) > _MOST_OBJECTS:
            yield load
            load, heavy = [], 0
        load.append((write, body))
        heavy += bodies.weight(body)
    if load:
        yield load


def _deletion(write: Write, *, is_kept: bool) -> WriteResult:
    if is_kept:
        return WriteResult(write.key, error=Invalid("Square kept this item.", code="kept"))
    return WriteResult(write.key, ExternalRecord(write.external_id, {}, version=write.version, deleted=True))


def _in_our_words(error: ProviderError) -> ProviderError:
    """Return the refusal with our field id in place of Square's path."""
    if isinstance(error, Invalid):
        error.field = bodies.field_of(error.field)
    return error
