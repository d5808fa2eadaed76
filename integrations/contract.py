"""What every route of the API does alike, before and after its view does what is asked.

In this order: counted against the caller's limits, hard input refused, the caller and his rights known, the key of the
request claimed; then the view; then its row in the audit, its answer under the key, its ETag. A view set is put under
the contract where the addresses are (`bound`), so none of them can forget it.
"""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations import audit, conditional, idempotency, throttling
from integrations.api_bodies import is_text
from integrations.api_docs import LONGEST_ASKED, LONGEST_CURSOR
from integrations.idempotency import Claim
from integrations.problems import Problem
from integrations.throttling import Allowance

_UTF_8 = ("utf-8", "utf8")


class Contract(APIView):
    """A view under the contract."""

    acts = True  # False for a POST that only looks: it leaves no audit row, and a key makes no difference to it
    keeps_answers = True  # False where the answer is told once and kept nowhere
    judges_text = False  # True where each entry of a body is judged by itself, text of no use among them
    tells_unchanged = True  # False where an ETag is only for If-Match: the same one may stand for another body
    allowance: Allowance | None = None
    claim: Claim | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the request in, or raise why not."""
        refused = None
        try:
            caller = request.user.pk
        except APIException as error:  # asked a second time, it would say that nobody is signed in
            caller, refused = None, error
        self._count(request, caller)
        if refused is not None:
            raise refused
        _refuse_hard_input(request, kwargs)
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and self.acts and self.keeps_answers:
            claimed = idempotency.claim(request)
            if isinstance(claimed, HttpResponse):
                self.post = lambda *_args, **_kwargs: claimed  # in place of the view
            else:
                self.claim = claimed

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the answer of the view, with all that the contract adds."""
        try:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()
        except Exception:
            self._ended(500)
            if self.claim:
                idempotency.release(self.claim)
            raise
        if self.request.method in SAFE_METHODS:
            return _unless_known(self.request, response) if self.tells_unchanged else response
        self._ended(response.status_code, getattr(response, "data", None))
        if self.claim:
            idempotency.settle(self.claim, response)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response with what is left of the caller's limits."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.allowance is not None:
            for name, value in self.allowance.headers().items():
                response.headers[name] = value
        return response

    def _count(self, request: Request, caller: Any) -> None:
        """Count the request, of whoever sends it and whether or not it is in order. Raises Problem rate_limited."""
        self.allowance = throttling.take(_counted(request, caller), is_write=request.method not in SAFE_METHODS)
        request._request.limits_told = self.allowance.headers()  # type: ignore[attr-defined]
        if over := self.allowance.over:
            raise Problem(
                "rate_limited",
                f"You sent more than {over.policy.most:,} {over.policy.name} in a minute. "
                f"Nothing was done; go on in {over.seconds} seconds.",
                retry_after=over.seconds,
            )

    def _ended(self, status: int, told: Any = None) -> None:
        if self.acts and self.request.method not in SAFE_METHODS:
            operation = getattr(self, "action", None) or type(self).__name__
            audit.note(self.request, operation=operation, status=status, about=self.kwargs, told=told)


@functools.cache
def bound(view: type[APIView]) -> Any:
    """Return the view, or the set of views, under the contract."""
    return type(view.__name__, (Contract, view), {"__doc__": view.__doc__, "__module__": view.__module__})


def _counted(request: Request, caller: Any) -> str:
    """Return who is counted: the one who is let in, else the address that the request came from."""
    return f"user:{caller}" if caller else f"address:{request.META.get('REMOTE_ADDR', '')}"


def _refuse_hard_input(request: Request, parts: dict[str, str]) -> None:
    """Raise Problem for what no view should have to think of: text that cannot be stored, other charsets than UTF-8."""
    content_params = getattr(request, "content_params", None) or {}
    if content_params.get("charset", _UTF_8[0]).lower() not in _UTF_8:
        raise Problem("unsupported", "Send JSON in UTF-8.")
    asked = [each for name, values in request.query_params.lists() for each in (name, *values)]
    if not all(map(is_text, (*asked, *parts.values()))):
        raise Problem("validation_failed", "The address holds a NUL character, or half of a character.")
    for name, values in request.query_params.lists():
        if any(len(value) > (LONGEST_CURSOR if name == "cursor" else LONGEST_ASKED) for value in values):
            raise serializers.ValidationError({name: ["This is longer than anything that is asked for here."]})


def _unless_known(request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with an ETag of its body, unless the view has one of its own; 304 where it is known."""
    if not isinstance(response, HttpResponse) or response.status_code != 200 or "ETag" in response.headers:
        return response
    response.headers["ETag"] = conditional.etag_of(response.content)
    return conditional.unless_known(request, response)
