"""What every route of the API does alike, before and after its view does what is asked.

A view set is put under the contract where the addresses are (`bound`), so none of them can forget it.
"""

import functools
from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from integrations.api_bodies import is_text
from integrations.problems import Problem

_UTF_8 = ("utf-8", "utf8")


class Contract(APIView):
    """A view under the contract."""

    judges_text = False  # True where each entry of a body is judged by itself, text of no use among them

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the request in, or raise why not."""
        _refuse_hard_input(request, kwargs)
        super().initial(request, *args, **kwargs)


@functools.cache
def bound(view: type[APIView]) -> Any:
    """Return the view, or the set of views, under the contract."""
    return type(view.__name__, (Contract, view), {"__doc__": view.__doc__, "__module__": view.__module__})


def _refuse_hard_input(request: Request, parts: dict[str, str]) -> None:
    """Raise Problem for what no view should have to think of: text that cannot be stored, other charsets than UTF-8."""
    content_params = getattr(request, "content_params", None) or {}
    if content_params.get("charset", _UTF_8[0]).lower() not in _UTF_8:
        raise Problem("unsupported", "Send JSON in UTF-8.")
    asked = [each for name, values in request.query_params.lists() for each in (name, *values)]
    if not all(map(is_text, (*asked, *parts.values()))):
        raise Problem("validation_failed", "The address holds a NUL character, or half of a character.")
