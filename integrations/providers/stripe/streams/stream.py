"""What Stripe's streams have in common: read whole by creation, then by what events say has changed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from integrations.providers.errors import BadRecord, Invalid, NotFound
from integrations.providers.http import ApiSession
from integrations.providers.stripe import records
from integrations.providers.stripe.streams import windows
from integrations.providers.stripe.streams.changes import SHARED, changed_since, unseen
from integrations.providers.stripe.streams.paging import Listed, clock, next_after, page, pages
from integrations.providers.types import (
    JSON,
    ExternalRecord,
    Field,
    ObjectType,
    Page,
    Position,
    ReadScope,
    Values,
    Write,
)

Dress = Callable[[JSON], JSON]


class StripeStream:
    """One object of Stripe's.

    Its version is the second, by Stripe's clock, at which it was seen as it is: Stripe gives most objects no time of
    change, and a later look always tells more than an earlier one.
    """

    object_type: ClassVar[ObjectType]
    scope: ClassVar[str]
    needs: ClassVar[tuple[ObjectType, ...]] = ()
    fields: ClassVar[tuple[Field, ...]]
    shares: ClassVar[str] = SHARED
    reader: Callable[[JSON], Values]
    path: ClassVar[str]
    expands: ClassVar[tuple[str, ...]] = ()  # parts that come with an object when they are asked for
    filters: ClassVar[dict[str, str]] = {}
    is_sale: ClassVar[bool] = True  # and so not read from before the venue's first day
    lists_new: ClassVar[bool] = True  # whether a list shows new ones as whole as a look at each

    def values(self, raw: dict[str, object]) -> Values:
        """Return the typed values of one raw object."""
        return records.readable(self.reader, raw)

    def read(self, api: ApiSession, position: Position, scope: ReadScope) -> Iterator[Page]:
        """Yield pages from `position` on; see `base.Stream`."""
        if "since" in position:
            return changed_since(self, api, position, scope)
        window = position.get("reading") or windows.first(api, scope.begin if self.is_sale else None)
        return self._everything(api, dict(window))

    def unseen(self, api: ApiSession, position: Position, writes: Sequence[Write]) -> set[str]:
        """Return the ids of what somebody else changed since the bookmark: Stripe has no versions that would tell."""
        return unseen(api, self.object_type, position, writes)

    def fetched(self, api: ApiSession, external_id: str) -> ExternalRecord | None:
        """Return an object as it is now, as whole as a list shows it; None for one that does not count."""
        try:
            answer = api.get(f"{self.path}/{quote(external_id, safe='')}", {"expand[]": self.expands})
        except NotFound:
            return ExternalRecord(external_id, {}, deleted=True)
        return self.record(answer.body, clock(answer)) if self.counts(answer.body) else None

    def listed(self, api: ApiSession, begin: int, end: int | None) -> Iterator[list[ExternalRecord]]:
        """Yield what was created in [begin, end), newest first."""
        for found in pages(api, self.path, self._asked() | {"created[gte]": begin, "created[lt]": end}):
            yield [self.record(raw, found.at) for raw in found.entries]

    def counts(self, raw: JSON) -> bool:
        """Return whether an object is one of ours at all."""
        return True

    def dress(self, api: ApiSession) -> Dress:
        """Return what adds to a listed object the parts that lie elsewhere. Called once for a read."""
        return lambda raw: raw

    def record(self, raw: JSON, seen: int) -> ExternalRecord:
        """Return one object as it was seen at a second of Stripe's clock; a deleted one is but a stub."""
        return ExternalRecord(
            id=str(raw["id"]),
            raw=raw,
            version=str(seen),
            updated_at=_moment_or_none(raw.get("updated") or raw.get("created")),
            deleted=raw.get("deleted") is True,
        )

    def _everything(self, api: ApiSession, window: JSON) -> Iterator[Page]:
        met: set[str] = {window["after"]} if window["after"] else set()
        dress: Dress | None = None
        while True:
            listed = self._page(api, window)
            window.setdefault("started", listed.at)
            dress = dress or self.dress(api)  # after the first look, so that nothing falls between the two
            found = [self.record(dress(raw), listed.at) for raw in listed.entries]
            if not listed.more:
                yield Page(found, windows.end(window), last=True)
                return
            window = window | {"after": next_after(listed, met), "at": _created(listed)}
            yield Page(found, {"reading": window})

    def _page(self, api: ApiSession, window: JSON) -> Listed:
        """Return the next page of a window, also when the object it stands at was deleted meanwhile."""
        try:
            return page(api, self.path, self._asked() | windows.query(window))
        except (NotFound, Invalid) as error:
            if window["after"] is None or getattr(error, "field", "starting_after") != "starting_after":
                raise
        return page(api, self.path, self._asked() | windows.query(windows.without_place(window)))

    def _asked(self) -> dict[str, Any]:
        """Return the parameters that are the same for every list of this object."""
        return {**self.filters, "expand[]": [f"data.{part}" for part in self.expands]}


class Deletable:
    """A stream whose objects can be deleted; each has to be asked about by itself."""

    sweep_size: ClassVar[int] = 1
    place: ClassVar[str] = ""
    path: ClassVar[str]

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        """Return the id when Stripe keeps but a stub of it, or does not know it. One call."""
        (external_id,) = ids
        try:
            raw = api.get(f"{self.path}/{quote(external_id, safe='')}").body
        except NotFound:
            return ids
        return ids if raw.get("deleted") is True else []


def _created(listed: Listed) -> int:
    created = listed.entries[-1].get("created")
    return created if type(created) is int else listed.at


def _moment_or_none(seconds: Any) -> datetime | None:
    """Return the time, None where it cannot be read: that is for `values` to tell, for this record alone."""
    try:
        return records.moment(seconds) if seconds else None
    except BadRecord:
        return None
