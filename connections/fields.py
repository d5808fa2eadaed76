"""The column type for secrets: only a sealed value goes in, only a sealed value comes out."""

from typing import Any

from django.db import models
from fernet_fields import EncryptedTextField

from integrations.sealing import Sealed


class SealedField(EncryptedTextField):
    """A text column of `Sealed` values.

    Differs from its base in three ways: the key is bound to the row (see `integrations/sealing.py`), so sealing
    happens where the row is known (`credentials.seal`) and a plain string is refused here; nothing is opened on load;
    and SQL expressions pass through untouched, where the base encrypts their repr and `bulk_update()` loses the value.
    """

    _internal_type = "TextField"

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Return the ciphertext for the driver. Raises TypeError for a plaintext."""
        if value is None or hasattr(value, "resolve_expression"):
            return models.TextField.get_db_prep_save(self, value, connection)
        if not isinstance(value, Sealed):
            raise TypeError(
                f"{self.name} takes a sealed value: use credentials.seal(row, “{self.name}”, secret) first."
            )
        return value.text()

    def get_prep_value(self, value: Any) -> Any:
        """Return the value as it is: only `get_db_prep_save` turns it into text."""
        return value

    def to_python(self, value: Any) -> Any:
        """Return the value as it is; `TextField` would make a plain string of it."""
        return value

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Sealed | None:
        """Return the stored ciphertext, unopened."""
        return None if value is None else Sealed(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Return a placeholder: dumps made by `dumpdata` hold no secret."""
        return "[sealed]"
