"""Where providers deliver to: one address for each provider, and one for each subscription that has its own."""

import hashlib
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from integrations.providers import PROVIDERS

PREFIX = "/api/v1/integrations/webhooks/"
# As patterns, below the API: of a provider, and of a subscription there.
_SENDERS = "|".join(key for key, provider in PROVIDERS.items() if provider.webhooks)
OF_PROVIDER = f"integrations/webhooks/(?P<provider>{_SENDERS})"
OF_SUBSCRIPTION = OF_PROVIDER + "/(?P<token>(?!events/?$)[^/]+)"
_TOKEN_LENGTH = 43  # of 32 random bytes


def url(provider: str, token: str = "") -> str:
    """Return the address to register at the provider, without a slash at its end; Square signs it with the body."""
    return f"{settings.PUBLIC_URL}{PREFIX}{provider}" + (f"/{token}" if token else "")


def token_in(provider: str, address: str) -> str:
    """Return the token of an address that `url` has made for this provider, "" of any other address."""
    before = url(provider) + "/"
    token = address.removeprefix(before)
    return token if address.startswith(before) and may_be_token(token) else ""


def why_unreachable() -> str:
    """Return why no provider could deliver to PUBLIC_URL, as a sentence for the operator; "" when one could."""
    parts = urlsplit(settings.PUBLIC_URL)
    if settings.SANDBOX_URL:
        return "" if _is_here(parts.hostname) else "The sandbox delivers to this machine only; PUBLIC_URL is another."
    if parts.scheme != "https":
        return "Providers deliver to https addresses only. Set PUBLIC_URL to one."
    if _is_private(parts.hostname):
        return "PUBLIC_URL is an address of this machine or network, where no provider can reach it."
    return ""


def new_token() -> str:
    """Return an unguessable word for a subscription's own address; only its fingerprint is stored."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """Return what `WebhookSubscription.url_token_hash` holds of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_be_token(text: str) -> bool:
    """Return whether a word can be a token of ours at all, before the database is asked."""
    return len(text) == _TOKEN_LENGTH and text.isascii()


def _is_here(host: str | None) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")


def _is_private(host: str | None) -> bool:
    try:
        return not ip_address(host or "").is_global
    except ValueError:
        return _is_here(host) or "." not in (host or "")
