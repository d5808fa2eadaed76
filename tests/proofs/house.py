"""A house to break: real worker processes on the test's database, with a broker of their own that can be stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.db import connection

from config.local.project import Project
from config.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE_SECONDS = 4
_OPTIONS = ("--pool", "threads", "--concurrency", "2", "--loglevel", "INFO", "--queues")


class House:
    """Workers and a broker. `log` is what all of them wrote."""

    def __init__(self, sandbox_url: str, folder: Path) -> None:
        self.log = folder / "house.log"
        self._valkey = Valkey(Project(ROOT), f"proof-{os.getpid()}", password="proof-broker-canary")
        self.redis_url = self._valkey.start()
        self.environment = os.environ | {
            "DATABASE_URL": database_url(),
            "REDIS_URL": self.redis_url,
            "SANDBOX_URL": sandbox_url,
            "SYNC_LEASE_SECONDS": str(LEASE_SECONDS),
            "SYNC_SLICE_SECONDS": "3",
            "PROVIDER_CALLS_PER_SECOND": "square=100000",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self, queues: str = "syncs,default") -> "subprocess.Popen[bytes]":
        """Start one worker of these queues as the Procfile does, and wait until it is ready."""
        before = self.text().count("worker.ready")
        worker = self.launch("celery", queues)
        try:
            wait_for(lambda: self.text().count("worker.ready") > before, seconds=30, what="the worker's start")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.text()[-2000:]}") from None
        return worker

    def launch(self, module: str, queues: str) -> "subprocess.Popen[bytes]":
        """Start a worker by a module that takes Celery's arguments, and wait for nothing."""
        name = f"proof{len(self.workers)}@%h"
        worker = subprocess.Popen(
            [sys.executable, "-m", module, "--quiet", "-A", "config", "worker", *_OPTIONS, queues, "-n", name],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
        )
        self.workers.append(worker)
        return worker

    def stop_broker(self) -> None:
        """Make the broker unreachable: the process stands still, as behind a cut cable."""
        os.kill(self._valkey.pid, signal.SIGSTOP)

    def start_broker(self) -> None:
        """Let it go on."""
        os.kill(self._valkey.pid, signal.SIGCONT)

    def text(self) -> str:
        """Return what the workers wrote so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for_notice(self) -> None:
        """Wait until a worker that woke up late knows: by its lease, or for PostgreSQL ended what it froze in."""
        known = ("sync.lost_lease", "sync.database")
        wait_for(lambda: any(word in self.text() for word in known), seconds=30, what="the notice of the frozen one")

    def close(self) -> None:
        """End everything."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()
        self.start_broker()
        self._valkey.stop()


@contextmanager
def house(sandbox_url: str, folder: Path) -> Iterator[House]:
    """Give a house and end all its processes afterwards."""
    made = House(sandbox_url, folder)
    try:
        yield made
    finally:
        made.close()


def database_url() -> str:
    """Return the address of the test's own database, for other processes."""
    given = connection.settings_dict
    password = f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else ""
    host = quote(given["HOST"], safe="")
    return f"postgres://{quote(given['USER'])}{password}@{host}:{given['PORT'] or 5432}/{given['NAME']}"


def dump() -> str:
    """Return every row of every table as text: what a thief of the database would read."""
    with psycopg.connect(database_url()) as database:
        tables = database.execute(
            "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        rows: list[str] = []
        for (table,) in tables:
            rows += [row[0] for row in database.execute(f"SELECT t::text FROM {table} t")]  # noqa: S608 - quoted by SQL
        return "\n".join(rows)


def wait_for(is_so: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait until it is so and return how long it took; fail with what was waited for."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, f"{what} took more than {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - started


def paced(provider: str) -> str:
    """Return what the benchmark of first reads measured of a provider; fails where it misses a goal."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.inbound", "--provider", provider],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": database_url()}, capture_output=True, text=True, timeout=900,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr[-2000:]
    return run.stdout.strip()


def passed(*tests: str) -> str:
    """Return pytest's closing line for these tests, run on a database of their own; fails where they do."""
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *tests, "-q", "-n", "1"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-3000:]
    return answer.stdout.strip().splitlines()[-1]
