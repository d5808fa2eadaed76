"""The staff console: Django's own admin with our name on it."""

from django.contrib import admin


class BacklineAdminSite(admin.AdminSite):
    """The stock site, so that every package registers into it unchanged."""

    site_header = "Backline – staff"
    site_title = "Backline staff"
    index_title = "Everything we keep"
