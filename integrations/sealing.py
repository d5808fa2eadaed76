"""How a secret becomes a ciphertext that opens only in the row it was sealed for.

Form: `v1.<key id>.<fernet>`. The Fernet key is derived by HKDF-SHA256 from the master key with that id and the
context `venue|provider|field`, so a ciphertext moved to another venue, provider or column does not open.
"""

import base64
import functools
import hashlib
from typing import Self

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = "v1"


class CannotOpen(Exception):
    """The ciphertext belongs elsewhere, was altered, or its master key is gone. Reconnect the provider."""


class Secret(str):
    """A plaintext that does not show itself: its repr and format are masked, `reveal()` gives the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('••••')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends it."""
        return str.__str__(self)


class Sealed(str):
    """A ciphertext as it stands in the database; shows its key id and nothing else."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Sealed({self.key_id})"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return repr(self)

    @property
    def key_id(self) -> str:
        """Return the id of the master key it was sealed under."""
        return self.split(".", 2)[1] if self.count(".") >= 2 else "unknown"

    def text(self) -> str:
        """Return the stored form, for the database driver."""
        return str.__str__(self)

    @classmethod
    def seal(cls, plaintext: str, context: str) -> Self:
        """Return the ciphertext of `plaintext` under the newest master key, bound to `context`."""
        key_id = next(iter(master_keys()))
        token = _fernet(key_id, context).encrypt(str.__str__(plaintext).encode())
        return cls(f"{_VERSION}.{key_id}.{token.decode()}")

    def open(self, context: str) -> Secret:
        """Return the plaintext. Raises CannotOpen when the context, the key or the text is not the one sealed."""
        try:
            version, key_id, token = self.text().split(".", 2)
            if version != _VERSION or key_id not in master_keys():
                raise CannotOpen(f"No master key “{key_id}” for a secret of version {version}.")
            return Secret(_fernet(key_id, context).decrypt(token.encode()).decode())
        except (ValueError, InvalidToken) as error:
            raise CannotOpen("The stored secret does not belong to this row, or was altered.") from error


@functools.lru_cache(maxsize=1)
def _parsed(setting: str) -> dict[str, bytes]:
    keys = {}
    for pair in setting.split(","):
        key_id, _, encoded = pair.strip().partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except ValueError:
            key = b""
        if not key_id or len(key) != 32:
            raise ValueError(
                "FIELD_ENCRYPTION_KEYS holds id:key pairs, newest first; a key is 32 bytes in URL-safe base64."
            )
        keys[key_id] = key
    return keys


def master_keys() -> dict[str, bytes]:
    """Return the master keys by id, newest first. Raises ValueError when the setting is malformed."""
    return _parsed(settings.FIELD_ENCRYPTION_KEYS)


@functools.lru_cache(maxsize=4096)
def _derived(master: bytes, context: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=context.encode()).derive(master)
    return base64.urlsafe_b64encode(derived)


def _fernet(key_id: str, context: str) -> Fernet:
    return Fernet(_derived(master_keys()[key_id], context))


def fingerprint(plaintext: str) -> str:
    """Return twelve hex characters by which two pasted keys can be told apart without showing either."""
    return hashlib.sha256(b"backline-key-fingerprint|" + str.__str__(plaintext).encode()).hexdigest()[:12]
