"""The queue, the runner, the records and the cursors."""

from django.apps import AppConfig


class SyncingConfig(AppConfig):
    """See `docs/explanation/house.md` for where this app stands."""

    name = "syncing"
    default_auto_field = "django.db.models.BigAutoField"
