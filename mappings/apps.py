"""Which field goes where, and how."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """See `docs/explanation/house.md` for where this app stands."""

    name = "mappings"
    default_auto_field = "django.db.models.BigAutoField"
