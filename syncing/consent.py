"""What a venue has agreed to before anything of it is sent: the first outbound sync, and any mass change after it.

A plan has an id made of everything that would be written. Agreeing to a plan stores that id on the outbound bookmark; a
plan that is another by then is not what was agreed to.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from connections.models import Connection
from integrations.providers.types import ObjectType, Operation
from mappings.models import Direction
from syncing.models import NEW, LinkState, RecordLink, SyncCursor
from syncing.planning import Batches, Planner, Step

SAMPLES = 20
_BRAKE_SHARE, _BRAKE_COUNT = 0.3, 50  # of the known counterparts, and at least so many


class Held(Exception):
    """Nothing is sent before the venue has seen and accepted what would be."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(slots=True)
class Plan:
    """What an outbound sync of one object would do: numbers, reasons, some samples, and an id that stands for it."""

    object_type: ObjectType
    id: str = ""
    created: int = 0
    updated: int = 0
    deleted: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    conflicts: int = 0
    calls: int = 0
    metered: int = 0  # of them, those that count against an allowance or cost money
    samples: list[Step] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """Return how many records would be written."""
        return self.created + self.updated + self.deleted


def plan(planner: Planner) -> Plan:
    """Return what a sync would do now. Reads in pages, keeps numbers and a few samples; writes and calls nobody."""
    found, digest = Plan(planner.object_type), hashlib.sha256()
    counts, batches = dict.fromkeys(Operation, 0), Batches(planner.outlet.batch_size)
    for page in planner.steps(ahead=True):
        for step in page:
            if step.left_out:
                found.left_out[step.left_out] = found.left_out.get(step.left_out, 0) + 1
            if step.write is None:
                continue
            counts[step.write.operation] += 1
            digest.update(f"{step.write.key} {sorted(step.write.values)}".encode())
            if len(found.samples) < SAMPLES:
                found.samples.append(step)
        found.calls += sum(map(planner.calls, batches.filled(page)))
    found.calls += sum(map(planner.calls, batches.rest()))
    found.created, found.updated, found.deleted = (counts[each] for each in Operation)
    found.metered = found.calls if planner.is_metered else 0
    found.conflicts = _conflicts(planner.connection, planner.object_type)
    found.id = digest.hexdigest()[:32]
    return found


def accept(connection: Connection, plans: Mapping[ObjectType, str], *, by: Any) -> None:
    """Store that these plans were agreed to. Called again it replaces what was agreed to before."""
    for object_type, plan_id in plans.items():
        told = {"accepted": plan_id, "at": timezone.now().isoformat(timespec="seconds"), "by": getattr(by, "pk", None)}
        SyncCursor.objects.update_or_create(
            connection=connection, object_type=object_type, direction=Direction.OUT, defaults={"position": told}
        )


def has_begun(connection: Connection, object_type: ObjectType) -> bool:
    """Return whether the venue ever agreed to sending this object there."""
    return bool(_accepted(connection, object_type))


def check(planner: Planner, job: uuid.UUID) -> bool:
    """Raise Held when the venue has never agreed, or when far more would be changed than it is used to.

    A job that has passed once may go on: what it has done already makes its plan another. Return whether it is the
    first since a plan was accepted, which does exactly that plan.
    """
    bookmark = SyncCursor.objects.filter(
        connection=planner.connection, object_type=planner.object_type, direction=Direction.OUT
    )
    agreed: dict[str, Any] = bookmark.values_list("position", flat=True).first() or {}
    if agreed.get("job") != str(job):
        _judge(planner, str(agreed.get("accepted", "")))
        agreed = {"first": str(job)} | agreed | {"job": str(job)}
        bookmark.update(position=agreed)
    return agreed["first"] == str(job)


def _judge(planner: Planner, accepted: str) -> None:
    if not accepted:
        raise Held("not_accepted", "Nothing was sent yet: look at what would be sent, and accept it.")
    links = RecordLink.objects.filter(connection=planner.connection, external_type=planner.object_type)
    known = links.exclude(state=LinkState.DELETED).exclude(external_id__startswith=NEW).count()
    if planner.candidates() <= max(_BRAKE_COUNT, _BRAKE_SHARE * known):
        return
    found = plan(planner)
    if found.updated + found.deleted > max(_BRAKE_COUNT, _BRAKE_SHARE * known) and found.id != accepted:
        raise Held(
            "brake",
            f"This sync would change {found.updated + found.deleted:,} of {known:,} records there, far more than "
            "usual. Nothing was sent: look at what would be, and accept it.",
        )


def _accepted(connection: Connection, object_type: ObjectType) -> str:
    row = SyncCursor.objects.filter(connection=connection, object_type=object_type, direction=Direction.OUT)
    return str((row.values_list("position", flat=True).first() or {}).get("accepted", ""))


def _conflicts(connection: Connection, object_type: ObjectType) -> int:
    return RecordLink.objects.filter(connection=connection, external_type=object_type, state=LinkState.CONFLICT).count()
