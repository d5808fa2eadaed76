"""What can be refused, once: every code with its status and title, for the API, the pages and their help texts."""

import logging
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from structlog.contextvars import get_contextvars

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# code -> (HTTP status, title). The page /problems/<code>/ explains each.
CODES: dict[str, tuple[int, str]] = {
    "validation_failed": (400, "Something in the request is not right"),
    "filter_required": (400, "Say which ones"),
    "state_invalid": (400, "This sign-in cannot be finished"),
    "state_foreign_session": (400, "This sign-in began in another browser"),
    "state_wrong_provider": (400, "This sign-in began for another provider"),
    "not_authenticated": (401, "Sign in first"),
    "token_rejected": (401, "This token opens nothing"),
    "signature_invalid": (401, "Not signed by the provider"),
    "forbidden": (403, "Your role does not allow this"),
    "second_factor_needed": (403, "A second factor is needed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "This address does not take that method"),
    "not_acceptable": (406, "Only JSON can be answered"),
    "conflict": (409, "This does not fit the present state"),
    "already_connected": (409, "Already connected"),
    "not_connected": (409, "Not connected"),
    "reauth_required": (409, "Reconnect needed"),
    "different_account": (409, "That is another account"),
    "state_used": (409, "This sign-in was used already"),
    "busy": (409, "Something else has to end first"),
    "plan_stale": (409, "Something changed since the plan was made"),
    "in_progress": (409, "Still working on it"),
    "state_expired": (410, "This sign-in took too long"),
    "confirm_mismatch": (409, "This is not what was confirmed"),
    "stale_version": (412, "Somebody else changed it meanwhile"),
    "too_large": (413, "Too much at once"),
    "unsupported": (415, "This cannot be read"),
    "credentials_rejected": (422, "The key was not accepted"),
    "insufficient_scope": (422, "A permission is missing"),
    "key_reused": (422, "This key belongs to another request"),
    "mapping_broken": (422, "Some rules cannot be used"),
    "not_refreshable": (422, "There is nothing to renew"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "Something broke on our side"),
    "exchange_failed": (502, "The provider did not confirm the sign-in"),
    "provider_down": (503, "The provider is not answering"),
    "unavailable": (503, "Nothing can be stored right now"),
}


class Problem(Exception):
    """A refusal with a code from `CODES` and a sentence that says what to do next."""

    def __init__(self, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.more = more

    @property
    def status(self) -> int:
        """Return the HTTP status of the code."""
        return CODES[self.code][0]

    @property
    def title(self) -> str:
        """Return the title of the code."""
        return CODES[self.code][1]


class TokenRejected(exceptions.AuthenticationFailed):
    """A bearer token that is none, has ended or was revoked. It is not said which: only its holder needs to know."""

    default_detail = "This token is unknown, has ended or was revoked. Make a new one."


# What a 401 asks for (RFC 6750, RFC 9110).
_CHALLENGES = {"not_authenticated": "Session, Bearer", "token_rejected": 'Bearer error="invalid_token"'}
_FROM_DRF = {
    TokenRejected: "token_rejected",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported",
    exceptions.ParseError: "validation_failed",
    exceptions.Throttled: "rate_limited",
}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document (RFC 9457) for an exception of a view; None for a crash, which Django reports."""
    problem = _as_problem(error)
    if problem is None:
        return None
    request: Request = context["request"]
    response = Response(document(problem, instance=request.path), status=problem.status)
    response.content_type = MEDIA_TYPE
    if problem.more.get("retry_after"):
        response["Retry-After"] = str(int(problem.more["retry_after"]))
    if problem.code in _CHALLENGES:
        response["WWW-Authenticate"] = _CHALLENGES[problem.code]
    return response


def outside_of_views(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return the problem document where no view of the API can: for deliveries, crashes, and what Django refuses."""
    body = orjson.dumps(document(problem, instance=request.path))
    limits: dict[str, str] = getattr(request, "limits_told", {})  # of a request that was counted before it crashed
    return HttpResponse(body, status=problem.status, content_type=MEDIA_TYPE, headers=limits)


def document(problem: Problem, *, instance: str) -> dict[str, Any]:
    """Return the body of a problem: type, title, status, detail, code, instance, request id, and what it adds."""
    return {
        "type": f"/problems/{problem.code}/",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": instance,
        "request_id": get_contextvars().get("request_id", ""),
    } | problem.more


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return Problem("not_found", "There is nothing at this address for you.")
    if isinstance(error, RequestDataTooBig):
        return Problem("too_large", "The body is larger than what this address takes.")
    if isinstance(error, UnreadablePostError):
        return Problem("validation_failed", "The body did not arrive as a whole. Send it again.")
    if isinstance(error, SuspiciousOperation):
        return Problem("validation_failed", "The request has a form that nothing here takes.")
    if isinstance(error, PermissionDenied):
        return Problem("forbidden", "Your role does not allow this. A venue admin can change it.")
    if isinstance(error, exceptions.ValidationError):
        return Problem(
            "validation_failed", "Correct the fields named below and send it again.", errors=_pointers(error.detail)
        )
    if isinstance(error, exceptions.NotAuthenticated):
        return Problem("not_authenticated", "Sign in, or send a token of yours as “Authorization: Bearer bkl_…”.")
    for kind, code in _FROM_DRF.items():
        if isinstance(error, kind):
            detail = error.detail if isinstance(error, exceptions.APIException) else str(error)
            return Problem(code, str(detail))
    return None


def _pointers(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """Return every message with the JSON pointer (RFC 6901) of its field.

    A list holds the messages of one field, or for a list of objects what is wrong with each, in their order.
    """
    if isinstance(detail, dict):
        return [found for name, inner in detail.items() for found in _pointers(inner, f"{pointer}/{_step(name)}")]
    if isinstance(detail, list):
        below = [
            (inner, f"{pointer}/{place}" if isinstance(inner, dict) else pointer) for place, inner in enumerate(detail)
        ]
        return [found for inner, where in below for found in _pointers(inner, where)]
    return [{"pointer": pointer or "/", "code": getattr(detail, "code", "invalid"), "detail": str(detail)}]


def _step(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
