"""Bring a database up to this version of the code: tables, static files, catalogue, templates, schedule."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from integrations import catalogue
from mappings import templates
from monitoring import beat


class Command(BaseCommand):
    """Migrate, then refresh everything that ships as data. Safe to run at every start."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say in one line what there is now."""
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        counts = catalogue.refresh(), templates.refresh(), beat.refresh()
        self.stdout.write("Ready: {} providers, {} templates, {} schedule entries.".format(*counts))
