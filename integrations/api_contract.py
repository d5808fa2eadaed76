"""What all API views share: who is asking, how lists are narrowed and turned over, and how answers are written."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from integrations import audit
from integrations.api_bodies import is_text
from integrations.api_docs import MOST_ROWS, ROWS
from integrations.models import Role, Venue
from integrations.permissions import venue_for
from integrations.problems import Problem

_NUMBER = re.compile(r"[0-9]{1,6}")
_PLACE = re.compile(r"[0-9: .-]{19,26}\+00:00\Z|[0-9a-f-]{36}\Z")  # a time or an id, as the lists write them


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
    if isinstance(named, str) and not is_text(named):
        raise Problem("not_found", "You have no venue by that name.")
    if named is not None and not isinstance(named, str):
        raise serializers.ValidationError({"venue": ["Give the id or slug of a venue, as text."]})
    venue = venue_for(request.user, named if isinstance(named, str) else None, at_least=at_least)
    audit.let_in(request, venue)
    return venue


class FastJSONRenderer(JSONRenderer):
    """JSON by orjson; what it has no way to write is written as plainly as can be."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body as bytes."""
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
        except orjson.JSONEncodeError:  # half of a character in a name that a refusal repeats, or an endless number
            return json.dumps(data, default=_plain, ensure_ascii=False).encode(errors="replace")


class MomentField(IsoDateTimeField):
    """A time that the database can compare with others: one that exists in UTC."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the time in UTC. Raises ValidationError for none, and for one before or after all others."""
        if value == "":
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(filters.IsoDateTimeFilter):
    """By a time in ISO 8601."""

    field_class = MomentField


class StayingPages(CursorPagination):
    """Pages of fifty that stay put while new rows come in; `limit` asks for up to two hundred."""

    page_size = ROWS
    page_size_query_param = "limit"
    max_page_size = MOST_ROWS

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place that the cursor names. Raises NotFound for one that no page of ours has told."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _PLACE.match(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_page_size(self, request: Request) -> int:
        """Return how many rows a page has. Raises ValidationError for a `limit` that is none."""
        asked = request.query_params.getlist(self.page_size_query_param)
        if not asked:
            return ROWS
        if len(asked) > 1 or not _NUMBER.fullmatch(asked[0]) or not 1 <= int(asked[0]) <= MOST_ROWS:
            raise serializers.ValidationError({"limit": [f"Give a whole number from 1 to {MOST_ROWS}, once."]})
        return int(asked[0])

    def judge(self, request: Request, view: Any) -> None:
        """Raise ValidationError for a parameter that the list does not know, and for a `limit` that is none."""
        _refuse_unknown(request, view)
        self.get_page_size(request)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return the rows of the page. Raises NotFound for a cursor of another list, and as `judge` does."""
        self.judge(request, view)
        try:
            rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except ValidationError as error:
            raise NotFound(self.invalid_cursor_message) from error
        return rows


def _refuse_unknown(request: Request, view: Any) -> None:
    filters_of = getattr(view, "filterset_class", None)
    known = ["venue", "cursor", "limit", *(filters_of.base_filters if filters_of else ())]
    known += getattr(view, "also_asked", ())
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        told = f"There is no such parameter. Known are {', '.join(known)}."
        raise serializers.ValidationError({name: [told] for name in unknown})


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
