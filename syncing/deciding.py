"""What a person decides where both sides changed one field: our value or theirs, and the choice is then sent on."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from django.db import transaction

from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from syncing import fanout, identity, merge, own_rows, tasks
from syncing.models import LinkState, RecordLink, Trigger

logger = logging.getLogger(__name__)
Choice = Literal["ours", "theirs"]


def open_ones(venue: Venue) -> Any:
    """Return the links of a venue about which a person has to decide, the oldest first, with record and connection."""
    links = RecordLink.objects.filter(
        connection__venue=venue, state=LinkState.CONFLICT, record__isnull=False, problem__has_key="clashes"
    )
    return links.select_related("record", "connection").defer("raw").order_by("pk")


def clashes(link: RecordLink) -> list[dict[str, Any]]:
    """Return what is to be decided of a link: {path, base, ours, theirs}; `ours` as the record has it now."""
    now = merge.flat(link.record.fields) if link.record else {}
    told: list[dict[str, Any]] = (link.problem or {}).get("clashes", [])
    return [clash | {"ours": now.get(clash["path"])} for clash in told]


def decide(venue: Venue, link_id: int, choices: Mapping[str, Choice], *, by: Any) -> int:
    """Settle fields of one link and return how many are still open. What is chosen goes to every provider.

    Raises Problem `not_found` for a link that has nothing to decide, and `validation_failed` for a field that has not.
    """
    with transaction.atomic():
        link = open_ones(venue).select_for_update(of=("self",)).filter(pk=link_id).first()
        if link is None:
            raise Problem("not_found", "There is nothing left to decide about this record.")
        asked = {clash["path"]: clash for clash in clashes(link)}
        if not choices or not choices.keys() <= asked.keys():
            raise Problem("validation_failed", "Choose a value for a field that both sides changed.")
        kind = ObjectType(link.external_type)
        _take(own_rows.Table(venue.pk, kind), link.record_id, {
            path: asked[path]["theirs"] for path, choice in choices.items() if choice == "theirs"
        })  # fmt: skip
        left = [clash for path, clash in asked.items() if path not in choices]
        _note(link, left)
    logger.info(
        "conflict.decided",
        extra={"venue": str(venue.pk), "link": link.pk, "by": getattr(by, "pk", None), "choices": dict(choices)},
    )
    tasks.ring(fanout.wake(venue.pk, kind, trigger=Trigger.OWNER, actor=by))
    return len(left)


def _take(table: own_rows.Table, record: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Give the record their values."""
    held = table.by_id([record])[record]
    fields = merge.nested({**merge.flat(held.fields), **values})
    row = own_rows.row(record, held.key, fields)
    if values and row.content_hash != held.content_hash:
        table.change([row])
        identity.claim(table.venue, table.object_type, {record: fields})


def _note(link: RecordLink, left: list[dict[str, Any]]) -> None:
    """Leave what is still open; a link with nothing open is looked at again by the next outbound sync."""
    told: dict[str, Any] = link.problem or {}
    problem = told | {"clashes": left, "field": left[0]["path"]} if left else None
    state = LinkState.CONFLICT if left else LinkState.IN_STEP
    RecordLink.objects.filter(pk=link.pk).update(problem=problem, state=state, pushed_version=None)
