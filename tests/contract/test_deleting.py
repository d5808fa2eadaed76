"""What is deleted here is deleted there only where the venue wished it, after its number was seen, and once."""

import pytest

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from syncing import own, sending
from syncing.models import LinkState, Record, RecordLink
from tests.contract.account import Account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, here, person, send
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("stage", WRITABLE, ids=str),
    pytest.mark.usefixtures("one_try"),
]


@pytest.fixture
def shared(account: Account, connection: Connection) -> list[Record]:
    """Three people whom both sides know, one of whom is deleted here."""
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
    people = here(account, *map(person, range(3)))
    agree(connection)
    read(connection, CUSTOMER)
    own.delete(account.venue, CUSTOMER, [people[0].pk], actor=account.owner)
    settle()
    return people


def state(record: Record) -> str:
    return RecordLink.objects.get(record=record).state


def accept(connection: Connection) -> None:
    """Look at the plan with its deletions, and accept it."""
    plans = sending.preview(connection, [CUSTOMER], deletes=["customer"])
    assert [plan.deleted for plan in plans] == [1]
    sending.start(connection, [CUSTOMER], plan=sending.plan_id(plans), deletes=["customer"])


def test_without_the_wish_it_stays_there(
    account: Account, connection: Connection, shared: list[Record], double: Sandbox
) -> None:
    double.clear_log()
    send(connection)
    assert (state(shared[0]), double.calls()) == (LinkState.IN_STEP, 0)
    assert [plan.deleted for plan in sending.preview(connection, [CUSTOMER])] == [0]


def test_with_the_wish_it_is_gone_there_and_does_not_come_back(
    account: Account, connection: Connection, shared: list[Record], double: Sandbox
) -> None:
    accept(connection)
    settle()
    assert [state(each) for each in shared] == [LinkState.DELETED, LinkState.IN_STEP, LinkState.IN_STEP]
    read(connection, CUSTOMER)
    read(connection, CUSTOMER, full=True)
    shared[0].refresh_from_db()
    assert (state(shared[0]), shared[0].deleted_at is not None) == (LinkState.DELETED, True)
    double.clear_log()
    send(connection)
    assert double.calls() == 0
    assert IntegrationConfig.objects.get(venue=account.venue).deletes == ["customer"]


def test_an_answer_that_is_lost_deletes_nobody_else(
    account: Account, connection: Connection, shared: list[Record], double: Sandbox
) -> None:
    account.fail("lost_answer", times=2)
    accept(connection)
    settle()
    assert [state(each) for each in shared] == [LinkState.DELETED, LinkState.IN_STEP, LinkState.IN_STEP]


def test_a_plan_without_the_deletions_is_another_one(
    account: Account, connection: Connection, shared: list[Record]
) -> None:
    plan = sending.plan_id(sending.preview(connection, [CUSTOMER], deletes=["customer"]))
    with pytest.raises(Problem, match="Something changed since you looked"):
        sending.start(connection, [CUSTOMER], plan=plan, deletes=[])


def test_what_was_never_sent_is_not_deleted_there(account: Account, connection: Connection, double: Sandbox) -> None:
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
    (record,) = here(account, person(7))
    own.delete(account.venue, CUSTOMER, [record.pk], actor=account.owner)
    assert [plan.writes for plan in sending.preview(connection, [CUSTOMER], deletes=["customer"])] == [0]
