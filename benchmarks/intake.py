"""How fast webhooks are taken in, against a bare view in the same server and run.

    eval "$(./backline shell-env)" && .venv/bin/python -m benchmarks.intake

The bound (`bare.py`) does one HMAC and one INSERT into a table of two columns, without middleware and without anything
else. The intake reads with its limits, verifies, parses, routes by the account, and stores the event with its
verdict under its unique key. Both are served by gunicorn as the Procfile starts it, and asked by the same senders over
connections that stay open. Then: how long a delivery waits at a hundred a second, with the broker well, and with one
that says nothing; and beside a flood of forged ones.
"""

import argparse
import base64
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

import psycopg

from benchmarks import stage
from benchmarks.serving import SENDERS, Line, send, server

_SECRET, _PUBLIC_URL = "bench-signature-key", "https://hub.example.test"
_INTAKE, _BARE = "/api/v1/integrations/webhooks/square", "/bare"
_GOAL, _P99_MS = 0.8, 100.0


def main() -> int:
    """Measure, print the figures and return 1 when one falls short of its goal."""
    asked = _arguments()
    if asked.seed:
        return _seed()
    environment = stage.own_database() | {
        "PUBLIC_URL": _PUBLIC_URL, "SQUARE_WEBHOOK_SECRETS": _SECRET, "SECURE_SSL_REDIRECT": "false",
        "SANDBOX_URL": "http://127.0.0.1:9", "ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip
    _prepare(environment)
    met = [_throughput(asked, environment), _waits(asked, environment, "broker well")]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = environment | {"REDIS_URL": f"redis://127.0.0.1:{silent.getsockname()[1]}/0"}
        met.append(_waits(asked, away, "broker silent"))
        met.append(_waits(asked, away, "broker silent, beside forged ones", forged=True))
    return 0 if all(met) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=8_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _prepare(environment: dict[str, str]) -> None:
    """Make the bound's table, and a thousand connected venues of which one is delivered to."""
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE TABLE bare (id text PRIMARY KEY, body bytea NOT NULL)")
    subprocess.run(
        [sys.executable, "-m", "benchmarks.intake", "--seed"], cwd=stage.ROOT, env=environment, check=True
    )  # fmt: skip


def _seed() -> int:
    import django

    django.setup()
    from connections.models import Connection
    from integrations.models import Venue

    venues = Venue.objects.bulk_create(Venue(name=f"Venue {each}", slug=f"venue-{each}") for each in range(1_000))
    Connection.objects.bulk_create(
        Connection(venue=venue, provider="square", environment="sandbox", account_id=f"BENCH{place or ''}")
        for place, venue in enumerate(venues)
    )
    return 0


def _throughput(asked: argparse.Namespace, environment: dict[str, str]) -> bool:
    """Print how many deliveries a second each takes, pair by pair; return whether the median ratio meets the goal."""
    pairs = []
    with server(environment, "benchmarks.bare:application") as (port, _):
        send(port, [_request(_INTAKE, 10**8 + n) for n in range(200)] + [_request(_BARE, n) for n in range(200)])
        for turn in range(asked.repeat):
            numbers = range(turn * 10**6, turn * 10**6 + asked.events)
            bound = send(port, [_request(_BARE, number + 10**7) for number in numbers])
            pairs.append((bound, send(port, [_request(_INTAKE, number) for number in numbers])))
    ratio = statistics.median(ours.per_second / bound.per_second for bound, ours in pairs)
    bound, ours = pairs[0]
    print(
        f"throughput  {ours.per_second:,.0f} of {bound.per_second:,.0f} deliveries/s = {ratio:.2f} of a bare view "
        f"(median of {asked.repeat}); p99 {ours.p99:.1f} ms of {bound.p99:.1f} ms with {SENDERS} senders",
        flush=True,
    )
    stored = _stored(environment)
    return ratio >= _GOAL and stored >= asked.repeat * asked.events and ours.statuses == {200: asked.events}


def _waits(asked: argparse.Namespace, environment: dict[str, str], what: str, *, forged: bool = False) -> bool:
    """Print how long deliveries wait at a hundred a second; return whether p99 meets the goal and all are stored."""
    before, first = _stored(environment), time.time_ns() % 10**9 + 10**9
    with server(environment, "benchmarks.bare:application") as (port, _):
        send(port, [_request(_INTAKE, first + 10**7 + n) for n in range(100)])
        before = _stored(environment)
        flood = threading.Event()
        noise = threading.Thread(target=_forge, args=(port, flood))
        if forged:
            noise.start()
        number = 100 * asked.seconds
        came = send(port, [_request(_INTAKE, first + each) for each in range(number)], per_second=100)
        flood.set()
        if forged:
            noise.join()
    stored = _stored(environment) - before
    print(
        f"100 a second, {what}: p50 {came.p50:.1f} ms, p99 {came.p99:.1f} ms; {stored:,} of {number:,} stored",
        flush=True,
    )
    return came.p99 <= _P99_MS and stored == number


def _forge(port: int, ended: threading.Event) -> None:
    """Send forged ones, some eighty a second, until told to end."""
    line, request = Line(port), _request(_INTAKE, 1).replace(b"Signature: ", b"Signature: x")
    while not ended.wait(0.012):
        line.ask(request)


def _request(path: str, number: int) -> bytes:
    """Return one delivery, signed: a payment of some thousand bytes as Square sends it."""
    money = {"amount": 1250, "currency": "GBP"}
    payment = {
        "id": f"PAY{number}", "created_at": "2026-11-22T09:00:00.000Z", "amount_money": money, "status": "COMPLETED",
        "total_money": money, "order_id": f"ORDER{number}", "location_id": "L1", "note": "Two tickets – Zoë’s table",
        "card_details": {"status": "CAPTURED", "card": {"card_brand": "VISA", "last_4": "1111", "exp_year": 2031},
                         "entry_method": "KEYED", "cvv_status": "CVV_ACCEPTED", "avs_status": "AVS_ACCEPTED"},
        "processing_fee": [{"effective_at": "2026-11-22T11:00:00.000Z", "type": "INITIAL", "amount_money": money}],
        "receipt_number": "R", "receipt_url": "https://squareup.com/receipt/preview/" + "r" * 40,
        "version_token": "v" * 40,
    }  # fmt: skip
    event = {
        "merchant_id": "BENCH", "type": "payment.updated", "event_id": f"{number:050d}",
        "created_at": "2026-11-22T09:00:00.000Z",
        "data": {"type": "payment", "id": f"PAY{number}", "object": {"payment": payment}},
    }  # fmt: skip
    body = json.dumps(event, separators=(",", ":")).encode()
    signature = base64.b64encode(hmac.digest(_SECRET.encode(), f"{_PUBLIC_URL}{path}".encode() + body, "sha256"))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"User-Agent: Square Connect v2\r\n"
        f"X-Square-HmacSha256-Signature: {signature.decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _stored(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as database:
        row = database.execute("SELECT count(*) FROM integration_webhooks WHERE verdict <> 'refused'").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(main())
