"""The doors to tokens: for people who are signed in, never for a token itself."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from integrations import api_tokens
from integrations.api_contract import StayingPages, StrictSerializer, venue_of
from integrations.api_docs import PAGING, SESSION_ONLY, VENUE, example, problems
from integrations.bearer import Bearer
from integrations.models import ApiToken, Role, Scope, VenueMembership
from integrations.permissions import membership
from integrations.problems import Problem

_TOKEN = {
    "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e55", "name": "Box office", "prefix": "bkl_Z9Ot8T", "person": "Mia Kovac",
    "scopes": ["read", "operate"], "state": "live", "created_at": "2026-11-26T09:12:00Z",
    "expires_at": "2027-02-24T09:12:00Z", "last_used_at": "2026-11-26T10:40:00Z", "revoked_at": None,
}  # fmt: skip
_NEW = _TOKEN | {"last_used_at": None, "token": "bkl_Z9Ot8T…"}
_ASKED = OpenApiExample(
    "For a till, for a year", value={"name": "Box office", "scopes": ["operate"], "days": 365}, request_only=True
)


class MakeToken(StrictSerializer):
    """A token to be made; it belongs to the caller and to the venue."""

    venue = serializers.CharField(
        required=False, help_text="Id or slug of one of your venues; may be left out if there is one."
    )
    name = serializers.CharField(max_length=80, help_text="What it is for; one of yours has it at a time.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), allow_empty=False, default=[Scope.READ],
        help_text="`read` what a viewer may, `operate` what an operator may, `manage` what a venue admin may; each "
        "holds those before it. Never more than your own role.",
    )  # fmt: skip
    days = serializers.ChoiceField(choices=api_tokens.LIFETIMES, default=api_tokens.LIFETIME)


class Token(serializers.Serializer[Any]):
    """A token without what opens: by `prefix` it is told from others. `last_used_at` is exact to the minute."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    person = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    state = serializers.ChoiceField(choices=api_tokens.State.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewToken(Token):
    """A token that was just made. `token` is what opens; it is answered this once."""

    token = serializers.CharField()


class TokenPage(serializers.Serializer[Any]):
    """A page of tokens, the newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = Token(many=True)


class TokenPagination(StayingPages):
    """Pages that stay put while new tokens are made."""

    ordering = ("-created_at", "-id")


class TokenViewSet(GenericViewSet[ApiToken]):
    """A person's tokens at a venue; a venue admin sees and revokes all of the venue's."""

    queryset = ApiToken.objects.none()
    serializer_class = Token
    pagination_class = TokenPagination

    @extend_schema(
        operation_id="list_tokens", tags=["tokens"], summary="Your tokens; for a venue admin all of the venue’s",
        auth=SESSION_ONLY,
        parameters=[
            VENUE,
            *PAGING,
        ],
        responses={
            200: OpenApiResponse(
                TokenPage, examples=[example("One token", {"next": None, "previous": None, "results": [_TOKEN]})]
            ),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def index(self, request: Request) -> Response:
        """Answer a page of tokens, the revoked ones too."""
        page = self.paginate_queryset(api_tokens.seen_by(_member(request))) or []
        return self.get_paginated_response([_as_json(token) for token in page])

    @extend_schema(
        operation_id="make_token", tags=["tokens"], summary="Make a token", request=MakeToken, auth=SESSION_ONLY,
        examples=[_ASKED],
        responses={
            201: OpenApiResponse(NewToken, examples=[example("Made", _NEW, 201)]),
            **problems("validation_failed", "conflict"),
        },
    )  # fmt: skip
    def make(self, request: Request) -> Response:
        """Answer the token, this once: only its digest is kept."""
        member = _member(request)
        serializer = MakeToken(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        made = api_tokens.make(member, name=given["name"], scopes=given["scopes"], days=given["days"])
        return Response(
            _as_json(made.row) | {"token": made.token}, status=201, headers={"Cache-Control": "private, no-store"}
        )

    @extend_schema(
        operation_id="revoke_token", tags=["tokens"], summary="Revoke a token", auth=SESSION_ONLY, parameters=[VENUE],
        responses={204: OpenApiResponse(description="It opens nothing any more."), **problems("validation_failed")},
    )  # fmt: skip
    def revoke(self, request: Request, token: str) -> Response:
        """End the token at once; twice is harmless."""
        api_tokens.revoke(_member(request), UUID(token), by=request.user)
        return Response(status=204)


def _member(request: Request) -> VenueMembership:
    """Return the caller's membership at the venue of the request. Raises Problem forbidden for a token."""
    venue = venue_of(request, at_least=Role.VIEWER)
    if isinstance(request.user, Bearer):
        raise Problem("forbidden", "A token cannot see, make or revoke tokens. Sign in to do that.")
    return membership(request.user, venue.slug, at_least=Role.VIEWER)


def _as_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk, "name": token.name, "prefix": token.prefix, "person": api_tokens.person(token.user),
        "scopes": token.scopes, "state": api_tokens.state(token), "created_at": token.created_at,
        "expires_at": token.expires_at, "last_used_at": token.last_used_at, "revoked_at": token.revoked_at,
    }  # fmt: skip
