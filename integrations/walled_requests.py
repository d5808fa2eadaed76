"""Lets each request see its own person's venues in the database, and nothing where nobody signed in."""

from collections.abc import Callable, Iterator
from typing import cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from integrations import walls


class Walled:
    """Middleware, behind that of sessions. It believes the session, and views ask for the person all the same."""

    def __init__(self, others: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._others = others

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer; what is streamed later comes from behind the same wall."""
        with walls.behind(_of(request)):
            answer = self._others(request)
            if isinstance(answer, StreamingHttpResponse) and not answer.is_async:
                answer.streaming_content = walls.streamed(cast(Iterator[bytes], answer.streaming_content))
            return answer


def _of(request: HttpRequest) -> walls.Wall:
    """Return the wall of who signed in. A request without a cookie reads no session."""
    signed_in = request.session.get(SESSION_KEY) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    return walls.of_user(signed_in) if signed_in else walls.NOBODY
