"""The hand-written bound: raw HTTP, orjson, COPY into a staging table and one upsert for each page into one table."""

import os
import threading
import time
from typing import Any

import orjson
import psycopg
import urllib3

from benchmarks.lines import LINES, Line, Window


def run(provider: str, sandbox: str, *, windows: int) -> tuple[int, float]:
    """Read one stream whole, in as many windows at once, and return how many records came and in how many seconds."""
    http = urllib3.PoolManager()
    state = orjson.loads(http.request("GET", f"{sandbox}/_control/state").data)[provider]
    line = LINES[provider](sandbox, state)
    cut = _cut(line, sandbox, provider, windows)
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        database.execute("DROP TABLE IF EXISTS bound")
        database.execute("CREATE TABLE bound (id text PRIMARY KEY, data jsonb)")
    done: list[int] = []
    threads = [threading.Thread(target=lambda each=each: done.append(_read(line, each))) for each in cut]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done), time.perf_counter() - started


def _read(line: Line, window: Window) -> int:
    done = 0
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        database.execute("CREATE TEMP TABLE stage (id text, data jsonb) ON COMMIT DELETE ROWS")
        database.commit()
        for page in line.pages(window):
            with database.cursor() as write:
                with write.copy("COPY stage FROM STDIN") as copy:
                    for each in page:
                        copy.write_row((line.id_of(each), orjson.dumps(each).decode()))
                write.execute(
                    "INSERT INTO bound SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET data = excluded.data"
                    " WHERE bound.data <> excluded.data"
                )
            database.commit()
            done += len(page)
    return done


def _cut(line: Line, sandbox: str, provider: str, windows: int) -> list[Window]:
    """Return windows of equal numbers of records: a program that knows the data cannot cut them better."""
    if windows == 1:
        return [Window()]
    asked: dict[str, Any] = {"kind": line.kind}
    if provider == "mailchimp":
        asked["list"] = line.account["lists"][0]["id"]
    url = f"{sandbox}/_control/{provider}/{line.account['id']}/truth"
    answer = urllib3.PoolManager().request("GET", url, fields=asked)
    times = sorted(line.time_of(orjson.loads(each)) for each in answer.data.splitlines())
    edges = [times[len(times) * number // windows] for number in range(1, windows)]
    return [Window(begin, end) for begin, end in zip([None, *edges], [*edges, None], strict=True)]
