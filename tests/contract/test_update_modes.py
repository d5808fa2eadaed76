"""What is there already stays as the rule says: only for new records, only when empty, or added to. Both ways."""

from dataclasses import replace

import pytest

from connections.models import Connection
from mappings import rules, saving, versions
from syncing.models import Record
from tests.contract.account import Account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, elsewhere, here, person, send, there
from tests.contract.working import read

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("stage", WRITABLE, ids=str),
    pytest.mark.usefixtures("one_try"),
]


def let(connection: Connection, direction: str, ours: str, mode: str) -> None:
    """Save how the rule of one of our customers' fields treats what is there."""
    versions.install_default(connection)
    version = versions.in_force(connection)

    def concerns(each: rules.RuleData) -> bool:
        path = each.target if direction == "in" else each.source
        return (each.object_type, each.direction, path) == ("customer", direction, ours)

    now = rules.of(connection, version)
    assert any(concerns(each) for each in now)
    wanted = [replace(each, update_mode=mode) if concerns(each) else each for each in now]
    saving.save(connection, wanted, seen=version, by=None, reason="", confirmed=True)


def begin(account: Account, connection: Connection) -> None:
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)


def test_what_is_sent_for_new_records_only_is_not_sent_again(account: Account, connection: Connection) -> None:
    let(connection, "out", "phone", "if_new")
    begin(account, connection)
    here(account, person(1))
    agree(connection)
    here(account, person(1, phone="+447700900999", given_name="Nelly"))
    send(connection)
    found = there(account, connection)["Number1"]
    assert (found["phone"], found["given_name"]) == (person(1)["phone"], "Nelly")
    account.sandbox.clear_log()
    assert (send(connection).updated, len(account.calls())) == (0, 0)


def test_what_is_sent_when_empty_only_fills_and_changes_nothing(account: Account, connection: Connection) -> None:
    let(connection, "out", "phone", "if_empty")
    begin(account, connection)
    here(account, person(1), person(2) | {"phone": None})
    agree(connection)
    here(account, person(1, phone="+447700900999"), person(2))
    send(connection)
    found = there(account, connection)
    assert {name: each.get("phone") for name, each in found.items()} == {
        f"Number{number}": person(number)["phone"] for number in (1, 2)
    }


@pytest.mark.parametrize(("mode", "kept"), [("if_new", "Nell"), ("if_empty", "Nell"), ("overwrite", "Nelly")])
def test_what_comes_in_leaves_what_is_here_as_the_rule_says(
    account: Account, connection: Connection, mode: str, kept: str
) -> None:
    let(connection, "in", "given_name", mode)
    begin(account, connection)
    (record,) = here(account, person(1))
    agree(connection)
    elsewhere(account, connection, record, given_name="Nelly", phone="+447700900999")
    read(connection, CUSTOMER)
    now = Record.objects.get(pk=record.pk).fields
    assert (now["given_name"], now["phone"]) == (kept, "+447700900999")
