"""Events come in: nothing forged passes, nothing true is lost, each point that was promised seen working.

`./backline prove events` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import redis
import requests
from django.db import transaction
from django.utils import timezone

from benchmarks import serving
from connections.models import Connection
from integrations import walls
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import RawDelivery
from monitoring import dead_letters, recovery
from monitoring.dead_letters import Filter
from syncing.models import SyncCursor, SyncJob, SyncLog
from tests.contract.stage import MAILCHIMP as MAILCHIMP_STAGE
from tests.contract.stage import QUICKBOOKS as QUICKBOOKS_STAGE
from tests.contract.stage import SQUARE as SQUARE_STAGE
from tests.contract.stage import STRIPE as STRIPE_STAGE
from tests.contract.stage import Stage
from tests.factories import VenueFactory
from tests.proofs import failing, hostile, losing, sending_house, spoiled
from tests.proofs.conftest import Point
from tests.proofs.house import ROOT, database_url, house, wait_for
from tests.provider_sandbox import Sandbox
from tests.webhooks.conftest import connected, subscribed
from tests.webhooks.forging import KINDS, Forger, Sent
from tests.webhooks.senders import MAILCHIMP, PATH, PUBLIC_URL, SECRETS, SENDERS, SQUARE, Sender, square_event, url
from webhooks import drain, intake
from webhooks.models import WebhookEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
FULL = os.environ.get("PROOFS") == "full"
DELIVERIES = 10_000 if FULL else 500
OVER_HTTP = 1_000 if FULL else 80
AWAY = 60  # seconds
SLOTS = 1_000 if FULL else 160
CUSTOMERS, ROUNDS, FEW = (505, 5, 60) if FULL else (45, 2, 24)
EVENTS, POISON, PILLS = (5_000, 50, 3) if FULL else (300, 3, 1)
PEOPLE = 400 if FULL else 60
REFUSED, UNSETTLED = (114, 192) if FULL else (8, 14)
FORBIDDEN = {"no products": 3, "no prices": 2, "no items": 5} if FULL else dict.fromkeys(failing.PERMISSIONS, 1)
full = pytest.mark.skipif(not FULL, reason="takes a minute and judges time: ./backline prove events")
each_sender = pytest.mark.parametrize("sender", SENDERS, ids=str)


@pytest.fixture(autouse=True)
def _our_secrets(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    settings.WEBHOOK_SECRETS = {key: list(known) for key, known in SECRETS.items()}
    settings.SANDBOX_URL = "http://127.0.0.1:9"


def passes(sender: Sender, sent: Sent) -> bool:
    receiver = PROVIDERS[sender.key].webhooks
    assert receiver is not None
    return receiver.verify(RawDelivery(sent.body, sent.headers), url=url(sender.key), secrets=SECRETS[sender.key])


def post(server: Any, sender: Sender, sent: Sent) -> int:
    headers = {name: value.encode("latin-1") for name, value in sent.headers.items()}
    address = f"{server.url}{PATH}/{sender.key}"
    return requests.post(
        address, data=sent.body, headers=headers | {"Content-Type": sender.content_type}, timeout=30
    ).status_code


def at_once(work: Callable[[Sent], int], sent: list[Sent]) -> Counter[int]:
    with ThreadPoolExecutor(4) as threads:
        return Counter(threads.map(walls.carried(work), sent))


@each_sender
def test_nothing_forged_passes(sender: Sender, point: Point) -> None:
    forger, kinds = Forger(sender, Random(sender.key)), list(KINDS[sender.key])
    assert len(kinds) >= 14
    for number in range(DELIVERIES):
        kind = kinds[number % len(kinds)]
        sent = forger.forged(kind)
        assert not passes(sender, sent), (kind, sent)
    point(f"{DELIVERIES:,} of {len(kinds)} kinds: 0 accepted, 0 raised")


@each_sender
def test_everything_true_passes_and_is_read(sender: Sender, point: Point) -> None:
    forger, receiver = Forger(sender, Random(sender.key)), PROVIDERS[sender.key].webhooks
    assert receiver is not None
    for _ in range(DELIVERIES):
        sent = forger.true()
        assert passes(sender, sent), sent
        (event,) = receiver.parse(RawDelivery(sent.body, sent.headers))
        assert event.object_type == "customer"
    point(f"{DELIVERIES:,} with odd spacing and letters of all kinds: all accepted")


@each_sender
def test_nothing_forged_passes_over_http_or_leaves_a_row(
    sender: Sender, venue: Venue, live_server: Any, point: Point
) -> None:
    connected(venue, sender)
    forger, kinds = Forger(sender, Random(sender.key)), list(KINDS[sender.key])
    sent = [forger.forged(kinds[number % len(kinds)]) for number in range(OVER_HTTP)]
    answers = at_once(lambda each: post(live_server, sender, each), sent)
    assert answers == {401: OVER_HTTP}
    rows = WebhookEvent.objects.exclude(verdict="refused")
    assert (rows.count(), SyncJob.objects.count()) == (0, 0)
    samples = WebhookEvent.objects.filter(verdict="refused")
    assert samples.count() <= 3
    assert not any(row.body for row in samples)
    point(f"{OVER_HTTP:,}: all 401, 0 rows but {samples.count()} sample")


@each_sender
def test_everything_true_is_stored_once_over_http_however_often_it_comes(
    sender: Sender, venue: Venue, live_server: Any, point: Point
) -> None:
    connected(venue, sender)
    forger, rng = Forger(sender, Random(sender.key)), Random("again")
    true = [forger.true() for _ in range(OVER_HTTP)]
    sent = true + rng.choices(true, k=OVER_HTTP // 10)
    rng.shuffle(sent)
    assert at_once(lambda each: post(live_server, sender, each), sent) == {200: len(sent)}
    assert WebhookEvent.objects.count() == OVER_HTTP
    verdicts = set(WebhookEvent.objects.values_list("verdict", flat=True))
    assert verdicts == {"unroutable" if sender is MAILCHIMP else "accepted"}  # Mailchimp names no account
    point(f"{len(sent):,} deliveries of {OVER_HTTP:,} events: {OVER_HTTP:,} rows")


# What beat's tasks call, as often as there is something, in small bites so that the three meet.
BEAT = """
import sys, django, orjson
django.setup()
from syncing import schedule
from webhooks import rounds
print("ready", flush=True)
sys.stdin.readline()
queued, claimed = 0, []
for _ in range(60):
    queued += schedule.enqueue_due(limit=20)
    claimed += [str(each.connection_id) for each in rounds.claim(3)]
print(orjson.dumps({"queued": queued, "claimed": claimed}).decode())
"""


class Killed(Exception):
    """The drain's process ended here."""


def test_a_drain_that_dies_again_and_again_loses_and_doubles_nothing(venue: Venue, settings: Any, point: Point) -> None:
    connected(venue, SQUARE)
    settings.SYNC_MAX_ATTEMPTS = 1_000  # deaths here say nothing about the events
    total = take_in_events(2_000 if FULL else 400)
    rng, deaths = Random(7), Counter[str]()
    while WebhookEvent.objects.filter(status__in=["queued", "running"]).exists():
        batch = drain.claim_fresh(limit=rng.randrange(1, 60)) or drain.claim_again(least=1, limit=rng.randrange(1, 60))
        fate = rng.choice(["claimed", "settled", "lives", "lives"])
        if fate == "settled":
            with suppress(Killed), transaction.atomic():
                drain.settle(batch)
                raise Killed
        elif fate == "lives":
            drain.settle(batch)
        deaths[fate] += 1
        WebhookEvent.objects.filter(status="running").update(lease_until="2026-01-01T00:00:00Z")
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"succeeded"}
    assert sorted(SyncJob.objects.values_list("object_type", "status")) == [("customer", "queued"), ("order", "queued")]
    point(
        f"{total:,} events, {deaths['claimed']} deaths after the claim and {deaths['settled']} before the commit: "
        "all settled, one job for each stream"
    )


def take_in_events(number: int) -> int:
    """Store so many events of two streams."""
    square = PROVIDERS["square"]
    assert square.webhooks is not None
    for each in range(number):
        delivery = RawDelivery(square_event(each, kind=("customer.updated", "order.updated")[each % 2]), {})
        intake.store(square, delivery, intake.read(square, square.webhooks, delivery), None)
    return number


def test_every_event_finds_its_own_venue(venue: Venue, live_server: Any, point: Point) -> None:
    own: dict[str, Connection] = {}
    for number in range(10):
        own[f"M{number}"] = connected(VenueFactory(), SQUARE, account=f"M{number}")
    bodies = [square_event(number, account=f"M{number % 12}") for number in range(OVER_HTTP)]
    sent = [Sent(body, SQUARE.sign(body)) for body in bodies]
    assert at_once(lambda each: post(live_server, SQUARE, each), sent) == {200: OVER_HTTP}
    for row in WebhookEvent.objects.all():
        assert row.connection == own.get(row.account_id), row
    lost = WebhookEvent.objects.filter(verdict="unroutable").count()
    point(f"{OVER_HTTP:,} events of 12 accounts: each with its own of 10 venues, {lost} with none")


@pytest.mark.parametrize("stage", [SQUARE_STAGE, STRIPE_STAGE], ids=str)
def test_what_is_never_delivered_is_here_once_after_one_reconcile(
    stage: Stage, sandbox: Sandbox, live_server: Any, settings: Any, point: Point
) -> None:
    told = losing.opened(stage, sandbox, live_server, settings, customers=CUSTOMERS)
    told.disturb(drop=0.05, duplicate=0.05, reorder=20, seed=23)
    for _ in range(ROUNDS):
        told.change(CUSTOMERS - 5)
    told.delivered()
    losing.work_off()
    told.disturb(drop=1.0)
    told.change(5)
    counts = told.delivered()
    before, stale = told.rows(), told.stale()
    assert before == counts["announced"] - counts["dropped"]
    assert 0 < stale <= 5
    losing.reconcile()
    assert told.rows() == counts["announced"]
    assert told.rows(verdict="found", status="succeeded") == counts["dropped"]
    assert told.stale() == 0
    calls = SyncLog.objects.get(object_type="event").call_count
    point(
        f"{counts['announced']:,} events, {counts['dropped']:,} never delivered, {counts['duplicated']:,} twice: "
        f"after one reconcile 0 missing, 0 doubled, {stale} stale records are 0 (calls for the list: {calls:,})"
    )


@pytest.mark.parametrize("stage", [MAILCHIMP_STAGE, QUICKBOOKS_STAGE], ids=str)
def test_where_there_is_no_list_of_events_the_records_are_right_after_one_reconcile(
    stage: Stage, sandbox: Sandbox, live_server: Any, settings: Any, point: Point
) -> None:
    told = losing.opened(stage, sandbox, live_server, settings, customers=FEW)
    told.disturb(drop=0.3, seed=23)
    told.change(FEW)
    told.delivered()
    losing.work_off()
    told.disturb(drop=1.0)
    told.change(FEW // 2)
    counts = told.delivered()
    stale = told.stale()
    assert stale >= FEW // 3
    sandbox.clear_log()
    losing.reconcile()
    assert told.stale() == 0
    point(
        f"{counts['dropped']:,} of {counts['announced']:,} never delivered: {stale} stale records are 0 after one "
        f"reconcile (calls: {sandbox.calls()})"
    )


def environment(**more: str) -> dict[str, str]:
    """Return what a web server of its own needs to take deliveries in on the test's database."""
    secrets = {f"{key.upper()}_WEBHOOK_SECRETS": ",".join(known) for key, known in SECRETS.items()}
    return os.environ | secrets | {
        "DATABASE_URL": database_url(), "PUBLIC_URL": PUBLIC_URL, "SANDBOX_URL": "http://127.0.0.1:9",
        "SECURE_SSL_REDIRECT": "false", "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "ERROR", "MALLOC_ARENA_MAX": "2",
        **more,
    }  # fmt: skip


def test_what_is_hostile_gets_the_right_answer_and_costs_no_memory(venue: Venue, point: Point) -> None:
    token = subscribed(connected(venue, MAILCHIMP))
    wanted = hostile.cases(token)
    assert len(wanted) >= 60
    nowhere = next(case for case in wanted if case.name.endswith("/paypal"))
    with serving.server(environment(), workers=1) as (port, pid):
        for sender in SENDERS:
            body = sender.event(10**6)
            assert hostile.ask(port, hostile.true(sender, body)) == 200
        # What the first refusal by the API loads, whose address that is, serves all that follow.
        assert hostile.ask(port, nowhere) in nowhere.right
        before = hostile.measure_anew(pid)
        answers = {case.name: hostile.ask(port, case) for case in wanted}
        grown = {child: peak - before[child] for child, peak in hostile.largest(pid).items()}
    wrong = {case.name: answers[case.name] for case in wanted if answers[case.name] not in case.right}
    assert wrong == {}
    assert max(answers.values()) < 500
    rows = WebhookEvent.objects.exclude(dedupe_key__contains=f"{10**6}")
    assert not rows.filter(status="queued").exists()
    told = Counter(answers.values())
    most = max(grown.values()) / 1e6
    point(
        f"{len(wanted)} requests: {', '.join(f'{told[each]} x {each}' for each in sorted(told))}; none worked, "
        f"{rows.count()} kept as what they are; the serving process grew by {most:.1f} MB at its peak"
    )
    assert not FULL or most <= 20


@full
def test_the_broker_is_away_for_a_minute_and_then_emptied(venue: Venue, tmp_path: Path, point: Point) -> None:
    connected(venue, SQUARE)
    sent = [hostile.true(SQUARE, square_event(number)).request for number in range(100 * (5 + AWAY + 10))]
    with house("http://127.0.0.1:9", tmp_path) as broken:
        broken.start_worker("webhooks")
        with serving.server(environment(REDIS_URL=broken.redis_url)) as (port, _):
            serving.send(port, [hostile.true(SQUARE, square_event(-number)).request for number in range(1, 101)])
            WebhookEvent.objects.all().delete()
            with ThreadPoolExecutor(1) as beside:
                sending = beside.submit(serving.send, port, sent, per_second=100)
                time.sleep(5)
                broken.stop_broker()
                time.sleep(AWAY)
                broken.start_broker()
                redis.from_url(broken.redis_url).flushall()
                emptied = timezone.now()
                came = sending.result()
        waited = wait_for(
            lambda: not WebhookEvent.objects.exclude(status="succeeded").exists(), seconds=30, what="the last event"
        )
    assert came.statuses == {200: len(sent)}
    assert WebhookEvent.objects.count() == len(sent)
    lags = sorted(each.total_seconds() for each in lags_of(WebhookEvent.objects.all()))
    after = max(each.total_seconds() for each in lags_of(WebhookEvent.objects.filter(received_at__gte=emptied)))
    p95 = lags[int(len(lags) * 0.95)]
    point(
        f"{len(sent):,} deliveries at 100/s: all 200 and stored, p50 {came.p50:.0f} ms, p99 {came.p99:.0f} ms; worked "
        f"off p95 {p95:.1f} s and at most {lags[-1]:.1f} s later, after FLUSHALL at most {after:.1f} s; the last one "
        f"{waited:.1f} s after it was sent"
    )
    assert came.p99 <= 500
    assert p95 <= 10
    assert after <= 5


def lags_of(events: Any) -> list[timedelta]:
    """Return how long after they came they were worked off."""
    return [finished - received for received, finished in events.values_list("received_at", "finished_at")]


def test_three_beats_at_once_run_each_due_slot_once(tmp_path: Path, point: Point) -> None:
    now = timezone.now()
    connections = [connected(VenueFactory(), SQUARE, account=f"B{number}") for number in range(SLOTS // 8)]
    SyncCursor.objects.update(
        next_run_at=now, last_succeeded_at=now - timedelta(days=2), reconciled_at=now - timedelta(days=2)
    )
    beats = [
        subprocess.Popen(
            [sys.executable, "-c", BEAT], cwd=ROOT, env=environment(DJANGO_SETTINGS_MODULE="config.settings"),
            stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for beat in beats:
        assert beat.stdout is not None
        assert beat.stdout.readline() == b"ready\n"
    for beat in beats:
        assert beat.stdin is not None
        beat.stdin.write(b"go\n")
        beat.stdin.flush()
    told = [orjson.loads(beat.communicate(timeout=60)[0]) for beat in beats]
    queued = Counter(SyncJob.objects.values_list("connection", "object_type"))
    claimed = Counter(each for one in told for each in one["claimed"])
    slots = SyncCursor.objects.count()
    assert (sum(one["queued"] for one in told), len(queued), set(queued.values())) == (slots, slots, {1})
    assert (len(claimed), set(claimed.values())) == (len(connections), {1})
    point(
        f"{slots:,} due slots: {len(queued):,} jobs, made by {[one['queued'] for one in told]}; {len(claimed):,} "
        f"connections to reconcile, claimed by {[len(one['claimed']) for one in told]}; none twice"
    )


@pytest.fixture
def failures(sandbox: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture) -> failing.Failures:
    settings.SYNC_MAX_ATTEMPTS = 4  # one together with all, one with a few, two alone
    caplog.set_level("CRITICAL", "webhooks.drain")  # a traceback for each of them takes longer than the work
    return failing.Failures(sandbox, each=REFUSED, news=UNSETTLED, forbidden=FORBIDDEN)


def test_a_thousand_mixed_failures_are_few_groups_of_one_cause_and_come_back_each_exactly_once(
    failures: failing.Failures, staff: Any, point: Point
) -> None:
    with failing.news_refused():
        failures.happen()
        groups = dead_letters.groups()
        told = failures.by_cause()
        assert sum(group.size for group in groups) == len(failures.causes) == failures.total
        assert all(len(true) == 1 for true in told.values()), told
        assert len(groups) == len(told) == len(set(failures.causes.values())) <= 12
    failures.mend()
    tried = [failures.retried(staff, trial=True), failures.retried(staff)]
    assert tried == [len(groups), failures.total - len(groups)]
    failures.assert_each_exactly_once()
    assert dead_letters.groups() == []
    point(
        f"{failures.total:,} failures in {len(groups)} groups, 0 of mixed cause; mended, {tried[0]} tried and "
        f"{tried[1]:,} after them: each once at the sandbox, 0 left"
    )


def test_what_staff_discard_or_clear_comes_back_byte_for_byte(
    failures: failing.Failures, staff: Any, point: Point
) -> None:
    with failing.news_refused():
        failures.happen()
    before = failing.rows()
    which = Filter(ids=failures.ids())
    discarded = recovery.discard_dead_letters(
        which, confirm=recovery.preview_dead_letters(which).confirm, by=staff, reason="of no use"
    )
    assert (discarded.count, dead_letters.groups()) == (failures.total, [])
    assert recovery.restore(discarded.batch, by=staff).count == failures.total
    assert failing.rows() == before
    waiting = failures.let_wait()
    before = failing.rows()
    cleared = [failing.cleared(kind, by=staff) for kind in ("job", "event")]
    assert not SyncJob.objects.filter(status="queued").exists()
    assert not WebhookEvent.objects.filter(status="queued").exists()
    for each in cleared:
        recovery.restore(each.batch, by=staff)
    assert failing.rows() == before
    assert sum(each.count for each in cleared) == waiting
    point(
        f"{failures.total:,} discarded and {waiting:,} waiting of all venues cleared; restored, {len(before):,} rows "
        "are byte for byte what they were"
    )


def test_a_retry_of_what_is_not_mended_stops_by_itself_and_leaves_the_rest_as_it_was(
    failures: failing.Failures, staff: Any, point: Point
) -> None:
    with failing.news_refused():
        failures.happen()
        before = failures.failed_and_why()
        failing.refuse_all_customers(failures.account, "bad email")
        failures.sandbox.clear_log()
        retried = failures.retried(staff, "record", "event")
        after = failures.failed_and_why()
    assert after.keys() == before.keys()
    assert {each: why for each, (why, _) in after.items()} == {each: why for each, (why, _) in before.items()}
    anew = Counter(kind for kind, number in before if after[kind, number] != before[kind, number])
    assert len(failures.posts()) == anew["record"] == 5
    assert anew["event"] <= 9  # of two causes
    point(
        f"{retried:,} retried: over after {anew['record']} records and {anew['event']} events had failed again; "
        f"{retried - anew.total():,} were not tried and are given up as before"
    )


def test_a_worker_killed_in_mid_run_is_listed_with_its_cause_and_recovered_without_a_double(
    sandbox: Sandbox, staff: Any, tmp_path: Path, point: Point
) -> None:
    with sending_house.sent(sandbox, tmp_path, PEOPLE) as sending:
        worker = sending.house.start_worker()
        sending.reached(PEOPLE // 3)
        worker.kill()
        worker.wait()
        held = sending.sandbox.calls()
        found, listed_after = sending.listed()
        assert (found.kind, found.object_type, found.cause) == ("job", "customer", "worker_gone"), found
        recovered = recovery.recover_stale(by=staff, reason="the machine went down")
        assert [each.id for each in recovered.again] == [found.id]
        assert recovery.stale.found() == []
        sending.house.start_worker()
        sending.finish()
    sending.assert_each_exactly_once()
    point(
        f"killed after {held} of {PEOPLE} calls, listed {listed_after:.1f} s later: {found.cause_said} "
        f"{found.next_said} Recovered: {PEOPLE} there, 0 doubled ({sandbox.calls()} calls)"
    )


def test_a_worker_that_froze_is_listed_and_taken_over_and_doubles_nothing_when_it_wakes(
    sandbox: Sandbox, tmp_path: Path, point: Point
) -> None:
    with sending_house.sent(sandbox, tmp_path, PEOPLE) as sending:
        frozen = sending.house.start_worker()
        sending.reached(PEOPLE // 3)
        frozen.send_signal(signal.SIGSTOP)
        held = sandbox.calls()
        found, listed_after = sending.listed()
        assert (found.kind, found.cause) == ("job", "worker_lost"), found
        other = sending.house.start_worker()  # only now: it would take over before anybody could look
        sending.reached(held + PEOPLE // 4)
        frozen.send_signal(signal.SIGCONT)
        sending.finish()
        sending.house.wait_for_notice()
        assert [frozen.poll(), other.poll()] == [None, None]
    sending.assert_each_exactly_once()
    point(
        f"frozen after {held} of {PEOPLE} calls, listed {listed_after:.1f} s later, taken over, awake again: {PEOPLE} "
        f"there, 0 doubled ({sandbox.calls()} calls)"
    )


def test_poison_and_pills_among_the_events_harm_no_other_and_come_back_once_they_are_mended(
    venue: Venue, staff: Any, settings: Any, tmp_path: Path, point: Point
) -> None:
    connected(venue, SQUARE)
    settings.SYNC_MAX_ATTEMPTS = 4
    poison, pills = spoiled.drawn(EVENTS, poison=POISON, pills=PILLS, seed=23)
    with house("http://127.0.0.1:9", tmp_path) as place:
        place.environment |= {"SYNC_MAX_ATTEMPTS": "4", "SYNC_LEASE_SECONDS": "2"}
        with spoiled.spoiled(poison, pills):
            take_in_events(EVENTS)
            supervisor = spoiled.Supervisor(place)
            took = supervisor.tended_until(is_quiet, seconds=180)
            waited = spoiled.waits()
        spoiled.assert_given_up(poison, pills)
        done = recovery.retry_dead_letters(Filter(provider="square"), by=staff, reason="mended")
        again = supervisor.tended_until(is_quiet, seconds=60)
    assert done.counts["event"] == POISON + PILLS
    assert set(WebhookEvent.objects.values_list("status", "failure_class")) == {("succeeded", "")}
    assert sorted(SyncJob.objects.values_list("object_type", "status")) == [("customer", "queued"), ("order", "queued")]
    point(
        f"{EVENTS:,} events, {POISON} poison, {PILLS} pills, {supervisor.deaths} deaths: {len(waited):,} settled (p50 "
        f"{waited[len(waited) // 2]:.1f} s, p95 {waited[int(len(waited) * 0.95)]:.1f} s, at most {waited[-1]:.1f} s "
        f"after they came), {POISON + PILLS} given up with their cause after {took:.0f} s; mended, all of "
        f"{EVENTS:,} in {again:.1f} s"
    )


def is_quiet() -> bool:
    return not WebhookEvent.objects.filter(status__in=["queued", "running"]).exists()


@full
def test_chaos_loses_and_doubles_nothing(point: Point) -> None:
    """`tests/proofs/town.py` has servers and processes of its own; `./backline chaos` runs it by itself."""
    own = {name: value for name, value in os.environ.items() if not name.endswith(("DATABASE_URL", "REDIS_URL"))}
    command = [sys.executable, "-m", "tests.proofs.town", "1"]
    ended = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, timeout=300, check=False)
    found = orjson.loads(ended.stdout.splitlines()[-1])
    assert found["holds"], (found, ended.stderr[-3000:].decode(errors="replace"))
    damage = ", ".join(f"{what} {number} x" for what, number in sorted(found["damage"].items()))
    point(
        f"{found['announced']:,} events of four providers, {found['came_twice']:,} twice: {found['lost']} lost, "
        f"{found['doubled']} doubled, {found['stale']} stale records; settled {found['settled_seconds']} s after the "
        f"last, worst lag {found['worst_lag_seconds']} s; {damage}"
    )
    assert found["announced"] >= 10_000
    assert found["worst_lag_seconds"] <= 60
