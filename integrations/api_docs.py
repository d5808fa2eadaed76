"""How the API describes itself: what every route shares in the OpenAPI document."""

from collections import defaultdict
from enum import StrEnum
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

from integrations import problems as refusals
from integrations.providers import PROVIDERS

ROWS, MOST_ROWS = 50, 200  # of a page
# Of a value in a query, in characters: so that an address always fits into a request's first line.
LONGEST_ASKED, LONGEST_CURSOR = 200, 1_000
CURSOR = "^[A-Za-z0-9_=-]*$"
# What any route may answer to a request that is not allowed or not understood.
_ALWAYS = ("not_authenticated", "token_rejected", "forbidden", "not_found")

PROVIDER = OpenApiParameter(
    "provider", str, OpenApiParameter.PATH, enum=list(PROVIDERS), description="Any other name is 404."
)
SESSION_ONLY: list[Any] = [{"session": []}]  # what a token does not open
VENUE = OpenApiParameter(
    "venue",
    str,
    OpenApiParameter.QUERY,
    description="Id or slug of one of your venues; may be left out if there is one.",
)
PAGING = (
    OpenApiParameter(
        "cursor", {"type": "string", "maxLength": LONGEST_CURSOR, "pattern": CURSOR}, OpenApiParameter.QUERY,
        description="From `next` or `previous`.",
    ),
    OpenApiParameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": ROWS}, OpenApiParameter.QUERY,
        description="Rows on a page.",
    ),
)  # fmt: skip


class SessionScheme(OpenApiAuthenticationExtension):
    """The browser's session; anything but a GET also carries the `X-CSRFToken` header."""

    target_class = "integrations.api_contract.SessionWithChallenge"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class BearerScheme(OpenApiAuthenticationExtension):
    """A token of a person, for servers; it opens one venue and makes no other tokens."""

    target_class = "integrations.token_auth.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "bkl_…"}


class StrictInput(OpenApiSerializerExtension):
    """What is taken in has the fields that are described, and no others."""

    target_class = "integrations.api_contract.StrictSerializer"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """Return the name, to which `Request` is added where it is taken in."""
        name: str = type(self.target).__name__
        return name.removesuffix("Request")

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the schema, closed where it is a request’s."""
        described: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return described | {"additionalProperties": False} if direction == "request" else described


class FieldError(serializers.Serializer[Any]):
    """One field that is not right, by its JSON pointer."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemAction(serializers.Serializer[Any]):
    """What to do about it."""

    label = serializers.CharField()  # type: ignore[assignment]
    href = serializers.CharField()


@extend_schema_serializer(component_name="Problem")
class Problem(serializers.Serializer[Any]):
    """A refusal (RFC 9457). `code` is for programs, `detail` for people, `type` a page that explains it."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=list(refusals.CODES))
    instance = serializers.CharField()
    request_id = serializers.CharField(allow_blank=True)
    retry_after = serializers.IntegerField(required=False, help_text="Seconds; also in the Retry-After header.")
    errors = FieldError(many=True, required=False)  # type: ignore[assignment]
    action = ProblemAction(required=False)


def problems(*codes: str) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the documented refusals of a route: those that every route has, and these, each with an example."""
    by_status = defaultdict(list)
    for code in dict.fromkeys((*_ALWAYS, *codes)):
        by_status[refusals.CODES[code][0]].append(code)
    return {
        (status, refusals.MEDIA_TYPE): OpenApiResponse(
            Problem, description=" or ".join(f"`{code}`" for code in group), examples=[_example(code) for code in group]
        )
        for status, group in sorted(by_status.items())
    }


def choices_of(closed_set: type[StrEnum]) -> list[tuple[str, str]]:
    """Return a closed set as a ChoiceField wants it, so that its name in `ENUM_NAME_OVERRIDES` is found."""
    return [(each.value, each.name) for each in closed_set]


def example(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """Return an example of an answer."""
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def problem_example(code: str) -> dict[str, Any]:
    """Return a problem document as an example."""
    status, title = refusals.CODES[code]
    return {
        "type": f"/problems/{code}/", "title": title, "status": status, "detail": f"{title}.", "code": code,
        "instance": "/api/v1/integrations/", "request_id": "3c6b…",
    }  # fmt: skip


def _example(code: str) -> OpenApiExample:
    status, document = str(refusals.CODES[code][0]), problem_example(code)
    return OpenApiExample(
        code, value=document, response_only=True, status_codes=[status], media_type=refusals.MEDIA_TYPE
    )
