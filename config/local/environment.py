"""Is `.venv` there, and does it hold exactly what the requirements ask for?

A stamp inside it tells for which Python, place and requirements it was made; while those are the same, nothing is done.
"""

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from config.local.errors import LaunchError
from config.local.project import Project, make_folder

RUNTIME = ("requirements.txt",)
WITH_TESTS = ("requirements.txt", "requirements-dev.txt")

Facts = dict[str, str]


def prepare(project: Project, files: Sequence[str], say: Callable[[str], None]) -> bool:
    """Make the environment hold these requirements; return whether anything had to be done."""
    if _is_current(project, files):
        return False
    with _alone(project):
        if _is_current(project, files):  # another start was faster
            return False
        began = time.monotonic()
        _make(project, say)
        say("Installing the packages (a minute or two the first time)")
        _install(project, files, say)
        _stamp_path(project).write_text(json.dumps(_facts(project, files), indent=1))
        say(f"Installed in {time.monotonic() - began:.0f} s")
    return True


def _is_current(project: Project, files: Sequence[str]) -> bool:
    """Everything asked for is on the stamp with its present hash."""
    return _facts(project, files).items() <= _stamp(project).items() and project.python.exists()


def _facts(project: Project, files: Sequence[str]) -> Facts:
    return _identity(project) | {name: _hash(project.root / name) for name in files}


def _identity(project: Project) -> Facts:
    """A venv belongs to one minor version of Python and to one path (its scripts name it)."""
    return {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "place": str(project.venv)}


def _hash(requirements: Path) -> str:
    try:
        return sha256(requirements.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise LaunchError(f"{requirements} is missing from this checkout.") from error


def _stamp_path(project: Project) -> Path:
    return project.venv / "backline-stamp.json"


def _stamp(project: Project) -> Facts:
    try:
        facts = json.loads(_stamp_path(project).read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Two starts in a fresh checkout install one after the other."""
    with open(make_folder(project.var) / "install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(project: Project, say: Callable[[str], None]) -> None:
    """Make `.venv` anew unless the one that is there fits this Python and this place."""
    if _fits(project):
        _stamp_path(project).unlink(missing_ok=True)  # a broken installation must not look finished
        return
    say(f"Making .venv with Python {sys.version.split()[0]}")
    if importlib.util.find_spec("venv") is None:
        raise LaunchError(_advice())
    words = _words_of_failure([sys.executable, "-m", "venv", "--clear", "--without-pip", str(project.venv)])
    if words:
        raise LaunchError(f"Python could not make .venv.\n{words}\n{_advice()}")


def _advice() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"Python {version} is here, but its venv module is not complete. Install it, for example: "
        f"apt install python3-venv (or python{version}-venv), then run the command again."
    )


def _fits(project: Project) -> bool:
    """A venv of this Python, made here."""
    stamp, identity = _stamp(project), _identity(project)
    if not project.python.exists() or (stamp and not identity.items() <= stamp.items()):
        return False
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([project.python, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == identity["python"] and _made_here(project)


def _made_here(project: Project) -> bool:
    """A copied venv still names the folder it was made in."""
    activate = project.bin / "activate"
    return activate.exists() and str(project.venv) in activate.read_text()


def _install(project: Project, files: Sequence[str], say: Callable[[str], None]) -> None:
    """Install with uv where there is one; where it fails (its index is configured apart from pip's), with pip."""
    python = str(project.python)
    requirements = [part for name in files for part in ("-r", str(project.root / name))]
    wanted = ["--quiet", "--require-hashes", "--only-binary", ":all:", *requirements]
    if shutil.which("uv"):
        words = _words_of_failure(["uv", "pip", "install", "--python", python, *wanted], project)
        if not words:
            return
        say(f"uv could not ({words.splitlines()[-1].strip()[:160]}); trying pip")
    _make_pip(project)
    pip = [python, "-m", "pip", "install", "--no-input", "--no-user", "--disable-pip-version-check"]
    words = _words_of_failure([*pip, *wanted], project)
    if words:
        raise LaunchError(f"The requirements could not be installed:\n{words[-3000:]}")


def _make_pip(project: Project) -> None:
    if any(project.packages.glob("pip-*.dist-info")):
        return
    words = _words_of_failure([str(project.python), "-Im", "ensurepip", "--upgrade", "--default-pip"], project)
    if words:
        raise LaunchError(f"Python could not put pip into .venv.\n{words}\n{_advice()}")


def _words_of_failure(command: list[str], project: Project | None = None) -> str:
    """Run the command to its end; return nothing when it succeeds, else what it said."""
    done = subprocess.run(
        command,
        env=_environment(project) if project else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout.strip() or f"It said nothing; code {done.returncode}."


def _environment(project: Project) -> dict[str, str]:
    """The person's own PIP_* and UV_* settings hold; only what would lead to another environment is left out."""
    misleading = {
        "VIRTUAL_ENV",
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_REQUIRE_VIRTUALENV",
    }
    return {name: value for name, value in os.environ.items() if name not in misleading} | {
        "VIRTUAL_ENV": str(project.venv)
    }
