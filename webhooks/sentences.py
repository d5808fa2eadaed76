"""Why something could not be registered, as a sentence for owners and staff."""

from integrations import catalogue
from integrations.providers.errors import PermissionMissing, ProviderError, RateLimited, Transient


def for_error(provider: str, error: ProviderError) -> str:
    """Return why something could not be registered. Never the provider's own words: they may repeat our address."""
    spec = catalogue.provider_or_404(provider).spec
    if isinstance(error, PermissionMissing):
        labels = {scope.name: scope.label for scope in spec.scopes}
        needed = f" It needs the permission “{labels.get(error.scope, error.scope)}”." if error.scope else ""
        return f"{spec.name} does not allow us to be told of changes at once.{needed}"
    if isinstance(error, RateLimited):
        return f"{spec.name} asked us to slow down."
    if isinstance(error, Transient):
        return f"{spec.name} is not answering."
    return f"{spec.name} refused to tell us of changes at once ({error.code or type(error).__name__})."
