"""People edited on five sides at once, over lines that lose, double and delay, by workers that are killed: a machine.

Hypothesis draws what happens next. When all is quiet again the sides must agree, and an edit that did not survive must
be told: each value is written once in a run, so that every value found has one edit behind it, and each edit knows the
value that it replaced. An edit that nobody knowingly replaced and that is nowhere any more was lost.
"""

import contextlib
import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import orjson
from django.db import connections as database_connections
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connections import sessions
from integrations.providers import http
from integrations.providers.http import ApiSession
from integrations.providers.types import JSON, ExternalRecord, ObjectType, ReadScope
from mappings import versions
from mappings.models import Direction
from syncing import own, queue, sending, sheets, store, tasks
from syncing.inbound import Inbound
from syncing.joining import Joining
from syncing.models import LinkState, Record, RecordLink, SyncCursor, SyncJob, SyncLog, Trigger
from syncing.own import Entry
from tests.conftest import forget_limits
from tests.contract.account import connect, open_account
from tests.contract.stage import MAILCHIMP, QUICKBOOKS, SQUARE, STRIPE, Stage
from tests.contract.working import hurry, settle
from tests.provider_sandbox import Sandbox

CUSTOMER = ObjectType.CUSTOMER
STAGES = (SQUARE, STRIPE, MAILCHIMP, QUICKBOOKS)
FIELDS = ("given_name", "phone")
MOST_PEOPLE, MOST_ROUNDS = 3, 8
FAULT = ("provider", "kind", "status", "skip")
where = st.sampled_from([stage.key for stage in STAGES])
field = st.sampled_from(FIELDS)
who = st.integers(0, MOST_PEOPLE - 1)


def email(number: int) -> str:
    return f"number.{number}@venue.example"


def of_nobody(stage: Stage) -> Stage:
    """Return a stage whose accounts are empty."""
    return replace(stage, sizes=dict.fromkeys(stage.sizes, 0))


# --- what somebody else does at a provider, by its own API ------------------------------------------------------------


def _at_square(api: ApiSession, raw: JSON, values: dict[str, str]) -> None:
    body = {_SQUARE[name]: value for name, value in values.items()}
    path = f"/v2/customers/{raw['id']}" if raw else "/v2/customers"
    api.call("PUT" if raw else "POST", path, body=orjson.dumps(body), repeatable=False)


_SQUARE = {"given_name": "given_name", "family_name": "family_name", "phone": "phone_number", "email": "email_address"}


def _at_stripe(api: ApiSession, raw: JSON, values: dict[str, str]) -> None:
    form = {name: value for name, value in values.items() if name in ("phone", "email")}
    if "given_name" in values:
        family = values.get("family_name") or str(raw.get("name")).split()[-1]
        form["name"] = f"{values['given_name']} {family}"
    api.post_form(f"/v1/customers/{raw['id']}" if raw else "/v1/customers", form, repeatable=False)


def _at_mailchimp(api: ApiSession, raw: JSON, values: dict[str, str]) -> None:
    merges = {tag: values[name] for name, tag in _MAILCHIMP.items() if name in values}
    if raw:
        path, body = f"/3.0/lists/{raw['list_id']}/members/{raw['id']}", {"merge_fields": merges}
        api.call("PATCH", path, body=orjson.dumps(body), repeatable=False)
        return
    audience = api.get("/3.0/lists", {"fields": "lists.id"}).body["lists"][0]["id"]
    new = {"email_address": values["email"], "status": "subscribed", "merge_fields": merges}
    api.post(f"/3.0/lists/{audience}/members", new, repeatable=False)


_MAILCHIMP = {"given_name": "FNAME", "family_name": "LNAME", "phone": "PHONE"}


def _at_quickbooks(api: ApiSession, raw: JSON, values: dict[str, str]) -> None:
    body: JSON = {name: values[ours] for ours, name in _QUICKBOOKS.items() if ours in values}
    if "phone" in values:
        body["PrimaryPhone"] = {"FreeFormNumber": values["phone"]}
    if "email" in values:
        body["PrimaryEmailAddr"] = {"Address": values["email"]}
    if raw:
        body |= {"Id": raw["Id"], "SyncToken": raw["SyncToken"], "sparse": True}
    api.post("/customer?minorversion=75", body, repeatable=False)


_QUICKBOOKS = {"given_name": "GivenName", "family_name": "FamilyName"}
Act = Callable[[ApiSession, JSON, dict[str, str]], None]
ACTS: dict[str, Act] = {
    "square": _at_square, "stripe": _at_stripe, "mailchimp": _at_mailchimp, "quickbooks": _at_quickbooks,
}  # fmt: skip


class BothSides(RuleBasedStateMachine):
    """One venue with four providers. `sandbox` is set before it is run; `tally` counts over all runs."""

    sandbox: ClassVar[Sandbox]
    tally: ClassVar[dict[str, int]]

    def __init__(self) -> None:
        super().__init__()
        self.values = itertools.count(1)
        self.parents: dict[str, str | None] = {}  # every value ever written, and the one that it replaced
        self.people: set[int] = set()
        self.held: list[tuple[str, list[ExternalRecord]]] = []
        self.bookmarks: dict[str, list[Any]] = {}

    # --- the stage ----------------------------------------------------------------------------------------------------

    @initialize()
    def open(self) -> None:
        """Connect a venue of two people with four empty accounts, and let all of them agree."""
        self.sandbox.ask("DELETE", "/faults")
        SyncJob.objects.all().delete()  # of runs that failed
        accounts = [open_account(of_nobody(stage), self.sandbox) for stage in STAGES]
        venue, owner = accounts[0].venue, accounts[0].owner
        self.accounts = {account.stage.key: replace(account, venue=venue, owner=owner) for account in accounts}
        self.venue, self.owner = venue, owner
        self.links = {key: connect(account) for key, account in self.accounts.items()}
        for key, connection in self.links.items():
            queue.enqueue(
                connection, [*self.accounts[key].stage.stream(CUSTOMER).needs, CUSTOMER], trigger=Trigger.OWNER
            )
        settle()
        self._write(0, {name: self._value(name) for name in FIELDS})
        self._write(1, {name: self._value(name) for name in FIELDS})
        for connection in self.links.values():
            plans = sending.preview(connection, [CUSTOMER])
            sending.start(connection, [CUSTOMER], plan=sending.plan_id(plans), by=owner)
        settle()

    def _value(self, name: str) -> str:
        number = next(self.values)
        return f"Given{number}" if name == "given_name" else f"+4477009{number:05}"

    def _write(self, person: int, values: dict[str, str]) -> None:
        """Let the venue's own system write values of a person."""
        held = Record.objects.filter(venue=self.venue, external_key=f"m-{person}").first()
        known = Record.objects.live().filter(venue=self.venue, identity=f"email:{email(person)}").first()
        before = (held or known).fields if held or known else {}
        for name, value in values.items():
            self.parents[value] = before.get(name)
        told = {"email": email(person), "family_name": f"Number{person}"} | values
        (outcome,) = own.upsert(self.venue, CUSTOMER, [Entry(told, f"m-{person}")], actor=self.owner).outcomes
        assert outcome.faults == []
        self.people.add(person)

    # --- people -------------------------------------------------------------------------------------------------------

    @rule(person=who, name=field)
    def edit_here(self, person: int, name: str) -> None:
        """Change a field in the venue's own system, or make the person there."""
        names = [name] if person in self.people else FIELDS
        self._write(person, {each: self._value(each) for each in names})

    @rule(at=where, person=who, name=field)
    def edit_there(self, at: str, person: int, name: str) -> None:
        """Let somebody change a field at a provider, or make the person there."""
        raw = self._there(at).get(person)
        if raw is None and Record.objects.filter(venue=self.venue, identity=f"email:{email(person)}").exists():
            return  # known here, on its way there: that nobody makes it twice is for another proof
        fields = self._mapped(at, raw) if raw else {}
        values = {each: self._value(each) for each in ([name] if raw else FIELDS)}
        for each, value in values.items():
            self.parents[value] = fields.get(each)
        more = {} if raw else {"email": email(person), "family_name": f"Number{person}"}
        with self._without_trouble():
            ACTS[at](sessions.open_session(self.links[at]), raw or {}, values | more)
        self.people.add(person)

    @contextlib.contextmanager
    def _without_trouble(self) -> Iterator[None]:
        """Keep what goes wrong for the workers."""
        waiting = [each for each in self.sandbox.ask("GET", "/faults") if not each["fired"]]
        self.sandbox.ask("DELETE", "/faults")
        yield
        for each in waiting:
            self.sandbox.ask("POST", "/faults", {name: each[name] for name in FAULT})

    # --- lines and workers --------------------------------------------------------------------------------------------

    @rule()
    def work(self) -> None:
        """Let a worker do what is next."""
        hurry()
        tasks.work_once()

    @rule(at=where, direction=st.sampled_from(Direction))
    def ask(self, at: str, direction: Direction) -> None:
        """Let somebody ask for a sync."""
        queue.enqueue(self.links[at], [CUSTOMER], direction=direction, trigger=Trigger.OWNER)

    @rule(at=where, kind=st.sampled_from(["lost_answer", "reset", "status", "html"]), skip=st.integers(0, 2))
    def trouble(self, at: str, kind: str, skip: int) -> None:
        """Let one of the next calls go wrong."""
        self.sandbox.ask("POST", "/faults", {"provider": at, "kind": kind, "status": 503, "skip": skip, "times": 1})

    @rule(after=st.floats(0.002, 0.06))
    def kill(self, after: float) -> None:
        """Let a worker be killed somewhere on its way, and another one take over."""
        hurry()
        child = os.fork()
        if not child:
            _work_until_killed()
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        SyncJob.objects.filter(status="running").update(lease_until=timezone.now() - timedelta(seconds=1))
        forget_limits(self.sandbox.url)  # the calls that it had under way count for half a minute
        self.tally["kills"] += 1

    @rule(at=where)
    def delay(self, at: str) -> None:
        """Hold a page back that a read would bring now; two of the providers tell times in whole seconds only."""
        self.held.append((at, self._page(at)))
        self.sandbox.ask("POST", "/clock", {"advance_seconds": 1})

    @precondition(lambda self: self.held)
    @rule(dice=st.randoms(use_true_random=False), twice=st.booleans())
    def arrive(self, dice: random.Random, twice: bool) -> None:
        """Let one of the pages arrive that were held back, once or twice, in any order."""
        key, page = self.held.pop(dice.randrange(len(self.held)))
        for _ in range(1 + twice):
            self._deliver(key, page)

    @rule(at=where)
    def rewind(self, at: str) -> None:
        """Let a read begin from a bookmark of before."""
        bookmark = SyncCursor.objects.get(connection=self.links[at], object_type=CUSTOMER, direction="in")
        kept = self.bookmarks.setdefault(at, [])
        kept.append(bookmark.position)
        SyncCursor.objects.filter(pk=bookmark.pk).update(position=kept[0])

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Let all be quiet, and judge."""
        if not hasattr(self, "links"):
            return
        while self.held:
            self._deliver(*self.held.pop())
        rounds = self._settle_down()
        self._judge()
        self.tally["runs"] += 1
        self.tally["edits"] += len(self.parents)
        self.tally["rounds"] = max(self.tally["rounds"], rounds)

    def _settle_down(self) -> int:
        """Read and send at all sides until a round changes nothing; return how many rounds that took."""
        self.sandbox.ask("DELETE", "/faults")
        for number in range(1, MOST_ROUNDS + 1):
            self.sandbox.ask("POST", "/clock", {"advance_seconds": 60})
            before = self._changes()
            for direction in Direction:
                for connection in self.links.values():
                    queue.enqueue(connection, [CUSTOMER], direction=direction, trigger=Trigger.OWNER)
                settle(seconds=180)  # one killed while it asked a silent provider keeps the others waiting
            if self._changes() == before:
                return number
        raise AssertionError(f"not quiet after {MOST_ROUNDS} rounds")

    def _changes(self) -> int:
        logs = SyncLog.objects.filter(venue=self.venue, object_type=CUSTOMER)
        return sum(sum(row) for row in logs.values_list("created", "updated", "deleted", "failed"))

    def _judge(self) -> None:
        records = {each.fields["email"]: each for each in Record.objects.live().filter(venue=self.venue)
                   if each.object_type == CUSTOMER}  # fmt: skip
        assert records.keys() == {email(person) for person in self.people}
        final = set[str]()
        for key in self.links:
            there = self._there(key)
            assert there.keys() == self.people, f"{key}: {there.keys()} of {self.people}"
            for person, raw in there.items():
                ours = records[email(person)].fields
                told = self._mapped(key, raw)
                assert {name: told.get(name) for name in FIELDS} == {name: ours.get(name) for name in FIELDS}, key
                final |= {ours[name] for name in FIELDS}
        self._judge_losses(final)
        self._judge_writes()
        open_links = RecordLink.objects.filter(connection__in=self.links.values(), external_type=CUSTOMER)
        assert not open_links.exclude(state=LinkState.IN_STEP, push=None).exists(), list(
            open_links.values("state", "problem")
        )

    def _judge_losses(self, final: set[str]) -> None:
        """No edit is gone that nobody knowingly replaced, unless it is told."""
        replaced = {parent for parent in self.parents.values() if parent}
        leaves = self.parents.keys() - replaced - final
        told = " ".join(str(entry.get("detail")) for timeline in SyncLog.objects.filter(venue=self.venue).values_list(
            "timeline", flat=True) for entry in timeline)  # fmt: skip
        silent = {value for value in leaves if f"“{value}”" not in told}
        assert not silent, f"lost in silence: {silent}; left: {final}; {self.parents}"
        self.tally["told"] += len(leaves)

    def _judge_writes(self) -> None:
        """Each edit is written to each side at most twice."""
        for connection in self.links.values():
            logs = SyncLog.objects.filter(connection=connection, direction="out")
            writes = sum(created + updated for created, updated in logs.values_list("created", "updated"))
            assert writes <= 2 * len(self.parents), (
                f"{connection.provider}: {writes} writes of {len(self.parents)} edits"
            )
            self.tally["writes"] += writes

    # --- looking and delivering ---------------------------------------------------------------------------------------

    def _there(self, key: str) -> dict[int, JSON]:
        """Return by number who is at a provider; nobody is there twice."""
        found: dict[int, JSON] = {}
        for raw in self.accounts[key].truth(CUSTOMER)[0].values():
            address = self._mapped(key, raw).get("email", "")
            if address.startswith("number."):
                number = int(address.split(".")[1].split("@")[0])
                assert number not in found, f"{key} has number {number} twice"
                found[number] = raw
        return found

    def _mapped(self, key: str, raw: JSON) -> dict[str, Any]:
        stream = self.accounts[key].stage.stream(CUSTOMER)
        return versions.mapper_for(self.links[key], CUSTOMER)(stream.values(raw)).fields

    def _page(self, key: str) -> list[ExternalRecord]:
        """Return everybody at a provider as a full read brings them."""
        stream = self.accounts[key].stage.stream(CUSTOMER)
        known = {
            kind: list(RecordLink.objects.filter(connection=self.links[key], external_type=kind).values_list(
                "external_id", flat=True))
            for kind in stream.needs
        }  # fmt: skip
        with self._without_trouble():
            pages = stream.read(sessions.open_session(self.links[key]), {}, ReadScope(known=known))
            return [record for page in pages for record in page.records]

    def _deliver(self, key: str, records: list[ExternalRecord]) -> None:
        """Store a page as the runner does."""
        connection = self.links[key]
        stream, mapper = self.accounts[key].stage.stream(CUSTOMER), versions.mapper_for(connection, CUSTOMER)
        inbound, joining = Inbound(connection, stream, mapper), Joining.of(connection, CUSTOMER)
        batch, stored = inbound.sort(records)
        inbound.fill(batch)
        joining.identities(batch)
        joining.join(batch, stored)
        with transaction.atomic():
            store.write(connection, CUSTOMER, sheets.prepare(batch, stored), full=False)
            told = joining.told()
            if told:
                log = SyncLog.objects.filter(connection=connection).latest("started_at")
                log.timeline = [*log.timeline, *({"event": "settled", "detail": each} for each in told)]
                log.save(update_fields=["timeline"])


def _work_until_killed() -> None:
    """Be a worker of its own: nothing of the parent's connections is used, or closed."""
    try:
        for connection in database_connections.all(initialized_only=True):
            connection.connection = None
        http._connections = http._manager()
        while True:
            if not tasks.work_once():
                time.sleep(0.001)
    finally:
        os._exit(0)
