"""Chaos, as it is lived through: the four doubles tell of ten thousand changes, and at the end all of it is here.

Runs in a process of its own, in the town that `tests.proofs.town` shakes meanwhile. Prints `changing` before the first
change and `changed` after the last; its last line is JSON: what was counted, and whether it holds.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import django
import requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up before its models are imported
from django.db import Error, close_old_connections  # noqa: E402
from django.db.models import F, Max  # noqa: E402
from django.utils import timezone  # noqa: E402

from syncing import schedule  # noqa: E402
from syncing.models import SyncJob, Trigger  # noqa: E402
from syncing.work import OPEN  # noqa: E402
from tests.contract.account import connect, open_account  # noqa: E402
from tests.contract.stage import MAILCHIMP, QUICKBOOKS, SQUARE, STRIPE, Stage  # noqa: E402
from tests.proofs.losing import Told  # noqa: E402
from tests.provider_sandbox import Sandbox  # noqa: E402
from webhooks import addresses  # noqa: E402
from webhooks.models import WebhookEvent, WebhookSubscription  # noqa: E402

T = TypeVar("T")
ROUNDS, A_ROUND, CUSTOMERS = 51, 50, 60  # of changes at each of the four
EVERY = 1.7  # seconds from one round to the next
DUPLICATE, REORDER = 0.1, 20
SETTLED_WITHIN = 60.0
_SIZED = {"square": "customers", "stripe": "customers", "mailchimp": "members", "quickbooks": "Customer"}


class There(Sandbox):
    """A sandbox that runs already."""

    def __init__(self, url: str) -> None:
        self.url, self._http = url, requests.Session()


def main() -> int:
    """Live through it, print what it came to and return 1 when something does not hold."""
    seed, sandbox = int(sys.argv[1]), There(settings.SANDBOX_URL)
    told = [_opened(stage, sandbox) for stage in (SQUARE, STRIPE, MAILCHIMP, QUICKBOOKS)]
    _wait(_is_quiet, 120, "the first syncs")
    _wait(lambda: WebhookSubscription.objects.filter(active=True).count() == 3, 60, "the registrations")
    for each in told:
        each.disturb(duplicate=DUPLICATE, reorder=REORDER, seed=seed)
    before = {each.account.stage.key: _counts(each) for each in told}
    _change(told)
    found = _judged(told, before)
    print(json.dumps(found), flush=True)
    return 0 if found["holds"] else 1


def _opened(stage: Stage, sandbox: Sandbox) -> Told:
    """Connect an account, let the workers read it, and let it tell us what becomes of its customers."""
    uri = f"{settings.PUBLIC_URL}/api/v1/integrations/oauth/callback/{stage.key}"
    sandbox.ask("POST", f"/{stage.key}/redirect-uris", {"uri": uri})
    if stage.key == "quickbooks":
        sandbox.ask("POST", "/quickbooks/settings", {"webhook_url": addresses.url("quickbooks")})
    sized = Stage(**{**vars(stage), "sizes": {**stage.sizes, _SIZED[stage.key]: CUSTOMERS}})
    account = open_account(sized, sandbox)
    connection = connect(account)
    schedule.start(connection, trigger=Trigger.FIRST)
    return Told(account, connection, timezone.now())


def _change(told: list[Told]) -> None:
    """Let the changes happen; what could not be delivered is tried again all the while."""
    over = threading.Event()
    for each in told:
        threading.Thread(target=_hurry, args=(each, over), daemon=True).start()
    print("changing", flush=True)
    for number in range(ROUNDS):
        starts = time.monotonic()
        for each in told:
            each.change(A_ROUND)
        if number + 1 < ROUNDS:
            time.sleep(max(0.0, EVERY - (time.monotonic() - starts)))
    over.set()
    print("changed", flush=True)


def _hurry(told: Told, over: threading.Event) -> None:
    sandbox, path = There(told.account.sandbox.url), f"/{told.account.stage.key}/deliveries/flush"
    while not over.is_set():
        with suppress(AssertionError, requests.RequestException):
            sandbox.ask("POST", path, {"limit_seconds": 3, "hurry": True})
        time.sleep(0.5)


def _judged(told: list[Told], before: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Wait until everything is settled and return what was counted."""
    last = time.monotonic()
    pending = [_delivered(each) for each in told]
    with suppress(TimeoutError):
        _wait(lambda: _is_quiet() and not any(each.stale() for each in told), SETTLED_WITHIN, "the end")
    settled = time.monotonic() - last
    announced = {each.account.stage.key: _counts(each)["announced"] - before[each.account.stage.key]["announced"]
                 for each in told}  # fmt: skip
    stored = {each.account.stage.key: WebhookEvent.objects.filter(connection=each.connection).count()
              - before[each.account.stage.key]["stored"] for each in told}  # fmt: skip
    stale = sum(_patient(each.stale) for each in told)
    open_events = WebhookEvent.objects.exclude(status="succeeded").exclude(verdict="refused").count()
    lag = WebhookEvent.objects.aggregate(worst=Max(F("finished_at") - F("received_at")))["worst"]
    found = {
        "announced": sum(announced.values()), "stored": sum(stored.values()), "by_provider": stored,
        "came_twice": sum(_counts(each)["duplicated"] for each in told),
        "posts": sum(_counts(each)["posts"] for each in told),
        "lost": sum(max(0, announced[key] - stored[key]) for key in announced),
        "doubled": sum(max(0, stored[key] - announced[key]) for key in announced), "stale": stale,
        "open": open_events, "pending": sum(pending), "settled_seconds": round(settled, 1),
        "worst_lag_seconds": round(lag.total_seconds(), 1),
    }  # fmt: skip
    nothing = ("lost", "doubled", "stale", "open", "pending")
    return found | {"holds": settled <= SETTLED_WITHIN and not any(found[name] for name in nothing)}


def _delivered(told: Told) -> int:
    """Wait until the double has delivered everything, and return what it has not."""
    path = f"/{told.account.stage.key}/deliveries"
    told.account.sandbox.ask("POST", f"{path}/flush", {"limit_seconds": SETTLED_WITHIN, "hurry": True})
    return int(told.account.sandbox.ask("GET", path)["pending"])


def _counts(told: Told) -> dict[str, int]:
    counts = told.account.sandbox.ask("GET", f"/{told.account.stage.key}/deliveries")
    stored = _patient(WebhookEvent.objects.filter(connection=told.connection).count)
    return {name: counts[name] for name in ("announced", "duplicated", "posts")} | {"stored": stored}


def _is_quiet() -> bool:
    """Return whether nothing waits or is worked on."""
    return not (
        SyncJob.objects.filter(status__in=OPEN).exists() or WebhookEvent.objects.filter(status__in=OPEN).exists()
    )


def _wait(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    ends_at = time.monotonic() + seconds
    while not _patient(is_so):
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{what} took more than {seconds:.0f} s: {_left()}")
        time.sleep(0.2)


def _patient(ask: Callable[[], T]) -> T:
    """Return the answer, also when the database is just falling or rising."""
    ends_at = time.monotonic() + 30
    while True:
        try:
            return ask()
        except Error:
            if time.monotonic() > ends_at:
                raise
            close_old_connections()
            time.sleep(0.5)


def _left() -> str:
    jobs = SyncJob.objects.filter(status__in=OPEN).values_list("object_type", "status", "failure_code")
    events = WebhookEvent.objects.filter(status__in=OPEN).values_list("provider", "status", "failure_code")
    return f"{list(jobs[:10])} {list(events[:10])}"


if __name__ == "__main__":
    sys.exit(main())
