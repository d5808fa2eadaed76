"""What all API views share: who is asking, and how answers are written."""

from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from integrations.models import Role, Venue
from integrations.permissions import venue_for


class SessionWithChallenge(SessionAuthentication):
    """The browser's session, with CSRF; asks to sign in with 401 rather than 403."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes DRF answer 401."""
        return "Session"


def venue_of(request: Request, *, at_least: Role) -> Venue:
    """Return the caller's venue that the request names: in the query of a GET or DELETE, in the body otherwise.

    Raises Problem as `permissions.membership` does. To be called before the body is validated, so that a missing
    right is never hidden behind a typing error.
    """
    given = request.query_params if request.method in ("GET", "HEAD", "DELETE") else request.data
    named = given.get("venue") if isinstance(given, dict) else None
    return venue_for(request.user, named if isinstance(named, str) else None, at_least=at_least)


class FastJSONRenderer(JSONRenderer):
    """JSON by orjson; falls back to DRF's encoder for its lazy strings and the like."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body as bytes."""
        return (
            b""
            if data is None
            else orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
        )


class StayingPages(CursorPagination):
    """Pages of fifty that stay put while new rows come in; `limit` asks for up to two hundred."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200


class StrictSerializer(serializers.Serializer[Any]):
    """Input whose unknown fields are refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values. Raises ValidationError naming each unknown field."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: [f"There is no such field. Known are {', '.join(self.fields)}."] for name in unknown}
                )
        return super().to_internal_value(data)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (list, tuple, set)):
        return list(value)
    return str(value)
