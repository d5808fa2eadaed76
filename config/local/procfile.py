"""Which processes does the Procfile name, and what are their commands on this machine?"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from config.local.errors import LaunchError

RELEASE = "release"
_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def read(path: Path) -> dict[str, str]:
    """Return the commands by name, in the order of the file; empty lines and comments mean nothing."""
    commands = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise LaunchError(f"{path.name}, line {number}: expected `name: command`.")
        commands[match[1]] = match[2]
    return commands


def arguments(command: str, variables: Mapping[str, str]) -> list[str]:
    """Return the command as arguments, with `${NAME}` and `${NAME:-default}` filled in; no shell takes part."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match["name"]) or match["default"] or ""

    return [_VARIABLE.sub(value, part) for part in shlex.split(command)]
