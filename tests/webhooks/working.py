"""Accounts at the doubles that deliver to the test's own server, and the upkeep at work."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.test import Client
from django.utils import timezone

from connections import credentials, sessions
from connections.models import Connection
from integrations.providers.types import ObjectType
from syncing.models import SyncCursor
from tests.contract.account import Account, open_account, paste_key, sign_in
from tests.contract.stage import MAILCHIMP, SQUARE, STRIPE, Stage
from tests.contract.working import read, settle
from tests.provider_sandbox import Sandbox
from tests.webhooks.senders import SENDERS
from webhooks import removals, tasks, upkeep
from webhooks.models import WebhookEvent, WebhookSubscription, WebhookUpkeep

CUSTOMER = ObjectType.CUSTOMER
KINDS = {"square": "customers", "stripe": "customers", "mailchimp": "members", "quickbooks": "Customer"}


def until(is_so: Callable[[], bool]) -> bool:
    """Return whether something becomes so within ten seconds."""
    pause = threading.Event()
    return any(is_so() or pause.wait(0.01) for _ in range(1_000))


@dataclass(frozen=True)
class Way:
    """A provider, and how its owner lets us in."""

    stage: Stage
    signs_in: bool

    def __str__(self) -> str:
        return f"{self.stage.key}-{'sign-in' if self.signs_in else 'key'}"

    @property
    def of_application(self) -> bool:
        return self.signs_in and self.stage.key in ("square", "stripe")

    def connect(self, account: Account) -> Connection:
        return sign_in(account) if self.signs_in else paste_key(account)


WAYS = tuple(Way(stage, signs_in) for stage in (SQUARE, STRIPE, MAILCHIMP) for signs_in in (False, True))


@dataclass(frozen=True)
class Delivery:
    """What a provider has signed and sent, and may arrive later."""

    url: str
    body: bytes
    content_type: str
    headers: dict[str, str]
    secret: str

    def arrives(self, client: Client) -> int:
        path = urlsplit(self.url).path
        answer = client.post(path, data=self.body, content_type=self.content_type, headers=self.headers)
        return int(answer.status_code)


class Told:
    """A venue that is connected one way, and what stands for it at the double."""

    def __init__(self, way: Way, sandbox: Sandbox) -> None:
        self.way, self.sandbox = way, sandbox
        self.account = open_account(way.stage, sandbox)
        self.connection = way.connect(self.account)

    def there(self) -> list[dict[str, Any]]:
        """What is registered at the double, as its API tells it."""
        query = "?include_disabled=true" if self.way.stage is SQUARE else ""
        found: list[dict[str, Any]] = self.ask("GET", self.path() + query).get(_LIST[self.way.stage.key], [])
        return [each | {"url": each.get("url") or each["notification_url"]} for each in found]

    def path(self) -> str:
        lists = self.account.told.get("lists") or [{"id": ""}]
        return _PATH[self.way.stage.key].format(list=lists[0]["id"])

    def ask(self, method: str, path: str, body: Any = None, form: Any = None) -> Any:
        """Call the double with the account's, or our application's, own rights."""
        provider = self.way.stage.provider
        api = sessions.of_application(provider) if self.way.of_application else sessions.open_session(self.connection)
        assert api is not None
        if form is not None:
            return api.post_form(path, form, repeatable=False).body
        data = None if body is None else orjson.dumps(body)
        return api.call(method, path, body=data, repeatable=False, may_be_empty=True).body

    def row(self) -> WebhookSubscription:
        """The one registration that is in use."""
        return WebhookSubscription.objects.current().get(provider=self.way.stage.key)

    def registered_at_all(self) -> int:
        """How many webhooks the provider's double knows, whoever asks."""
        if self.way.of_application:
            return len(self.there())
        state: dict[str, Any] = self.sandbox.ask("GET", "/state")[self.way.stage.key]
        found = list(state.get("subscriptions", []))
        for account in state.get("accounts", []):
            found += account.get("endpoints", [])
            found += [hook for each in account.get("lists", []) for hook in each["webhooks"]]
        return len(found)

    def signed_now(self) -> "Delivery":
        """A delivery to the registration in use, signed now and not sent yet."""
        row, sender = self.row(), next(each for each in SENDERS if each.key == self.way.stage.key)
        (hook,) = self.there()
        secret = credentials.open_secret(row, "signing_secret").reveal()
        body = sender.event(account=self.connection.account_id if sender.key != "mailchimp" else "")
        return Delivery(
            hook["url"], body, sender.content_type, sender.sign(body, secret=secret, to=hook["url"]), secret
        )

    def move(self, hook_id: str, url: str) -> None:
        """Let somebody there change where a webhook delivers to."""
        path = f"{self.path()}/{hook_id}"
        match self.way.stage.key:
            case "square":
                self.ask("PUT", path, {"subscription": {"notification_url": url}})
            case "stripe":
                self.ask("POST", path, form={"url": url})
            case "mailchimp":  # which takes only what answers
                self.ask("PATCH", path, {"url": settings.PUBLIC_URL + "/health/live"})

    def register_foreign(self, url: str) -> str:
        """Let somebody else register a webhook and return its id."""
        match self.way.stage.key:
            case "square":
                wish = {"name": "Other", "notification_url": url, "event_types": ["customer.created"]}
                return str(self.ask("POST", self.path(), {"subscription": wish})["subscription"]["id"])
            case "stripe":
                form = {"url": url, "enabled_events[]": "customer.created"}
                return str(self.ask("POST", self.path(), form=form)["id"])
            case _:
                here = settings.PUBLIC_URL + "/health/live"
                return str(self.ask("POST", self.path(), {"url": here, "events": {"profile": True}})["id"])

    def pass_overlap(self) -> None:
        """Let the day be over in which former secrets are accepted."""
        long_ago = timezone.now() - timedelta(hours=25)
        for name in ("rolled_at", "retired_at"):
            WebhookSubscription.objects.exclude(**{name: None}).update(**{name: long_ago})
        removals.forget_former()

    def change(self, number: int = 1) -> dict[str, int]:
        """Let the venue's people change customers there, and wait until everything is delivered."""
        self.account.act("change", **{KINDS[self.way.stage.key]: number})
        return self.deliver()

    def deliver(self) -> dict[str, int]:
        done = self.sandbox.ask("POST", f"/{self.way.stage.key}/deliveries/flush", {"limit_seconds": 20, "hurry": True})
        assert done["is_done"], done
        counts: dict[str, int] = self.sandbox.ask("GET", f"/{self.way.stage.key}/deliveries")
        return counts

    def read_once(self) -> None:
        """Let everything be read that a customer needs, so that news of them is wanted."""
        read(self.connection, *self.way.stage.stream(CUSTOMER).needs, CUSTOMER)
        SyncCursor.objects.filter(connection=self.connection).update(next_run_at=timezone.now())

    def work(self) -> None:
        """Work off what came in."""
        ripe()
        while tasks.work_once():
            settle()


_LIST = {"square": "subscriptions", "stripe": "data", "mailchimp": "webhooks"}
_PATH = {
    "square": "/v2/webhooks/subscriptions", "stripe": "/v1/webhook_endpoints",
    "mailchimp": "/3.0/lists/{list}/webhooks", "quickbooks": "none",
}  # fmt: skip


def ripe() -> None:
    """Let what waits for more to come be due now."""
    WebhookEvent.objects.filter(status="queued").update(not_before=timezone.now() - timedelta(hours=1))


def tend() -> int:
    """Let the upkeep do what is due and return how many turns it took."""
    turns = 0
    while upkeep.work_once():
        turns += 1
        assert turns < 20, list(WebhookUpkeep.objects.values("provider", "problem", "failure_code"))
    return turns


def tomorrow() -> None:
    """Let the day be over after which everything is looked at again."""
    WebhookUpkeep.objects.update(due_at=timezone.now())


def problems() -> list[str]:
    return list(WebhookUpkeep.objects.exclude(problem="").values_list("problem", flat=True))
