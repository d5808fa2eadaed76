"""The supervisor with real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.local.errors import LaunchError
from config.local.supervisor import Supervisor
from tests.local.conftest import REPOSITORY, eventually, lives

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
SUPERVISE_AND_STAY = """
import os, sys
from pathlib import Path
from config.local.supervisor import Supervisor
with Supervisor(Path("/"), lambda name, line: print(line, flush=True)) as supervisor:
    supervisor.start("web", [sys.executable, "-uc", "import os, time; print(os.getpid()); time.sleep(60)"], {})
    supervisor.tend(60)
"""


class Said(list[tuple[str, str]]):
    """What the processes have printed, by name."""

    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))

    def by(self, name: str) -> list[str]:
        return [line for who, line in self if who == name]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def supervisor(said: Said) -> Supervisor:
    return Supervisor(Path("/"), said, first_pause=0.02, grace=0.5)


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_each_line_comes_with_the_name_of_its_process(supervisor: Supervisor, said: Said) -> None:
    with supervisor:
        supervisor.start("web", python("print('one'); print('two', end=''); import time; time.sleep(0.2)"), {})
        supervisor.start("beat", python("import sys, time; print('tick', file=sys.stderr); time.sleep(60)"), {})
        assert supervisor.wait_for(lambda: len(said) >= 3, seconds=10)
    assert said.by("web")[:2] == ["one", "two"]
    assert said.by("beat") == ["tick"]


def test_it_stops_exactly_what_it_started(supervisor: Supervisor, said: Said) -> None:
    bystander = subprocess.Popen(python("import time; time.sleep(60)"))
    with supervisor:
        supervisor.start("worker", python(STUBBORN), {})
        assert supervisor.wait_for(lambda: bool(said), seconds=10)
    started = [int(pid) for pid in said.by("worker")[0].split()]
    assert eventually(lambda: not any(lives(pid) for pid in started))
    assert lives(bystander.pid)
    bystander.kill()
    bystander.wait()


def test_what_others_need_ends_after_them(supervisor: Supervisor, said: Said) -> None:
    farewell = (
        "import signal, sys, time; signal.signal(15, lambda *a: sys.exit(print('bye'))); print('up'); time.sleep(60)"
    )
    with supervisor:
        supervisor.start("sandbox", python(farewell), {}, ends_last=True)
        supervisor.start("worker", python(farewell), {})
        assert supervisor.wait_for(lambda: len(said) == 2, seconds=10)
    assert said[2:] == [("worker", "bye"), ("sandbox", "bye")]


def test_a_process_that_died_is_started_again(supervisor: Supervisor, said: Said) -> None:
    with supervisor:
        supervisor.start("worker", python("import os, time; print(os.getpid()); time.sleep(60)"), {})
        assert supervisor.wait_for(lambda: len(said) == 1, seconds=10)
        os.kill(int(said[0][1]), signal.SIGKILL)
        assert supervisor.wait_for(lambda: len(said) == 3, seconds=10)
    assert said[1] == ("worker", "ended by SIGKILL; starting it again in 0.02 s")
    assert said[2] != said[0]


def test_a_process_that_keeps_dying_ends_everything_with_a_sentence(supervisor: Supervisor, said: Said) -> None:
    with supervisor:
        supervisor.start("beat", ["/bin/sh", "-c", "exit 3"], {})
        with pytest.raises(LaunchError, match="beat ended 6 times within a minute, last with code 3"):
            supervisor.tend(20)
    assert len(said.by("beat")) == 5


def test_a_command_that_is_not_there_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(LaunchError, match="web cannot be started: No such file or directory: gunikorn"):
        supervisor.start("web", ["gunikorn"], {})


def test_the_children_of_a_killed_supervisor_die_with_it() -> None:
    parent = subprocess.Popen(python(SUPERVISE_AND_STAY), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert lives(child)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not lives(child), seconds=5)


def test_ctrl_c_reaches_the_supervisor_and_not_its_children(supervisor: Supervisor, said: Said) -> None:
    with supervisor:
        supervisor.start(
            "web", python("import os; print(os.getsid(0) == os.getpid()); import time; time.sleep(60)"), {}
        )
        assert supervisor.wait_for(lambda: bool(said), seconds=10)
    assert said.by("web") == ["True"]


def test_tending_lasts_as_long_as_asked(supervisor: Supervisor) -> None:
    began = time.monotonic()
    with supervisor:
        supervisor.tend(0.2)
    assert 0.15 < time.monotonic() - began < 2
