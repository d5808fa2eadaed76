"""Real failures with their true causes: refused records, streams without a permission, events that cannot be settled.

The causes are known here and nowhere else, so that what the product makes of them can be held against them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.utils import timezone

from connections.models import Connection
from integrations.providers import PROVIDERS
from integrations.providers.types import JSON, ObjectType, RawDelivery
from monitoring import dead_letters, recovery
from monitoring.dead_letters import Filter
from syncing.models import RecordLink, SyncCursor, SyncJob
from tests.contract.account import Account, connect, open_account
from tests.contract.sending import CUSTOMER, agree, here, person, there
from tests.contract.stage import SQUARE, STRIPE, Stage
from tests.contract.working import put, read, settle
from tests.provider_sandbox import Sandbox
from tests.webhooks.conftest import ripe
from tests.webhooks.senders import square_event
from webhooks import intake, tasks
from webhooks.models import WebhookEvent

PRODUCT = ObjectType.PRODUCT
_LIMIT = "Metadata values can have up to 500 characters, but you passed in a value that is {} characters."


def _refusal(message: str, *, status: int = 400, **more: str) -> JSON:
    return {"status": status, "body": {"error": {"type": "invalid_request_error", "message": message, **more}}}


# What Stripe says to a customer that it does not take. One cause may be told in several ways.
REFUSALS: Mapping[str, Sequence[JSON]] = {
    "bad email": [
        _refusal("Invalid email address: nell@venue", code="email_invalid", param="email"),
        _refusal("Invalid email address: (none)", code="email_invalid", param="email"),
    ],
    "empty name": [_refusal("You passed an empty string.", code="parameter_invalid_empty", param="name")],
    "empty phone": [_refusal("You passed an empty string.", code="parameter_invalid_empty", param="phone")],
    "long metadata": [_refusal(_LIMIT.format(501)), _refusal(_LIMIT.format(1_204))],
    "long phone": [_refusal("Invalid string: must be at most 20 characters", param="phone")],
    "unknown parameter": [_refusal("Received unknown parameter: colour", code="parameter_unknown", param="colour")],
    "declined": [_refusal("Your card was declined.", status=402, code="card_declined", param="")],
}
# A permission that is not given, as it is told where products are read: (provider, method, path, what is said).
PERMISSIONS: Mapping[str, tuple[str, str, str, JSON]] = {
    "no products": ("stripe", "GET", "/v1/products", {"status": 403, "body": {"error": {
        "type": "invalid_request_error", "message": "The provided key does not have the required permissions for this "
        "endpoint. Having the 'rak_product_read' permission would allow this request to continue."}}}),
    "no prices": ("stripe", "GET", "/v1/products", {"status": 403, "body": {"error": {
        "type": "invalid_request_error", "message": "The provided key does not have the required permissions for this "
        "endpoint. Having the 'rak_plan_read' permission would allow this request to continue."}}}),
    "no items": ("square", "POST", "/v2/catalog/search", {"status": 403, "body": {"errors": [{
        "category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES",
        "detail": "The merchant has not given your application sufficient permissions to do that."}]}}),
}  # fmt: skip
# What our own database says to the sync that an event asks for: by the event's kind.
REFUSING: Mapping[str, str] = {"order.created": "raise_exception", "payment.created": "check_violation"}
_REFUSE = """
CREATE FUNCTION refuse_news() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.trigger = 'event' AND NEW.object_type = 'order' THEN RAISE 'no' USING ERRCODE = 'raise_exception'; END IF;
    IF NEW.trigger = 'event' AND NEW.object_type = 'payment' THEN RAISE 'no' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER refuse_news BEFORE INSERT ON sync_queue FOR EACH ROW EXECUTE FUNCTION refuse_news()
"""
_READ = ("/v1/products", "/v2/catalog/search")  # where products are read
_TABLES = ("sync_queue", "integration_webhooks", "record_links")


@contextmanager
def news_refused() -> Iterator[None]:
    """Let the database refuse the syncs that events about orders and payments ask for."""
    _execute(_REFUSE)
    try:
        yield
    finally:
        _execute("DROP TRIGGER refuse_news ON sync_queue; DROP FUNCTION refuse_news()")


class Failures:
    """Customers that Stripe refuses, streams without a permission, and events that our database cannot settle.

    `causes` tells the true cause of each failure, by its kind and id.
    """

    def __init__(self, sandbox: Sandbox, *, each: int, news: int, forbidden: Mapping[str, int]) -> None:
        """Prepare so many customers for each cause of refusal, so many events, so many venues for each permission."""
        self.sandbox = sandbox
        self.account = open_account(STRIPE, sandbox)
        self.stripe = connect(self.account)
        self.square = connect(open_account(SQUARE, sandbox, "The Loft"))
        read(self.stripe, CUSTOMER)
        read(self.square, ObjectType.LOCATION)
        self.venues = {cause: _connected(sandbox, cause, number) for cause, number in forbidden.items()}
        _schedule(self.square)
        self.each, self.news = each, news
        self.causes: dict[tuple[str, str], str] = {}

    @property
    def total(self) -> int:
        """How many failures it comes to."""
        return len(REFUSALS) * self.each + self.news + sum(map(len, self.venues.values()))

    def happen(self) -> None:
        """Let all of it fail, `news_refused` meanwhile."""
        here(self.account, *map(person, range(len(REFUSALS) * self.each)))
        refused = refuse_customers(self.account, self.each)
        agree(self.stripe)
        links = RecordLink.objects.filter(connection=self.stripe, state="failing").order_by("record_id")
        self.causes |= {("record", str(link.pk)): cause for link, cause in zip(links, refused, strict=True)}
        for cause, connections in self.venues.items():
            self._forbidden(cause, connections)
        kinds = take_in(self.square, 0, self.news)
        drain_to_the_end()
        self.causes |= {
            ("event", str(event.pk)): kinds[event.external_id] for event in WebhookEvent.objects.filter(status="dead")
        }

    def _forbidden(self, cause: str, connections: Sequence[Connection]) -> None:
        self.sandbox.ask("DELETE", "/faults")
        forbid(self.sandbox, cause)
        for connection in connections:
            put(connection, PRODUCT)
        settle()
        jobs = SyncJob.objects.filter(connection__in=connections, status="dead").values_list("pk", flat=True)
        self.causes |= {("job", str(job)): cause for job in jobs}

    def ids(self, *kinds: str) -> tuple[str, ...]:
        """Return the ids of what is given up, all or of these kinds, as a filter takes them."""
        return tuple(each for kind, each in self.causes if not kinds or kind in kinds)

    def mend(self) -> None:
        """Let everything work from now on."""
        self.sandbox.ask("DELETE", "/faults")
        self.sandbox.clear_log()
        self._claims = dict(WebhookEvent.objects.values_list("pk", "fence"))

    def retried(self, by: Any, *kinds: str, trial: bool = False) -> int:
        """Try again what is given up, all or of these kinds, or one of each cause, and return how many these were."""
        which = Filter(ids=self.ids(*kinds))
        done = recovery.retry_dead_letters(which, by=by, reason="mended", trial=trial)
        drain_to_the_end()
        settle(seconds=120)
        return done.count

    def assert_each_exactly_once(self) -> None:
        """Hold what happened since the mending against what had to: each customer, stream and event once."""
        posts, people = self.posts(), len(REFUSALS) * self.each
        assert Counter(call["status"] for call in posts) == {200: people}
        assert len(there(self.account, self.stripe)) == people
        reads = Counter(call["merchant"] for call in self._calls() if call["path"] in _READ)
        assert reads == {link.account_id: 1 for links in self.venues.values() for link in links}
        events = WebhookEvent.objects.filter(connection=self.square)
        assert dict(events.values_list("pk", "fence")) == {key: fence + 1 for key, fence in self._claims.items()}
        assert set(events.values_list("status", "failure_class")) == {("succeeded", "")}

    def posts(self) -> list[JSON]:
        """Return the calls that made or were to make a customer since the mending."""
        return [call for call in self._calls() if (call["method"], call["path"]) == ("POST", "/v1/customers")]

    def _calls(self) -> list[JSON]:
        entries: list[JSON] = self.sandbox.ask("GET", "/log", limit=5000)["entries"]
        return entries

    def let_wait(self) -> int:
        """Queue something for every venue and return how many jobs and events wait."""
        for connection in Connection.objects.all():
            put(connection, CUSTOMER, PRODUCT)
        take_in(self.square, 10_000, self.news)
        return SyncJob.objects.filter(status="queued").count() + self.news

    def failed_and_why(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Return of everything that is given up what is told of it: why, how often and when it failed last."""
        found = dead_letters.letters(Filter(ids=self.ids()))
        return {(each.kind, each.id): (each.cause, each.last_at) for each in found}

    def by_cause(self) -> dict[str, set[str]]:
        """Return the true causes of what stands under each cause that is told."""
        found: dict[str, set[str]] = {}
        for letter in dead_letters.letters(Filter(ids=self.ids())):
            found.setdefault(letter.cause, set()).add(self.causes[letter.kind, letter.id])
        return found


def refuse_customers(account: Account, each: int) -> list[str]:
    """Let the next customers be refused, so many for each cause, and return the causes in their order."""
    told: list[str] = []
    for cause, ways in REFUSALS.items():
        for number, way in enumerate(ways):
            times = each // len(ways) + (number == 0) * (each % len(ways))
            account.sandbox.ask("POST", "/faults", _customers(way, times))
        told += [cause] * each
    return told


def refuse_all_customers(account: Account, cause: str) -> None:
    """Let every customer be refused from now on, for one cause."""
    account.sandbox.ask("POST", "/faults", _customers(REFUSALS[cause][0], -1))


def forbid(sandbox: Sandbox, cause: str) -> None:
    """Take a permission away from everybody."""
    provider, method, path, said = PERMISSIONS[cause]
    sandbox.ask(
        "POST", "/faults", {"provider": provider, "kind": "status", "method": method, "path": path, "times": -1, **said}
    )


def take_in(connection: Connection, first: int, number: int) -> dict[str, str]:
    """Store so many events of two kinds, and return of each the kind by its external id."""
    square = PROVIDERS["square"]
    assert square.webhooks is not None
    kinds = list(REFUSING)
    for each in range(first, first + number):
        body = square_event(each, account=connection.account_id, kind=kinds[each % len(kinds)])
        delivery = RawDelivery(body, {})
        intake.store(square, delivery, intake.read(square, square.webhooks, delivery), None)
    return {f"OBJ{each}": kinds[each % len(kinds)] for each in range(first, first + number)}


def drain_to_the_end() -> None:
    """Work on events until none waits; waiting times are over at once."""
    while WebhookEvent.objects.filter(status__in=["queued", "running"]).exists():
        ripe()
        tasks.work_once()


def cleared(kind: str, *, by: Any) -> recovery.Done:
    """Take out everything of a kind that waits, of all venues."""
    which = Filter(kind=kind)
    return recovery.clear_queue(which, confirm=recovery.preview_clear(which).confirm, by=by, reason="a storm")


def rows(*tables: str) -> dict[str, str]:
    """Return a fingerprint of every row of the tables that recovery moves, byte for byte, by table and id."""
    found: dict[str, str] = {}
    with database.cursor() as cursor:
        for table in tables or _TABLES:
            cursor.execute(f"SELECT id::text, t::text FROM {table} t")  # noqa: S608 - names of our own
            found |= {f"{table} {key}": hashlib.sha256(row.encode()).hexdigest() for key, row in cursor.fetchall()}
    return found


def _schedule(connection: Connection) -> None:
    """Put what the events are about on the schedule, where nothing is due by itself before tomorrow."""
    tomorrow = timezone.now() + timedelta(days=1)
    SyncCursor.objects.bulk_create(
        SyncCursor(connection=connection, object_type=kind.partition(".")[0], next_run_at=tomorrow) for kind in REFUSING
    )


def _connected(sandbox: Sandbox, cause: str, number: int) -> list[Connection]:
    stage = _STAGES[PERMISSIONS[cause][0]]
    return [connect(open_account(stage, sandbox)) for _ in range(number)]


def _customers(way: JSON, times: int) -> dict[str, Any]:
    return {
        "provider": "stripe", "kind": "status", "method": "POST", "path": "/v1/customers", "times": times, **way
    }  # fmt: skip


def _execute(statement: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement)


_STAGES: Mapping[str, Stage] = {"stripe": STRIPE, "square": SQUARE}
