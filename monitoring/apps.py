"""What staff and owners see and do."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """See `docs/explanation/house.md` for where this app stands."""

    name = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"
