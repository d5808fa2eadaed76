"""The hand-written bound of the intake beside the intake itself, in one server: one HMAC, one INSERT, no middleware."""

import base64
import hmac
import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config.urls import urlpatterns  # noqa: E402 - needs Django that is set up

_KEY = settings.WEBHOOK_SECRETS["square"][0].encode()
_ADDRESS = f"{settings.PUBLIC_URL}/bare".encode()


def bare(request: HttpRequest) -> HttpResponse:
    """Store the body when it is signed."""
    body = request.body
    wanted = base64.b64encode(hmac.digest(_KEY, _ADDRESS + body, "sha256"))
    if not hmac.compare_digest(wanted, request.headers["x-square-hmacsha256-signature"].encode()):
        return HttpResponse(status=401)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bare (id, body) VALUES (%s, %s) ON CONFLICT DO NOTHING", [body[60:110].decode(), body]
        )
    return HttpResponse(headers={"Content-Length": "0"})


urlpatterns.insert(0, path("bare", bare))
with override_settings(MIDDLEWARE=[]):
    _bare = WSGIHandler()
_whole = WSGIHandler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve the bound without middleware, everything else as in production."""
    if environ["PATH_INFO"] != "/bare":
        return _whole(environ, start_response)
    return _bare(environ, start_response)
