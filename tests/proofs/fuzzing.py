"""A stranger to our code tries the whole API by its description: schemathesis over real HTTP against gunicorn."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

_CSRF = "b" * 32
# Routes that end what the others need: they are tried in the other phases, and by the table of routes.
PHASES = "examples,coverage,fuzzing,stateful"


@dataclass(frozen=True)
class Tried:
    """What came of it: calls by status, and what was found, each with how to see it again."""

    statuses: Counter[int]
    found: list[str]
    told: str

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return sum(self.statuses.values())


def tried(port: int, person: User, folder: Path, *, examples: int, seed: int = 1) -> Tried:
    """Return what came of trying every operation as somebody who is signed in."""
    report = folder / f"{person.username}.ndjson"
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{port}/api/v1/schema/",
            "--checks", "all", "--phases", PHASES, "--max-examples", str(examples), "--seed", str(seed),
            "--continue-on-failure", "--warnings", "off", "--request-timeout", "30",
            "--suppress-health-check", "all", "--report", "ndjson", "--report-ndjson-path", str(report),
            "-H", f"Cookie: {_cookies(person)}", "-H", f"X-CSRFToken: {_CSRF}",
        ],
        cwd=folder, env=os.environ | {"NO_COLOR": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    if run.returncode not in (0, 1):
        raise AssertionError(run.stdout[-4000:] + run.stderr[-4000:])
    return _read(report, run.stdout)


def _cookies(person: User) -> str:
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={_CSRF}"


def _read(report: Path, told: str) -> Tried:
    statuses: Counter[int] = Counter()
    for line in report.read_text().splitlines():
        _count(json.loads(line), statuses)
    return Tried(statuses, [line for line in told.splitlines() if line.lstrip().startswith("- ")], told)


def _count(event: object, statuses: Counter[int]) -> None:
    if isinstance(event, dict):
        if isinstance(event.get("status_code"), int):
            statuses[event["status_code"]] += 1
        for each in event.values():
            _count(each, statuses)
    elif isinstance(event, list):
        for each in event:
            _count(each, statuses)
