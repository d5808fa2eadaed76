"""What the dashboard widget costs with 1, 100 and 1,000 venues, and whether a million runs in the log make it dearer.

    eval "$(./backline shell-env)" && .venv/bin/python -m benchmarks.widget

A thousand venues with four providers each, all of them connected and read every quarter of an hour, and members of 1,
100 and 1,000 of them. Each asks for `GET /api/v1/me/integrations` over one open connection from gunicorn as the
Procfile starts it: first with an empty log, then with a million runs, each with its job, all of the last day
and a tenth of them the first venue's. The bound
(`bare_widget.py`) stands in the same server behind the same middleware and the same sign-in; it answers the same bytes,
kept in one row.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

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


class Told(NamedTuple):
    """What one kind of request took, in milliseconds, and how many bytes came."""

    p50: float
    p95: float
    size: int


class Cost(NamedTuple):
    """The widget and the bound, asked in turns; and the widget's statements."""

    ours: Told
    bound: Told
    queries: int


def main() -> int:
    """Measure, print the figures and return 1 when one falls short of its goal."""
    asked = _arguments()
    if asked.part:
        print(json.dumps({"seed": _seed, "queries": _queries}[asked.part]()))
        return 0
    environment = stage.own_database() | {"ALLOWED_HOSTS": "127.0.0.1", "SANDBOX_URL": "http://127.0.0.1:9"}
    sessions = _part("seed", environment)
    _fill(environment, _STANDING, links=_LINKS)
    empty = _measured(environment, sessions, "empty log")
    began = time.perf_counter()
    _fill(environment, _RUNS, rows=asked.rows)
    print(f"{asked.rows:,} runs with their jobs made in {time.perf_counter() - began:.0f} s", flush=True)
    _work_by_the_clock(environment)
    full = _measured(environment, sessions, f"{asked.rows:,} runs")
    return 0 if _verdict(empty, full) else 1


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


def _measured(environment: dict[str, str], sessions: dict[str, str], what: str) -> dict[int, Cost]:
    """Return what widget and bound cost at each size, and print it."""
    queries, costs = _part("queries", environment), {}
    with server(environment, "benchmarks.bare_widget") as (port, _):
        for size in SIZES:
            ours, bound = _request(_WIDGET, sessions[str(size)]), _request(_BARE, sessions[str(size)])
            _keep(environment, port, ours)
            costs[size] = Cost(*_in_turns(port, _ASKED[size], ours, bound), queries[str(size)])
            _print(what, size, costs[size])
    return costs


def _keep(environment: dict[str, str], port: int, request: bytes) -> None:
    """Keep the widget's bytes where the bound finds them."""
    line = Line(port)
    assert line.ask(request) == 200
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TABLE IF NOT EXISTS bare_widget (body bytea NOT NULL)")
        database.execute("TRUNCATE bare_widget")
        database.execute("INSERT INTO bare_widget VALUES (%s)", [line.body])


def _in_turns(port: int, times: int, ours: bytes, bound: bytes) -> tuple[Told, Told]:
    line, took = Line(port), ([], [])  # type: ignore[var-annotated]
    sizes = [0, 0]
    warming = min(10, times // 5)
    for turn in range(times + warming):
        for which, request in enumerate((ours, bound)):
            began = time.perf_counter()
            assert line.ask(request) == 200
            if turn >= warming:
                took[which].append((time.perf_counter() - began) * 1000)
            sizes[which] = len(line.body)
    return _told(took[0], sizes[0]), _told(took[1], sizes[1])


def _told(took: list[float], size: int) -> Told:
    return Told(statistics.median(took), statistics.quantiles(took, n=20)[-1], size)


def _request(path: str, session: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nCookie: session={session}"
    return f"{head}\r\n\r\n".encode()


def _print(what: str, size: int, cost: Cost) -> None:
    ours, bound = cost.ours, cost.bound
    print(
        f"{what}, {size:,} venues: {cost.queries} queries, p50 {ours.p50:.1f} ms, p95 {ours.p95:.1f} ms, "
        f"{ours.size / 1000:,.1f} kB; bound {bound.p50:.1f} ms, {bound.p95:.1f} ms = {bound.p50 / ours.p50:.2f}",
        flush=True,
    )


def _verdict(empty: dict[int, Cost], full: dict[int, Cost]) -> bool:
    """Print how flat and how linear it is; return whether that, and an equal number of queries, meets the goals.

    How flat is told in multiples of the bound, which was asked in the same turns: so a machine that was busier with
    something else in one half of the measurement changes nothing.
    """
    flat = max(_multiple(full[size]) / _multiple(empty[size]) for size in SIZES)
    small, large = ((full[size].ours.p50 - full[1].ours.p50) / (size - 1) for size in SIZES[1:])
    print(f"with all runs {flat:.2f} times as long as with none (goal {_FLAT})")
    print(f"a venue more costs {small:.2f} ms up to 100 and {large:.2f} ms up to 1,000 (goal {_LINEAR} of that)")
    counts = {cost.queries for costs in (empty, full) for cost in costs.values()}
    return flat <= _FLAT and large <= small * _LINEAR and len(counts) == 1


def _multiple(cost: Cost) -> float:
    return cost.ours.p50 / cost.bound.p50


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(main())
