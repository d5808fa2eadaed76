"""Works on one outbound job for one slice: plans a page, stores the intents, calls, stores the results.

Each batch is three steps, and a crash between any two of them loses and doubles nothing: the intents with their
idempotency keys are committed before the call; the call is made outside of any transaction; the results are stored in
one. An intent without a result is sent again first, with the same key and the same values, whatever changed since.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from connections import sessions
from integrations.providers.base import WatchfulStream
from integrations.providers.errors import Conflict, Duplicate, Invalid, NotFound, ProviderError, Settled, Transient
from integrations.providers.http import ApiSession, Meter
from integrations.providers.types import ExternalRecord, ObjectType, Operation, WriteResult
from mappings import versions, watching
from mappings.models import Direction
from syncing import consent, drafts, fanout, history, lease, merge, outbox, queue, sentences, statistics
from syncing.drafts import Counts
from syncing.models import LinkState, Outcome, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.outbox import Refused, Sent
from syncing.planning import Batches, Planner, Step
from syncing.queue import Claim
from syncing.recovery import Watch
from syncing.work import Failure, WorkStatus

logger = logging.getLogger(__name__)

_NO_CALLS = Meter()


class PushSlice:
    """One turn of an outbound job: about ten seconds of batches."""

    goes_on = False

    def __init__(self, job: SyncJob, claim: Claim, log: SyncLog, *, is_over: Callable[[], bool]) -> None:
        self.has_asked = False
        self.job, self.claim, self.log, self.is_over = job, claim, log, is_over
        self.connection = job.connection
        self.object_type = ObjectType(job.object_type)
        self.api: ApiSession | None = None
        self.ends_at = time.monotonic() + settings.SYNC_SLICE.total_seconds()
        self.watch = Watch(job)

    def work(self) -> None:
        """Send what is behind until nothing is, the time is up or somebody wants it to stop.

        Raises a ProviderError that concerns the account; what concerns one record stands on its link. Raises Held
        when the venue has not agreed to what would be done, and Hopeless when a retry fails over and over in one way.
        """
        self.planner = Planner(self.connection, self.object_type)
        if self.planner.is_read:
            self.mapper = versions.mapper_for(self.connection, self.object_type)
            self.covers = versions.inbound_rules(self.connection, self.object_type)
        self._unclear: Transient | None = None
        self._knows_theirs = consent.check(self.planner, self.job.pk)
        for batch in self._batches():
            self._look_first(batch)
            self._send(batch)
            if self.is_over() or time.monotonic() > self.ends_at:
                queue.hand_on(self.claim)
                return
        if self._unclear is not None:
            raise self._unclear
        self._finish()

    def _batches(self) -> Iterator[list[Step]]:
        """Yield what is sent together; what needs no sending is settled on the way."""
        batches = Batches(self.planner.outlet.batch_size, first=self.watch.first)
        for page in self.planner.steps():
            self._settle([step for step in page if step.write is None])
            yield from batches.filled(page)
        yield from batches.rest()

    def begin_anew(self) -> None:
        """Nothing to forget: what is sent next follows from the records."""

    def account(self) -> None:
        """Note the calls that were made since the last stored batch."""
        if self.api is not None and self.api.meter.calls:
            history.used(self.log, self.api.meter)

    def _settle(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        left_out = sum(bool(step.left_out) for step in steps)
        with transaction.atomic():
            lease.beat(self.claim, stored=True)
            outbox.settle(self.connection, self.object_type, [step for step in steps if not step.waits])
            counts = Counts(unchanged=len(steps) - left_out, left_out=left_out)
            self._add(counts, read=len(steps))

    def _look_first(self, steps: Sequence[Step]) -> None:
        """Raise Waits until what changed there was read since this job was queued; what was accepted goes as it is.

        Where a provider has no versions, our change would go over one that we have never seen.
        """
        if not self.planner.is_read or all(step.is_open for step in steps):
            return
        bookmark = SyncCursor.objects.filter(
            connection=self.connection, object_type=self.object_type, direction=Direction.IN
        )
        self._knows_theirs = self._knows_theirs or bookmark.filter(last_succeeded_at__gte=self.job.queued_at).exists()
        if not self._knows_theirs:
            self._refuse_to_wait_for_ever()
        if not self._knows_theirs or self._has_unseen(steps, bookmark):
            self._read_again()
            raise lease.Waits

    def _refuse_to_wait_for_ever(self) -> None:
        """Raise Blocked when the reading that this job waits for was given up."""
        given_up = SyncJob.objects.filter(
            connection=self.connection, object_type=self.object_type, direction=Direction.IN, status=WorkStatus.DEAD,
            finished_at__gte=self.job.queued_at,
        ).order_by("-finished_at").first()  # fmt: skip
        if given_up is not None:
            raise lease.Blocked(given_up)

    def _has_unseen(self, steps: Sequence[Step], bookmark: models.QuerySet[SyncCursor]) -> bool:
        """Return whether one of the objects was changed there since it was read, where the provider has no versions."""
        outlet = self.planner.outlet
        asked = [step.write for step in steps if step.write is not None and not step.is_open]
        known = [write for write in asked if write.external_id]
        if not known or not isinstance(outlet, WatchfulStream):
            return False
        self.api = self.api or sessions.open_session(self.connection)
        return bool(outlet.unseen(self.api, bookmark.get().position, known))

    def _send(self, steps: Sequence[Step]) -> None:
        """Store the intents, make the calls, store the results."""
        with transaction.atomic():
            lease.beat(self.claim)
            links = outbox.intend(self.connection, self.object_type, steps)
        self.api = self.api or sessions.open_session(self.connection)
        results = self.planner.outlet.write_batch(self.api, [step.write for step in steps if step.write is not None])
        sent, refused, counts = self._sorted(steps, results, links)
        with transaction.atomic():
            lease.beat(self.claim, stored=bool(sent or refused))
            outbox.sent(self.connection, self.object_type, sent)
            outbox.refused(refused)
            by_now = self._add(counts, read=len(steps))
        if counts.created:
            statistics.look_again(by_now - len(steps), by_now)
        hopeless = self.watch.failed(each.problem for each in refused if each.state == LinkState.FAILING)
        if hopeless is not None:
            self.watch.put_back()
            raise lease.Hopeless(hopeless)

    def _sorted(
        self, steps: Sequence[Step], results: Sequence[WriteResult], links: dict[Any, int]
    ) -> tuple[list[Sent], list[Refused], Counts]:
        """Return what went through, what was refused and the counts; a write that is unclear stays an intent."""
        sent, refused, counts = list[Sent](), list[Refused](), Counts()
        for step, result in zip(steps, results, strict=True):
            assert step.write is not None  # noqa: S101 - narrows the type
            link = links[step.record]
            if result.record is not None:
                sent.append(self._sent(step, link, result.record))
                counts.created += step.write.operation == Operation.CREATE
                counts.updated += step.write.operation == Operation.UPDATE
                counts.deleted += step.write.operation == Operation.DELETE
            elif isinstance(result.error, Transient):
                self._unclear = result.error
            else:
                refused.append(self._refused(step, link, result.error))
                counts.failed += refused[-1].state == LinkState.FAILING
                counts.left_out += refused[-1].state == LinkState.LEFT_OUT
        return sent, refused, counts

    def _sent(self, step: Step, link: int, record: ExternalRecord) -> Sent:
        """Return what both sides agree on now: what we sent as they hold it, and for the rest what it was before."""
        if record.deleted or not self.planner.is_read:
            return Sent(link, step.version, record, None if record.deleted else step.ours)
        mapped = self.mapper(self.planner.outlet.values(record.raw))
        theirs = drafts.as_stored(mapped.fields)
        if step.write is None:
            return Sent(link, step.version, record, theirs)
        paths = self.planner.mapper.sources(step.write.values.keys())
        ours, there = merge.flat(step.agreed or {}), merge.flat(theirs)
        covered = {leaf for leaf in ours.keys() | there.keys() if merge.is_below(leaf, self.covers)}
        written = {leaf for leaf in covered if merge.is_below(leaf, paths)}
        base = ours | {leaf: there.get(leaf) for leaf in written}
        # What a new object got by itself there, such as a number, is nothing that we emptied, nor news for us.
        news = covered - written if step.agreed is not None else ()
        is_more = any(not merge.alike(ours.get(leaf), there.get(leaf)) for leaf in news)
        return Sent(link, step.version, record, merge.nested(base), is_more=is_more)

    def _refused(self, step: Step, link: int, error: Exception | None) -> Refused:
        if not isinstance(error, ProviderError):
            raise error or TypeError("a write came back without a result")
        state = LinkState.FAILING
        if isinstance(error, Settled):
            state = LinkState.LEFT_OUT
        elif isinstance(error, Invalid) and not self.has_asked:
            self.has_asked = watching.ask_again(self.connection) or True  # once a turn
        elif isinstance(error, (Conflict, NotFound)):
            self._read_again()
            state = LinkState.WAITING if isinstance(error, Conflict) else LinkState.FAILING
        elif isinstance(error, Duplicate):
            state = self._of_duplicate(link, error)
        sentence = sentences.for_write(self.connection.provider, self.object_type, error)
        failure = Failure(error.error_class, error.code, sentence, field=getattr(error, "field", ""))
        problem = failure.of_record() | {"existing": getattr(error, "external_id", "")}
        if isinstance(error, Conflict) and step.link is None:
            state = LinkState.FAILING
        return Refused(link, step.version, state, problem, again=state == LinkState.WAITING)

    def _of_duplicate(self, link: int, error: Duplicate) -> LinkState:
        """Return what becomes of a record when the provider has one of its name already.

        One that we have not seen yet is read first: if it is the same, it becomes the counterpart of ours by that. One
        that is another record here is a possible duplicate, about which a person decides.
        """
        there = RecordLink.objects.filter(
            connection=self.connection, external_type=self.object_type, external_id=error.external_id
        )
        if error.external_id and there.filter(record__isnull=False).exists():
            return LinkState.CONFLICT
        was_read = RecordLink.objects.filter(pk=link, problem__class=error.error_class).exists()
        if not error.external_id or was_read or not self.planner.is_read:
            return LinkState.FAILING
        self._read_again()
        return LinkState.WAITING

    def _read_again(self) -> None:
        """Let what changed there come in first; the outbound sync after it sends what is then still different."""
        if not self.planner.is_read:
            return
        queue.enqueue_before(self.job, [self.object_type])

    def _add(self, counts: Counts, *, read: int) -> int:
        """Add counts to the run's, and return how many records it has gone through by now."""
        meter = self.api.meter if self.api is not None else _NO_CALLS
        return history.add(self.log, counts, read=read, total=None, meter=meter)

    def _finish(self) -> None:
        with transaction.atomic():
            lease.beat(self.claim)
            SyncCursor.objects.filter(
                connection=self.connection, object_type=self.object_type, direction=Direction.OUT
            ).update(last_succeeded_at=timezone.now(), mapped_version=self.planner.rules)
            queue.succeed(self.claim)
            outcome = history.finished(self.log)
        if outcome != Outcome.NOTHING:
            fanout.wake_later(
                self.connection, self.object_type, trigger=Trigger(self.job.trigger), actor=self.job.actor
            )
