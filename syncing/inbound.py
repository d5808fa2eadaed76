"""From a provider's page to rows: what is new, what changed, what can be kept. Reads; `store.write` writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connections.models import Connection
from integrations.providers.base import DetailedStream, Stream
from integrations.providers.errors import BadRecord, ErrorClass
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord
from mappings import canonical
from mappings.engine import Mapped, Mapper
from syncing import store
from syncing.drafts import Batch, Draft, Known, Raw
from syncing.models import LinkState
from syncing.work import Failure


@dataclass(frozen=True, slots=True)
class Inbound:
    """What one run needs to turn records of one stream into drafts."""

    connection: Connection
    stream: Stream
    mapper: Mapper

    def sort(self, records: list[ExternalRecord]) -> tuple[Batch, dict[str, Known]]:
        """Return the records sorted by what has to be done, and what was stored of them. One query.

        The last of several with one id counts. Older news than what is stored counts as unchanged. Records whose list
        entry leaves parts out are returned as it came; `complete` fetches the parts.
        """
        newest = {record.id: record for record in records}
        stored = store.known(self.connection, self.stream.object_type, list(newest))
        batch = Batch()
        for record in newest.values():
            before = stored.get(record.id)
            if before is not None and before.is_newer_than(record):
                batch.unchanged.append(before.link)
            elif record.deleted:
                if before is None or before.state == LinkState.DELETED:
                    continue
                batch.deleted.append(record)
            else:
                raw = Raw.of(record.raw)
                if before is not None and before.raw_hash == raw.hash and before.state != LinkState.DELETED:
                    batch.unchanged.append(before.link)
                else:
                    batch.drafts.append(Draft(record, raw))
        return batch, stored

    def complete(self, batch: Batch, api: ApiSession, *, still_ours: Callable[[], None]) -> None:
        """Fetch the parts that a list leaves out, for new and changed records only. Calls the provider."""
        if not isinstance(self.stream, DetailedStream):
            return
        for draft in batch.drafts:
            draft.external = self.stream.complete(api, draft.external)
            # The hash stays that of the list's entry: it is what the next read can compare with.
            draft.raw = Raw(Raw.of(draft.external.raw).text, draft.raw.hash)
            still_ours()

    def fill(self, batch: Batch) -> None:
        """Map every draft's raw record to canonical fields. Pure work; one bad record never stops the others."""
        for draft in batch.drafts:
            try:
                mapped = self.mapper(self.stream.values(draft.external.raw))
            except BadRecord as error:
                draft.state = LinkState.FAILING
                draft.problem = _problem(ErrorClass.INVALID_VALUE, "", f"This record cannot be read: {error}")
            else:
                self._keep(draft, mapped)

    def _keep(self, draft: Draft, mapped: Mapped) -> None:
        shape = canonical.OBJECTS[self.stream.object_type]
        lacking = next((remark for remark in mapped.remarks if remark.required), None)
        missing = shape.missing(mapped.fields) or (
            canonical.label(self.stream.object_type, lacking.target).lower() if lacking else ""
        )
        if missing:
            draft.state = LinkState.LEFT_OUT
            draft.problem = _problem(
                ErrorClass.MISSING_VALUE, missing, f"Left out: this {shape.singular} has no {missing}."
            )
            return
        draft.fields = mapped.fields
        if mapped.remarks:
            remark = mapped.remarks[0]
            name = canonical.label(self.stream.object_type, remark.target)
            draft.problem = _problem(
                ErrorClass.INVALID_VALUE, remark.target, f"{name} was left empty: {remark.sentence}."
            )


def _problem(error_class: ErrorClass, field: str, sentence: str) -> dict[str, Any]:
    return Failure(error_class, sentence=sentence, field=field).of_record()
