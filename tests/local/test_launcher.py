"""The rest of the launcher: ports, settings, the welcome, and the command line itself."""

import os
import socket
import subprocess
import sys

import pytest

from config.local import announcement, ports, secrets, variables, welcome
from config.local.errors import LaunchError
from config.local.project import Project
from config.local.welcome import Demo, Login
from tests.local.conftest import REPOSITORY

ADDRESSES = {"DATABASE_URL": "postgres://db/backline", "REDIS_URL": "redis://cache/0"}


def test_a_taken_port_leads_to_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.first_free(port) != port
    assert ports.is_free(ports.any_free())


def test_only_the_demo_brings_the_sandbox_its_pace_and_a_sign_in_without_a_second_factor() -> None:
    keys = secrets.throwaway()
    plain = variables.local(ADDRESSES, keys, port=8001)
    with_sandbox = variables.local(ADDRESSES, keys, port=8001, sandbox_url="http://127.0.0.1:9")
    assert plain["PUBLIC_URL"] == "http://127.0.0.1:8001"
    assert {name: value for name, value in with_sandbox.items() if name not in plain} == {
        "SANDBOX_URL": "http://127.0.0.1:9",
        "PROVIDER_CALLS_PER_SECOND": "square=200,stripe=200,mailchimp=200,quickbooks=200",
        "STAFF_NEEDS_SECOND_FACTOR": "false",
    }


def test_production_settings_hold_keys_of_their_own() -> None:
    first, second = variables.production(ADDRESSES), variables.production(ADDRESSES)
    assert first["BACKLINE_ENV"] == "production"
    assert first["SECRET_KEY"] != second["SECRET_KEY"]


def test_the_programs_of_the_environment_come_first_and_no_proxy_stands_before_this_machine(project: Project) -> None:
    made = variables.surroundings(project, {"PATH": "/usr/bin", "NO_PROXY": "db.example", "LANG": "C.UTF-8"})
    assert made["PATH"] == f"{project.bin}{os.pathsep}/usr/bin"
    assert made["NO_PROXY"] == "db.example,127.0.0.1,localhost"
    assert made["LANG"] == "C.UTF-8"


def test_a_run_is_known_while_it_lives(project: Project) -> None:
    with announcement.announced(project, port=8002, sandbox_url=""):
        with announcement.announced(project, port=8003, sandbox_url=""):  # a second run changes nothing
            assert announcement.read(project) == {"port": "8002", "sandbox_url": ""}
        assert announcement.read(project) == {"port": "8002", "sandbox_url": ""}
    assert announcement.read(project) == {}


def test_the_welcome_shows_where_and_who() -> None:
    answer = (
        'a warning\n{"venue": "The Blue Room", "logins": [{"role": "owner", "email": "o@x.test", "password": "p w"}]}'
    )
    demo = welcome.read(answer)
    assert demo == Demo("The Blue Room", (Login("owner", "o@x.test", "p w"),))
    text = welcome.text("http://127.0.0.1:8000/", demo)
    assert "http://127.0.0.1:8000/" in text
    assert "owner     o@x.test  p w" in text


@pytest.mark.parametrize("answer", ["", "Traceback", '{"venue": "x"}'])
def test_a_seed_that_failed_is_shown(answer: str) -> None:
    with pytest.raises(LaunchError, match="gave no demo venue"):
        welcome.read(answer)


def test_help_names_every_command() -> None:
    shown = _backline("--help")
    assert shown.returncode == 0
    for name in ("run", "demo --headless", "test", "prove", "manage", "servers", "shell-env"):
        assert f"\n  {name}" in shown.stdout


def test_an_unknown_command_is_refused() -> None:
    assert _backline("fly").returncode == 2


def _backline(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(REPOSITORY / "backline"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
