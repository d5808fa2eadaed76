"""Where does everything of this checkout lie?"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from config.local.errors import LaunchError


@dataclass(frozen=True)
class Project:
    """The folders of one checkout, named once."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def bin(self) -> Path:
        return self.venv / "bin"

    @property
    def python(self) -> Path:
        return self.bin / "python"

    @property
    def packages(self) -> Path:
        """The environment's site-packages."""
        found = sorted((self.venv / "lib").glob("python3*/site-packages"))
        if not found:
            raise LaunchError(f"{self.venv} holds no packages yet; run ./backline once.")
        return found[-1]

    @property
    def var(self) -> Path:
        """What this machine made for itself: servers, keys, logs. Never in version control."""
        return self.root / "var"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def mark(self) -> str:
        """Twelve characters that tell this checkout from others, for names outside of it."""
        return sha256(os.fsencode(self.root)).hexdigest()[:12]


def make_folder(path: Path) -> Path:
    """Make the folder if it is missing; the sentence of a refusal names it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(f"Cannot write {path} ({error.strerror}). Use a checkout that belongs to you.") from error
    return path
