"""Under which id is a request told of: in the logs, in the answer, in a problem document."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-ID"
_META = "HTTP_X_REQUEST_ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")  # a UUID is one of these; nothing that could forge a line of a log


def accepted(given: str) -> str:
    """Return the caller's id when it can be used, else a new one."""
    return given if _ACCEPTABLE.match(given) else str(uuid.uuid4())


class RequestIds:
    """The outermost middleware: whoever reads the header below it reads an id that can be trusted to be one."""

    def __init__(self, others: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._others = others

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer with the id that the request is known by."""
        known_by = request.META[_META] = accepted(request.META.get(_META, ""))
        with bound_contextvars(request_id=known_by):
            answer = self._others(request)
        answer.headers[HEADER] = known_by
        return answer
