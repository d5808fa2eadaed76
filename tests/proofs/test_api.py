"""The API to the letter, each point that was promised seen working.

`./backline prove api` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import serving
from connections.models import Connection
from tests.proofs import fuzzing
from tests.proofs.house import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
FULL = os.environ.get("PROOFS") == "full"
EXAMPLES = 50 if FULL else 3
Point = Callable[[str], None]


@pytest.fixture
def point(request: pytest.FixtureRequest) -> Point:
    """Print a point's figure."""

    def told(figure: str) -> None:
        name = request.node.name.removeprefix("test_").replace("_", " ")
        print(f"\n  ✔ {name}: {figure}", flush=True)

    return told


def environment(**more: str) -> dict[str, str]:
    """Return what a web server of its own needs on the test's database; no provider is there."""
    return os.environ | {
        "DATABASE_URL": database_url(), "SANDBOX_URL": "http://127.0.0.1:9", "SECURE_SSL_REDIRECT": "false",
        "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "ERROR", "MALLOC_ARENA_MAX": "2",
        "API_REQUESTS_PER_MINUTE": "1000000", "API_WRITES_PER_MINUTE": "1000000", **more,
    }  # fmt: skip


@pytest.mark.parametrize("identity", ["owner", "viewer", "staff"])
def test_whatever_is_asked_is_answered_as_described(
    request: pytest.FixtureRequest, identity: str, connection: Connection, tmp_path: Path, point: Point
) -> None:
    person: Any = request.getfixturevalue(identity)
    if identity == "staff":
        person.is_superuser = True
        person.save()
    with serving.server(environment()) as (port, _):
        tried = fuzzing.tried(port, person, tmp_path, examples=EXAMPLES)
    assert tried.found == [], tried.told[-6000:]
    assert tried.calls > 2_000
    assert {200, 400, 401, 404, 405} <= tried.statuses.keys()
    let_in = sum(tried.statuses[each] for each in (200, 201, 202, 204, 400, 404, 409, 422))
    assert let_in > tried.calls / (8 if identity == "viewer" else 3)
    point(f"{tried.calls:,} calls, {dict(sorted(tried.statuses.items()))}: nothing that is not described")
