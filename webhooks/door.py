"""How deliveries are led past everything that is made for people: sessions, cookies, form tokens, page policies."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from integrations import walls
from webhooks import addresses
from webhooks.views import deliver

_TO_PROVIDER, _TO_SUBSCRIPTION = (
    re.compile(f"/api/v1/{path}/?") for path in (addresses.OF_PROVIDER, addresses.OF_SUBSCRIPTION)
)


class Door:
    """Middleware that takes deliveries straight to their view; everything else goes on as usual.

    A cookie in a delivery is not looked at, so none can make it read a session. The addresses are those of the API's
    table of routes.
    """

    def __init__(self, others: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._others = others

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the view's answer for a delivery."""
        path = request.path_info
        found = _TO_PROVIDER.fullmatch(path) or _TO_SUBSCRIPTION.fullmatch(path)
        if found is None:
            return self._others(request)
        with walls.behind(walls.PLATFORM):
            answer = deliver(request, **found.groupdict())
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer
