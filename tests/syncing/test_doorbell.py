"""Ringing for the workers never hurts: not with a broker that is away, not with one that says nothing."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).resolve().parents[2]
RING = """
import time, django, orjson
django.setup()
from syncing import tasks
told = []
for _ in range(5):
    began = time.monotonic()
    told.append([tasks.ring(8), time.monotonic() - began])
print(orjson.dumps(told).decode())
"""


@pytest.fixture(params=["nobody listens", "a black hole"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        if request.param == "nobody listens":
            server.close()
            port = _free_port()
        else:
            port = server.getsockname()[1]
        yield f"redis://127.0.0.1:{port}/0"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_dead_broker_is_noticed_quickly_and_then_left_alone(broker: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", RING],
        cwd=ROOT, env=os.environ | {"REDIS_URL": broker, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = orjson.loads(run.stdout.splitlines()[-1])
    assert [answer for answer, _ in told] == [False] * 5
    assert all(seconds < 6 for _, seconds in told)
    assert all(seconds < 1.5 for _, seconds in told[3:])  # nobody waited for the time-out of 2 s
