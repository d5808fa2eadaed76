"""How a version of the rules comes to be: judged, confirmed, stored as the next one, and never changed afterwards."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from connections.models import Connection
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from mappings import field_list, holding, judging, rules, versions
from mappings.judging import Issue, Level
from mappings.models import Direction, FieldMapping
from mappings.rules import RuleData


@dataclass(frozen=True, slots=True)
class Saved:
    """The version in force from now on, what differs from the one before, and which objects are mapped again.

    `sent` are those of them that are looked at again on the way out.
    """

    version: int
    differences: list[str]
    objects: list[str]
    sent: list[str] = field(default_factory=list)


def judged(connection: Connection, wanted: Sequence[RuleData]) -> list[Issue]:
    """Return what an owner should know of these rules before they are saved."""
    before = rules.of(connection, versions.in_force(connection))
    fields = field_list.of(PROVIDERS[connection.provider], connection)
    context = rules.context_of(connection)
    return judging.issues(connection.provider, wanted, before=before, context=context, fields=fields)


def save(
    connection: Connection, wanted: Sequence[RuleData], *, seen: int, by: Any, reason: str, confirmed: bool = False
) -> Saved:
    """Store the rules as the next version. `seen` is the version that they were made from.

    Raises Problem: stale_version when somebody saved meanwhile, mapping_broken with each error by its rule, and
    confirm_mismatch while there are warnings that nobody confirmed. The caller queues what is mapped again.
    """
    now = versions.in_force(connection)
    if seen != now:
        raise Problem(
            "stale_version", f"These rules were made from version {seen}; version {now} is in force. Look at it first."
        )
    found = judged(connection, wanted)
    if errors := [each for each in found if each.level is Level.ERROR]:
        raise Problem("mapping_broken", "Some rules cannot be used. Correct those named below.", errors=told(errors))
    if (warnings := [each for each in found if each.level is Level.WARNING]) and not confirmed:
        raise Problem(
            "confirm_mismatch", "Look at the warnings, and send the same again with confirmed.", errors=told(warnings)
        )
    before = rules.of(connection, now)
    unlike = rules.unlike(before, wanted)
    if not unlike:
        return Saved(now, [], [])
    _store(connection, wanted, version=now + 1, by=by, reason=reason)
    words = rules.differences(before, wanted, field_list.labels_of(connection))
    return Saved(
        now + 1, words, sorted({each.object_type for each in unlike}),
        sorted({each.object_type for each in unlike if each.direction == Direction.OUT}),
    )  # fmt: skip


def restore(connection: Connection, version: int, *, seen: int, by: Any) -> Saved:
    """Store an earlier version's rules as the next version. Raises Problem not_found, and as `save` does."""
    earlier = rules.of(connection, version)
    if not earlier:
        raise Problem("not_found", f"There is no version {version} of these rules.")
    return save(connection, earlier, seen=seen, by=by, reason=f"Version {version} again", confirmed=True)


def told(found: Collection[Issue]) -> list[dict[str, str]]:
    """Return issues as a problem document names them."""
    return [
        {"pointer": "/rules" if each.place is None else f"/rules/{each.place}", "code": each.code,
         "detail": each.sentence}
        for each in found
    ]  # fmt: skip


def _store(connection: Connection, wanted: Sequence[RuleData], *, version: int, by: Any, reason: str) -> None:
    # What a held rule lost stays known, so that it goes on when its field is back.
    held = FieldMapping.objects.filter(connection=connection, version=version - 1, lost__isnull=False)
    lost = {(row.object_type, row.direction, row.target): row.lost for row in held}
    places: dict[tuple[str, str], int] = {}
    rows = []
    for rule in wanted:
        place = places[rule.object_type, rule.direction] = places.get((rule.object_type, rule.direction), 0) + 1
        rows.append(
            FieldMapping(
                connection=connection,
                version=version,
                position=place,
                author=by,
                reason=reason[:200],
                lost=lost.get(rule.key) if rule.paused_reason else None,
                **asdict(rule),
            )
        )
    try:
        with transaction.atomic():
            FieldMapping.objects.bulk_create(rows)
            holding.note_need(connection)
    except IntegrityError as error:
        raise Problem("stale_version", "Somebody else saved just now. Look at the new version first.") from error
