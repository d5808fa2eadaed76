"""How fast a first sync reads each provider's customers, against a hand-written bound in the same run.

    eval "$(./backline shell-env)" && .venv/bin/python -m benchmarks.inbound

The bound (`bound.py`) does the least that could be called the same job. Backline's runner, in the same process shape
and against the same sandbox, maps every record, hashes it, writes record and link, saves its cursor and renews its
lease.
Without answer time one reader is the bound; with 100 ms an answer it is the same program with eight windows at once,
and one reader of it stands for what everybody else does. Where pages hold a thousand records, one reader is as fast as
two cores can map and write, whatever the answer time is; there the goal is that the answer time costs nothing.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from typing import Any

from benchmarks import bound, stage
from benchmarks.lines import LINES

_WINDOWS = 8
_SLOW_MS = 100
_TIMES = 5  # as fast as one reader that waits for every answer
_HIDDEN = 0.85  # of our own pace without answer time: the answer time costs nothing worth the name
_SAMPLE = 10_000  # records that a single slow reader reads to show its pace


def main() -> int:
    """Measure every provider, print its figures, and return 1 when one falls short of its goals."""
    return stage.measured(_arguments(), _part, measure)


def measure(provider: str, asked: argparse.Namespace, environment: dict[str, str]) -> bool:
    """Print the figures of one provider and return whether they meet the goals."""
    small, large = min(10_000, asked.records), asked.records
    warm = _run("runner", provider, small, 0, environment)
    # In turns, because a shared machine is faster at one moment than at the next; the median of the pairs counts.
    fast = [_pair(provider, large, 0, 1, environment) for _ in range(asked.repeat)]
    slow = [_pair(provider, large, _SLOW_MS, _WINDOWS, environment) for _ in range(asked.repeat)]
    alone = _run("bound", provider, min(_SAMPLE, large), _SLOW_MS, environment, windows=1)
    ratio, slow_ratio = (
        statistics.median(pair[1]["per_second"] / pair[0]["per_second"] for pair in pairs) for pairs in (fast, slow)
    )
    times = statistics.median(pair[1]["per_second"] for pair in slow) / alone["per_second"]
    hidden = statistics.median(
        with_it[1]["per_second"] / without[1]["per_second"] for with_it, without in zip(slow, fast, strict=True)
    )
    peak = max(pair[1]["peak_mb"] for pair in (*fast, *slow))
    print(
        f"{provider:<11} no answer time: {_of(fast)} = {ratio:.2f} of one reader (goal {asked.goal}); "
        f"{_SLOW_MS} ms: {_of(slow)} = {slow_ratio:.2f} of eight windows (goal {asked.slow_goal}), "
        f"{times:.1f} times one reader ({alone['per_second']:,.0f}/s, goal {_TIMES}), "
        f"{hidden:.2f} of the pace without answer time (enough: {_HIDDEN}); "
        f"peak {warm['peak_mb']:.0f} MB at {small:,}, {peak:.0f} MB at {large:,}",
        flush=True,
    )
    as_good_as_it_gets = (slow_ratio >= asked.slow_goal and times >= _TIMES) or hidden >= _HIDDEN
    return ratio >= asked.goal and as_good_as_it_gets and peak / warm["peak_mb"] < 1.25


def _of(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Return the median pace of ours and of the bound in words."""
    bounds, ours = (statistics.median(pair[place]["per_second"] for pair in pairs) for place in (0, 1))
    return f"{ours:,.0f} of {bounds:,.0f} records/s"


def _pair(
    provider: str, records: int, latency: int, windows: int, environment: dict[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        _run("bound", provider, records, latency, environment, windows=windows),
        _run("runner", provider, records, latency, environment),
    )


def _run(
    part: str, provider: str, records: int, latency: int, environment: dict[str, str], *, windows: int = 1
) -> dict[str, Any]:
    """Return the figures of one part in a process of its own, against a sandbox of its own."""
    size = f"{LINES[provider].size}={records}"
    return stage.run(
        "benchmarks.inbound", provider, ["--part", part, "--windows", str(windows)], environment, sizes=[size],
        latency=latency,
    )  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", nargs="*", choices=list(LINES), default=list(LINES))
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--goal", type=float, default=0.5, help="without answer time, of one hand-written reader")
    parser.add_argument("--slow-goal", type=float, default=0.7, help="with 100 ms, of eight hand-written windows")
    for name in ("--part", "--sandbox", "--one"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--windows", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def _part(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.part == "bound":
        done, seconds = bound.run(asked.one, asked.sandbox, windows=asked.windows)
    else:
        done, seconds = _runner(asked.one, asked.sandbox)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"records": done, "per_second": done / seconds, "peak_mb": peak}


def _runner(provider: str, sandbox: str) -> tuple[int, float]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connection as database

    from benchmarks import connecting
    from integrations.providers.types import ObjectType
    from syncing import queue, tasks
    from syncing.models import Record, SyncJob, Trigger

    with database.cursor() as cursor:
        cursor.execute("TRUNCATE connections, records CASCADE")  # the last run's rows, without loading them
    connection = connecting.connect(provider, sandbox)
    for object_type in (*connecting.first(provider), ObjectType.CUSTOMER):
        started = time.perf_counter()
        queue.enqueue(connection, [object_type], trigger=Trigger.FIRST)
        while SyncJob.objects.open().exists():
            tasks.work_once()
    return Record.objects.filter(object_type=ObjectType.CUSTOMER).count(), time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
