"""What the rows of one connection say, put into the six words of the owner."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from connections.models import Status
from integrations import wishes
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider, RestingStream
from integrations.providers.errors import ErrorClass
from integrations.providers.types import ObjectType
from mappings import canonical
from monitoring import wording
from monitoring.card import Account, Action, Card, Counts, Health, Notice, ObjectState, ProblemGroup, Progress
from monitoring.wording import CardStatus
from syncing.models import LinkState
from syncing.work import WorkStatus

# A queued job counts as active while its next try is this near; beyond that it waits for a provider to recover.
_SOON = timedelta(minutes=1)
_SIGN_IN_WARNING = timedelta(days=30)  # how long before a sign-in ends its owner is told
_STEADY_AFTER = 5.0  # seconds of a run before its pace says anything
_LATE_AFTER, _NEEDS_ATTENTION_AFTER = 1, 2  # missed intervals
_RUN_WORDS: dict[str | None, str] = {WorkStatus.RUNNING: "running", WorkStatus.QUEUED: "waiting"}
_PROBLEM_STATES = (LinkState.FAILING, LinkState.CONFLICT)


def card(
    venue: Venue,
    provider: Provider,
    row: dict[str, Any] | None,
    streams: list[dict[str, Any]],
    records: list[dict[str, Any]],
    now: datetime,
) -> Card:
    """Return the card of a provider from its connection's rows; `row` is None when it was never connected."""
    links = _links(venue, provider.spec.key)
    if row is None:
        return _worded(
            provider, CardStatus.DISCONNECTED, None, wording.never_connected(provider.spec.benefit),
            Action("connect", "Connect", "GET", links["connect"]), links=links,
        )  # fmt: skip
    return _State(venue, provider, row, streams, records, links, now).card()


def _worded(
    provider: Provider, status: CardStatus, since: datetime | None, message: str, action: Action, **more: Any
) -> Card:
    look = wording.STATUSES[status]
    return Card(
        provider=provider.spec.key, name=provider.spec.name, benefit=provider.spec.benefit, status=status,
        status_label=look.label, tone=look.tone, shape=look.shape, since=since, message=message, action=action,
        **({"account": None} | more),
    )  # fmt: skip


def _links(venue: Venue, provider: str) -> dict[str, str]:
    """Return the card's addresses; each names its venue, because a person may belong to several."""
    query = f"?{urlencode({'venue': venue.slug})}"
    page = f"/integrations/{provider}/"
    return {
        "self": f"/api/v1/integrations/{provider}/{query}",
        "page": f"{page}{query}",
        "history": f"{page}history/{query}",
        "connect": f"{page}connect/{query}",
        "welcome": f"{page}welcome/{query}",
    }


class _State:
    """What the rows of one connection say, put into one card."""

    def __init__(
        self,
        venue: Venue,
        provider: Provider,
        row: dict[str, Any],
        streams: list[dict[str, Any]],
        records: list[dict[str, Any]],
        links: dict[str, str],
        now: datetime,
    ) -> None:
        self.provider, self.row, self.links, self.now = provider, row, links, now
        self.zone = ZoneInfo(venue.time_zone)
        order = list(provider.streams)
        known = [stream for stream in streams if stream["object_type"] in order]
        self.streams = {s["object_type"]: s for s in sorted(known, key=lambda s: order.index(s["object_type"]))}
        self.records = [each for each in records if each["object_type"] in order]
        self.active = [stream for stream in self.streams.values() if self._is_active(stream)]
        self.objects = self._objects()
        self.counts = Counts(
            **{name: sum(getattr(each, name) for each in self.objects) for name in Counts.__dataclass_fields__}
        )
        self.problems = self._problems()
        succeeded = [s["last_succeeded_at"] for s in self.streams.values() if s["last_succeeded_at"]]
        self.last_success_at = max(succeeded, default=None)
        planned = [s["next_run_at"] for s in self.streams.values() if s["next_run_at"]]
        self.next_run_at = min(planned, default=None)
        self.missed = self._missed()
        self.progress = self._progress()

    def card(self) -> Card:
        status = self._status()
        since, message, action = getattr(self, f"_{status}")()
        live = status != CardStatus.DISCONNECTED
        held = status in (CardStatus.DISCONNECTED, CardStatus.REAUTHORISE, CardStatus.PAUSED)
        return _worded(
            self.provider, status, since, message, action,
            account=_account(self.row) if live else None,
            last_success_at=self.last_success_at,
            next_run_at=None if held else self.next_run_at,
            late=live and self.missed >= _LATE_AFTER,
            counts=self.counts,
            progress=self.progress if status == CardStatus.SYNCING else None,
            problems=tuple(self.problems) if live else (),
            objects=tuple(self.objects),
            health=_health(self.row),
            links=self.links,
            connection=self.row["id"],
            interval_minutes=self.row["interval_minutes"],
            paused_until=self.row["paused_until"] if status == CardStatus.PAUSED else None,
            test_mode=live and self.row["mode"] == "test",
            notice=self._notice(status),
        )  # fmt: skip

    def _notice(self, status: CardStatus) -> Notice | None:
        """Return the warning that the sign-in itself is about to end; once it has ended the status says so."""
        ends = self.row["refresh_ends_at"]
        told_otherwise = status in (CardStatus.DISCONNECTED, CardStatus.REAUTHORISE)
        if told_otherwise or ends is None or ends > self.now + _SIGN_IN_WARNING:
            return None
        message = wording.sign_in_again(self.provider.spec.name, ends, self.zone, self.now)
        return Notice(message, Action("reconnect", "Reconnect", "GET", self.links["connect"]))

    # --- which of the six -----------------------------------------------------------------------------------------

    def _status(self) -> CardStatus:
        """Return the first that is true, in the order of precedence."""
        if self.row["status"] == Status.DISCONNECTED:
            return CardStatus.DISCONNECTED
        if self.row["status"] == Status.REAUTHORISE:
            return CardStatus.REAUTHORISE
        if self._is_paused():
            return CardStatus.PAUSED
        if self.active:
            return CardStatus.SYNCING
        if self.problems or self.missed >= _NEEDS_ATTENTION_AFTER:
            return CardStatus.NEEDS_ATTENTION
        return CardStatus.CONNECTED

    def _is_paused(self) -> bool:
        until = self.row["paused_until"]
        return self.row["paused_at"] is not None and (until is None or until > self.now)

    def _is_active(self, stream: dict[str, Any]) -> bool:
        if stream["status"] == WorkStatus.RUNNING:
            return True
        return stream["status"] == WorkStatus.QUEUED and stream["not_before"] <= self.now + _SOON

    def _missed(self) -> int:
        """Return how many whole intervals a scheduled object has gone without a success beyond the one it is due in.

        Counted from the last success, or from what started the clock anew: connecting, resuming, a changed schedule.
        """
        anew = [self.row[name] for name in ("connected_at", "last_event_at", "wished_at", "paused_until")]
        start = max(moment for moment in anew if moment is not None and moment <= self.now)
        late = [
            (self.now - max(each["last_succeeded_at"] or start, start)) // self._interval(each)
            for each in self.streams.values()
            if each["next_run_at"]
        ]
        return max(0, max(late, default=0) - 1)

    def _interval(self, stream: dict[str, Any]) -> timedelta:
        """Return how often an object is due: as the venue wishes, or seldomer where its stream rests."""
        rests = _rests(self.provider.spec.key, stream["object_type"])
        return max(timedelta(minutes=self.row["interval_minutes"]), rests)

    # --- since, sentence and button of each -------------------------------------------------------------------------

    def _disconnected(self) -> tuple[datetime | None, str, Action]:
        at = self.row["disconnected_at"] or self.row["status_since"]
        return (
            at,
            wording.disconnected(at, self.zone, self.now),
            Action("connect", "Connect again", "GET", self.links["connect"]),
        )

    def _reauthorise(self) -> tuple[datetime | None, str, Action]:
        at = self.row["status_since"]
        message = wording.stopped_accepting(self.provider.spec.name, at, self.zone, self.now, self.counts.waiting)
        return at, message, Action("reconnect", "Reconnect", "GET", self.links["connect"])

    def _paused(self) -> tuple[datetime | None, str, Action]:
        row = self.row
        message = wording.paused(
            row["paused_by"], row["paused_until"], row["pause_reason"], self.zone, self.now, self.counts.waiting
        )
        href = self.links["page"].replace("?", "resume/?")
        return row["paused_at"], message, Action("resume", "Resume", "POST", href)

    def _syncing(self) -> tuple[datetime | None, str, Action]:
        current = self._current()
        label, done = wording.objects_label(current["object_type"]), current["read"] or 0
        action = Action("view_progress", "View progress", "GET", self.links["page"])
        if current["status"] == WorkStatus.RUNNING and current["lease_until"] < self.now:
            return current["started_at"], wording.interrupted(label, done), action
        if self.progress is None or current["started_at"] is None:
            return current["queued_at"], wording.about_to_start(label, current["queued_at"], self.now), action
        total, started = self.progress.total, current["started_at"]
        return started, wording.progress(label, done, total, started, self.now), action

    def _needs_attention(self) -> tuple[datetime | None, str, Action]:
        see = Action("history", "See what happened", "GET", self.links["history"])
        if self.row["decision_since"]:
            return self.row["decision_since"], self._undecided_message(), self._decide()
        if not self.problems:
            return self.last_success_at, wording.late(self.last_success_at, self.missed, self.now), see
        first = self.problems[0]
        since = min((each.first_seen_at for each in self.problems if each.first_seen_at), default=None)
        rest = "" if first.error_class == ErrorClass.OURS else f" {wording.SAFE_REST}"
        return since, f"{first.sentence}{rest}", self._fix(first, see)

    def _undecided_message(self) -> str:
        return wording.undecided(self.row["decision_sentence"], self.row["decision_object"])

    def _decide(self) -> Action:
        way = urlencode({"direction": self.row["decision_direction"]})
        page = self.links["page"].replace("?", f"fields/{self.row['decision_object']}/?")
        return Action("decide_fields", "Choose a field", "GET", f"{page}&{way}")

    def _fix(self, first: ProblemGroup, see: Action) -> Action:
        if first.error_class == ErrorClass.PERMISSION:
            return Action("grant_permission", "Grant permission", "GET", self.links["connect"])
        if first.error_class not in wording.OWNER_CLASSES or first.error_class == ErrorClass.BLOCKED:
            return see
        count = sum(group.count for group in self.problems)
        label = "Fix 1 problem" if count == 1 else f"Fix {wording.number(count)} problems"
        return Action("fix", label, "GET", f"{self.links['page']}#problems")

    def _connected(self) -> tuple[datetime | None, str, Action]:
        since = self.row["status_since"]
        if not self.streams:
            return since, wording.NOT_STARTED, Action("start", "Choose what to sync", "GET", self.links["welcome"])
        manage = Action("manage", "Manage", "GET", self.links["page"])
        held = next((s for s in self.streams.values() if s["status"] == WorkStatus.QUEUED), None)
        if held and held["failure_sentence"]:
            message = wording.waiting_to_retry(held["failure_sentence"], held["not_before"], self.zone, self.now)
        elif self.missed >= _LATE_AFTER:
            message = wording.late(self.last_success_at, self.missed, self.now)
        elif self.last_success_at is None:
            message = wording.NOTHING_YET
        else:
            message = wording.in_step(self.last_success_at, self._told_counts(), self.now)
        return since, message, manage

    def _told_counts(self) -> list[tuple[int, str]]:
        """Return at most three counts for the sentence; the set-up of the account tells an owner nothing."""
        told = [each for each in self.objects if each.up_to_date and not each.is_set_up]
        return [(each.up_to_date, wording.noun(each.object, each.up_to_date)) for each in told[:3]]

    # --- the parts ------------------------------------------------------------------------------------------------

    def _objects(self) -> list[ObjectState]:
        return [self._object(ObjectType(each)) for each in self.provider.streams if self._appears(each)]

    def _appears(self, object_type: str) -> bool:
        return object_type in self.streams or any(each["object_type"] == object_type for each in self.records)

    def _object(self, object_type: ObjectType) -> ObjectState:
        rows = [each for each in self.records if each["object_type"] == object_type]
        by_state: dict[str, int] = defaultdict(int)
        for each in rows:
            by_state[each["state"]] += each["count"]
        stream = self.streams.get(object_type, {})
        word = "in" if stream.get("next_run_at") else self.row["directions"].get(object_type, "")
        left_out = next((each["sentence"] for each in rows if each["state"] == LinkState.LEFT_OUT), "")
        return ObjectState(
            object=object_type,
            label=wording.objects_label(object_type),
            up_to_date=by_state.pop("", 0) - sum(by_state.values()),
            left_out=by_state[LinkState.LEFT_OUT],
            failing=sum(by_state[state] for state in _PROBLEM_STATES),
            waiting=by_state[LinkState.WAITING],
            direction=word,
            direction_label=wording.direction(word, self.provider.spec.name),
            is_set_up=object_type in canonical.SET_UP,
            run=_RUN_WORDS.get(stream.get("status"), ""),
            done=stream.get("read") or 0,
            last_success_at=stream.get("last_succeeded_at"),
            left_out_why=left_out or "",
        )

    def _problems(self) -> list[ProblemGroup]:
        """Return the open problems, the worst first: a lost field, objects that stopped, then groups of records."""
        return [*self._undecided(), *self._given_up(), *self._failing()]

    def _undecided(self) -> list[ProblemGroup]:
        """Return the field that must be filled and has nothing any more to be filled from, or to go to."""
        since = self.row["decision_since"]
        if since is None:
            return []
        kind = self.row["decision_object"]
        return [ProblemGroup(ErrorClass.MISSING_VALUE, kind, 1, since, self._undecided_message())]

    def _given_up(self) -> list[ProblemGroup]:
        """Return the objects whose last job was given up since the owner last connected, and that are still wanted."""
        wanted = wishes.read_objects(self.provider, self.row["directions"])
        return [
            ProblemGroup(each["last_class"], each["object_type"], 1, each["last_ended_at"], each["last_sentence"])
            for each in self.streams.values()
            if each["last_status"] == WorkStatus.DEAD
            and each["last_ended_at"] >= self.row["connected_at"]
            and each["object_type"] in wanted
        ]

    def _failing(self) -> list[ProblemGroup]:
        found = [each for each in self.records if each["state"] in _PROBLEM_STATES]
        return [
            ProblemGroup(
                error_class=each["error_class"],
                object=each["object_type"],
                count=each["count"],
                first_seen_at=datetime.fromisoformat(each["since"]) if each["since"] else None,
                sentence=wording.problem(
                    each["error_class"],
                    each["count"],
                    each["object_type"],
                    canonical.label(each["object_type"], each["field"]).lower(),
                    self.provider.spec.name,
                    each["sentence"] or "",
                ),
            )
            for each in sorted(found, key=lambda each: -each["count"])
        ]

    def _current(self) -> dict[str, Any]:
        """Return the stream to tell about: what runs, then what has begun, then what waits, in reading order."""
        return min(self.active, key=lambda each: (each["status"] != WorkStatus.RUNNING, each["started_at"] is None))

    def _progress(self) -> Progress | None:
        if not self.active:
            return None
        current = self._current()
        done, total, started = current["read"] or 0, current["total"], current["started_at"]
        rate = done / max(1.0, (self.now - started).total_seconds()) if started and done else None
        known = total is not None and total >= done and total > 0
        steady = started is not None and (self.now - started).total_seconds() >= _STEADY_AFTER
        return Progress(
            object=current["object_type"],
            label=wording.objects_label(current["object_type"]),
            done=done,
            total=total if known else None,
            percent=int(100 * done / total) if known else None,
            rate=round(rate, 1) if rate else None,
            eta_seconds=round((total - done) / rate) if known and rate and steady else None,
            started_at=started,
        )


@cache
def _rests(provider: str, object_type: str) -> timedelta:
    """Return how long a stream rests between two reads. Kept: asking a stream what it can do takes its time."""
    reader = PROVIDERS[provider].streams[ObjectType(object_type)]
    return reader.rests if isinstance(reader, RestingStream) else timedelta(0)


def _account(row: dict[str, Any]) -> Account:
    identity = row["account_id"]
    hint = f"{identity[:3]}…{identity[-2:]}" if len(identity) > 6 else identity
    return Account(label=row["account_name"] or identity, id_hint=hint)


def _health(row: dict[str, Any]) -> Health:
    """Return the last day's figures; they are derived every ten minutes, and None before the first time."""
    runs = row["runs_24h"]
    return Health(round(1 - row["failed_runs_24h"] / runs, 4), row["p95_ms"]) if runs else Health()
