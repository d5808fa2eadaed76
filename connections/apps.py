"""Who is authorised, and the sessions opened with that authority."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """See `docs/explanation/house.md` for where this app stands."""

    name = "connections"
    default_auto_field = "django.db.models.BigAutoField"
