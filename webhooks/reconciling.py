"""What the provider told and we never received is found and worked off like any other event, once.

Where the provider lists its events, those that are not here go in as rows under the key that their delivery would have
had: one that comes meanwhile is not doubled, one that comes late is known already. Where it does not, reading what
changed is the list. Nothing of it is trusted more than a delivery: both are hints, and the runner reads.
"""

import logging
import random
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, transaction

from connections import lifecycle, sessions
from connections.models import Connection
from integrations import walls
from integrations.ids import uuid7
from integrations.providers import PROVIDERS
from integrations.providers.base import EventList, Provider, RestingStream, WebhookReceiver
from integrations.providers.errors import (
    AccountBlocked,
    AuthExpired,
    AuthRevoked,
    ErrorClass,
    Invalid,
    NotFound,
    PermissionMissing,
    ProviderError,
)  # fmt: skip
from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, ProviderEvent, RawDelivery
from integrations.sealing import CannotOpen
from mappings.models import Direction
from syncing import history, news, retry, sentences
from syncing.drafts import Counts
from syncing.models import Mode, Outcome, SyncCursor, SyncLog, Trigger
from syncing.runner import Shutdown
from syncing.work import Failure
from webhooks import intake, rounds, storing
from webhooks.models import Verdict
from webhooks.rounds import Round
from webhooks.storing import Source

logger = logging.getLogger(__name__)

OBJECT = "event"  # what the history calls it
_AT_ONCE = 20  # connections in hand of one worker
_OVERLAP = timedelta(hours=1)  # clocks differ, and an event may be listed later than it happened
_REFUSED = (AuthRevoked, AuthExpired)
_NOT_OPEN = (PermissionMissing, NotFound, Invalid)


@dataclass(slots=True)
class Done:
    """What a turn came to: the connections it had in hand, the events that had been lost, the reads it queued."""

    connections: int = 0
    lost: int = 0
    reads: int = 0


class LostRound(Exception):
    """Somebody else has this round by now, or this worker has to end."""


def work_off() -> Done:
    """Reconcile a few of the connections that are due. Return what it came to."""
    done = Done()
    for each in rounds.claim(_AT_ONCE):
        if Shutdown.requested:
            each.put_off(0)
        elif each.goes_on():  # those behind a long list may have waited for longer than their lease
            _reconcile(each, done)
        done.connections += 1
    return done


def _reconcile(mine: Round, done: Done) -> None:
    connection = Connection.objects.select_related("venue").get(pk=mine.connection_id)
    with walls.behind(walls.of_venue(connection.venue_id)):
        _reconciled(mine, connection, done)


def _reconciled(mine: Round, connection: Connection, done: Done) -> None:
    provider = PROVIDERS[connection.provider]
    if provider.event_list is None or provider.webhooks is None:
        done.reads += _read_instead(mine, provider)
        return
    look = _Look(mine, connection, provider, provider.event_list, provider.webhooks)
    try:
        look.work()
    except LostRound:
        if mine.put_off(0):  # else the log is by now that of whoever took over
            history.stopped(look.log)
    except _NOT_OPEN as error:
        look.is_closed(error)
    except (ProviderError, CannotOpen) as error:
        look.failed(error)
    except DatabaseError:
        raise  # the lease runs out, and another goes on
    except Exception:
        logger.exception("reconcile.crashed", extra={"connection": str(connection.pk)})
        history.failed(look.log, Failure(ErrorClass.OURS, "crashed", sentences.ours(look.log.reference)))
        mine.put_off(retry.CAP_SECONDS)
    finally:
        look.account()
    done.lost += look.lost
    done.reads += look.reads


class _Look:
    """One look at a connection's list of events."""

    def __init__(
        self, mine: Round, connection: Connection, provider: Provider, listed: EventList, receiver: WebhookReceiver
    ) -> None:
        self.mine, self.connection, self.provider = mine, connection, provider
        self.listed, self.receiver = listed, receiver
        self.log = _open_log(connection)
        self.api: ApiSession | None = None
        self.lost = self.reads = 0

    def work(self) -> None:
        """Store what is missing, page by page, and note how far it is true."""
        self.api = sessions.open_session(self.connection)
        for page in self.listed.since(self.api, self.connection.account_id, self.mine.since - _OVERLAP):
            if Shutdown.requested or not self.mine.goes_on():
                raise LostRound
            self._store(page, self.api)
        if self.mine.began - self.mine.since > self.listed.reaches:
            history.note(self.log, "out_of_reach", "The list does not go back that far; what changed is read as well.")
            self.reads = _read_instead(self.mine, self.provider)
        elif not self.mine.through():
            raise LostRound
        if self.lost:
            history.note(self.log, "found", f"{self.lost:,} had not arrived; what they are about is read now.")
        history.finished(self.log)

    def is_closed(self, error: ProviderError) -> None:
        """Read what changed instead of what was told: the list is off, or not open to this access."""
        name = self.provider.spec.name
        history.note(
            self.log, "not_listed", f"{name} does not show us what it told ({error.code}); what changed is read."
        )
        self.reads = _read_instead(self.mine, self.provider)
        history.finished(self.log)

    def failed(self, error: ProviderError | CannotOpen) -> None:
        """Leave it for later; what concerns the access or the account is noted there, and the claim goes by it."""
        if isinstance(error, CannotOpen):
            error = AuthRevoked(str(error), code="cannot_open")
        if isinstance(error, _REFUSED) and self.api is not None and not self._is_refused(self.api):
            self.is_closed(error)
            return
        sentence = sentences.for_error(self.connection.provider, self.mine.objects[0], error)
        if isinstance(error, _REFUSED):
            lifecycle.lost(self.connection, error)
        elif isinstance(error, AccountBlocked):
            lifecycle.pause(self.connection, by=None, reason=sentence)
        seconds = self._rest(error)
        history.failed(self.log, Failure(error.error_class, error.code, sentence))
        self.mine.put_off(seconds)
        extra = {"connection": str(self.connection.pk), "code": error.code, "after": round(seconds, 1)}
        logger.warning("reconcile.failed", extra=extra)

    def account(self) -> None:
        """Note the calls that were made since the last stored page."""
        if self.api is not None and self.api.meter.calls:
            history.used(self.log, self.api.meter)

    def _store(self, page: list[RawDelivery], api: ApiSession) -> None:
        events, bodies, unread = self._read(page)
        source = Source(Verdict.FOUND, connection=self.connection.pk, delivery=None, headers={})
        lost = storing.store(self.provider, events, bodies, source)
        self.lost += lost
        counts = Counts(created=lost, unchanged=len(events) - lost, failed=unread)
        history.add(self.log, counts, read=len(page), total=None, meter=api.meter)

    def _read(self, page: list[RawDelivery]) -> tuple[list[ProviderEvent], list[bytes], int]:
        """Return what is of interest with its bytes, and how many could not be read."""
        told = [(each, intake.read(self.provider, self.receiver, each)) for each in page]
        found = [
            (event, each.body)
            for each, said in told
            for event in said.events
            if not said.failure[0] and event.object_type in self.provider.streams
        ]
        unread = sum(bool(said.failure[0]) for _, said in told)
        return [event for event, _ in found], [body for _, body in found], unread

    def _is_refused(self, api: ApiSession) -> bool:
        """Return whether the access itself has ended, and not only this list is closed to it. One call."""
        try:
            self.provider.check.account(api)
        except _REFUSED:
            return True
        except ProviderError:
            return False
        return False

    def _rest(self, error: ProviderError) -> float:
        """Return for how many seconds to leave it, twice as long each time, an hour at most."""
        failures = SyncLog.objects.filter(
            connection=self.connection, object_type=OBJECT, outcome=Outcome.FAILED, started_at__gte=self.mine.since
        ).count()
        again = retry.decide(error, attempts=failures + 1, max_attempts=failures + 2, uniform=random.uniform)
        return again.seconds if again is not None else retry.CAP_SECONDS


def _read_instead(mine: Round, provider: Provider) -> int:
    """Queue one read of each stream, and return how many jobs were made. What waits already serves as it is."""
    rested = _just_read(mine, provider)
    with transaction.atomic():
        if not mine.through():
            return 0
        return news.arrived([(mine.connection_id, each) for each in mine.objects if each not in rested])


def _just_read(mine: Round, provider: Provider) -> set[ObjectType]:
    """Return what changes rarely and was read since it last rested: it is read in its own time, and calls may cost."""
    rests = {kind: stream.rests for kind, stream in provider.streams.items() if isinstance(stream, RestingStream)}
    read = SyncCursor.objects.filter(connection=mine.connection_id, direction=Direction.IN, object_type__in=rests)
    found = read.values_list("object_type", "last_succeeded_at")
    return {ObjectType(kind) for kind, at in found if at is not None and at > mine.began - rests[ObjectType(kind)]}


def _open_log(connection: Connection) -> SyncLog:
    """Return a new log, or the one that a worker left open that fell silent."""
    left_open = SyncLog.objects.filter(connection=connection, object_type=OBJECT, outcome=Outcome.RUNNING).first()
    return left_open or SyncLog.objects.create(
        run=uuid7(), venue_id=connection.venue_id, connection=connection, provider=connection.provider,
        object_type=OBJECT, direction=Direction.IN, mode=Mode.INCREMENTAL, trigger=Trigger.SCHEDULE,
    )  # fmt: skip
