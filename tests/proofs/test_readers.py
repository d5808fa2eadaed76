"""Four providers, read to the last record: each point that was promised for the second step, seen working.

`./backline prove readers` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections as database_connections
from django.db import models
from django.utils import timezone

from connections import sessions
from connections.models import Connection, OAuthToken
from integrations import walls
from integrations.providers import PROVIDERS
from monitoring.management import oracle
from syncing import schedule, tasks
from syncing.models import SyncCursor, SyncLog, Trigger
from tests.contract.account import Account, connect, open_account, sign_in
from tests.contract.stage import MAILCHIMP, QUICKBOOKS, SQUARE, STRIPE, Stage
from tests.proofs.conftest import Point
from tests.proofs.house import ROOT, database_url, paced
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
FULL = os.environ.get("PROOFS") == "full"
full = pytest.mark.skipif(not FULL, reason="takes minutes: ./backline prove readers")
STAGES = (SQUARE, STRIPE, MAILCHIMP, QUICKBOOKS)
_MINUTES_A_MONTH = 30 * 24 * 60
_FREE_READS = 500_000  # CorePlus calls a month for one application, over all its venues


@pytest.fixture
def accounts(sandbox: Sandbox) -> list[Account]:
    """A small account at each provider."""
    return [open_account(stage, sandbox) for stage in STAGES]


def start(connection: Connection) -> None:
    schedule.start(connection, trigger=Trigger.OWNER)


def disagreements(connections: list[Connection]) -> tuple[list[str], int]:
    """Return what the oracle does not agree with, stream by stream, and how many records it looked at."""
    wrong, seen = [], 0
    for connection in connections:
        for object_type, verdict in oracle.verdicts(connection).items():
            seen += verdict.there
            if not verdict.agrees:
                wrong.append(f"{connection.provider} {object_type}: {verdict}")
    return wrong, seen


# --- the demo, and the oracle -----------------------------------------------------------------------------------------


@full
def test_the_demo_connects_all_four_through_their_pages_and_the_oracle_agrees(point: Point) -> None:
    started = time.monotonic()
    ours = ("DATABASE_URL", "REDIS_URL")  # the demo has servers of its own, and its venue stays on them
    demo = subprocess.run(
        [str(ROOT / "backline"), "demo", "--headless"], cwd=ROOT, capture_output=True, text=True, timeout=600,
        env={name: value for name, value in os.environ.items() if name not in ours},
    )  # fmt: skip
    assert demo.returncode == 0, demo.stdout[-3000:]
    streams = re.findall(r"([\d,]+) here, ([\d,]+) there: 0 missing, 0 too many, 0 stale", demo.stdout)
    assert len(streams) == sum(len(provider.streams) for provider in PROVIDERS.values())
    records = sum(int(here.replace(",", "")) for here, _ in streams)
    took = time.monotonic() - started
    point(f"{len(streams)} streams, {records:,} records, 0 missing, 0 doubled, 0 stale, {took:.0f} s")


def _larger(stage: Stage, times: int) -> Stage:
    """Return a stage with accounts that do not run empty."""
    return replace(stage, sizes={kind: times * size for kind, size in stage.sizes.items()})


def edit(account: Account, dice: random.Random, wanted: int) -> int:
    """Let the venue's people change, create and delete that many things, in handfuls; return how many it were."""
    verbs = [
        (verb, kind)
        for watched in account.stage.streams.values()
        for verb, kind in (("change", watched.changes), ("create", watched.creates), ("delete", watched.deletes))
        if kind
    ]
    made = 0
    while made < wanted:
        verb, kind = dice.choice(verbs)
        done = account.act(verb, **{kind: dice.randint(1, 4)})
        made += max(1, sum(len(ids) for ids in done.values() if isinstance(ids, list)))
    return made


def test_after_changes_and_deletes_while_two_rounds_run_the_oracle_agrees_again(sandbox: Sandbox, point: Point) -> None:
    accounts = [open_account(_larger(stage, 10 if FULL else 1), sandbox) for stage in STAGES]
    connections = [connect(account) for account in accounts]
    [start(connection) for connection in connections]
    settle()
    wrong, first = disagreements(connections)
    assert wrong == []
    sandbox.ask("POST", "/clock", {"advance_seconds": 1200})
    dice, made = random.Random(3), 0
    wanted = 125 if FULL else 30

    def meanwhile(share: int) -> int:
        return sum(edit(account, dice, share) for account in accounts)

    made += meanwhile(wanted // 2)
    for share in (wanted - wanted // 2, 0):
        with ThreadPoolExecutor(1) as people:
            more = people.submit(walls.carried(meanwhile), share)
            [start(connection) for connection in connections]
            settle()
            made += more.result()
    wrong, second = disagreements(connections)
    assert wrong == []
    point(f"{first:,} records at first, {made} edits, {second:,} after them; 0 missing, 0 doubled, 0 stale")


# --- access -----------------------------------------------------------------------------------------------------------


def refresher(connection: Connection, askers: int, *more: str, sandbox: Sandbox) -> "subprocess.Popen[str]":
    """Start a process of askers, and wait until all of them stand at the line."""
    environment = os.environ | {"DATABASE_URL": database_url(), "SANDBOX_URL": sandbox.url, "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.proofs.refreshers", str(connection.pk), str(askers), *more],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def refreshes(account: Account) -> int:
    books = account.sandbox.ask("GET", "/state")["quickbooks"]["accounts"]
    return int(next(each for each in books if each["id"] == account.id)["token_calls"]["refreshes"])


def test_a_hundred_askers_in_four_processes_share_one_refresh(sandbox: Sandbox, point: Point) -> None:
    account = open_account(QUICKBOOKS, sandbox)
    connection = sign_in(account)
    rounds, askers = (20, 25) if FULL else (2, 25)
    for _ in range(rounds):
        before = refreshes(account)
        processes = [refresher(connection, askers, sandbox=sandbox) for _ in range(4)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        got = [token for process in processes for token in json.loads(process.communicate(timeout=60)[0])]
        token = OAuthToken.objects.select_related("connection").get(connection=connection)
        assert refreshes(account) - before == 1
        assert len(got) == 4 * askers
        assert set(got) == {sessions.open_session(connection)._authorization()["Authorization"].removeprefix("Bearer ")}
        assert token.refresh_until is None
        assert sessions.open_session(connection).get(f"/companyinfo/{account.id}", {"minorversion": 75}).status == 200
    point(f"{rounds} times: 1 refresh, {4 * askers} good tokens")


@pytest.mark.parametrize(("grace", "status"), [(60, "connected"), (0, "reauthorise")])
def test_a_crash_between_the_answer_and_our_commit_ends_well_or_clearly(
    sandbox: Sandbox, point: Point, grace: int, status: str
) -> None:
    account = open_account(QUICKBOOKS, sandbox)
    connection = sign_in(account)
    sandbox.ask("POST", "/quickbooks/settings", {"grace_seconds": grace})
    process = refresher(connection, 1, "crash", sandbox=sandbox)
    process.communicate("go\n", timeout=60)
    assert process.returncode == -9
    OAuthToken.objects.filter(connection=connection).update(
        access_expires_at=timezone.now(), refresh_until=timezone.now() - timedelta(seconds=1)
    )
    start(connection)
    settle()
    connection.refresh_from_db()
    assert connection.status == status
    if status == "connected":
        assert disagreements([connection])[0] == []
    else:
        assert (connection.status_class, "no longer accepts" in connection.status_detail) == ("auth", True)
        assert connection.sync_jobs.open().exists(), "the work waits for the owner"
    point(f"with a grace of {grace} s: {status}")


def test_two_venues_of_each_provider_never_show_each_other_s_token(sandbox: Sandbox, point: Point) -> None:
    paths = {
        "square": "/v2/locations",
        "stripe": "/v1/customers?limit=1",
        "mailchimp": "/3.0/ping",
        "quickbooks": "/query?minorversion=75&query=SELECT%20*%20FROM%20Class",
    }
    sandbox.ask("POST", "/quickbooks/settings", {"per_minute": None})
    accounts = [open_account(stage, sandbox, name) for stage in STAGES for name in ("One", "Two")]
    # Through the sign-in where there is one: at Stripe both venues then share our own key.
    links = {account.id: sign_in(account) for account in accounts}
    sandbox.clear_log()
    calls = 1000 // len(accounts)

    def call(account: Account) -> None:
        try:
            api = sessions.open_session(links[account.id])
            for _ in range(calls):
                api.call("GET", paths[account.stage.key], repeatable=True, headers={"X-Client-Request-Id": account.id})
        finally:
            database_connections.close_all()

    with ThreadPoolExecutor(len(accounts)) as workers:
        list(workers.map(walls.carried(call), accounts))
    seen = Counter((each["client_request_id"], each["merchant"]) for each in log(sandbox) if each["client_request_id"])
    assert seen == {(account.id, account.id): calls for account in accounts}
    point(f"{sum(seen.values()):,} calls of {len(accounts)} venues at once, 0 with another's token")


def log(sandbox: Sandbox) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = sandbox.ask("GET", "/log", limit=5000)["entries"]
    return entries


# --- calls ------------------------------------------------------------------------------------------------------------


def documented() -> dict[str, int]:
    """Return the calls of an idle round by provider, as the table in the docs tells them."""
    page = (ROOT / "docs" / "explanation" / "calls.md").read_text()
    return {name.lower(): int(calls) for name, calls in re.findall(r"^\| (\w+) \| (\d+) \|", page, re.MULTILINE)}


def rounds(account: Account, connection: Connection) -> tuple[Counter[str], Counter[str]]:
    """Return the calls, by class, of a round in which nothing happened: of the streams that rest, and of the others."""
    resting = [kind for kind, stream in PROVIDERS[connection.provider].streams.items() if hasattr(stream, "rests")]
    bookmarks = SyncCursor.objects.filter(connection=connection)
    return (
        due_round(account, connection, bookmarks.filter(object_type__in=resting)),
        due_round(account, connection, bookmarks.exclude(object_type__in=resting)),
    )


def due_round(account: Account, connection: Connection, bookmarks: models.QuerySet[SyncCursor]) -> Counter[str]:
    account.sandbox.ask("POST", "/clock", {"advance_seconds": 600})
    account.sandbox.clear_log()
    before = set(SyncLog.objects.values_list("pk", flat=True))
    now = timezone.now()
    # Nobody else's turn comes by itself meanwhile.
    SyncCursor.objects.exclude(next_run_at=None).update(next_run_at=now + timedelta(days=1))
    bookmarks.update(next_run_at=now - timedelta(seconds=1))
    schedule.enqueue_due()
    settle()
    used: Counter[str] = Counter()
    for each in SyncLog.objects.filter(connection=connection).exclude(pk__in=before):
        assert each.outcome == "nothing_to_do", (each.object_type, each.outcome, each.error_sentence)
        used.update(each.calls)
    seen = account.sandbox.ask("GET", "/log/counts")["by_path"]
    asked = {path: calls for path, calls in seen.items() if "oauth" not in path}
    assert used.total() == sum(asked.values()), (used, asked)
    return used


def test_an_idle_round_costs_the_calls_that_the_docs_tell(accounts: list[Account], point: Point) -> None:
    measured, rare = dict[str, Counter[str]](), dict[str, Counter[str]]()
    for account in accounts:
        connection = connect(account)
        start(connection)
        settle()
        rounds(account, connection)  # the first scheduled round may look at what the first sync already saw
        rare[account.stage.key], measured[account.stage.key] = rounds(account, connection)
    told = documented()
    assert {provider: calls.total() for provider, calls in measured.items()} == told
    reads = measured["quickbooks"]["coreplus"] * _MINUTES_A_MONTH // configured.SYNC_INTERVAL_MINUTES
    hundred = 100 * (reads + 30 * rare["quickbooks"]["coreplus"])
    assert hundred <= _FREE_READS
    point(
        f"{', '.join(f'{provider} {calls}' for provider, calls in told.items())}; QuickBooks reads of 100 venues: "
        f"{hundred:,} of {_FREE_READS:,} a month"
    )


def work(workers: int) -> None:
    """Let so many workers work until nothing is left; they wait as long as they are told to."""

    def one() -> None:
        try:
            give_up_at = time.monotonic() + 120
            while SyncLog.objects.filter(finished_at=None).exists() or tasks.work_once():
                assert time.monotonic() < give_up_at, "the storm did not end"
                tasks.work_once()
                time.sleep(0.05)
        finally:
            database_connections.close_all()

    threads = [threading.Thread(target=walls.carried(one)) for _ in range(workers)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_in_a_storm_of_429_nobody_calls_before_the_time_and_all_stay_within_the_limits(
    sandbox: Sandbox, stage: Stage, settings: Any, point: Point
) -> None:
    limits = PROVIDERS[stage.key].spec.limits
    settings.PROVIDER_CALLS_PER_SECOND = {stage.key: limits.calls_per_second}
    account = open_account(stage, sandbox)
    connection = connect(account)
    for skip in (1, 1, 1):
        fault = {"provider": stage.key, "kind": "rate_limit", "retry_after": 2, "times": 1, "skip": skip}
        sandbox.ask("POST", "/faults", fault)
    sandbox.clear_log()
    start(connection)
    work(4)
    assert disagreements([connection])[0] == []
    calls = [(_seconds(each["at"]), each["status"]) for each in log(sandbox)]
    refused = [at for at, status in calls if status == 429]
    assert len(refused) == 3
    early = [at for at, _ in calls for no in refused if no + 0.2 < at < no + 2 - 0.2]
    assert early == []
    fastest = max(sum(first <= at < first + 5 for at, _ in calls) for first, _ in calls) / 5
    assert fastest <= limits.calls_per_second + max(limits.burst, limits.calls_per_second) / 5
    in_flight = sandbox.ask("GET", "/log/counts")["max_in_flight"]
    assert not limits.in_flight or in_flight <= limits.in_flight
    point(f"{len(calls)} calls, 3 refused, 0 early; at most {fastest:.1f}/s over 5 s and {in_flight} at once")


def _seconds(at: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(at).timestamp()


# --- pace -------------------------------------------------------------------------------------------------------------


@full
@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_the_pace_holds_against_the_hand_written_bound(provider: str, point: Point) -> None:
    point(paced(provider))
