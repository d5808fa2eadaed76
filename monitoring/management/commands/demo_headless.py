"""The main job once, without a browser: sign in, connect every provider, sync, and ask the oracle about each stream."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connections.models import Connection
from integrations.providers import PROVIDERS
from monitoring.management import hearsay, oracle
from monitoring.management.walk import Lost, Walk
from syncing.models import SyncLog

_OWNER = ("owner@lantern.example", "lantern-room-demo")
_VENUE = "lantern-room"
_PATIENCE = 240.0


class Command(BaseCommand):
    """Walk the pages over HTTP as the owner would, and print what was synced."""

    help = __doc__ or ""

    def add_arguments(self, parser: Any) -> None:
        """Take the address of the running web process."""
        parser.add_argument("--base-url", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError, which exits with 1, when anything is missing, doubled or stale."""
        started = time.monotonic()
        try:
            connections = self._walk(Walk(options["base_url"]))
        except Lost as error:
            raise CommandError(str(error)) from error
        self._wait(connections)
        self._judge(connections)
        self._hear(connections)
        self.stdout.write(f"Done in {time.monotonic() - started:.0f} seconds.")

    def _walk(self, walk: Walk) -> list[Connection]:
        walk.open("/accounts/login/")
        walk.submit("password", login=_OWNER[0], password=_OWNER[1])
        walk.expect("/integrations/", "Signing in")
        self.stdout.write("Signed in as the owner of The Lantern Room.")
        return [self._connect(walk, provider) for provider in PROVIDERS]

    def _connect(self, walk: Walk, provider: str) -> Connection:
        name = PROVIDERS[provider].spec.name
        live = Connection.objects.live().filter(provider=provider, venue__slug=_VENUE)
        if not live.exists():
            walk.open(f"/integrations/{provider}/connect/?venue={_VENUE}")
            walk.submit("continue")
            walk.submit("allow")
            walk.expect(f"/integrations/{provider}/welcome/", f"Coming back from {name}")
            self.stdout.write(f"Connected to {name} through its consent page.")
        else:
            walk.open(f"/integrations/{provider}/welcome/?venue={_VENUE}")
        walk.submit("start")
        return live.get()

    def _wait(self, connections: list[Connection]) -> None:
        give_up_at = time.monotonic() + _PATIENCE
        while any(
            each.sync_jobs.open().exists() or not SyncLog.objects.filter(connection=each).exists()
            for each in connections
        ):
            if time.monotonic() > give_up_at:
                raise CommandError(
                    f"The syncs did not finish within {_PATIENCE:.0f} seconds. Look at the worker's lines above."
                )
            time.sleep(0.25)

    def _hear(self, connections: list[Connection]) -> None:
        """Let the venue's people change something at each provider; it has to be told, and then to be here."""
        for connection in connections:
            name = PROVIDERS[connection.provider].spec.name
            self._until(partial(hearsay.is_awaited, connection), f"{name} was not asked to tell of changes")
            hearsay.change_customers(connection)
        for connection in connections:
            name = PROVIDERS[connection.provider].spec.name
            self._until(partial(hearsay.is_here, connection), f"A change at {name} was not told, or not read")
            self.stdout.write(f"  {name:<11} told of a change, which is here.")

    def _until(self, is_so: Callable[[], bool], or_else: str) -> None:
        give_up_at = time.monotonic() + _PATIENCE
        while not is_so():
            if time.monotonic() > give_up_at:
                raise CommandError(f"{or_else} within {_PATIENCE:.0f} seconds.")
            time.sleep(0.25)

    def _judge(self, connections: list[Connection]) -> None:
        wrong = []
        for connection in connections:
            name = PROVIDERS[connection.provider].spec.name
            for object_type, verdict in oracle.verdicts(connection).items():
                self.stdout.write(f"  {name:<11} {object_type:<15} {verdict}")
                if not verdict.agrees or not verdict.there:
                    wrong.append(f"{name} {object_type}")
        if wrong:
            raise CommandError(f"Not everything is as it is there: {', '.join(wrong)}.")
