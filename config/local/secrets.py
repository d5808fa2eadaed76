"""Which keys did this machine make for itself?

They are made once, when first asked for, and live in `var/secrets.json`, which only its owner can read. Who loses the
file loses what was sealed under its keys: the stored tokens of the demo.
"""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from config.local.errors import LaunchError
from config.local.project import make_folder


def _master_key() -> str:
    return "1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Secrets:
    """Keys of this machine; their repr hides them."""

    secret_key: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(48))
    field_encryption_keys: str = field(repr=False, default_factory=_master_key)
    valkey_password: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(24))


def load(var: Path) -> Secrets:
    """Return the keys in `var`, made now if there are none. Two starts at once get the same."""
    path = make_folder(var) / "secrets.json"
    if not path.exists():
        _keep(Secrets(), path)
    path.chmod(0o600)
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise LaunchError(f"{path} is damaged. Put it back from a copy, or remove it and start anew.") from error


def throwaway() -> Secrets:
    """Return keys for one check; they are never written down."""
    return Secrets()


def _keep(made: Secrets, path: Path) -> None:
    """Write the whole file aside, then link it into place unless another start was first."""
    aside = path.with_name(f"secrets.{os.getpid()}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(made), file, indent=1)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
