"""Where providers deliver to: one address for each provider, and one for each subscription that has its own."""

import hashlib
import secrets

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


def new_token() -> str:
    """Return an unguessable word for a subscription's own address; only its fingerprint is stored."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """Return what `WebhookSubscription.url_token_hash` holds of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_be_token(text: str) -> bool:
    """Return whether a word can be a token of ours at all, before the database is asked."""
    return len(text) == _TOKEN_LENGTH and text.isascii()
