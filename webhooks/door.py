"""How deliveries are led past everything that is made for people: sessions, cookies, form tokens, page policies."""

import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from webhooks.addresses import PREFIX
from webhooks.views import deliver


class Door:
    """Middleware that takes deliveries straight to their view; everything else goes on as usual.

    A cookie in a delivery is not looked at, so none can make it read a session.
    """

    def __init__(self, others: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._others = others

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the view's answer for a delivery."""
        if not request.path_info.startswith(PREFIX):
            return self._others(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self._others(request)
        if match.func is not deliver:
            return self._others(request)
        with structlog.contextvars.bound_contextvars(request_id=str(uuid.uuid4())):
            return deliver(request, **match.kwargs)
