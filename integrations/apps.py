"""Venues, the catalogue of providers, and what a venue wishes of each."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """The lowest app: everything else may import it."""

    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from integrations import checks  # noqa: F401, PLC0415 - checks may be registered only once apps are loaded
