"""Which Python will do."""

import shutil
import subprocess

import pytest

from config.local import interpreter
from tests.local.conftest import REPOSITORY


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_these_will_do(version: tuple[int, ...]) -> None:
    assert interpreter.refusal(version) == ""


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 18), (3, 10, 13), (3, 14, 0)])
def test_others_are_refused_with_a_sentence(version: tuple[int, ...]) -> None:
    sentence = interpreter.refusal(version)
    assert sentence.startswith(f"Backline needs Python 3.11 to 3.13; this is {version[0]}.{version[1]}.")
    assert "apt install" in sentence


def test_an_old_python_alone_on_the_path_ends_with_the_sentence() -> None:
    old = next((path for name in ("python3.9", "python3.8", "python3.10") if (path := _working(name))), None)
    if old is None:
        pytest.skip("no old Python on this machine")
    ended = subprocess.run(
        [old, "backline", "--help"], cwd=REPOSITORY, env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("backline: Backline needs Python 3.11")


def _working(name: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        return None
    asked = subprocess.run(
        [path, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None
