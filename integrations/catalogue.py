"""The catalogue of providers: code says what they are, the table lets staff switch one off."""

from django.conf import settings
from django.utils import timezone

from integrations.models import Integration
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.providers.types import AppCredentials


def refresh() -> int:
    """Write every provider of the code into its table and return how many there are. Harmless when repeated."""
    rows = [
        Integration(
            provider=provider.spec.key,
            name=provider.spec.name,
            category=provider.spec.category,
            benefit=provider.spec.benefit,
            methods=provider.methods,
            objects_offered=[{"object": object_type, "directions": ["in"]} for object_type in provider.streams],
            refreshed_at=timezone.now(),
        )
        for provider in PROVIDERS.values()
    ]
    changing = ["name", "category", "benefit", "methods", "objects_offered", "refreshed_at"]
    Integration.objects.bulk_create(rows, update_conflicts=True, unique_fields=["provider"], update_fields=changing)
    return len(rows)


def provider_or_404(key: str) -> Provider:
    """Return the provider. Raises Problem not_found for any other name."""
    try:
        return PROVIDERS[key]
    except KeyError:
        raise Problem("not_found", f"There is no provider “{key[:40]}”. Known are {', '.join(PROVIDERS)}.") from None


def refuse_disabled(provider: Provider) -> None:
    """Raise Problem conflict when staff have switched the provider off for new connections."""
    if Integration.objects.filter(provider=provider.spec.key, enabled=False).exists():
        raise Problem(
            "conflict", f"{provider.spec.name} is switched off on this server for now. Its operator can say why."
        )


def base_url(provider: Provider, name: str = "api") -> str:
    """Return one of the provider's addresses, or the sandbox's where that is switched on.

    A name that the provider has no address of its own for means its API.
    """
    spec = provider.spec
    if settings.SANDBOX_URL:
        return f"{settings.SANDBOX_URL}{spec.sandbox_urls.get(name, spec.sandbox_urls['api'])}"
    return spec.urls.get(name, spec.urls["api"])


def other_bases(provider: Provider) -> dict[str, str]:
    """Return the addresses beside the API's by name; the token endpoint always has one."""
    return {name: base_url(provider, name) for name in {"token", *provider.spec.urls} - {"api"}}


def environment() -> str:
    """Return the word that keeps sandbox accounts and real ones apart."""
    return "sandbox" if settings.SANDBOX_URL else "production"


def app_credentials(provider: Provider) -> AppCredentials:
    """Return our application's identity at the provider. Raises Problem when nobody has configured it."""
    app = settings.PROVIDER_APPS.get(provider.spec.key, {})
    if not app.get("client_id") or not app.get("client_secret"):
        raise Problem(
            "conflict",
            f"{provider.spec.name} is not set up on this server yet. Its operator sets "
            f"{provider.spec.key.upper()}_CLIENT_ID and {provider.spec.key.upper()}_CLIENT_SECRET.",
        )
    return AppCredentials(**app)
