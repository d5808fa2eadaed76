"""Who may get an account: nobody by themselves; staff invite people to a venue."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Sign-in works, sign-up does not."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: an account is made in the admin, beside its venue membership."""
        return False
