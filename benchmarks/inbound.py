"""How fast a first sync reads customers, against a hand-written bound in the same run, and in how much memory.

    eval "$(./backline shell-env)" && .venv/bin/python benchmarks/inbound.py

The bound does the least that could be called the same job: raw HTTP, orjson, COPY into a staging table and one
INSERT ... ON CONFLICT for each page into one table. Backline's runner, in the same process shape and against the same
sandbox, maps every record, hashes it, writes record and link, saves its cursor and renews its lease.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
DATABASE = "backline_bench"


def main() -> int:
    """Measure bound and runner in turn, each in a process of its own, and print the ratio and the memory."""
    asked = _arguments()
    if asked.part:
        print(json.dumps(_PARTS[asked.part](asked)))
        return 0
    environment = _own_database()
    small, large = min(10_000, asked.records), asked.records
    warm = _measure("runner", small, environment)
    print(f"{small:>7,} records  runner  {warm['per_second']:>8,.0f} records/s  {warm['peak_mb']:>5.0f} MB peak")
    # In turns, because a shared machine is faster at one moment than at the next; the median of the pairs counts.
    pairs = [tuple(_measure(part, large, environment) for part in ("bound", "runner")) for _ in range(asked.repeat)]
    for pair in pairs:
        for part, run in zip(("bound", "runner"), pair, strict=True):
            print(f"{large:>7,} records  {part:<7}{run['per_second']:>8,.0f} records/s  {run['peak_mb']:>5.0f} MB peak")
    ratio = statistics.median(runner["per_second"] / bound["per_second"] for bound, runner in pairs)
    growth = max(runner["peak_mb"] for _, runner in pairs) / warm["peak_mb"]
    print(
        f"ratio {ratio:.2f} of the bound (goal {asked.goal}); "
        f"peak memory at {large:,} is {growth:.2f} times that at {small:,}"
    )
    return 0 if ratio >= asked.goal and growth < 1.15 else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--goal", type=float, default=0.5)
    parser.add_argument("--part", choices=["bound", "runner"], help=argparse.SUPPRESS)
    parser.add_argument("--sandbox", help=argparse.SUPPRESS)
    return parser.parse_args()


def _own_database() -> dict[str, str]:
    """Make an empty database beside the configured one and return the environment that names it."""
    import psycopg

    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    environment = os.environ | {"DATABASE_URL": urlunsplit(url._replace(path=f"/{DATABASE}")), "LOG_LEVEL": "ERROR"}
    subprocess.run(
        [sys.executable, "manage.py", "release", "-v0"],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return environment


def _measure(part: str, records: int, environment: dict[str, str]) -> dict[str, Any]:
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent",
         "--size", f"square.customers={records}"],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        url = json.loads(sandbox.stdout.readline())["url"]  # type: ignore[union-attr]
        answer = subprocess.run(
            [sys.executable, __file__, "--part", part, "--records", str(records), "--sandbox", url],
            cwd=ROOT, env=environment | {"SANDBOX_URL": url, "PROVIDER_CALLS_PER_SECOND": "square=100000"},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return dict(json.loads(answer.stdout.splitlines()[-1]))
    finally:
        sandbox.terminate()
        sandbox.wait()


def _seller(url: str) -> dict[str, Any]:
    import requests

    return dict(requests.get(f"{url}/_control/state", timeout=10).json()["square"]["merchants"][0])


def _bound(asked: argparse.Namespace) -> dict[str, Any]:
    import orjson
    import psycopg
    import urllib3

    http, token = urllib3.PoolManager(), _seller(asked.sandbox)["personal_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Square-Version": "2026-09-16"}
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        database.execute("DROP TABLE IF EXISTS bound")
        database.execute("CREATE TABLE bound (id text PRIMARY KEY, changed timestamptz, data jsonb)")
        database.execute("CREATE TEMP TABLE stage (id text, changed timestamptz, data jsonb) ON COMMIT DELETE ROWS")
        database.commit()
        started, done, cursor = time.perf_counter(), 0, None
        while True:
            body = {"query": {"sort": {"field": "CREATED_AT", "order": "ASC"}}, "limit": 100}
            answer = http.request(
                "POST", f"{asked.sandbox}/square/v2/customers/search", headers=headers,
                body=orjson.dumps(body | ({"cursor": cursor} if cursor else {})),
            )  # fmt: skip
            page = orjson.loads(answer.data)
            with database.cursor() as write:
                with write.copy("COPY stage FROM STDIN") as copy:
                    for each in page["customers"]:
                        copy.write_row((each["id"], each["updated_at"], orjson.dumps(each).decode()))
                write.execute(
                    "INSERT INTO bound SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET data = excluded.data,"
                    " changed = excluded.changed WHERE bound.changed < excluded.changed"
                )
            database.commit()
            done += len(page["customers"])
            cursor = page.get("cursor")
            if not cursor:
                return _figures(done, asked.records, started)


def _runner(asked: argparse.Namespace) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connection as database

    from connections import keys
    from integrations.models import Venue
    from integrations.providers import PROVIDERS
    from integrations.providers.types import ObjectType
    from syncing import queue, tasks
    from syncing.models import Record, SyncJob, Trigger

    with database.cursor() as cursor:
        cursor.execute("TRUNCATE connections, records CASCADE")  # the last run's rows, without loading them
    Venue.objects.all().delete()
    venue = Venue.objects.create(name="Bench", slug="bench")
    connection = keys.connect(PROVIDERS["square"], venue, _seller(asked.sandbox)["personal_token"], user=None)
    queue.enqueue(connection, [ObjectType.CUSTOMER], trigger=Trigger.FIRST)
    started = time.perf_counter()
    while SyncJob.objects.open().exists():
        tasks.work_once()
    return _figures(Record.objects.count(), asked.records, started)


def _figures(done: int, wanted: int, started: float) -> dict[str, Any]:
    seconds = time.perf_counter() - started
    assert done == wanted, f"{done} of {wanted} records arrived"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"per_second": done / seconds, "peak_mb": peak}


_PARTS = {"bound": _bound, "runner": _runner}

if __name__ == "__main__":
    sys.exit(main())
