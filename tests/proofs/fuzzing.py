"""A stranger to our code tries the whole API by its description: schemathesis over real HTTP against gunicorn."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests.proofs.house import ROOT

_ACCEPTED = '"2xx", "3xx", 401, 403, 404, 409, 412, 422, 428, 429, 503'
# What no text may hold is tried by tests/api/test_hard_input.py; it would hide everything else here.
_SETTINGS = f"""
hooks = "tests.proofs.fuzz_hooks"

[auth.openapi.session]
api_key = "{{session}}"

[generation]
allow-x00 = false
codec = "utf-8"

[checks.positive_data_acceptance]
expected-statuses = [{_ACCEPTED}]
"""
# Here a description cannot say all: which objects a provider has, which fields an object and a rule, how long a period
# may be, which cursors were told, which venues there are.
_JUDGED_BY_MEANING = (
    "POST /api/v1/integrations/connect/{provider}/",
    "POST /api/v1/integrations/{provider}/sync/",
    "POST /api/v1/integrations/{provider}/sync/preview/",
    "PUT /api/v1/integrations/{provider}/mappings/",
    "POST /api/v1/integrations/{provider}/mappings/test/",
    "POST /api/v1/integrations/{provider}/mappings/templates/",
    "POST /api/v1/records/{object_type}/",
    "PATCH /api/v1/records/{object_type}/{record}/",
    "GET /api/v1/integrations/admin/all-venues/",
    "GET /api/v1/integrations/admin/costs/",
)
_JUDGED = """
[[operations]]
include-name = "{name}"
checks.positive_data_acceptance.expected-statuses = [{accepted}, 400]
"""
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
    report, described, session = folder / "report.ndjson", folder / "openapi.json", _session(person)
    address, cookies = f"http://127.0.0.1:{port}", {settings.SESSION_COOKIE_NAME: session}
    described.write_text(requests.get(f"{address}/api/v1/schema/", cookies=cookies, timeout=30).text)
    (folder / "schemathesis.toml").write_text(
        _SETTINGS.format(session=session)
        + "".join(_JUDGED.format(name=each, accepted=_ACCEPTED) for each in _JUDGED_BY_MEANING)
    )
    env = os.environ | {"NO_COLOR": "1", "PYTHONPATH": str(ROOT), "FORM_TOKEN_COOKIE": settings.CSRF_COOKIE_NAME}
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("st")), "run", str(described), "--url", address,
            "--checks", "all", "--phases", PHASES, "--max-examples", str(examples), "--seed", str(seed),
            "--continue-on-failure", "--warnings", "off", "--request-timeout", "30",
            "--suppress-health-check", "all", "--report", "ndjson", "--report-ndjson-path", str(report),
        ],
        cwd=folder, env=env, capture_output=True, text=True,
    )  # fmt: skip
    if run.returncode not in (0, 1):
        raise AssertionError(run.stdout[-4000:] + run.stderr[-4000:])
    return _read(report, run.stdout)


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _read(report: Path, told: str) -> Tried:
    statuses: Counter[int] = Counter()
    for line in report.read_text().splitlines():
        _count(json.loads(line), statuses)
    return Tried(statuses, [line for line in told.splitlines() if line.startswith("- ST")], told)


def _count(event: object, statuses: Counter[int]) -> None:
    if isinstance(event, dict):
        if isinstance(event.get("status_code"), int):
            statuses[event["status_code"]] += 1
        for each in event.values():
            _count(each, statuses)
    elif isinstance(event, list):
        for each in event:
            _count(each, statuses)
