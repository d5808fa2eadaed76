"""Which account runs what root must not run, and what can it reach?"""

import os
import pwd
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple

from config.local.errors import LaunchError
from config.local.project import Project


class Account(NamedTuple):
    uid: int
    gid: int


def account() -> Account | None:
    """Return nobody's account when we are root; an ordinary user runs everything himself."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise LaunchError(
            "PostgreSQL refuses to run as root and this machine has no account 'nobody'. "
            "Run ./backline as an ordinary user, or set DATABASE_URL."
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


def can_reach(path: Path) -> bool:
    """Tell whether a stranger may walk to the path: every folder on the way lets others through."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def can_use(path: Path) -> bool:
    """Tell whether a stranger may walk to the path and read and enter it."""
    return can_reach(path) and bool(path.stat().st_mode & stat.S_IROTH and path.stat().st_mode & stat.S_IXOTH)


def own_folder(path: Path, owner: Account | None) -> Path:
    """Make a folder only its owner may enter; refuse one that somebody else prepared."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = owner or Account(os.geteuid(), os.getegid())
    found = path.lstat()
    if found.st_uid not in {owner.uid, os.geteuid()} or not stat.S_ISDIR(found.st_mode):
        raise LaunchError(
            f"{path} was made by another user. Run ./backline as that user, or use a checkout of your own."
        )
    if found.st_uid != owner.uid:
        os.chown(path, *owner)
    path.chmod(0o700)
    return path


def place(project: Project) -> Path:
    """Return nobody's folder outside a closed checkout; it keeps its name as long as the checkout keeps its path."""
    lasting = Path("/var/lib")
    base = lasting if os.access(lasting, os.W_OK) and can_use(lasting) else Path(tempfile.gettempdir())
    return base / f"backline-{project.mark}"
