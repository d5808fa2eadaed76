"""What Square sold reaches the books and the store at Mailchimp: once each, with the same total, to the same people."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from connections.models import Connection
from integrations.providers.types import ObjectType
from integrations.providers.types import ObjectType as O
from syncing import sending
from syncing.models import Record, RecordLink, SyncLog
from tests.contract.account import Account, connect, open_account
from tests.contract.stage import MAILCHIMP, QUICKBOOKS, SQUARE, Stage
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Place = tuple[Account, Connection]
SIZES = {"customers": 12, "products": 6, "orders": 18, "refunds": 3, "payout_days": 0, "invoices": 6}


@pytest.fixture
def square(sandbox: Sandbox) -> Place:
    """The till, everything read."""
    account = open_account(replace(SQUARE, sizes=SIZES), sandbox)
    connection = connect(account)
    read(connection, *SQUARE.streams)
    return account, connection


def beside(square: Place, sandbox: Sandbox, stage: Stage) -> Place:
    """Connect another provider of the same venue, and read what it has."""
    account = replace(open_account(stage, sandbox), venue=square[0].venue, owner=square[0].owner)
    connection = connect(account)
    read(connection, *stage.streams)
    return account, connection


def send(connection: Connection, *kinds: ObjectType) -> dict[ObjectType, Any]:
    """Look at the plan, accept it and let it be done; return the plan by object."""
    plans = sending.preview(connection, kinds)
    sending.start(connection, kinds, plan=sending.plan_id(plans))
    settle(seconds=120)
    return {plan.object_type: plan for plan in plans}


def written(connection: Connection, kind: ObjectType) -> int:
    logs = SyncLog.objects.filter(connection=connection, object_type=kind, direction="out")
    return sum(logs.values_list("created", flat=True))


def standing(connection: Connection, kind: ObjectType) -> Counter[str]:
    links = RecordLink.objects.filter(connection=connection, external_type=kind, record__object_type=kind)
    return Counter(links.values_list("state", flat=True))


def there(account: Account, kind: str) -> list[dict[str, Any]]:
    """Return what is there of a kind that is made by us."""
    documents = account.sandbox.documents(account.stage.key, account.id, kind)
    return [each for each in documents if "Backline record" in str(each.get("PrivateNote"))]


@pytest.mark.parametrize("lost", [False, True], ids=["quiet", "answers lost"])
def test_every_finished_sale_is_in_the_books_once_with_its_total(square: Place, sandbox: Sandbox, lost: bool) -> None:
    account, books = beside(square, sandbox, replace(QUICKBOOKS, sizes={"Customer": 3, "Item": 3}))
    if lost:
        account.fail("lost_answer", every=4, times=-1)
    plans = send(books, O.CUSTOMER, O.PRODUCT, O.ORDER, O.REFUND)
    sold = Record.objects.filter(object_type=O.ORDER, fields__state="completed")
    found = {each["PrivateNote"].split()[-1]: each for each in there(account, "SalesReceipt")}
    assert plans[O.ORDER].created == len(found) == sold.count() > 5
    assert {key: each["TotalAmt"] for key, each in found.items()} == {
        each.pk.hex: each.fields["total"]["minor"] / 100 for each in sold
    }
    named = sum("CustomerRef" in each for each in found.values())
    assert named == sold.filter(fields__customer__isnull=False).count()
    assert standing(books, O.ORDER)["in_step"] == sold.count()


def test_every_sale_to_somebody_with_an_address_is_in_the_store_and_signs_nobody_up(
    square: Place, sandbox: Sandbox
) -> None:
    account, connection = beside(square, sandbox, replace(MAILCHIMP, sizes={"members": 3}))
    before = Counter(each["status"] for each in account.truth(O.CUSTOMER)[0].values())
    plans = send(connection, O.CUSTOMER, O.PRODUCT, O.ORDER)
    orders = sandbox.documents("mailchimp", account.id, "orders")
    products = sandbox.documents("mailchimp", account.id, "products")
    assert len(orders) == plans[O.ORDER].created > 0
    assert len({each["id"] for each in products}) == len(products) >= plans[O.PRODUCT].created > 0
    totals = {each.pk.hex: each.fields["total"]["minor"] / 100 for each in Record.objects.filter(object_type=O.ORDER)}
    assert {each["id"]: each["order_total"] for each in orders} == {each["id"]: totals[each["id"]] for each in orders}
    after = Counter(each["status"] for each in account.truth(O.CUSTOMER)[0].values())
    assert after["subscribed"] == before["subscribed"]
    sandbox.clear_log()
    send_again = sending.preview(connection, [O.PRODUCT, O.ORDER])
    assert [plan.writes for plan in send_again] == [0, 0]


def test_a_sale_waits_for_its_customer_and_goes_when_he_is_there(square: Place, sandbox: Sandbox) -> None:
    account, books = beside(square, sandbox, replace(QUICKBOOKS, sizes={"Customer": 3, "Item": 3}))
    plans = {plan.object_type: plan for plan in sending.preview(books, [O.CUSTOMER, O.ORDER])}
    sending.start(books, [O.CUSTOMER, O.ORDER], plan=sending.plan_id(list(plans.values())))
    settle(seconds=120)
    assert len(there(account, "SalesReceipt")) == plans[O.ORDER].created
    log = SyncLog.objects.filter(connection=books, object_type=O.ORDER, direction="out").order_by("started_at")
    assert written(books, O.ORDER) == plans[O.ORDER].created, [(each.created, each.left_out) for each in log]


def test_a_sale_that_was_billed_is_in_the_books_by_its_invoice_alone(square: Place, sandbox: Sandbox) -> None:
    account, books = beside(square, sandbox, replace(QUICKBOOKS, sizes={"Customer": 3, "Item": 3}))
    plans = send(books, O.CUSTOMER, O.PRODUCT, O.ORDER, O.INVOICE)
    billed = {each.fields["order"]["id"] for each in Record.objects.filter(fields__order__id__isnull=False)
              if each.object_type == O.INVOICE}  # fmt: skip
    sold = Record.objects.filter(object_type=O.ORDER, fields__state="completed")
    both = sold.filter(links__connection=square[1], links__external_id__in=billed)
    receipts = {each["PrivateNote"].split()[-1] for each in there(account, "SalesReceipt")}
    assert both.count() > 0
    assert receipts == {each.pk.hex for each in sold.exclude(pk__in=both)}
    assert plans[O.ORDER].left_out["Left out: this order was billed, and its invoice is sent."] == len(billed)
