"""The provider sandbox by hand: `manage.py sandbox --port 8420`; options as of `python -m integrations.sandbox`."""

import sys

from django.core.management.base import BaseCommand

from integrations.sandbox.server import main


class Command(BaseCommand):
    """Hand the command line to the sandbox, which knows no Django."""

    help = __doc__ or ""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run until stopped."""
        sys.exit(main(argv[2:]))
