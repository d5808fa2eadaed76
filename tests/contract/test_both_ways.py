"""Both sides change: each takes what the other changed, and where both changed one field the venue's rule decides."""

import pytest

from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from syncing import deciding
from syncing.models import LinkState, Record, RecordLink, SyncLog
from tests.contract.account import Account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, elsewhere, here, person, send, there
from tests.contract.working import read

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("stage", WRITABLE, ids=str),
    pytest.mark.usefixtures("one_try"),
]


@pytest.fixture
def shared(account: Account, connection: Connection) -> Record:
    """A person that both sides know and agree on."""
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
    (record,) = here(account, person(1))
    agree(connection)
    read(connection, CUSTOMER)
    return record


def who_wins(connection: Connection, rule: str) -> None:
    config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider)
    config.update(who_wins={"customer": rule})


def clash(account: Account, connection: Connection, record: Record) -> None:
    """Let both sides change the same field before either hears of the other, and then meet."""
    elsewhere(account, connection, record, phone="+447700911111")
    account.sandbox.ask("POST", "/clock", {"advance_seconds": 5})
    own_only(account, phone="+447700922222")
    read(connection, CUSTOMER)


def own_only(account: Account, **changes: str) -> None:
    here(account, person(1, **changes))


def phones(account: Account, connection: Connection, record: Record) -> set[str]:
    record.refresh_from_db()
    return {record.fields["phone"], there(account, connection)["Number1"]["phone"]}


def test_what_either_side_changed_is_on_both_in_the_end(
    account: Account, connection: Connection, shared: Record
) -> None:
    elsewhere(account, connection, shared, phone="+447700911111")
    own_only(account, given_name="Eleanor")
    read(connection, CUSTOMER)
    send(connection)
    shared.refresh_from_db()
    found = there(account, connection)["Number1"]
    for side in (shared.fields, found):
        assert (side["phone"], side["given_name"]) == ("+447700911111", "Eleanor")


@pytest.mark.parametrize(("rule", "phone"), [("ours", "+447700922222"), ("theirs", "+447700911111")])
def test_where_both_changed_one_field_the_rule_decides_and_the_history_tells(
    account: Account, connection: Connection, shared: Record, rule: str, phone: str
) -> None:
    who_wins(connection, rule)
    clash(account, connection, shared)
    send(connection)
    assert phones(account, connection, shared) == {phone}
    entries = [entry for log in SyncLog.objects.all() for entry in log.timeline if entry["event"] == "settled"]
    assert len(entries) == 1
    assert "+447700911111" in entries[0]["detail"]
    assert "+447700922222" in entries[0]["detail"]


@pytest.mark.parametrize(("choice", "phone"), [("ours", "+447700922222"), ("theirs", "+447700911111")])
def test_where_the_venue_wants_to_be_asked_a_person_decides_and_the_choice_is_sent(
    account: Account, connection: Connection, shared: Record, choice: deciding.Choice, phone: str
) -> None:
    who_wins(connection, "ask")
    clash(account, connection, shared)
    send(connection)
    link = RecordLink.objects.get(record=shared)
    assert (link.state, [each["path"] for each in deciding.clashes(link)]) == (LinkState.CONFLICT, ["phone"])
    assert phones(account, connection, shared) == {"+447700911111", "+447700922222"}, "each side keeps its own"
    assert deciding.decide(account.venue, link.pk, {"phone": choice}, by=account.owner) == 0
    send(connection)
    assert phones(account, connection, shared) == {phone}
    link.refresh_from_db()
    assert (link.state, link.problem) == (LinkState.IN_STEP, None)


def test_only_what_is_open_can_be_decided(account: Account, connection: Connection, shared: Record) -> None:
    link = RecordLink.objects.get(record=shared)
    with pytest.raises(Problem, match="nothing left to decide"):
        deciding.decide(account.venue, link.pk, {"phone": "ours"}, by=account.owner)
