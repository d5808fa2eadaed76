"""How fast customers are sent to each provider, against a hand-written batch loop in the same run.

    eval "$(./backline shell-env)" && .venv/bin/python -m benchmarks.outbound

The bound (`loops.py`) reads rows, fills the provider's own batch endpoint and notes the ids, and does nothing else: no
plan, no rules, no intent before the call, no look at what is there after it. Backline's runner plans, maps, stores each
intent with its key before the call, and after it what both sides agree on. Calls are counted at the sandbox.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from typing import Any

import requests

from benchmarks import loops, stage
from benchmarks.lines import LINES
from benchmarks.loops import LOOPS

_FLAT = 1.25  # peak memory at the larger number, as a share of that at the smaller


def main() -> int:
    """Measure every provider, print its figures, and return 1 when one falls short of its goals."""
    return stage.measured(_arguments(), _part, measure)


def measure(provider: str, asked: argparse.Namespace, environment: dict[str, str]) -> bool:
    """Print the figures of one provider and return whether they meet the goals."""
    small = _run("sender", provider, asked.records // 10, environment)
    pairs = [
        (_run("bound", provider, asked.records, environment), _run("sender", provider, asked.records, environment))
        for _ in range(asked.repeat)
    ]
    ratio = statistics.median(ours["per_second"] / bound["per_second"] for bound, ours in pairs)
    bound, ours = pairs[0]
    least = -(-asked.records // LOOPS[provider].batch)
    print(
        f"{provider:<11} {asked.records:,} customers: {ours['per_second']:,.0f} of {bound['per_second']:,.0f}/s = "
        f"{ratio:.2f} of a hand-written loop; {ours['writing']:,} writing calls (least: {least:,}), "
        f"{ours['calls'] - ours['writing']:,} others; peak {small['peak_mb']:.0f} MB at {asked.records // 10:,}, "
        f"{ours['peak_mb']:.0f} MB at {asked.records:,}",
        flush=True,
    )
    return ours["writing"] == least and ours["peak_mb"] / small["peak_mb"] < _FLAT


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", nargs="*", choices=list(LINES), default=list(LINES))
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=1)
    for name in ("--part", "--sandbox", "--one"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(part: str, provider: str, records: int, environment: dict[str, str]) -> dict[str, Any]:
    return stage.run(
        "benchmarks.outbound", provider, ["--part", part, "--records", str(records)], environment,
        sizes=[f"{LINES[provider].size}=0"],
    )  # fmt: skip


def _part(asked: argparse.Namespace) -> dict[str, Any]:
    people = [loops.person(number) for number in range(asked.records)]
    work = _bound if asked.part == "bound" else _sender
    seconds = work(asked.one, asked.sandbox, people)
    counts = requests.get(f"{asked.sandbox}/_control/log/counts", timeout=10).json()["by_path"]
    return {
        "per_second": asked.records / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "calls": sum(counts.values()),
        "writing": sum(calls for path, calls in counts.items() if LOOPS[asked.one].writes(path)),
    }


def _bound(provider: str, sandbox: str, people: list[dict[str, str]]) -> float:
    state = requests.get(f"{sandbox}/_control/state", timeout=10).json()[provider]
    loop = LOOPS[provider](sandbox, state)
    loops.store(people)
    requests.delete(f"{sandbox}/_control/log", timeout=10)
    started = time.perf_counter()
    loops.run(loop)
    return time.perf_counter() - started


def _sender(provider: str, sandbox: str, people: list[dict[str, str]]) -> float:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connection as database

    from benchmarks import connecting
    from integrations.providers.types import ObjectType
    from syncing import own, queue, sending, tasks
    from syncing.models import SyncJob, Trigger

    def work() -> None:
        while SyncJob.objects.open().exists():
            tasks.work_once()

    with database.cursor() as cursor:
        cursor.execute("TRUNCATE connections, records CASCADE")
    connection = connecting.connect(provider, sandbox)
    for object_type in (*connecting.first(provider), ObjectType.CUSTOMER):
        queue.enqueue(connection, [object_type], trigger=Trigger.FIRST)
        work()
    for at in range(0, len(people), 1_000):
        entries = [own.Entry(person, person["email"]) for person in people[at : at + 1_000]]
        own.upsert(connection.venue, ObjectType.CUSTOMER, entries, actor=None)
    plan = sending.plan_id(sending.preview(connection, [ObjectType.CUSTOMER]))
    requests.delete(f"{sandbox}/_control/log", timeout=10)
    started = time.perf_counter()
    sending.start(connection, [ObjectType.CUSTOMER], plan=plan)
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
