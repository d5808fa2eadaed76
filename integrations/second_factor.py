"""Did this session begin with a second factor, and if not, where is that made good?

allauth's `mfa` app keeps people's factors and asks for a code at the sign-in of whoever has one. What our team may do
over all venues asks for more: a session in which one was given.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import reverse

from integrations.problems import Problem


def is_given(request: Any) -> bool:
    """Return whether the session is one with a second factor, or none is asked for in this house."""
    if not settings.STAFF_NEEDS_SECOND_FACTOR:
        return True
    return any(each["method"] == "mfa" for each in get_authentication_records(request, request.user))


def require(request: Any) -> None:
    """Raise Problem second_factor_needed unless the session of the request is one with a second factor."""
    if not is_given(request):
        raise Problem(
            "second_factor_needed",
            "What is for our team takes a session with a second factor.",
            action={"label": "Set up or give your second factor", "href": reverse("admin:index")},
        )


def way_to_give(request: HttpRequest, then: str) -> str:
    """Return the page that asks for a code and leads on to `then`, or the one that sets up what shows codes."""
    has_one = is_mfa_enabled(request.user, [Authenticator.Type.TOTP])
    if not has_one:
        return reverse("mfa_activate_totp")
    return f"{reverse('mfa_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: then})}"
