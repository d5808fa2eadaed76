"""What every provider that takes writes promises: each change arrives once, and nothing else moves or comes back."""

from typing import Any

import pytest

from connections.models import Connection
from integrations.problems import Problem
from mappings import versions
from syncing import consent, fanout, own, sending
from syncing.models import Record, RecordLink, SyncJob, SyncLog, Trigger
from syncing.own import Entry
from tests.contract.account import Account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, here, person, send, there, told
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("stage", WRITABLE, ids=str),
    pytest.mark.usefixtures("one_try"),
]


@pytest.fixture
def known(account: Account, connection: Connection) -> Connection:
    """The connection, once everything there has been read."""
    needs = account.stage.stream(CUSTOMER).needs
    read(connection, *needs, CUSTOMER)
    return connection


def test_nothing_is_sent_before_the_plan_was_accepted_and_the_plan_itself_calls_nobody(
    account: Account, known: Connection, double: Sandbox
) -> None:
    here(account, *map(person, range(3)))
    double.clear_log()
    (plan,) = sending.preview(known, [CUSTOMER])
    assert (plan.created, double.calls()) == (3 + _elsewhere(known), 0)
    send_without = fanout.wake(known.venue_id, CUSTOMER, trigger=Trigger.OWNER)
    settle()
    assert (send_without, double.calls(), there(account, known)) == (0, 0, {})
    with pytest.raises(Problem, match="Look at what would be sent first"):
        sending.start(known, [CUSTOMER])


def _elsewhere(connection: Connection) -> int:
    """Return how many customers have no counterpart there besides ours: none, for the venue has one connection."""
    return Record.objects.live().filter(object_type=CUSTOMER, external_key=None).exclude(
        links__connection=connection
    ).count()  # fmt: skip


def test_a_plan_is_done_exactly_or_not_at_all(account: Account, known: Connection) -> None:
    here(account, *map(person, range(3)))
    plan = sending.plan_id(sending.preview(known, [CUSTOMER]))
    here(account, person(3))
    with pytest.raises(Problem, match="Something changed since you looked"):
        sending.start(known, [CUSTOMER], plan=plan)
    assert not SyncJob.objects.filter(direction="out").exists()
    agree(known)
    assert len(there(account, known)) == 4


def test_new_people_arrive_once_and_equal(account: Account, known: Connection, double: Sandbox) -> None:
    people = here(account, *map(person, range(12)))
    agree(known)
    assert {name: told(fields) for name, fields in there(account, known).items()} == {
        each.fields["family_name"]: told(each.fields) for each in people
    }
    assert set(RecordLink.objects.filter(record__in=people).values_list("state", flat=True)) == {"in_step"}
    log = SyncLog.objects.get(direction="out")
    assert (log.outcome, log.created, log.failed) == ("succeeded", 12, 0)


def test_an_unchanged_round_costs_no_call(account: Account, known: Connection, double: Sandbox) -> None:
    here(account, *map(person, range(3)))
    agree(known)
    double.clear_log()
    log = send(known)
    assert (double.calls(), log.outcome) == (0, "nothing_to_do")


def test_a_change_here_arrives_and_only_what_changed(account: Account, known: Connection) -> None:
    here(account, *map(person, range(3)))
    agree(known)
    before = there(account, known)
    here(account, person(1, given_name="Eleanor"))
    log = send(known)
    assert (log.updated, log.created) == (1, 0)
    after = there(account, known)
    for each in (*before.values(), *after.values()):  # since when somebody is as he is moves with every change there
        each.get("marketing_consent", {}).pop("at", None)
    assert after == before | {"Number1": before["Number1"] | {"given_name": "Eleanor"}}


def test_what_we_sent_does_not_come_back_as_a_change(account: Account, known: Connection, double: Sandbox) -> None:
    people = here(account, *map(person, range(5)))
    agree(known)
    for _ in range(10):
        read(known, CUSTOMER)
        log = send(known)
        assert (log.created, log.updated, log.calls) == (0, 0, {})
    versions_now = set(Record.objects.filter(pk__in=[each.pk for each in people]).values_list("version", flat=True))
    assert versions_now == {1}
    assert Record.objects.live().filter(fields__family_name__startswith="Number").count() == 5


def test_with_answers_lost_everybody_is_there_exactly_once(account: Account, known: Connection) -> None:
    here(account, *map(person, range(40)))
    plan = sending.plan_id(sending.preview(known, [CUSTOMER]))
    account.sandbox.ask(
        "POST", "/faults", {"provider": account.stage.key, "kind": "lost_answer", "every": 3, "times": -1}
    )
    sending.start(known, [CUSTOMER], plan=plan)
    settle()
    assert len(there(account, known)) == 40
    here(account, *(person(number, given_name="Eleanor") for number in range(40)))
    consent.accept(known, {CUSTOMER: consent.plan(_planner(known)).id}, by=None)
    send(known)
    found = there(account, known)
    assert {fields["given_name"] for fields in found.values()} == {"Eleanor"}
    assert len(found) == 40


def _planner(connection: Connection) -> Any:
    return sending._planners(connection, [CUSTOMER], None)[0]


def test_a_mass_change_stops_before_it_writes(account: Account, known: Connection, double: Sandbox) -> None:
    here(account, *map(person, range(60)))
    agree(known)
    here(account, *(person(number, given_name="Eleanor") for number in range(60)))
    double.clear_log()
    fanout.wake(known.venue_id, CUSTOMER, trigger=Trigger.OWNER)
    settle()
    job = SyncJob.objects.filter(direction="out").latest("queued_at")
    assert (job.status, job.failure_code, double.calls()) == ("dead", "brake", 0)
    agree(known)
    assert {fields["given_name"] for fields in there(account, known).values()} == {"Eleanor"}


def test_people_who_are_there_already_are_matched_and_not_made_again(account: Account, connection: Connection) -> None:
    stream, mapper = account.stage.stream(CUSTOMER), versions.mapper_for(connection, CUSTOMER)
    there_already = [
        fields
        for raw in account.truth(CUSTOMER)[0].values()
        if (fields := mapper(stream.values(raw)).fields).get("email")
    ]
    emails = {fields["email"] for fields in there_already}
    entries = [Entry({"email": email, "note": "Sits in the stalls"}, key=email) for email in sorted(emails)]
    own.upsert(account.venue, CUSTOMER, entries, actor=account.owner)
    read(connection, *stream.needs, CUSTOMER)
    assert sending.preview(connection, [CUSTOMER])[0].created == 0
    assert Record.objects.filter(external_key__isnull=False, links__connection=connection).count() == len(emails)


def test_what_waited_and_needs_no_write_any_more_waits_no_longer(account: Account, known: Connection) -> None:
    """As after a version that was no longer theirs, when what was meant had come to be there by then."""
    (record,) = here(account, person(0))
    agree(known)
    waiting = {"state": "waiting", "problem": {"class": "conflict", "sentence": "It was changed there, too."}}
    RecordLink.objects.filter(record=record).update(pushed_version=None, **waiting)
    log = send(known)
    link = RecordLink.objects.get(record=record)
    assert (log.created, log.updated, link.state, link.problem) == (0, 0, "in_step", None)
