"""Wrong combinations of settings, found before the first request."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register()
def sandbox_only_at_home(**_: Any) -> list[CheckMessage]:
    """Refuse the sandbox outside the demo and the tests, and anywhere but on this machine."""
    if not settings.SANDBOX_URL:
        return []
    if not settings.LOCAL:
        return [Error("SANDBOX_URL is set in production.", hint="Unset SANDBOX_URL.", id="backline.E001")]
    if urlsplit(settings.SANDBOX_URL).hostname not in _LOOPBACK:
        return [Error("SANDBOX_URL is not on this machine.", hint="Use a loopback address.", id="backline.E002")]
    return []


@register(deploy=True)
def public_url_is_https(**_: Any) -> list[CheckMessage]:
    """Providers send owners back to this address with a code; it must not travel in the clear."""
    if not settings.LOCAL and urlsplit(settings.PUBLIC_URL).scheme != "https":
        return [Error("PUBLIC_URL is not https.", hint="Set PUBLIC_URL=https://your.domain.", id="backline.E003")]
    return []


@register(deploy=True)
def staff_need_a_second_factor(**_: Any) -> list[CheckMessage]:
    """A password alone must not open every venue."""
    if settings.LOCAL or settings.STAFF_NEEDS_SECOND_FACTOR:
        return []
    hint = "Unset STAFF_NEEDS_SECOND_FACTOR."
    return [Warning("Staff reach every venue with a password alone.", hint=hint, id="backline.W001")]
