"""The one place where secrets are sealed into rows and opened again."""

from typing import Protocol

from integrations.sealing import Sealed, Secret


class _Row(Protocol):
    def secret_context(self) -> str: ...


def seal(row: _Row, field: str, plaintext: str) -> None:
    """Put the sealed form of `plaintext` into `row.field`; saving the row is the caller's."""
    setattr(row, field, sealed(row, field, plaintext))


def sealed(row: _Row, field: str, plaintext: str) -> Sealed:
    """Return what `row.field` would hold, for an UPDATE."""
    return Sealed.seal(plaintext, f"{row.secret_context()}|{field}")


def open_secret(row: _Row, field: str) -> Secret:
    """Return the plaintext of `row.field`. Raises CannotOpen when it belongs elsewhere or its key is gone."""
    stored: Sealed = getattr(row, field)
    return stored.open(f"{row.secret_context()}|{field}")
