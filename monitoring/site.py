"""The staff console: Django's own admin with our name on it."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from integrations import walls
from monitoring import console


class BacklineAdminSite(admin.AdminSite):
    """The stock site, so that every package registers into it unchanged."""

    site_header = "Backline – staff"
    site_title = "Backline staff"
    index_title = "Everything we keep"
    site_url = "/integrations/"
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        """Return the stock addresses after those of the console's own pages."""
        return console.urls(self) + super().get_urls()

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may enter; from here on the database shows them the whole house."""
        may_enter = super().has_permission(request)
        if may_enter:
            walls.move(walls.STAFF)
        return may_enter

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page of the console needs: besides the stock, whether this house talks to the sandbox."""
        return super().each_context(request) | {"environment_label": "SANDBOX" if settings.SANDBOX_URL else ""}
