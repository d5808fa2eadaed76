"""What providers tell us, and what we asked them to tell."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """See `docs/explanation/house.md` for where this app stands."""

    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
