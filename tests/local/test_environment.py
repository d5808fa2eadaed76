"""Making and renewing `.venv`, with an installer that writes down when it was called."""

import json
import os
import stat
from pathlib import Path

import pytest

from config.local import environment
from config.local.errors import LaunchError
from config.local.project import Project

UV = '#!/bin/sh\necho "$@" >> "$0.calls"\nexit %d\n'


@pytest.fixture
def checkout(project: Project) -> Project:
    for name in environment.WITH_TESTS:
        (project.root / name).write_text("# nothing is needed\n")
    return project


def give_uv(project: Project, monkeypatch: pytest.MonkeyPatch, *, code: int) -> Path:
    """Put a `uv` first on the path that only ends with the code; return the file with its calls."""
    program = project.root / "programs" / "uv"
    program.parent.mkdir()
    program.write_text(UV % code)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program.with_name("uv.calls")


def test_it_installs_only_when_something_changed(checkout: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = give_uv(checkout, monkeypatch, code=0)
    said: list[str] = []

    assert environment.prepare(checkout, environment.RUNTIME, said.append)
    assert not environment.prepare(checkout, environment.RUNTIME, said.append)
    assert len(calls.read_text().splitlines()) == 1

    assert environment.prepare(checkout, environment.WITH_TESTS, said.append)
    assert not environment.prepare(checkout, environment.RUNTIME, said.append)
    assert len(calls.read_text().splitlines()) == 2

    (checkout.root / "requirements.txt").write_text("# something is needed\n")
    assert environment.prepare(checkout, environment.RUNTIME, said.append)
    assert [line for line in said if line.startswith("Making")] == said[:1]  # the venv itself was made once

    last = calls.read_text().splitlines()[-1]
    assert "--require-hashes --only-binary :all:" in last


def test_another_python_or_another_place_asks_for_a_new_one(checkout: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    give_uv(checkout, monkeypatch, code=0)
    said: list[str] = []
    environment.prepare(checkout, environment.RUNTIME, said.append)
    stamp = checkout.venv / "backline-stamp.json"

    for change in ({"python": "3.10"}, {"place": "/somewhere/else"}):
        stamp.write_text(json.dumps(json.loads(stamp.read_text()) | change))
        said.clear()
        assert environment.prepare(checkout, environment.RUNTIME, said.append)
        assert said[0].startswith("Making .venv")


def test_where_uv_fails_pip_installs(checkout: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = give_uv(checkout, monkeypatch, code=2)
    said: list[str] = []
    assert environment.prepare(checkout, environment.RUNTIME, said.append)
    assert len(calls.read_text().splitlines()) == 1
    assert "uv could not (It said nothing; code 2.); trying pip" in said
    assert not environment.prepare(checkout, environment.RUNTIME, said.append)


def test_a_checkout_without_requirements_is_explained(project: Project) -> None:
    with pytest.raises(LaunchError, match=r"requirements\.txt is missing"):
        environment.prepare(project, environment.RUNTIME, print)
