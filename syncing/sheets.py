"""A page as the columns that the statements of `store` take. Pure: it is made while the page before is written."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.ids import uuid7_text
from integrations.providers.types import ExternalRecord
from syncing.drafts import Batch, Counts, Draft, Known, content, text_of
from syncing.models import LinkState

# Names, and one value for each row. JSON is text, and so are the ids of records.
Columns = dict[str, list[Any]]
_RECORD = ("id", "fields", "content_hash", "identity", "twin", "changed")
_LINK = (
    "id", "record", "external_id", "state", "version", "changed", "raw", "raw_hash", "problem", "base", "pushed"
)  # fmt: skip
_DELETED_LINK = ("id", "version", "changed")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be written of a batch: rows by columns, empty where there is none, and what can be counted before."""

    records: Columns  # that are new
    matched: Columns  # records that have a counterpart from now on
    changed: Columns  # records whose counterpart changed
    links: Columns  # that are new
    changed_links: Columns
    deleted_links: Columns
    deleted_records: list[uuid.UUID]
    met: list[int]  # links of which nothing changed
    counts: Counts  # as if what came changed no record that is known


def prepare(batch: Batch, stored: Mapping[str, Known]) -> Sheet:
    """Return the batch ready to be written. `stored` is what `store.known` returned under the lease that writes it."""
    new = [draft for draft in batch.drafts if draft.external.id not in stored]
    changed = [(draft, stored[draft.external.id]) for draft in batch.drafts if draft.external.id in stored]
    own = [(draft, _record_of(draft)) for draft in new]
    made = [_row(draft, record) for draft, record in own if record and draft.record is None]
    theirs = [(draft, str(known.record) if known.record else _record_of(draft), known) for draft, known in changed]
    fresh = [_row(draft, record) for draft, record, known in theirs if record and known.record is None]
    deleted = [(each, stored[each.id]) for each in batch.deleted if each.id in stored]
    return Sheet(
        records=_columns(_RECORD, [*made, *fresh]),
        matched=_columns(_RECORD, [_row(draft, str(draft.record)) for draft in new if draft.record is not None]),
        changed=_columns(_RECORD, [
            _row(draft, str(known.record)) for draft, known in changed
            if known.record is not None and draft.fields is not None
        ]),
        links=_columns(_LINK, [_link(draft, record) for draft, record in own]),
        changed_links=_columns(_LINK, [_link(draft, record, known.link) for draft, record, known in theirs]),
        deleted_links=_columns(_DELETED_LINK, [_deleted_link(each, known.link) for each, known in deleted]),
        deleted_records=[known.record for _, known in deleted if known.record is not None],
        met=batch.unchanged,
        counts=Counts(
            created=len(made), updated=len(fresh),
            unchanged=len(batch.unchanged) + sum(draft.fields is not None for draft, _ in changed) - len(fresh),
            left_out=sum(draft.state == LinkState.LEFT_OUT for draft in batch.drafts),
            failed=sum(draft.state == LinkState.FAILING for draft in batch.drafts),
        ),
    )  # fmt: skip


def _columns(names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Columns:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}


def _record_of(draft: Draft) -> str | None:
    if draft.record is not None:
        return str(draft.record)
    return uuid7_text() if draft.fields is not None else None


def _row(draft: Draft, record: str) -> tuple[Any, ...]:
    return record, *content(draft.fields), draft.identity, draft.twin, draft.external.updated_at


def _link(draft: Draft, record: str | None, link: int | None = None) -> tuple[Any, ...]:
    external = draft.external
    return (
        link, record, external.id, draft.state.value, external.version, external.updated_at,
        draft.raw.text, draft.raw.hash, _json(draft.problem or None), _json(draft.base), _pushed(draft),
    )  # fmt: skip


def _deleted_link(external: ExternalRecord, link: int) -> tuple[Any, ...]:
    return link, external.version, external.updated_at


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else text_of(value)


def _pushed(draft: Draft) -> int | None:
    """Return the version of the record that theirs is as new as, None where the record says something else."""
    if draft.base is not None or draft.fields is None:
        return None
    return draft.record_version or 1
