"""A town to be shaken: servers of its own, the processes of the Procfile, which rise again, and whoever shakes them.

`python -m tests.proofs.town` runs `tests.proofs.chaos` in it: every four to six seconds one of web, worker, webhooks
and beat is killed with -9, once the broker forgets everything, once it is restarted, once PostgreSQL falls at once. The
last line printed is JSON: what was counted, and the damage that was done. The end code is 1 when it did not hold.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from config.local import ports, procfile, secrets, tether, variables
from config.local.postgres import Postgres
from config.local.project import Project
from config.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
KILLED = ("web", "worker", "webhooks", "beat")
_PAUSE = (4.0, 6.0)  # seconds from one kill to the next
_RISES_AFTER = 0.5
_LEASE = "5"
_LONGEST = 285.0  # seconds, all in all
# Seconds after the first change, and what happens then.
_ONCE = ((20.0, "flushall"), (45.0, "postgres"), (70.0, "broker"))


@dataclass
class Process:
    """One line of the Procfile, started again whenever it has ended."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = None
    rises_at: float = 0.0

    def tend(self) -> None:
        """Start it when it is time."""
        if self.running is not None and self.running.poll() is not None:
            tether.end_session(self.running)
            self.running, self.rises_at = None, time.monotonic() + _RISES_AFTER
        if self.running is None and time.monotonic() >= self.rises_at:
            with self.log.open("ab") as output:
                self.running = tether.start(
                    self.command, farewell=signal.SIGKILL, environment=self.environment, folder=ROOT,
                    output=output.fileno(),
                )  # fmt: skip

    def kill(self) -> bool:
        """Kill it with -9, and return whether there was something to kill."""
        if self.running is None or self.running.poll() is not None:
            return False
        os.kill(self.running.pid, signal.SIGKILL)
        return True

    def end(self) -> None:
        """End it for good."""
        if self.running is not None:
            self.running.kill()
            tether.end_session(self.running)
            self.running.wait()


@dataclass
class Town:
    """The servers and the processes, and the damage done so far."""

    postgres: Postgres
    valkey: Valkey
    settings: dict[str, str]
    processes: list[Process]
    random: random.Random
    damage: Counter[str] = field(default_factory=Counter)

    def tend(self) -> None:
        """Let everything rise again that fell."""
        if self.postgres.has_ended():
            self.postgres.start(self.settings["DATABASE_URL"])
        for each in self.processes:
            each.tend()

    def kill_one(self) -> None:
        """Kill one of the processes."""
        victim = self.random.choice([each for each in self.processes if each.name in KILLED])
        self.damage[f"killed {victim.name}"] += victim.kill()

    def strike(self, what: str) -> None:
        """Do what happens once."""
        self.damage[what] += 1
        if what == "flushall":
            redis.Redis.from_url(self.settings["REDIS_URL"]).flushall()
        elif what == "postgres":
            os.kill(self.postgres.pid, signal.SIGQUIT)  # an immediate shutdown
        else:
            self.valkey.stop()
            time.sleep(2)
            self.valkey.start(self.settings["REDIS_URL"])


def main() -> int:
    """Run chaos in a town of its own, print what it came to and return 1 when something did not hold."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    instance = f"chaos-{os.getpid()}"
    with town(instance, random.Random(seed)) as made:
        found = _shaken(made, seed)
    if found.get("holds"):  # otherwise the logs are what one wants to read
        for log in Project(ROOT).logs.glob(f"*{instance}.log"):
            log.unlink()
    print(json.dumps(found), flush=True)
    return 0 if found.get("holds") else 1


def _shaken(made: Town, seed: int) -> dict[str, object]:
    """Let the changes happen while the town is shaken, and return what was found."""
    began = time.monotonic()
    driver = tether.start(
        [sys.executable, "-m", "tests.proofs.chaos", str(seed)], farewell=signal.SIGKILL, environment=made.settings,
        folder=ROOT, output=subprocess.PIPE,
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=_follow, args=(driver, lines), daemon=True)
    reader.start()
    once, started, next_kill = list(_ONCE), 0.0, 0.0
    while driver.poll() is None and time.monotonic() - began < _LONGEST:
        made.tend()
        now, is_shaken = time.monotonic(), "changing" in lines and "changed" not in lines
        if is_shaken and not started:
            started, next_kill = now, now + made.random.uniform(*_PAUSE)
        if is_shaken and now >= next_kill:
            made.kill_one()
            next_kill = now + made.random.uniform(*_PAUSE)
        if started and once and now - started >= once[0][0]:
            made.strike(once.pop(0)[1])
        time.sleep(0.1)
    if driver.poll() is None:
        driver.kill()
    driver.wait()
    reader.join(timeout=5)
    found = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {"holds": False, "said": lines[-5:]}
    return found | {"damage": dict(made.damage), "seconds": round(time.monotonic() - began)}


def _follow(driver: "subprocess.Popen[bytes]", lines: list[str]) -> None:
    assert driver.stdout is not None
    for line in driver.stdout:
        lines.append(line.decode(errors="replace").rstrip())
        print(lines[-1], file=sys.stderr, flush=True)


@contextmanager
def town(instance: str, chance: random.Random) -> Iterator[Town]:
    """Give a town whose processes are started by `tend`, and end all of it."""
    project = Project(ROOT)
    postgres, valkey = Postgres(project, instance), Valkey(project, instance, password="chaos")
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent"],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    processes: list[Process] = []
    try:
        assert sandbox.stdout is not None
        sandbox_url = json.loads(sandbox.stdout.readline())["url"]
        settings = _settings(project, postgres.start(), valkey.start(), sandbox_url)
        commands = procfile.read(ROOT / "Procfile")
        release = procfile.arguments(commands.pop(procfile.RELEASE), settings)
        subprocess.run(release, cwd=ROOT, env=settings, check=True, stdout=subprocess.DEVNULL)
        log = project.logs / f"{instance}.log"
        processes += [
            Process(name, procfile.arguments(command, settings), settings, log) for name, command in commands.items()
        ]
        yield Town(postgres, valkey, settings, processes, chance)
    finally:
        for each in processes:
            each.end()
        sandbox.kill()
        sandbox.wait()
        valkey.stop()
        postgres.stop()
        for folder in (postgres.home, project.var / instance):
            shutil.rmtree(folder, ignore_errors=True)


def _settings(project: Project, database_url: str, redis_url: str, sandbox_url: str) -> dict[str, str]:
    port = ports.any_free()
    addresses = variables.addresses(database_url=database_url, redis_url=redis_url)
    ours = variables.local(addresses, secrets.throwaway(), port=port, sandbox_url=sandbox_url)
    more = {
        "PORT": str(port), "SYNC_LEASE_SECONDS": _LEASE, "SYNC_SLICE_SECONDS": "2", "LOG_FORMAT": "json",
        "SQUARE_WEBHOOK_SECRETS": "chaos-square", "STRIPE_WEBHOOK_SECRETS": "chaos-stripe",
    }  # fmt: skip
    return dict(variables.surroundings(project) | ours | more)


if __name__ == "__main__":
    sys.exit(main())
