"""Who asks when a token asks: its person, held to one venue and to what the token may do there."""

import uuid
from typing import Any, NamedTuple

from django.contrib.auth.models import User


class Grant(NamedTuple):
    """What a token opens: one venue, and of the person's role there at most this one."""

    venue: uuid.UUID
    role: str


class Bearer(User):
    """A person as far as a token goes: never our team, whatever the person is.

    Without a grant it opens no venue. It lives for one request and is never saved.
    """

    grant: Grant | None = None

    class Meta:
        proxy = True
        default_permissions = ()

    def hold_to(self, grant: Grant) -> None:
        """Take on what the token opens, and put down what the person is besides."""
        self.grant = grant
        self.is_staff = self.is_superuser = False

    def save(self, *args: Any, **more: Any) -> None:
        """Raise TypeError: what it put down must not reach the person's row."""
        raise TypeError("A bearer is a person as far as a token goes. Save the person.")

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return False: the permissions of our team need a session."""
        return False

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        """Return False, also for no permission at all."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Return False."""
        return False
