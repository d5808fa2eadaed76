"""A page as the JSON that the statements of `store` take. Pure: it is made ready while the page before is written."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from integrations.ids import uuid7_text
from integrations.providers.types import ExternalRecord
from syncing.drafts import Batch, Counts, Draft, Known, hash_of, text_of
from syncing.models import LinkState


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be written of a batch: JSON arrays of rows, "" where there is none, and what can be counted before."""

    records: str  # that are new
    matched: str  # records that have a counterpart from now on
    changed: str  # records whose counterpart changed
    links: str  # that are new
    changed_links: str
    deleted_links: str
    deleted_records: list[uuid.UUID]
    met: list[int]  # links of which nothing changed
    counts: Counts  # as if what came changed no record that is known


def prepare(batch: Batch, stored: Mapping[str, Known]) -> Sheet:
    """Return the batch ready to be written. `stored` is what `store.known` returned under the lease that writes it."""
    new = [draft for draft in batch.drafts if draft.external.id not in stored]
    changed = [(draft, stored[draft.external.id]) for draft in batch.drafts if draft.external.id in stored]
    own = [(draft, _record_of(draft)) for draft in new]
    made = [_row(draft, record) for draft, record in own if record and draft.record is None]
    theirs = [(draft, known.record or _record_of(draft), known) for draft, known in changed]
    fresh = [_row(draft, record) for draft, record, known in theirs if record and known.record is None]
    deleted = [(each, stored[each.id]) for each in batch.deleted if each.id in stored]
    return Sheet(
        records=_rows([*made, *fresh]),
        matched=_rows([_row(draft, draft.record) for draft in new if draft.record is not None]),
        changed=_rows([
            _row(draft, known.record) for draft, known in changed
            if known.record is not None and draft.fields is not None
        ]),
        links=_rows([_link(draft, record) for draft, record in own]),
        changed_links=_rows([_link(draft, record, known.link) for draft, record, known in theirs]),
        deleted_links=_rows([_deleted_link(each, known.link) for each, known in deleted]),
        deleted_records=[known.record for _, known in deleted if known.record is not None],
        met=batch.unchanged,
        counts=Counts(
            created=len(made), updated=len(fresh),
            unchanged=len(batch.unchanged) + sum(draft.fields is not None for draft, _ in changed) - len(fresh),
            left_out=sum(draft.state == LinkState.LEFT_OUT for draft in batch.drafts),
            failed=sum(draft.state == LinkState.FAILING for draft in batch.drafts),
        ),
    )  # fmt: skip


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    return text_of(rows) if rows else ""


def _record_of(draft: Draft) -> str | None:
    if draft.record is not None:
        return str(draft.record)
    return uuid7_text() if draft.fields is not None else None


def _row(draft: Draft, record: uuid.UUID | str) -> dict[str, Any]:
    text = text_of(draft.fields)
    return {
        "id": record, "fields": orjson.Fragment(text), "content_hash": hash_of(text), "identity": draft.identity,
        "twin": draft.twin, "changed": draft.external.updated_at,
    }  # fmt: skip


def _link(draft: Draft, record: uuid.UUID | str | None, link: int | None = None) -> dict[str, Any]:
    external = draft.external
    return {
        "id": link, "record": record, "external_id": external.id, "state": draft.state, "version": external.version,
        "changed": external.updated_at, "raw": orjson.Fragment(draft.raw.text), "raw_hash": draft.raw.hash,
        "problem": draft.problem or None, "base": draft.base, "pushed": _pushed(draft),
    }  # fmt: skip


def _deleted_link(external: ExternalRecord, link: int) -> dict[str, Any]:
    return {"id": link, "version": external.version, "changed": external.updated_at}


def _pushed(draft: Draft) -> int | None:
    """Return the version of the record that theirs is as new as, None where the record says something else."""
    if draft.base is not None or draft.fields is None:
        return None
    return draft.record_version or 1
