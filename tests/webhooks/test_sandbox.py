"""What changes in QuickBooks’ double is told by it, signed, to our own address, and is here without a schedule."""

from typing import Any

import pytest
from django.utils import timezone

from syncing.models import SyncCursor
from tests.contract.account import assert_exact, connect, open_account
from tests.contract.sending import CUSTOMER
from tests.contract.stage import QUICKBOOKS
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox
from tests.webhooks.conftest import ripe
from tests.webhooks.senders import PATH
from webhooks import tasks
from webhooks.models import WebhookEvent

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_at_the_double_is_told_proved_and_read(sandbox: Sandbox, live_server: Any, settings: Any) -> None:
    account = open_account(QUICKBOOKS, sandbox)
    connection = connect(account)
    settings.SANDBOX_URL = sandbox.url
    read(connection, *QUICKBOOKS.stream(CUSTOMER).needs, CUSTOMER)
    SyncCursor.objects.filter(connection=connection).update(next_run_at=timezone.now())
    state = sandbox.ask("GET", "/state")["quickbooks"]
    settings.WEBHOOK_SECRETS = {"quickbooks": ["another", state["verifier_token"]]}
    sandbox.ask("POST", "/quickbooks/settings", {"webhook_url": f"{live_server.url}{PATH}/quickbooks"})
    sandbox.ask("POST", "/quickbooks/deliveries", {"duplicate": 0.5, "reorder": 5, "forge": 0.5, "seed": 1})
    account.act("change", Customer=10)
    assert sandbox.ask("POST", "/quickbooks/deliveries/flush", {"limit_seconds": 20, "hurry": True})
    counts = sandbox.ask("GET", "/quickbooks/deliveries")
    sandbox.ask("DELETE", "/quickbooks/deliveries")
    sandbox.ask("POST", "/quickbooks/settings", {"webhook_url": None})
    assert (counts["acknowledged"], counts["forged_accepted"]) == (counts["announced"], 0)
    assert WebhookEvent.objects.filter(connection=connection, status="queued").count() == counts["announced"] == 10
    ripe()
    while tasks.work_once():
        settle()
    assert not WebhookEvent.objects.filter(connection=connection).exclude(status="succeeded").exists()
    assert_exact(account, connection, CUSTOMER)
