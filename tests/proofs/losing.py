"""An account whose news are delivered to us over HTTP, some of them never, and what is here of them afterwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils import timezone

from connections.models import Connection
from integrations.providers.types import JSON, ObjectType
from syncing.models import SyncCursor
from tests.contract.account import Account, agrees, connect, open_account, stored
from tests.contract.stage import Stage
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox
from tests.webhooks.conftest import ripe, subscribed
from tests.webhooks.senders import PATH
from webhooks import tasks
from webhooks.models import WebhookEvent

CUSTOMER = ObjectType.CUSTOMER
_SQUARES = ["customer.created", "customer.updated", "customer.deleted"]


@dataclass
class Told:
    """An account that tells us of its customers."""

    account: Account
    connection: Connection
    since: datetime

    @property
    def kind(self) -> str:
        """What the double calls a customer."""
        return self.account.stage.streams[CUSTOMER].changes

    def change(self, number: int) -> None:
        """Let so many customers be changed there, each once."""
        stage, more = self.account.stage.key, {"what": "name"} if self.account.stage.key == "mailchimp" else {}
        self.account.sandbox.ask("POST", f"/{stage}/{self.account.id}/change", {self.kind: number, **more})

    def disturb(self, **wishes: Any) -> None:
        """Let deliveries go wrong from now on."""
        self.account.sandbox.ask("POST", f"/{self.account.stage.key}/deliveries", wishes)

    def delivered(self) -> JSON:
        """Wait until nothing is on its way any more, and return the double's counts."""
        path = f"/{self.account.stage.key}/deliveries"
        waited = self.account.sandbox.ask("POST", f"{path}/flush", {"limit_seconds": 55, "hurry": True})
        assert waited["is_done"], waited
        return dict(self.account.sandbox.ask("GET", path))

    def rows(self, **which: Any) -> int:
        """Return how many events are here; the account has a past, whose last day is in the list as well."""
        return WebhookEvent.objects.filter(connection=self.connection, happened_at__gte=self.since, **which).count()

    def stale(self) -> int:
        """Return how many customers are not here as they are there."""
        live, _ = self.account.truth(CUSTOMER)
        here = stored(self.connection, CUSTOMER)
        assert here.keys() == live.keys()
        return sum(not agrees(here[each], live[each]) for each in live)


def opened(stage: Stage, sandbox: Sandbox, server: Any, settings: Any, *, customers: int) -> Told:
    """Return an account with so many customers, all of them read, that tells us what becomes of them."""
    size = {"square": "customers", "stripe": "customers", "mailchimp": "members", "quickbooks": "Customer"}[stage.key]
    sized = Stage(**{**vars(stage), "sizes": {**stage.sizes, size: customers}})
    account = open_account(sized, sandbox)
    connection = connect(account)
    settings.PUBLIC_URL = server.url  # what Square signs
    _HOOKS[stage.key](account, connection, server, settings)
    read(connection, *stage.stream(CUSTOMER).needs, CUSTOMER)
    SyncCursor.objects.filter(connection=connection).update(next_run_at=timezone.now() + timedelta(hours=1))
    return Told(account, connection, timezone.now().replace(microsecond=0))


def work_off() -> None:
    """Do what the events ask for, and the reads that follow."""
    ripe()
    settle(seconds=120)
    while tasks.work_once():
        settle(seconds=120)


def reconcile() -> None:
    """Let a day go by for every connection, and reconcile once."""
    SyncCursor.objects.update(reconciled_at=timezone.now() - timedelta(days=1, minutes=1), reconcile_after=None)
    while tasks.reconcile_once():
        pass
    work_off()


def _hook_square(account: Account, connection: Connection, server: Any, settings: Any) -> None:
    """Listen for the whole application, and keep its list of events, as its owner does."""
    headers = {"Authorization": f"Bearer {account.key}", "Square-Version": "2026-09-16"}
    base = f"{account.sandbox.url}/square/v2"
    requests.put(f"{base}/events/enable", json={}, headers=headers, timeout=10).raise_for_status()
    wish = {"name": "Hub", "notification_url": f"{server.url}{PATH}/square", "event_types": _SQUARES}
    made = requests.post(f"{base}/webhooks/subscriptions", json={"subscription": wish}, headers=headers, timeout=10)
    settings.WEBHOOK_SECRETS = {**settings.WEBHOOK_SECRETS, "square": [made.json()["subscription"]["signature_key"]]}


def _hook_stripe(account: Account, connection: Connection, server: Any, settings: Any) -> None:
    """Listen at an address of the account's own, whose secret is told once."""
    token = subscribed(connection)
    form = {"url": f"{server.url}{PATH}/stripe/{token}", "enabled_events[]": ["customer.created", "customer.updated"]}
    headers = {"Authorization": f"Bearer {account.told['secret_key']}"}
    url = f"{account.sandbox.url}/stripe/v1/webhook_endpoints"
    made = requests.post(url, data=form, headers=headers, timeout=10).json()
    settings.WEBHOOK_SECRETS = {**settings.WEBHOOK_SECRETS, "stripe": [made["secret"]]}


def _hook_mailchimp(account: Account, connection: Connection, server: Any, settings: Any) -> None:
    token = subscribed(connection)
    wish = {
        "url": f"{server.url}{PATH}/mailchimp/{token}", "events": {"profile": True, "upemail": True},
        "sources": {"admin": True, "user": True},
    }  # fmt: skip
    lists = f"{account.sandbox.url}/mailchimp/{account.told['dc']}/3.0/lists/{account.told['lists'][0]['id']}"
    made = requests.post(f"{lists}/webhooks", json=wish, auth=("anybody", account.key), timeout=10).json()
    settings.WEBHOOK_SECRETS = {**settings.WEBHOOK_SECRETS, "mailchimp": [made["signing_secret"]]}


def _hook_quickbooks(account: Account, connection: Connection, server: Any, settings: Any) -> None:
    state = account.sandbox.ask("GET", "/state")["quickbooks"]
    settings.WEBHOOK_SECRETS = {**settings.WEBHOOK_SECRETS, "quickbooks": [state["verifier_token"]]}
    account.sandbox.ask("POST", "/quickbooks/settings", {"webhook_url": f"{server.url}{PATH}/quickbooks"})


_HOOKS = {
    "square": _hook_square, "stripe": _hook_stripe, "mailchimp": _hook_mailchimp, "quickbooks": _hook_quickbooks,
}  # fmt: skip
