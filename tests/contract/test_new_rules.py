"""Rules that changed on the way out: what they fill now is sent to those who lack it, once, and to nobody else."""

import pytest

from connections.models import Connection
from mappings import rules, saving, versions
from syncing.models import Record, SyncLog
from tests.contract.account import Account
from tests.contract.sending import CUSTOMER, WRITABLE, agree, here, person, send, there
from tests.contract.working import read

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("stage", WRITABLE, ids=str),
    pytest.mark.usefixtures("one_try"),
]


def keep_phones_here(connection: Connection) -> None:
    """Save that no phone number leaves."""
    versions.install_default(connection)
    version = versions.in_force(connection)
    wanted = [
        each
        for each in rules.of(connection, version)
        if (each.object_type, each.direction, each.source) != ("customer", "out", "phone")
    ]
    saving.save(connection, wanted, seen=version, by=None, reason="", confirmed=True)


def test_a_field_that_is_sent_from_now_on_reaches_those_who_are_there_already(
    account: Account, connection: Connection
) -> None:
    read(connection, *account.stage.stream(CUSTOMER).needs, CUSTOMER)
    keep_phones_here(connection)
    here(account, person(1), person(2))
    agree(connection)
    assert [each.get("phone") for each in there(account, connection).values()] == [None, None]
    before = list(Record.objects.values_list("version", flat=True))
    saving.restore(connection, 1, seen=2, by=None)
    sent = SyncLog.objects.filter(direction="out")
    earlier = list(sent.values_list("pk", flat=True))
    send(connection)
    found = there(account, connection)
    assert {name: each["phone"] for name, each in found.items()} == {
        f"Number{number}": person(number)["phone"] for number in (1, 2)
    }
    updated = [each.updated for each in sent.exclude(pk__in=earlier)]
    assert (sum(updated), list(Record.objects.values_list("version", flat=True))) == (2, before)
    account.sandbox.clear_log()
    assert (send(connection).updated, len(account.calls())) == (0, 0)
