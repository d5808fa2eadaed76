"""A checkout that nobody else knows, and patience for what other processes do."""

import shutil
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.local import unprivileged
from config.local.project import Project

PACKAGES = Path(sysconfig.get_paths()["purelib"])
REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def _checkout() -> Iterator[Project]:
    """An empty checkout in a folder that any account may walk through, with a space in its path."""
    root = Path(tempfile.mkdtemp(prefix="back line-", dir="/tmp"))
    root.chmod(0o755)
    yield Project(root)
    shutil.rmtree(root)


@pytest.fixture
def project() -> Iterator[Project]:
    """A checkout of this test alone."""
    with _checkout() as project:
        yield project


@pytest.fixture(scope="module")
def lasting() -> Iterator[Project]:
    """A checkout whose data is made once for the tests of a module; each starts its own servers on it."""
    with _checkout() as project:
        yield project


@pytest.fixture
def closed_project(project: Project) -> Iterator[Project]:
    """A checkout below a folder like root's home."""
    project.root.chmod(0o700)
    closed = Project(project.root / "checkout")
    closed.root.mkdir()
    yield closed
    shutil.rmtree(unprivileged.place(closed), ignore_errors=True)


def eventually(true: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int) -> bool:
    """Tell whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
