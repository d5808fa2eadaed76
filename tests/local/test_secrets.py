"""The keys of this machine."""

import base64

import pytest

from config.local import secrets
from config.local.errors import LaunchError
from config.local.project import Project


def test_they_are_made_once_and_only_we_can_read_them(project: Project) -> None:
    made = secrets.load(project.var)
    assert secrets.load(project.var) == made
    assert (project.var / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in project.var.iterdir()] == ["secrets.json"]


def test_the_master_key_is_numbered_and_has_32_bytes(project: Project) -> None:
    number, _, key = secrets.load(project.var).field_encryption_keys.partition(":")
    assert number == "1"
    assert len(base64.urlsafe_b64decode(key)) == 32


def test_their_repr_hides_them() -> None:
    assert repr(secrets.throwaway()) == "Secrets()"
    assert secrets.throwaway() != secrets.throwaway()


def test_a_damaged_file_is_not_replaced(project: Project) -> None:
    project.var.mkdir()
    (project.var / "secrets.json").write_text("{")
    with pytest.raises(LaunchError, match="is damaged"):
        secrets.load(project.var)
