"""Both ways, without doubling anyone: each point that was promised for the third step, seen working.

`./backline prove writers` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as drawing
from hypothesis.stateful import run_state_machine_as_test

from connections.models import Connection
from integrations.problems import Problem
from integrations.providers import PROVIDERS, http
from syncing import consent, sending
from syncing.models import Record, RecordLink
from tests.contract.account import Account, connect, open_account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, here, person, send, there, told
from tests.contract.stage import MAILCHIMP, SQUARE, Stage
from tests.contract.working import read, settle
from tests.proofs import consents
from tests.proofs.both_sides import BothSides, of_nobody
from tests.proofs.conftest import Point
from tests.proofs.house import ROOT, database_url
from tests.provider_sandbox import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
each_provider = pytest.mark.parametrize("stage", WRITABLE, ids=str)
FULL = os.environ.get("PROOFS") == "full"
PEOPLE = 2_000 if FULL else 60
LOST = 5 if FULL else 4  # every so-manieth answer
DRAWN = drawing(
    max_examples=500 if FULL else 5, stateful_step_count=50 if FULL else 25, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None,
)  # fmt: skip


@pytest.fixture
def account(stage: Stage, sandbox: Sandbox) -> Account:
    """A small account."""
    return open_account(stage, sandbox)


@pytest.fixture
def known(account: Account, settings: Any) -> Connection:
    """The venue, connected, once everything there has been read; the double bears any pace."""
    settings.PROVIDER_CALLS_PER_SECOND = {account.stage.key: 10_000}
    connection = connect(account)
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
    return connection


def lose_answers(account: Account) -> None:
    account.sandbox.ask(
        "POST", "/faults", {"provider": account.stage.key, "kind": "lost_answer", "every": LOST, "times": -1}
    )


def equal(account: Account, connection: Connection, people: list[Record]) -> None:
    found = there(account, connection)  # fails when somebody is there twice
    ours = {each.fields["family_name"]: told(each.fields) for each in people}
    assert {name: told(fields) for name, fields in found.items()} == ours


@each_provider
def test_with_answers_lost_everybody_is_there_exactly_once(account: Account, known: Connection, point: Point) -> None:
    people = here(account, *map(person, range(PEOPLE // 2)))
    plan = sending.plan_id(sending.preview(known, [CUSTOMER]))
    account.sandbox.clear_log()
    lose_answers(account)
    sending.start(known, [CUSTOMER], plan=plan)
    settle(seconds=300)
    equal(account, known, people)
    people = here(account, *(person(number, given_name="Eleanor") for number in range(PEOPLE // 2)))
    sending.start(known, [CUSTOMER], plan=sending.plan_id(sending.preview(known, [CUSTOMER])))
    settle(seconds=300)
    equal(account, known, people)
    settled = RecordLink.objects.filter(record__in=[each.pk for each in people], state="in_step", push__isnull=True)
    assert settled.count() == len(people)
    lost = sum(fault["fired"] for fault in account.sandbox.ask("GET", "/faults"))
    point(
        f"{PEOPLE // 2:,} created, {PEOPLE // 2:,} changed, {lost} of {account.sandbox.calls()} answers lost; each once"
    )


@each_provider
def test_ten_echo_rounds_write_nothing_and_an_unchanged_round_calls_nobody(
    account: Account, known: Connection, point: Point
) -> None:
    people = here(account, *map(person, range(20)))
    agree(known)
    for _ in range(10):
        read(known, CUSTOMER)
        log = send(known)
        assert (log.created, log.updated, log.calls) == (0, 0, {})
    account.sandbox.clear_log()
    send(known)
    assert account.sandbox.calls() == 0
    assert set(Record.objects.filter(pk__in=[each.pk for each in people]).values_list("version", flat=True)) == {1}
    point("0 writes in ten rounds, 0 calls in an unchanged one")


@each_provider
def test_a_plan_writes_nothing_is_done_exactly_and_is_refused_after_a_change(
    account: Account, known: Connection, point: Point
) -> None:
    here(account, *map(person, range(20)))
    account.sandbox.clear_log()
    (plan,) = plans = sending.preview(known, [CUSTOMER])
    assert (plan.created, plan.updated, account.sandbox.calls()) == (20, 0, 0)
    stale = sending.plan_id(plans)
    here(account, person(20))
    with pytest.raises(Problem, match="Something changed since you looked"):
        sending.start(known, [CUSTOMER], plan=stale)
    assert account.sandbox.calls() == 0
    agree(known)
    assert len(there(account, known)) == 21
    (after,) = sending.preview(known, [CUSTOMER])
    assert (after.writes, consent.has_begun(known, CUSTOMER)) == (0, True)
    point("0 calls for the plan; 21 planned, 21 there; the stale one refused by name")


def test_five_sides_agree_in_the_end_and_no_edit_is_lost_in_silence(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, settings: Any, point: Point
) -> None:
    monkeypatch.setattr(http, "_TRIES", 1)  # short troubles reach the queue, too
    settings.BREAKER_REST = timedelta(seconds=1)  # as short as all other waits here
    settings.PROVIDER_CALLS_PER_SECOND = dict.fromkeys(PROVIDERS, 10_000)
    BothSides.sandbox, BothSides.tally = sandbox, Counter()
    run_state_machine_as_test(BothSides, settings=DRAWN)
    tally = BothSides.tally
    point(
        f"{tally['runs']} runs, {tally['edits']:,} edits, {tally['kills']:,} workers killed: 0 lost in silence "
        f"({tally['told']:,} clashes told), {tally['writes']:,} writes, quiet after {tally['rounds']} rounds at most"
    )


def test_whatever_a_person_said_nobody_is_subscribed_against_the_last_word(
    sandbox: Sandbox, settings: Any, point: Point
) -> None:
    settings.PROVIDER_CALLS_PER_SECOND = dict.fromkeys(PROVIDERS, 10_000)
    accounts = [open_account(of_nobody(stage), sandbox) for stage in (MAILCHIMP, SQUARE)]
    accounts = [replace(each, venue=accounts[0].venue, owner=accounts[0].owner) for each in accounts]
    places = [(each, connect(each)) for each in accounts]
    for account, connection in places:
        read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
        consents.agree(connection)
    ends = Counter[str]()

    @drawing(DRAWN, max_examples=300 if FULL else 12)
    @given(consents.histories)
    def lived(history: list[str]) -> None:
        person = consents.Person(f"nell.{ends.total()}@venue.example", *places)
        person.live(history)
        status = person.status()
        ends[status] += 1
        assert status != "subscribed" or person.may_be_subscribed(), person.said

    lived()
    point(f"{ends.total()} histories of two places and our own desk, ended {dict(ends)}: 0 against the last word")


@pytest.mark.skipif(not FULL, reason="takes minutes: ./backline prove writers")
@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_ten_thousand_are_sent_with_the_least_calls_and_flat_memory(provider: str, point: Point) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.outbound", "--provider", provider],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": database_url()}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr[-2000:]
    point(run.stdout.strip())
