"""Stored records follow new rules without a new download: what a provider sent is kept, so it is mapped again here.

Each stream's bookmark says by which version of the rules its records were mapped last. A read that finds a newer one
maps what is stored first, page by page and resumable, and reads on from its bookmark afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from connections.models import Connection
from integrations.providers.http import Meter
from integrations.providers.types import ExternalRecord
from mappings import versions
from mappings.models import Direction
from syncing import history, sheets, store
from syncing.drafts import Batch, Draft, Raw
from syncing.inbound import Inbound
from syncing.joining import Joining
from syncing.models import LinkState, RecordLink, SyncCursor, SyncLog

_PAGE = 500
_NO_CALLS = Meter()


@dataclass(frozen=True, slots=True)
class Remapping:
    """Maps what is stored of one stream again. `beat` renews the lease; `is_over` says that the time is up."""

    connection: Connection
    inbound: Inbound
    joining: Joining
    cursor: SyncCursor
    log: SyncLog
    beat: Callable[[], None]
    is_over: Callable[[], bool]

    def through(self) -> bool:
        """Bring what is stored to the rules in force; return False when the time was up before the end."""
        version, object_type = versions.in_force(self.connection), self.cursor.object_type
        if self.cursor.mapped_version == version:
            return True
        known = self.cursor.mapped_version
        if known is not None and versions.differ(self.connection, object_type, Direction.IN, known, version):
            while batch := self._batch():
                self._store(batch)
                if self.is_over():
                    return False
            history.note(self.log, "mapped_again", "The rules were changed: what is stored was mapped by the new ones.")
        self._bookmark(mapped_version=version, mapped_to=0)
        return True

    def _batch(self) -> list[RecordLink]:
        links = RecordLink.objects.filter(
            connection=self.connection, external_type=self.cursor.object_type, pk__gt=self.cursor.mapped_to
        )
        return list(
            links.exclude(state=LinkState.DELETED).order_by("pk").only(
                "external_id", "raw", "raw_hash", "remote_version", "remote_updated_at"
            )[:_PAGE]
        )  # fmt: skip

    def _store(self, links: list[RecordLink]) -> None:
        batch = Batch(drafts=[_draft(link) for link in links])
        stored = store.known(self.connection, self.inbound.stream.object_type, [link.external_id for link in links])
        self.inbound.fill(batch)
        self.joining.identities(batch)
        self.joining.join(batch, stored)
        sheet = sheets.prepare(batch, stored)
        with transaction.atomic():
            self.beat()
            counts = store.write(self.connection, self.inbound.stream.object_type, sheet, full=False)
            history.add(self.log, counts, read=0, total=None, meter=_NO_CALLS, settled=self.joining.told())
            self._bookmark(mapped_to=links[-1].pk)

    def _bookmark(self, **values: int) -> None:
        SyncCursor.objects.filter(pk=self.cursor.pk).update(**values)
        for name, value in values.items():
            setattr(self.cursor, name, value)


def _draft(link: RecordLink) -> Draft:
    """Return a counterpart as it was received; its hash stays that of the list's entry."""
    external = ExternalRecord(
        link.external_id, link.raw, version=link.remote_version, updated_at=link.remote_updated_at
    )
    return Draft(external, Raw(Raw.of(link.raw).text, link.raw_hash))
