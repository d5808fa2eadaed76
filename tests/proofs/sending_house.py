"""A venue whose people are sent by workers that can be killed, and what the provider has of it afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitoring import stale
from monitoring.stale import Stale
from syncing import sending
from syncing.models import RecordLink, SyncJob
from tests.contract.account import connect, open_account
from tests.contract.sending import CUSTOMER, here, person, there, told
from tests.contract.stage import STRIPE
from tests.contract.working import read
from tests.proofs.house import LEASE_SECONDS, House, house, wait_for
from tests.provider_sandbox import Sandbox

LISTED_WITHIN = LEASE_SECONDS + 2
_SLOW = {"provider": "stripe", "kind": "delay", "method": "POST", "path": "/v1/customers", "seconds": 0.02, "times": -1}


class Sending:
    """People on their way to Stripe, one call for each, behind a slow line."""

    def __init__(self, sandbox: Sandbox, place: House, people: int) -> None:
        """Queue what is to be sent; the workers of the house are yet to be started."""
        self.sandbox, self.house = sandbox, place
        place.environment["PROVIDER_CALLS_PER_SECOND"] = "stripe=100000"
        self.account = open_account(STRIPE, sandbox)
        self.connection = connect(self.account)
        read(self.connection, CUSTOMER)
        self.people = here(self.account, *map(person, range(people)))
        sandbox.clear_log()
        sandbox.ask("POST", "/faults", _SLOW)
        sending.start(self.connection, [CUSTOMER], plan=sending.plan_id(sending.preview(self.connection, [CUSTOMER])))

    def reached(self, number: int) -> None:
        """Wait until so many calls were made."""
        wait_for(lambda: self.sandbox.calls() >= number, seconds=60, what=f"call {number}")

    def listed(self) -> tuple[Stale, float]:
        """Wait until the job is listed as stale, and return what is said of it and how long that took."""
        took = wait_for(lambda: bool(stale.found()), seconds=LISTED_WITHIN, what="the list of stale work")
        (found,) = stale.found()
        return found, took

    def is_over(self) -> bool:
        """Whether nothing waits or runs."""
        return not SyncJob.objects.filter(status__in=["queued", "running"]).exists()

    def finish(self) -> float:
        """Wait until everything is sent."""
        return wait_for(self.is_over, seconds=60, what="the end of the sending")

    def assert_each_exactly_once(self) -> None:
        """Hold what Stripe has against what is here."""
        found = there(self.account, self.connection)  # fails when somebody is there twice
        ours = {each.fields["family_name"]: told(each.fields) for each in self.people}
        assert {name: told(fields) for name, fields in found.items()} == ours
        links = RecordLink.objects.filter(record__in=self.people, connection=self.connection)
        assert links.filter(state="in_step", push__isnull=True).count() == len(self.people)
        assert links.values("external_id").distinct().count() == len(self.people)


@contextmanager
def sent(sandbox: Sandbox, folder: Path, people: int) -> Iterator[Sending]:
    """Give a house and what is to be sent from it."""
    with house(sandbox.url, folder) as place:
        yield Sending(sandbox, place, people)
