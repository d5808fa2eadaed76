"""How the secrets of second factors are kept: sealed like those of the providers."""

from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError

from integrations.sealing import CannotOpen, Sealed

_CONTEXT = "person|second factor|secret"


class SealedFactors(DefaultMFAAdapter):
    """allauth's factors under the house's own name and master keys."""

    def get_totp_issuer(self) -> str:
        """Return what an app shows above the code."""
        return "Backline"

    def encrypt(self, text: str) -> str:
        """Return the sealed form of a secret."""
        return Sealed.seal(text, _CONTEXT).text()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Raises ValidationError, which the form shows, when its master key is gone."""
        try:
            return Sealed(encrypted_text).open(_CONTEXT).reveal()
        except CannotOpen as error:
            raise ValidationError("Your second factor cannot be read any more. Ask our staff to remove it.") from error
