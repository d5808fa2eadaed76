"""The bound of the widget beside the widget itself, in one server: signed in alike, the same bytes, from one row."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.urls import urlpatterns  # noqa: E402 - needs Django that is set up


def bare(request: HttpRequest) -> HttpResponse:
    """Answer the bytes that were kept, to somebody who is signed in."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM bare_widget")
        body = cursor.fetchone()[0]
    return HttpResponse(bytes(body), content_type="application/json")


urlpatterns.insert(0, path("bare", bare))
application = WSGIHandler()
