"""The doors to mappings: which fields there are."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from connections.models import Connection
from integrations import api_query, catalogue
from integrations.api_contract import StrictSerializer, venue_of
from integrations.api_docs import PROVIDER, example, problems
from integrations.models import Role
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType
from mappings import field_list, watching
from mappings import serializers as bodies
from mappings.field_list import Example, Examples

_TOLD = {
    "provider": "mailchimp", "seen_at": "2026-11-22T18:30:00Z", "refreshing": False, "problem": "",
    "objects": [
        {
            "object": "customer",
            "ours": [
                {"path": "given_name", "label": "First name", "type": "text", "required": False, "sample": "Nell"}
            ],
            "theirs": [
                {
                    "id": "merge_fields.FNAME", "label": "First Name", "type": "text", "required": False,
                    "writable": True, "max_length": 25, "enum": [], "sample": "Nell",
                }
            ],
        }
    ],
    "changes": [
        {
            "at": "2026-11-22T18:30:00Z", "object": "customer", "kind": "removed", "field": "merge_fields.PHONE",
            "sentence": "“Phone Number” is not offered any more.",
        }
    ],
}  # fmt: skip


class FieldsQuery(StrictSerializer):
    """Which fields are asked for."""

    venue = serializers.CharField(required=False, allow_blank=True)
    object = serializers.CharField(required=False, help_text="Only this object.")
    refresh = serializers.BooleanField(
        default=False,
        help_text="`1`: let the account be looked at again soon, unless that was done in the last ten minutes.",
    )


def _no_example(connection: Connection, kind: ObjectType) -> Example:
    return {}, {}


class FieldViewSet(ViewSet):
    """The fields that can be mapped."""

    # How one record of an object is shown; put in where the addresses are, for records stand above mappings.
    examples: Examples = staticmethod(_no_example)

    @extend_schema(
        operation_id="list_fields",
        tags=["mappings"],
        summary="The fields of both sides, with what the account decides for itself",
        parameters=[PROVIDER, FieldsQuery],
        responses={
            200: OpenApiResponse(bodies.FieldList, examples=[example("Fields", _TOLD)]),
            **problems("validation_failed"),
        },
    )
    def index(self, request: Request, provider: str) -> Response:
        """Answer with what is known now; no provider is asked before the answer."""
        found, venue = catalogue.provider_or_404(provider), venue_of(request, at_least=Role.VIEWER)
        given = api_query.asked(request, FieldsQuery)
        only = _object_of(given.get("object", ""), found)
        connection = Connection.objects.live().filter(venue=venue, provider=provider).first()
        refreshing = bool(connection and given["refresh"] and watching.ask_again(connection))
        return Response(field_list.present(found, connection, self.examples, refreshing=refreshing, only=only))


def _object_of(named: str, provider: Provider) -> str:
    if named and named not in provider.parts:
        raise serializers.ValidationError({"object": [f"Known are {', '.join(provider.parts)}."]})
    return named
