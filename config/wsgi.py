"""The WSGI door, served by gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from integrations import walls

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
walls.shut()
application = get_wsgi_application()
