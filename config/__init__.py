"""The composition root: settings, URLs, Celery, WSGI. Nothing imports it."""
