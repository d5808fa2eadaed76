"""What Django loads first: our admin site, and the Celery app so that every process has it."""

from django.contrib.admin.apps import AdminConfig

from config.celery import app as celery_app


class BacklineAdminConfig(AdminConfig):
    """The stock admin with our own site (see `monitoring/site.py`)."""

    default_site = "monitoring.site.BacklineAdminSite"
    celery_app = celery_app
