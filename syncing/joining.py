"""Brings what came from one provider together with what the venue has: which record it is, and what both sides say.

Works on a page whose drafts are mapped, with a fixed number of queries. Writes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection as database

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass
from integrations.providers.types import ObjectType
from mappings import canonical, versions
from mappings.versions import Filling
from syncing import drafts, identity, merge
from syncing.drafts import Batch, Draft, Known
from syncing.identity import Holder
from syncing.merge import Clash, Merged, Policy, Way
from syncing.models import LinkState
from syncing.work import Failure

# Money stays with the channel that took it; people and goods belong to whoever changed them last.
_POLICIES = {ObjectType.CUSTOMER: Policy.NEWEST, ObjectType.PRODUCT: Policy.NEWEST}
_OTHERWISE = Policy.THEIRS
_NOTES = 20  # settled clashes told of one page; the rest is counted
_NEVER = datetime.min.replace(tzinfo=UTC)

_SIDES = """
SELECT link.external_id, link.base, record.fields, record.changed_at, record.identity
FROM record_links link JOIN records record ON record.id = link.record_id
WHERE link.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class _Side:
    """What is stored of a record that changed at the provider."""

    base: dict[str, Any] | None
    fields: dict[str, Any]
    changed_at: datetime
    identity: str | None


@dataclass(frozen=True, slots=True)
class Joining:
    """What one run needs to join records of one stream: the paths that its rules fill, and who wins on each."""

    connection: Connection
    object_type: ObjectType
    covers: Mapping[str, Filling]
    policy_of_object: Policy
    ways: Mapping[str, Way]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, connection: Connection, object_type: ObjectType) -> "Joining":
        """Return the joining by the rules and wishes in force. Two queries."""
        config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
        wished = config.who_wins.get(object_type) if config else None
        policy = Policy(wished) if wished else _POLICIES.get(object_type, _OTHERWISE)
        covers = versions.inbound_rules(connection, object_type)
        ways = {path: Way(each.mode) for path, each in covers.items() if each.mode != Way.OVERWRITE}
        return cls(connection, object_type, covers, policy, ways)

    def told(self) -> list[str]:
        """Return, once, what was settled on the pages that were joined since."""
        notes, self.notes[:] = list(self.notes), []
        return notes

    def identities(self, batch: Batch) -> set[str]:
        """Return what tells the drafts apart; sets it on them."""
        for draft in batch.drafts:
            draft.identity = identity.of(self.object_type, draft.fields) if draft.fields is not None else None
        return {draft.identity for draft in batch.drafts if draft.identity}

    def join(self, batch: Batch, stored: dict[str, Known]) -> None:
        """Give every draft the fields that its record shall have, and the record where it belongs to one already.

        `identities` must have been asked before. Two queries at most.
        """
        sides = self._sides(stored[each.external.id].link for each in batch.drafts if each.external.id in stored)
        holders = identity.holders(
            self.connection.venue_id, self.connection.pk, self.object_type,
            (draft.identity for draft in batch.drafts if draft.identity),
        )  # fmt: skip
        taken: set[str] = set()
        for draft in batch.drafts:
            if draft.fields is None:
                continue
            asked, side, holder = draft.identity, sides.get(draft.external.id), holders.get(draft.identity or "")
            if side is not None:
                self._merge(draft, side.base, side.fields, side.changed_at)
            elif holder is not None and holder.waiting is not None and draft.external.id not in stored:
                # Ours, sent there by a call whose answer was lost.
                stored[draft.external.id] = Known(holder.waiting, holder.record, "", "", None, LinkState.WAITING, None)
                self._merge(draft, {}, holder.fields, holder.changed_at)
            elif self._is_match(draft, stored, holder, taken):
                assert holder is not None  # noqa: S101 - narrows the type
                draft.record, draft.record_version = holder.record, holder.version
                self._merge(draft, {}, holder.fields, holder.changed_at)
            if draft.identity != asked:  # both sides made it together; who else has it was not asked
                own = side.identity if side is not None else None
                if draft.identity != own:
                    draft.identity, draft.twin = None, draft.identity
            else:
                self._hold_identity(draft, stored, holder, taken)

    def _is_match(self, draft: Draft, stored: Mapping[str, Known], holder: Holder | None, taken: set[str]) -> bool:
        """Return whether the draft is a new counterpart of a record that has none there yet."""
        is_new = draft.external.id not in stored
        return is_new and holder is not None and not holder.is_linked and draft.identity not in taken

    def _hold_identity(self, draft: Draft, stored: Mapping[str, Known], holder: Holder | None, taken: set[str]) -> None:
        """Leave the draft its identity only where no other record has it."""
        if draft.identity is None:
            return
        known = stored.get(draft.external.id)
        own = draft.record or (known.record if known else None)
        is_others = holder is not None and holder.record != own
        if is_others or draft.identity in taken:
            draft.identity, draft.twin = None, draft.identity
        else:
            taken.add(draft.identity)

    def _merge(self, draft: Draft, base: Mapping[str, Any] | None, ours: Mapping[str, Any], changed: datetime) -> None:
        theirs = drafts.as_stored(draft.fields or {})
        found = merge.merge(
            base, theirs, ours, covers=self.covers, policy=self._policy,
            theirs_is_newer=(draft.external.updated_at or _NEVER) >= changed, ways=self.ways,
        )  # fmt: skip
        draft.fields = found.fields
        agreed = merge.flat(theirs)
        draft.identity = identity.of(self.object_type, draft.fields)
        differs = any(merge.flat(found.fields).get(path) != agreed.get(path) for path in self._leaves(found, agreed))
        draft.base = theirs if differs else None
        self._tell(draft, found)

    def _leaves(self, found: Merged, agreed: Mapping[str, Any]) -> set[str]:
        """Return the leaves that their side can tell."""
        leaves = merge.flat(found.fields).keys() | agreed.keys()
        return {leaf for leaf in leaves for path in self.covers if leaf == path or leaf.startswith(f"{path}.")}

    def _policy(self, path: str) -> Policy:
        own = (each.who_wins for cover, each in self.covers.items() if path == cover or path.startswith(f"{cover}."))
        wins = next(own, "")
        return Policy(wins) if wins else self.policy_of_object

    def _tell(self, draft: Draft, found: Merged) -> None:
        """Put what a person has to decide on the link, and what was settled among the notes."""
        provider = PROVIDERS[self.connection.provider].spec.name
        if found.asked:
            label = canonical.label(self.object_type, found.asked[0].path)
            draft.state = LinkState.CONFLICT
            sentence = f"{label} was changed in {provider} and here since the last sync."
            failure = Failure(ErrorClass.CONFLICT, sentence=sentence, field=found.asked[0].path)
            draft.problem = failure.of_record() | {"clashes": [_told(clash) for clash in found.asked]}
        for clash in found.clashes:
            if clash.taken and len(self.notes) < _NOTES:
                label = canonical.label(self.object_type, clash.path)
                stands = provider if clash.taken == "theirs" else "ours"
                self.notes.append(
                    f"{label} of {draft.external.id}: “{_short(clash.ours)}” here, “{_short(clash.theirs)}” in "
                    f"{provider}. Taken: {stands}."
                )

    def _sides(self, links: Iterable[int]) -> dict[str, _Side]:
        asked = list(links)
        if not asked:
            return {}
        with database.cursor() as cursor:
            cursor.execute(_SIDES, [asked])
            return {row[0]: _Side(_loaded(row[1]), _loaded(row[2]) or {}, row[3], row[4]) for row in cursor.fetchall()}


def _told(clash: Clash) -> dict[str, Any]:
    return {"path": clash.path, "base": clash.base, "ours": clash.ours, "theirs": clash.theirs}


def _short(value: Any) -> str:
    return "nothing" if value is None else str(value)[:60]


def _loaded(text: str | None) -> dict[str, Any] | None:
    return orjson.loads(text) if text else None
