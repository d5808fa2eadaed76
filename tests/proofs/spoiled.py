"""Events that cannot be settled: poison, which the database refuses, and pills, which end the worker that has them."""

import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from random import Random

from django.db import connection as database
from django.db.models import F

from tests.proofs.house import House, wait_for
from tests.proofs.pills import WORD
from webhooks.models import WebhookEvent

CODE = "RaiseException"
_SPOIL = """
CREATE TABLE spoiled (external_id text PRIMARY KEY, is_pill boolean NOT NULL);
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE kills boolean; BEGIN
    SELECT is_pill INTO kills FROM spoiled WHERE external_id = NEW.external_id;
    IF kills THEN RAISE NOTICE '{word}'; ELSIF NOT kills THEN RAISE 'poison'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE UPDATE ON integration_webhooks FOR EACH ROW WHEN (NEW.status = 'succeeded')
    EXECUTE FUNCTION spoil();
"""
_MEND = "DROP TRIGGER spoil ON integration_webhooks; DROP FUNCTION spoil(); DROP TABLE spoiled"


@contextmanager
def spoiled(poison: Collection[str], pills: Collection[str]) -> Iterator[None]:
    """Let events about these objects be refused, and those about the others end their worker, until the end."""
    with database.cursor() as cursor:
        cursor.execute(_SPOIL.format(word=WORD))
        cursor.executemany("INSERT INTO spoiled VALUES (%s, %s)", [(each, each in pills) for each in (*poison, *pills)])
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute(_MEND)


def drawn(total: int, *, poison: int, pills: int, seed: int) -> tuple[set[str], set[str]]:
    """Return so many objects of so many as poison, and others as pills."""
    chosen = [f"OBJ{each}" for each in Random(seed).sample(range(total), poison + pills)]
    return set(chosen[:poison]), set(chosen[poison:])


class Supervisor:
    """Starts the events worker again whenever it has ended, as a service manager does. `deaths`: how often it had."""

    def __init__(self, house: House) -> None:
        self._house, self._worker, self.deaths = house, self._launched(house), 0

    def tended_until(self, is_so: Callable[[], bool], *, seconds: float) -> float:
        """Start it again when it has ended, until it is so. Return how long that took."""

        def tended() -> bool:
            if self._worker.poll() is not None:
                self.deaths += 1
                self._worker = self._launched(self._house)
            return is_so()

        return wait_for(tended, seconds=seconds, what="the end of the events")

    def _launched(self, house: House) -> "subprocess.Popen[bytes]":
        return house.launch("tests.proofs.pills", "webhooks")


def waits() -> list[float]:
    """Return in seconds how long after they came the events that succeeded were settled, in order."""
    done = WebhookEvent.objects.filter(status="succeeded").annotate(waited=F("finished_at") - F("received_at"))
    return sorted(each.total_seconds() for each in done.values_list("waited", flat=True))


def assert_given_up(poison: set[str], pills: set[str]) -> None:
    """Hold what was given up against what had to be: nothing else, each with its cause and all of its attempts."""
    dead = {each.external_id: each for each in WebhookEvent.objects.filter(status="dead")}
    assert dead.keys() == poison | pills
    for each, row in dead.items():
        code = "crash_loop" if each in pills else CODE
        assert (row.failure_class, row.failure_code, row.failures[-1]["code"]) == ("ours", code, code)
        assert [failure["attempt"] for failure in row.failures] == list(range(1, row.attempts + 1))
        assert row.first_failed_at is not None
        assert row.last_failed_at is not None
        assert row.received_at < row.first_failed_at < row.last_failed_at
