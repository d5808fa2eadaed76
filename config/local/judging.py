"""What judges the code, in which order?"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from config.local import secrets, servers, tether, variables
from config.local.errors import LaunchError
from config.local.project import Project
from config.local.say import RED, paint, say
from config.local.servers import Servers

_INSTANCE = "test"  # data of its own: a running demo is not disturbed
_IN_PARALLEL = ("-n", "auto", "--dist", "loadgroup")
_PORT = 8000  # nothing listens there; links in pages and mails need one
_SERVERS_OF_OTHERS = ("DATABASE_URL", "REDIS_URL")
_PROOFS = Path("tests", "proofs")


@dataclass(frozen=True)
class _Step:
    name: str
    command: Sequence[str]
    settings: Mapping[str, str]


def test(project: Project, arguments: Sequence[str]) -> int:
    """Take every step, also after one that fails; pytest comes last, so that its closing line is the last."""
    with _test_servers(project) as both:
        failed = [step.name for step in _judges(project, both) if not _passes(project, step)]
        if failed:
            say(paint(f"Failed so far: {', '.join(failed)}", RED))
        say("pytest")
        tests = _pytest(project, [*(arguments or _IN_PARALLEL)])
        code = _run(project, _Step("pytest", tests, _local(project, both)))
    return code or int(bool(failed))


def prove(project: Project, step: str) -> int:
    """Run the proofs of one step at full size; each prints its figure."""
    path = _PROOFS / f"test_{step}.py"
    if not (project.root / path).exists():
        known = sorted(found.stem.removeprefix("test_") for found in (project.root / _PROOFS).glob("test_*.py"))
        raise LaunchError(f"There are no proofs named {step!r}. There are: {', '.join(known) or 'none'}.")
    with _test_servers(project) as both:
        settings = _local(project, both) | {"PROOFS": "full", "LOG_LEVEL": "ERROR"}
        return _run(project, _Step(step, _pytest(project, [str(path), "-s"]), settings))


def chaos(project: Project, seed: int) -> int:
    """Shake a town of servers and processes of its own, and print what it came to as its last line."""
    command = [str(project.python), "-m", "tests.proofs.town", str(seed)]
    own = {name: value for name, value in variables.surroundings(project).items() if name not in _SERVERS_OF_OTHERS}
    return _run(project, _Step("chaos", command, own))


def _judges(project: Project, both: Servers) -> list[_Step]:
    local, production = _local(project, both), _production(project, both)
    python, manage = str(project.python), [str(project.python), "manage.py"]
    return [
        _Step("ruff check", [python, "-m", "ruff", "check", ".", "backline"], local),
        _Step("ruff format", [python, "-m", "ruff", "format", "--check", ".", "backline"], local),
        _Step("mypy", [python, "-m", "mypy", "."], local),
        _Step("layers", [str(project.bin / "lint-imports")], local),
        _Step("migrations", [*manage, "makemigrations", "--check", "--dry-run"], local),
        _Step("deploy check", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production),
    ]


def _passes(project: Project, step: _Step) -> bool:
    began = time.monotonic()
    code = _run(project, step)
    verdict = "passed" if code == 0 else paint(f"FAILED with code {code}", RED)
    say(f"{step.name}: {verdict} in {time.monotonic() - began:.1f} s")
    return code == 0


def _run(project: Project, step: _Step) -> int:
    process = tether.start(
        step.command, farewell=signal.SIGTERM, environment=step.settings, folder=project.root, own_session=False
    )
    return tether.outlast(process)


def _pytest(project: Project, arguments: Sequence[str]) -> list[str]:
    return [str(project.python), "-m", "pytest", *arguments]


def _local(project: Project, both: Servers) -> dict[str, str]:
    addresses = variables.addresses(database_url=both.database_url, redis_url=both.redis_url)
    own = variables.local(addresses, secrets.load(project.var), port=_PORT)
    return variables.surroundings(project) | own


def _production(project: Project, both: Servers) -> dict[str, str]:
    addresses = variables.addresses(database_url=both.database_url, redis_url=both.redis_url)
    return variables.surroundings(project) | variables.production(addresses)


def _test_servers(project: Project) -> AbstractContextManager[Servers]:
    return servers.running(project, os.environ, instance=servers.idle_instance(project, _INSTANCE))
