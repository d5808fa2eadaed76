"""The doors to how things stand: every provider of a venue, one of them in full, and the widget."""

from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from integrations import catalogue
from integrations.api_contract import venue_of
from integrations.api_docs import PROVIDER, VENUE, example, problems
from integrations.models import Role
from integrations.permissions import venues_of
from integrations.problems import Problem
from monitoring import dossier, overview
from monitoring import overview_examples as examples
from monitoring import serializers as bodies


class IntegrationViewSet(ViewSet):
    """How a venue's integrations stand, in the words its owner reads on the pages."""

    @extend_schema(
        operation_id="list_integrations",
        tags=["integrations"],
        summary="Every provider, connected or not",
        parameters=[VENUE],
        responses={
            200: OpenApiResponse(bodies.IntegrationList, examples=[example("A venue", examples.LIST)]),
            **problems("validation_failed"),
        },
    )
    def index(self, request: Request) -> Response:
        """Answer with the status of each provider, what it can do, and how it is authorised."""
        return Response(dossier.of_venue(venue_of(request, at_least=Role.VIEWER)))

    @extend_schema(
        operation_id="get_integration",
        tags=["integrations"],
        summary="One provider in full",
        parameters=[PROVIDER, VENUE],
        responses={
            200: OpenApiResponse(bodies.IntegrationInFull, examples=[example("Connected", examples.IN_FULL)]),
            **problems("validation_failed"),
        },
    )
    def retrieve(self, request: Request, provider: str) -> Response:
        """Answer with one provider and its history, schedule, settings and policies."""
        found = catalogue.provider_or_404(provider)
        return Response(dossier.of_provider(venue_of(request, at_least=Role.VIEWER), found.spec.key))

    @extend_schema(
        operation_id="my_integrations",
        tags=["me"],
        summary="The dashboard widget",
        parameters=[VENUE],
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="WidgetOrWidgets",
                    serializers=[bodies.Widget, bodies.Widgets],
                    resource_type_field_name=None,
                ),
                description="One venue's widget; `{venues, poll_after_seconds}` when you have several and name none.",
                examples=[
                    example("One venue", examples.WIDGET),
                    example("Several venues", {"venues": [examples.WIDGET], "poll_after_seconds": 60}),
                ],
            ),
            **problems(),
        },
    )
    def mine(self, request: Request) -> Response:
        """Answer how the caller's venues stand; a widget polls this, and mostly hears that nothing changed."""
        named = request.query_params.get("venue", "")
        widgets = [overview.as_json(each) for each in overview.for_venues(venues_of(request.user, named))]
        if named and not widgets:
            raise Problem("not_found", "You have no venue by that name.")
        if len(widgets) == 1:
            return Response(widgets[0])
        soonest = min((each["poll_after_seconds"] for each in widgets), default=overview.POLL_OTHERWISE)
        return Response({"venues": widgets, "poll_after_seconds": soonest})


class NowhereViewSet(ViewSet):
    """Any other address under the API: a problem document rather than a page."""

    @extend_schema(exclude=True)
    def answer(self, request: Request, path: str) -> Response:
        """Refuse."""
        raise Problem("not_found", "The API has no such address. All of them are listed at /api/v1/docs/.")
