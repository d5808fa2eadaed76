"""What the dashboard widget costs with 1, 100 and 1,000 venues, and whether a million runs in the log make it dearer.

    eval "$(./backline shell-env)" && .venv/bin/python -m benchmarks.widget

A thousand venues with four providers each, all of them connected and read every quarter of an hour, and members of 1,
100 and 1,000 of them. Each asks for `GET /api/v1/me/integrations` over an open connection from gunicorn as the Procfile
starts it. Two of them stand beside each other: one with an empty log, one with a million runs, each with its job, all
of the last day and a tenth of them the first venue's. The bound (`bare_widget.py`) stands behind the same middleware
and the same sign-in; it answers the same bytes, kept in one row. All are asked in turns, so that whatever else the
machine does meets all alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks import stage
from benchmarks.serving import Line, server

SIZES = (1, 100, 1_000)
_LOG_ROWS, _LINKS = 1_000_000, 100  # links of each connection
_WIDGET, _BARE = "/api/v1/me/integrations", "/bare"
_FLAT, _LINEAR = 1.3, 1.5  # goals: with a million of without; a venue's share at 1,000 of its share at 100
_ASKED = {1: 400, 100: 100, 1_000: 20}

_OBJECTS = "ARRAY['customer', 'product', 'order', 'payment']"
_STANDING = (
    f"""INSERT INTO sync_cursors (connection_id, object_type, direction, position, last_succeeded_at, next_run_at,
                                  miscount, updated_at)
        SELECT id, object_type, 'in', '{{}}', now() - interval '4 minutes', now() + interval '11 minutes', 0, now()
        FROM connections CROSS JOIN unnest({_OBJECTS}) AS object_type""",
    # Counted and never followed: the records themselves are not made. One in fifty is left out.
    f"""INSERT INTO record_links (connection_id, record_id, external_type, external_id, state, remote_version, raw,
                                  raw_hash, problem)
        SELECT id, gen_random_uuid(), ({_OBJECTS})[1 + mod(number, 4)], number,
               CASE WHEN mod(number, 50) = 0 THEN 'left_out' ELSE 'in_step' END, '', '{{}}', '',
               CASE WHEN mod(number, 50) = 0 THEN '{{"class": "missing_value", "sentence": "Left out."}}'::jsonb END
        FROM connections CROSS JOIN generate_series(1, %(links)s) AS number""",
)
# A tenth of the runs is the first venue's, so that it has a hundred times as many as any other.
_RUNS = (
    """CREATE TEMPORARY TABLE placed AS
       SELECT id, venue_id, provider, row_number() OVER (ORDER BY id) - 1 AS place FROM connections""",
    f"""CREATE TEMPORARY TABLE runs AS
        SELECT gen_random_uuid() AS job, gen_random_uuid() AS log, link.id AS connection_id, link.venue_id,
               link.provider, ({_OBJECTS})[1 + mod(number / links.count, 4)] AS object_type, number,
               now() - interval '10 minutes' - number * (interval '23 hours' / %(rows)s) AS began
        FROM (SELECT count(*)::int FROM placed) links CROSS JOIN generate_series(1, %(rows)s) AS number
        JOIN placed link ON link.place = mod(number, CASE WHEN number <= %(rows)s / 10 THEN 4 ELSE links.count END)""",
    """INSERT INTO sync_queue (id, run, venue_id, connection_id, object_type, direction, mode, priority, trigger,
                                status, attempts, not_before, lease_owner, fence, failure_class, failure_code,
                                failure_sentence, queued_at, started_at, finished_at)
       SELECT job, job, venue_id, connection_id, object_type, 'in', 'incremental', 2, 'schedule', 'succeeded', 0, began,
              '', 1, '', '', '', began, began, began + interval '1 second' FROM runs""",
    """INSERT INTO sync_logs (id, reference, job_id, run, venue_id, connection_id, provider, object_type, direction,
                               mode, trigger, outcome, started_at, finished_at, read, created, updated, unchanged,
                               deleted, left_out, failed, pages, calls, bytes_in, error_class, error_code,
                               error_sentence, timeline)
       SELECT log, lpad(to_hex(number), 9, '0'), job, job, venue_id, connection_id, provider, object_type, 'in',
              'incremental', 'schedule', CASE WHEN mod(number, 50) = 0 THEN 'failed' ELSE 'succeeded' END, began,
              began + (1 + mod(number, 30)) * interval '1 second', 1, 0, 0, 1, 0, 0, 0, 1, '{"read": 1}', 900, '', '',
              '', '[]' FROM runs""",
)


class Cost(NamedTuple):
    """What each took at each turn, in milliseconds, how many bytes came, and how many statements it was."""

    empty: list[float]
    full: list[float]
    bound: list[float]
    size: int
    queries: tuple[int, int]

    @property
    def flat(self) -> float:
        """How many times as long it takes with all runs as with none."""
        return statistics.median(full / empty for full, empty in zip(self.full, self.empty, strict=True))


def main() -> int:
    """Measure, print the figures and return 1 when one falls short of its goal."""
    asked = _arguments()
    if asked.part:
        print(json.dumps({"seed": _seed, "queries": _queries}[asked.part]()))
        return 0
    empty = stage.own_database() | {
        "ALLOWED_HOSTS": "127.0.0.1", "SANDBOX_URL": "http://127.0.0.1:9",
        "API_REQUESTS_PER_MINUTE": "1000000",  # three people ask more than the limits let three people ask
    }  # fmt: skip
    sessions = _part("seed", empty)
    _fill(empty, _STANDING, links=_LINKS)
    with _copied(empty) as full:
        began = time.perf_counter()
        _fill(full, _RUNS, rows=asked.rows)
        print(f"{asked.rows:,} runs with their jobs made in {time.perf_counter() - began:.0f} s", flush=True)
        for environment in (empty, full):
            _work_by_the_clock(environment)
        return 0 if _verdict(_measured(empty, full, sessions)) else 1


@contextmanager
def _copied(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Make a database like the one that the environment names, and give the environment that names the copy."""
    url, name = urlsplit(environment["DATABASE_URL"]), f"{stage.DATABASE}_full"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        database.execute(f"CREATE DATABASE {name} TEMPLATE {stage.DATABASE}")
        yield environment | {"DATABASE_URL": urlunsplit(url._replace(path=f"/{name}"))}
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=_LOG_ROWS)
    parser.add_argument("--part", choices=["seed", "queries"], default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _part(name: str, environment: dict[str, str]) -> Any:
    command = [sys.executable, "-m", "benchmarks.widget", "--part", name]
    answer = subprocess.run(command, cwd=stage.ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout.splitlines()[-1])


def _fill(environment: dict[str, str], statements: tuple[str, ...], **values: int) -> None:
    """Run the statements without asking for every foreign key, and look at the tables as autovacuum would."""
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("SET session_replication_role = replica")
        for each in statements:
            database.execute(each, values if "%(" in each else None)
        database.execute("VACUUM ANALYZE")
        database.execute("CHECKPOINT")


def _work_by_the_clock(environment: dict[str, str]) -> None:
    """Derive the figures as beat has them derived every ten minutes."""
    command = "from monitoring import figures; figures.rebuild()"
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", command], cwd=stage.ROOT, env=environment, check=True
    )
    print(f"figures derived in {time.perf_counter() - began:.1f} s", flush=True)


# --- parts with Django ------------------------------------------------------------------------------------------------


def _seed() -> dict[int, str]:
    """Make the venues with their connections and one member for each size; return the sessions' keys by size."""
    import django

    django.setup()
    from django.contrib.auth.models import User

    from connections.models import Connection
    from integrations.models import IntegrationConfig, Venue, VenueMembership
    from integrations.providers import PROVIDERS

    venues = Venue.objects.bulk_create(Venue(name=f"Venue {each}", slug=f"venue-{each}") for each in range(max(SIZES)))
    pairs = [(venue, provider) for venue in venues for provider in PROVIDERS]
    Connection.objects.bulk_create(
        Connection(venue=venue, provider=provider, environment="sandbox", account_id=f"{provider} {venue.slug}")
        for venue, provider in pairs
    )
    wishes = dict.fromkeys(("customer", "product", "order", "payment"), "in")
    IntegrationConfig.objects.bulk_create(
        IntegrationConfig(venue=venue, integration_id=provider, directions=wishes) for venue, provider in pairs
    )
    people = {size: User.objects.create(username=f"member of {size}") for size in SIZES}
    VenueMembership.objects.bulk_create(
        VenueMembership(user=person, venue=venue) for size, person in people.items() for venue in venues[:size]
    )
    return {size: _signed_in(person).cookies["session"].value for size, person in people.items()}


def _queries() -> dict[int, int]:
    """Return how many statements the widget costs a member of so many venues, with session, person and venues."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = {}
    for size in SIZES:
        client = _signed_in(User.objects.get(username=f"member of {size}"))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(_WIDGET).status_code == 200
        counts[size] = len(captured)
    return counts


def _signed_in(person: Any) -> Any:
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person)
    return client


# --- over HTTP --------------------------------------------------------------------------------------------------------


def _measured(empty: dict[str, str], full: dict[str, str], sessions: dict[str, str]) -> dict[int, Cost]:
    """Return what it costs at each size, and print it."""
    queries, costs = [_part("queries", each) for each in (empty, full)], {}
    with server(empty, "benchmarks.bare_widget") as one, server(full, "benchmarks.bare_widget") as other:
        for size in SIZES:
            ours, bound = _request(_WIDGET, sessions[str(size)]), _request(_BARE, sessions[str(size)])
            _keep(empty, one.port, ours)
            _keep(full, other.port, ours)
            asked = [(port, each) for port in (one.port, other.port) for each in (ours, bound)]
            (on_empty, bound_one, on_full, bound_other), came = _in_turns(_ASKED[size], asked)
            counts = (queries[0][str(size)], queries[1][str(size)])
            costs[size] = Cost(on_empty, on_full, bound_one + bound_other, came, counts)
            _print(size, costs[size])
    return costs


def _keep(environment: dict[str, str], port: int, request: bytes) -> None:
    """Keep the widget's bytes where the bound finds them."""
    line = Line(port)
    assert line.ask(request) == 200
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TABLE IF NOT EXISTS bare_widget (body bytea NOT NULL)")
        database.execute("TRUNCATE bare_widget")
        database.execute("INSERT INTO bare_widget VALUES (%s)", [line.body])


def _in_turns(times: int, asked: Sequence[tuple[int, bytes]]) -> tuple[list[list[float]], int]:
    """Ask each in turn, so many times; return what each took, in milliseconds, and how many bytes the first got."""
    lines = [Line(port) for port, _ in asked]
    took: list[list[float]] = [[] for _ in asked]
    warming = max(2, min(10, times // 10))
    for turn in range(times + warming):
        for line, (_, request), times_taken in zip(lines, asked, took, strict=True):
            began = time.perf_counter()
            assert line.ask(request) == 200
            if turn >= warming:
                times_taken.append((time.perf_counter() - began) * 1000)
    return took, len(lines[0].body)


def _request(path: str, session: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nCookie: session={session}"
    return f"{head}\r\n\r\n".encode()


def _print(size: int, cost: Cost) -> None:
    ratio = statistics.median(cost.bound) / statistics.median(cost.full)
    empty, full, bound = (f"p50 {statistics.median(each):,.1f} ms, p95 {_p95(each):,.1f} ms" for each in cost[:3])
    print(
        f"{size:,} venues, {cost.size / 1000:,.1f} kB, {cost.queries} queries: empty log {empty}; all runs {full}, "
        f"{cost.flat:.2f} times as long; bound {bound} = {ratio:.2f}",
        flush=True,
    )


def _p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


def _verdict(costs: dict[int, Cost]) -> bool:
    """Print how flat and how linear it is; return whether that, and an equal number of queries, meets the goals."""
    flat = max(each.flat for each in costs.values())
    middle = {size: statistics.median(each.full) for size, each in costs.items()}
    small, large = ((middle[size] - middle[1]) / (size - 1) for size in SIZES[1:])
    print(f"with all runs at most {flat:.2f} times as long as with none (goal {_FLAT})")
    print(f"a venue more costs {small:.2f} ms up to 100 and {large:.2f} ms up to 1,000 (goal {_LINEAR} of that)")
    counts = {count for each in costs.values() for count in each.queries}
    return flat <= _FLAT and large <= small * _LINEAR and len(counts) == 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(main())
