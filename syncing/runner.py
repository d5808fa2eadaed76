"""Runs one claimed job for one slice of time, page by page; the only writer of inbound records.

For each page, in one transaction: is the job still ours -> rows -> bookmark -> counts and lease. The provider is called
outside of it; while a page is written the next is mapped and those behind it are fetched. Whatever happens in between,
the bookmark tells how far the rows are true.
"""

import logging
import random
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, OperationalError, models, transaction
from django.db import connection as database
from django.utils import timezone

from connections import lifecycle, sessions
from integrations import walls
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.base import CountedStream, SharedStream, SplitStream, Stream, SweptStream
from integrations.providers.errors import (
    AccountBlocked,
    AllowanceUsedUp,
    AuthExpired,
    AuthRevoked,
    BookmarkExpired,
    ErrorClass,
    ProviderError,
    RateLimited,
    Resting,
    Transient,
)
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord, ObjectType, Page, Position, ReadScope
from integrations.sealing import CannotOpen
from mappings import versions
from mappings.engine import BadRule
from mappings.models import Direction
from syncing import fanout, history, lease, news, queue, retry, sentences, sheets, statistics, store
from syncing.ahead import ReadAhead
from syncing.behind import WriteBehind
from syncing.consent import Held
from syncing.drafts import Batch, Counts
from syncing.inbound import Inbound
from syncing.joining import Joining
from syncing.lease import Blocked, Hopeless, LostLease, Stopped, Waits
from syncing.models import LinkState, Mode, Outcome, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.pushing import PushSlice
from syncing.queue import Claim
from syncing.remapping import Remapping
from syncing.sheets import Sheet
from syncing.windows import Windows
from syncing.work import Failure, WorkStatus

logger = logging.getLogger(__name__)

_BOOKMARK = "UPDATE sync_cursors SET position = %s::jsonb, updated_at = now() WHERE id = %s"


class Shutdown:
    """Tells every slice of this process to end at its next page."""

    requested = False


def run(claim: Claim) -> None:
    """Work on a claimed job for one slice, and leave it ended, given up or queued again.

    Streams whose changes come by one call are worked on together, one after the other, over one session.
    """
    turn: Turn | None = None
    for job, mine, beside in _party(claim):
        if turn is not None and not turn.goes_on:
            queue.requeue(mine, counts=False)
            continue
        with walls.behind(walls.of_venue(job.venue_id)):
            turn = _run_one(job, mine, beside, turn.api if turn is not None else None)


Bookmarks = Mapping[ObjectType, Position]


def _party(claim: Claim) -> list[tuple[SyncJob, Claim, Bookmarks]]:
    """Return the claimed job, and those that are read in the same turn, with the bookmarks of all of them."""
    jobs = SyncJob.objects.select_related("connection__venue", "log")
    job = jobs.get(pk=claim.job_id)
    stream = PROVIDERS[job.connection.provider].streams.get(ObjectType(job.object_type))
    if job.direction == Direction.OUT or not isinstance(stream, SharedStream) or job.mode != Mode.INCREMENTAL:
        return [(job, claim, {})]
    company = [
        object_type
        for object_type, other in PROVIDERS[job.connection.provider].streams.items()
        if isinstance(other, SharedStream) and other.shares == stream.shares
    ]
    cursors = SyncCursor.objects.filter(connection=job.connection, direction=job.direction)
    if not cursors.filter(object_type=job.object_type, full_began_at=None).exclude(position={}).exists():
        return [(job, claim, {})]
    claims = [claim, *queue.claim_beside(job.connection, company)]
    found = {each.pk: each for each in jobs.filter(pk__in=[each.job_id for each in claims])}
    claimed = cursors.filter(object_type__in=[each.object_type for each in found.values()])  # nobody else moves these
    beside = {ObjectType(each.object_type): each.position for each in claimed}
    return [(found[each.job_id], each, beside) for each in claims]


def _run_one(job: SyncJob, claim: Claim, beside: Bookmarks, api: ApiSession | None) -> "Turn | None":
    """Work on one job, over the session of the turn where there is one; return the slice, None when none began."""
    if job.fell_silent and job.attempts > settings.SYNC_MAX_ATTEMPTS:
        _give_up(job, claim, Failure(ErrorClass.OURS, "crash_loop", sentences.crash_loop()))
        return None
    log = history.open_log(job, taken_over=claim.taken_over)
    turn: Turn = (
        PushSlice(job, claim, log, is_over=lambda: Shutdown.requested)
        if job.direction == Direction.OUT
        else _Slice(job, claim, log, beside, api)
    )
    try:
        turn.work()
        turn.goes_on = not Shutdown.requested
    except LostLease:
        logger.warning("sync.lost_lease", extra=_ids(job))
    except Stopped:
        if queue.cancel(claim):
            history.stopped(log)
    except Waits:
        queue.requeue(claim, after=1.0, counts=False)
    except (Blocked, Hopeless) as error:
        _give_up(job, claim, error.failure, log=log)
    except BookmarkExpired as error:
        turn.begin_anew()
        history.note(log, "everything_again", str(error))
        queue.requeue(claim, counts=False)
        turn.goes_on = True
    except IntegrityError:  # another connection brought the same person or product in this very moment
        queue.requeue(claim)
        turn.goes_on = True
    except OperationalError as error:
        _database_said_no(job, claim, log, error)
    except (ProviderError, CannotOpen) as error:
        _failed(
            job, claim, log, AuthRevoked(str(error), code="cannot_open") if isinstance(error, CannotOpen) else error
        )
    except Held as error:
        _give_up(job, claim, Failure(ErrorClass.CONFLICT, error.code, str(error)), log=log)
    except (BadRule, Problem) as error:
        _give_up(job, claim, Failure(ErrorClass.OURS, type(error).__name__, str(error)), log=log)
    except Exception as error:
        logger.exception("sync.crashed", extra=_ids(job))
        _give_up(job, claim, Failure(ErrorClass.OURS, type(error).__name__, sentences.ours(log.reference)), log=log)
    finally:
        turn.account()
    return turn


class _Slice:
    """One turn of a job: about ten seconds of pages."""

    goes_on = False  # whether others of the same turn may use its session

    def __init__(
        self, job: SyncJob, claim: Claim, log: SyncLog, beside: Bookmarks, api: ApiSession | None = None
    ) -> None:
        self.job, self.claim, self.log, self.beside, self.api = job, claim, log, beside, api
        self.connection = job.connection
        self.object_type = ObjectType(job.object_type)
        self.stream: Stream = PROVIDERS[self.connection.provider].streams[self.object_type]
        self.ends_at = time.monotonic() + settings.SYNC_SLICE.total_seconds()

    def work(self) -> None:
        """Read and write pages until the read is through, the time is up or somebody wants it to stop."""
        self.cursor = self._cursor()
        self.api = api = self.api or sessions.open_session(self.connection)
        mapper = versions.mapper_for(self.connection, self.object_type)
        self.inbound = Inbound(self.connection, self.stream, mapper)
        self.joining = Joining.of(self.connection, self.object_type)
        if not self._remapping().through():
            queue.hand_on(self.claim)
            return
        with self._reading(api) as coming, WriteBehind() as writer:
            for page in coming:
                sheet, ids = self._made_ready(page, api, writer)
                # Not the page itself: its records are not needed any more, and the next one's are here soon.
                keep = partial(
                    self._keep, sheet, page.position, read=len(page.records), total=page.total, meter=api.meter
                )
                writer.put(keep, ids, last=page.last)
                if page.last:
                    self._finish(api)
                    return
        queue.hand_on(self.claim)

    def _made_ready(self, page: Page, api: ApiSession, writer: WriteBehind) -> tuple[Sheet, set[str]]:
        """Return the page as it is to be written, and what tells its records from those of the next."""
        ids = {record.id for record in page.records}
        writer.wait_for(ids)  # what is stored of these is known only once they are written
        batch, stored = self.inbound.sort(page.records)
        self.inbound.complete(batch, api, still_ours=self._beat)
        self.inbound.fill(batch)
        identities = self.joining.identities(batch)
        writer.wait_for(identities)
        self.joining.join(batch, stored)
        return sheets.prepare(batch, stored), ids | identities

    def _remapping(self) -> Remapping:
        return Remapping(
            self.connection, self.inbound, self.joining, self.cursor, self.log,
            beat=partial(self._beat, stored=True), is_over=self._is_over,
        )  # fmt: skip

    def _reading(self, api: ApiSession) -> ReadAhead:
        """Return the reading from the bookmark on, in as many windows at once as the provider allows."""
        stream, self.scope = self.stream, self._scope()
        can_be_cut = stream if isinstance(stream, SplitStream) else None
        return ReadAhead(
            Windows(self.cursor.position, joined=can_be_cut.joined if can_be_cut else None),
            lambda position: stream.read(api, position, self.scope),
            split=can_be_cut.split if can_be_cut else None,
            at_once=PROVIDERS[self.connection.provider].spec.limits.windows,
            enough=self._is_over,
            meanwhile=self._beat,
        )

    def _scope(self) -> ReadScope:
        config = IntegrationConfig.objects.filter(
            venue=self.connection.venue_id, integration=self.connection.provider
        ).first()
        chosen = config.chosen if config else {}
        return ReadScope(known=self._known(chosen), begin=config.begin if config else None, beside=self.beside)

    def begin_anew(self) -> None:
        """Forget the bookmark: the next turn reads everything."""
        SyncCursor.objects.filter(pk=self.cursor.pk).update(position={}, full_began_at=None)

    def account(self) -> None:
        """Note the calls that were made since the last stored page."""
        if self.api is not None and self.api.meter.calls:
            history.used(self.log, self.api.meter)

    def _cursor(self) -> SyncCursor:
        """Return the stream's bookmark; for a full read that begins now an empty one."""
        cursor, _ = SyncCursor.objects.get_or_create(
            connection=self.connection, object_type=self.object_type, direction=self.job.direction
        )
        asked_for_all = self.job.mode == Mode.FULL and (
            cursor.full_began_at is None or cursor.full_began_at < self.job.queued_at
        )
        if asked_for_all or not cursor.position:
            cursor.position, cursor.full_began_at = {}, _database_now()
            SyncCursor.objects.filter(pk=cursor.pk).update(position={}, full_began_at=cursor.full_began_at)
        return cursor

    def _known(self, chosen: Mapping[str, list[str]]) -> dict[ObjectType, list[str]]:
        """Return the external ids that the stream needs, of those the chosen ones. Raises Waits while they are unread.

        Raises Blocked when reading them was given up since this job was queued: waiting on would never end.
        """
        found = {needed: self._ids_of(needed) for needed in self.stream.needs}
        missing = [needed for needed, ids in found.items() if not ids]
        if missing:
            never_read = not SyncCursor.objects.filter(
                connection=self.connection, object_type__in=missing, last_succeeded_at__isnull=False
            ).exists()
            if never_read:
                given_up = SyncJob.objects.filter(
                    connection=self.connection, object_type__in=missing, status=WorkStatus.DEAD,
                    finished_at__gte=self.job.queued_at,
                ).order_by("-finished_at").first()  # fmt: skip
                if given_up is not None:
                    raise Blocked(given_up)
                queue.enqueue_before(self.job, missing)
                raise Waits
        return {needed: [each for each in ids if each in chosen.get(needed, ids)] for needed, ids in found.items()}

    def _ids_of(self, object_type: ObjectType) -> list[str]:
        links = RecordLink.objects.filter(connection=self.connection, external_type=object_type)
        return list(
            links.exclude(state=LinkState.DELETED).order_by("external_id").values_list("external_id", flat=True)
        )

    def _is_over(self) -> bool:
        return Shutdown.requested or time.monotonic() > self.ends_at

    def _keep(self, sheet: Sheet, position: Position, *, read: int, **told: Any) -> None:
        by_now = self._save(sheet, position, read=read, **told)
        if sheet.links:
            statistics.look_again(by_now - read, by_now)

    @transaction.atomic
    def _save(self, sheet: Sheet, position: Position, **told: Any) -> int:
        """Write a page with its bookmark; return how many records the run has gone through by now."""
        self._beat(stored=True)  # first: it locks the job, so that nobody takes it over until this page is written
        # What is met is marked only where somebody asks about the rest: marking writes each row again.
        full = self.cursor.full_began_at is not None and isinstance(self.stream, SweptStream)
        with database.cursor() as cursor:
            # A page that dies with the database server is read again, for its bookmark dies with it: no need to wait.
            cursor.execute("SET LOCAL synchronous_commit = off")
            counts = store.write(self.connection, self.object_type, sheet, full=full)
            cursor.execute(_BOOKMARK, [orjson.dumps(position).decode(), self.cursor.pk])
        self.job.attempts = 1
        return history.add(self.log, counts, settled=self.joining.told(), **told)

    def _beat(self, *, stored: bool = False) -> None:
        lease.beat(self.claim, stored=stored)

    def _finish(self, api: ApiSession) -> None:
        """End a read that is through: ask about what a full read did not meet, move the schedule on, close the log."""
        if self.cursor.full_began_at is not None and isinstance(self.stream, SweptStream):
            self._sweep(self.stream, api, self.cursor.full_began_at)
        miscount = {"miscount": self._count(self.stream, api)} if isinstance(self.stream, CountedStream) else {}
        now = timezone.now()
        with transaction.atomic():
            self._beat()
            SyncCursor.objects.filter(pk=self.cursor.pk).update(
                last_succeeded_at=now,
                full_began_at=None,
                **miscount,
                **({"last_full_at": now} if self.cursor.full_began_at else {}),
            )
            queue.succeed(self.claim)
            news.follow(self.claim)
            outcome = history.finished(self.log)
        if outcome != Outcome.NOTHING:
            fanout.wake(self.job.venue_id, self.object_type, trigger=Trigger(self.job.trigger), actor=self.job.actor)

    def _count(self, stream: CountedStream, api: ApiSession) -> int:
        """Return how many fewer are there than here; after an incremental read raise when that is news.

        It is the only sign of a deletion that the provider does not tell; reading everything shows which it was.
        """
        missing = max(0, self._links(stream).count() - stream.count(api))
        if self.cursor.full_began_at is None and missing > self.cursor.miscount:
            raise BookmarkExpired(sentences.fewer_there(self.connection.provider, self.job.object_type))
        return missing

    def _links(self, stream: SweptStream) -> models.QuerySet[RecordLink]:
        """Return the links that are not deleted, of the places that the owner chose."""
        links = RecordLink.objects.filter(connection=self.connection, external_type=self.object_type)
        if stream.place:
            links = links.filter(**{f"raw__{stream.place}__in": self.scope.known[stream.needs[0]]})
        return links.exclude(state=LinkState.DELETED)

    def _sweep(self, stream: SweptStream, api: ApiSession, began: datetime) -> None:
        """Turn into tombstones what the provider confirms to be gone, in batches of one call each."""
        while True:
            unmet = self._links(stream).filter(seen_at__lt=began)
            ids = list(unmet.order_by("pk").values_list("external_id", flat=True)[: stream.sweep_size])
            if not ids:
                return
            gone = set(stream.gone(api, ids))
            stored = store.known(self.connection, self.object_type, ids)
            batch = Batch(
                deleted=[ExternalRecord(each, {}, deleted=True) for each in gone],
                unchanged=[stored[each].link for each in ids if each not in gone],
            )
            with transaction.atomic():
                self._beat(stored=True)
                counts = store.write(self.connection, self.object_type, sheets.prepare(batch, stored), full=True)
                history.add(self.log, Counts(deleted=counts.deleted), read=0, total=None, meter=api.meter)


Turn = _Slice | PushSlice


def _failed(job: SyncJob, claim: Claim, log: SyncLog, error: ProviderError) -> None:
    """Decide what becomes of a job whose provider said no or nothing."""
    failure = _failure(job, error)
    if isinstance(error, (AuthRevoked, AuthExpired, AccountBlocked)):
        if isinstance(error, AccountBlocked):
            lifecycle.pause(job.connection, by=None, reason=failure.sentence)
        else:
            lifecycle.lost(job.connection, error)
        if queue.requeue(claim, counts=False, failure=failure):
            history.failed(log, failure)
        return
    again = retry.decide(error, attempts=job.attempts, max_attempts=settings.SYNC_MAX_ATTEMPTS, uniform=random.uniform)
    if again is None:
        _give_up(job, claim, failure, log=log)
        return
    if queue.requeue(claim, after=again.seconds, counts=again.counts, failure=failure):
        if isinstance(error, AllowanceUsedUp):
            logger.error("provider.allowance_used_up", extra=_ids(job) | {"code": error.code})
        asked = isinstance(error, RateLimited) and not isinstance(error, Resting)
        event = "asked_to_wait" if asked else "tried_again"
        history.note(log, event, f"{failure.sentence} Going on {_when(again.seconds)}.")
    logger.info("sync.retry", extra=_ids(job) | {"code": error.code, "after": round(again.seconds, 1)})


def _database_said_no(job: SyncJob, claim: Claim, log: SyncLog, error: OperationalError) -> None:
    """Try again after a lock that was not to be had, a deadlock, a time-out; a database that is away raises again."""
    again = retry.decide(
        Transient(), attempts=job.attempts, max_attempts=settings.SYNC_MAX_ATTEMPTS, uniform=random.uniform
    )
    code = type(error.__cause__ or error).__name__
    failure = Failure(ErrorClass.OURS, code, sentences.database_busy())
    if again is None:
        _give_up(job, claim, Failure(ErrorClass.OURS, code, sentences.ours(log.reference)), log=log)
    elif queue.requeue(claim, after=again.seconds, failure=failure):
        history.note(log, "tried_again", f"{failure.sentence} Going on {_when(again.seconds)}.")
    logger.warning("sync.database", extra=_ids(job) | {"code": code})


def _failure(job: SyncJob, error: ProviderError) -> Failure:
    sentence = sentences.for_error(job.connection.provider, job.object_type, error)
    return Failure(error.error_class, error.code, sentence, field=getattr(error, "field", ""))


def _give_up(job: SyncJob, claim: Claim, failure: Failure, *, log: SyncLog | None = None) -> None:
    """End the job as a dead letter; the schedule goes on with the next slot."""
    log = log or history.open_log(job, taken_over=False)
    if queue.give_up(claim, failure):
        history.failed(log, failure)
        logger.error("sync.given_up", extra=_ids(job) | {"class": failure.error_class, "code": failure.code})


def _when(seconds: float) -> str:
    return f"in {seconds:.0f} seconds" if seconds >= 1.5 else "at once"


def _database_now() -> datetime:
    with database.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
    return found


def _ids(job: SyncJob) -> dict[str, Any]:
    return {"job": str(job.pk), "connection": str(job.connection_id), "object": job.object_type}
