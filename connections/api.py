"""The doors to connecting, reconnecting and disconnecting. Everything happens in the functions they call."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from connections import access, examples, keys, lifecycle, oauth, options, renewal
from connections import serializers as bodies
from connections.models import Connection, Method
from integrations import catalogue, wishes
from integrations.api_contract import StrictSerializer, venue_of
from integrations.api_docs import PROVIDER, example, problems
from integrations.bearer import Bearer
from integrations.models import Role, Venue
from integrations.providers.base import Provider

_TRIP = example(
    "Sign in at the provider",
    {
        "authorization_url": "https://connect.squareup.com/oauth2/authorize?client_id=…&state=…",
        "expires_at": "2026-11-22T18:40:00Z",
    },
    201,
)
_CONNECT = OpenApiExample(
    "Two locations, this year's sales",
    value={
        "method": "oauth",
        "config": {
            "objects": ["customer", "order", "payment"],
            "direction": "in",
            "interval": 15,
            "chosen": {"location": ["L9A2B7C4", "L1D5E8F3"]},
            "begin": "2026-01-01",
        },
    },
    request_only=True,
)
_UNREACHABLE = ("provider_down", "rate_limited", "exchange_failed", "in_progress")


def _one_of(name: str, *serializers: Any) -> PolymorphicProxySerializer:
    return PolymorphicProxySerializer(component_name=name, serializers=list(serializers), resource_type_field_name=None)


class ConnectionViewSet(ViewSet):
    """The life of a venue's connection to one provider. All of it needs the role venue admin."""

    # What stores the wishes; `config/api_urls.py` hands down one that also sees to the bookmarks, which lie above.
    choose: Callable[..., object] = staticmethod(wishes.choose)
    # What is still to be done at a provider before the access ends; it lies above as well.
    farewell: lifecycle.Farewell | None = None

    @extend_schema(
        operation_id="connect",
        tags=["connections"],
        summary="Begin a connection by sign-in or by key",
        parameters=[PROVIDER],
        request=bodies.ConnectRequest,
        examples=[_CONNECT],
        responses={
            201: OpenApiResponse(
                _one_of("Connected", bodies.Trip, bodies.ConnectionMade),
                examples=[_TRIP, example("Connected by a key", examples.BY_KEY, 201)],
            ),
            **problems(
                "validation_failed", "method_not_allowed", "already_connected", "conflict", "credentials_rejected",
                "insufficient_scope", "provider_down",
            ),
        },
    )  # fmt: skip
    def connect(self, request: Request, provider: str) -> Response:
        """Answer with the address of the provider's consent page, or with the connection that a key made."""
        found, venue = _asked(request, provider)
        given = _validated(bodies.ConnectRequest, request, found)
        config, offered = given.get("config", {}), None
        if "chosen" in config and "api_key" in given:
            offered = options.ask_with_key(found, given["api_key"])
        wishes.check(venue, found, offered=offered, **config)
        if given["method"] == Method.OAUTH:
            answer = _trip(
                oauth.begin(
                    user=request.user,
                    venue=venue,
                    provider=found,
                    session_key=_session_key(request),
                    return_to=given.get("return_to", "welcome"),
                )
            )
        else:
            answer = _made(keys.connect(found, venue, given["api_key"], user=request.user))
        self.choose(venue, found, offered=offered, **config)
        return Response(answer, status=201)

    @extend_schema(
        operation_id="disconnect",
        tags=["connections"],
        summary="End a connection and destroy our access",
        parameters=[PROVIDER],
        request=bodies.DisconnectRequest,
        responses={
            200: OpenApiResponse(bodies.Disconnected, examples=[example("All is done", examples.DISCONNECTED)]),
            **problems("validation_failed", "not_connected"),
        },
    )
    def disconnect(self, request: Request, provider: str) -> Response:
        """Answer what was done, step by step. A second call finds nothing to do."""
        found, venue = _asked(request, provider)
        given = _validated(bodies.DisconnectRequest, request, found)
        steps = lifecycle.disconnect(
            lifecycle.latest(venue, provider),
            by=request.user,
            reason=given.get("reason", ""),
            revoke=given["revoke"],
            farewell=self.farewell,
        )
        return Response({"steps": steps})

    @extend_schema(
        operation_id="reconnect",
        tags=["connections"],
        summary="Bring a connection back",
        parameters=[PROVIDER],
        request=bodies.ReconnectRequest,
        responses={
            200: OpenApiResponse(bodies.Reconnected, examples=[example("It works", examples.RECONNECTED)]),
            201: OpenApiResponse(bodies.Trip, examples=[_TRIP]),
            **problems("validation_failed", "not_connected", "reauth_required", "conflict", *_UNREACHABLE),
        },
    )
    def reconnect(self, request: Request, provider: str) -> Response:
        """Answer 200 when the stored access works again, else 201 with the trip that brings new access."""
        found, venue = _asked(request, provider)
        given = _validated(bodies.ReconnectRequest, request, found)
        trip = renewal.reconnect(
            lifecycle.live(venue, provider),
            user=request.user,
            session_key=_session_key(request),
            return_to=given["return_to"],
        )
        return Response({"reconnected": True}) if trip is None else Response(_trip(trip), status=201)

    @extend_schema(
        operation_id="set_api_key",
        tags=["connections"],
        summary="Give a connection a new key",
        parameters=[PROVIDER],
        request=bodies.ApiKeyRequest,
        responses={
            200: OpenApiResponse(
                _one_of("KeySet", bodies.ConnectionMade, bodies.KeyChecked),
                examples=[example("Stored", examples.BY_KEY), example("Only checked", examples.KEY_CHECKED)],
            ),
            **problems(
                "validation_failed", "method_not_allowed", "not_connected", "different_account", "conflict",
                "credentials_rejected", "insufficient_scope", "provider_down",
            ),
        },
    )  # fmt: skip
    def set_api_key(self, request: Request, provider: str) -> Response:
        """Check the key live and store it; the old one stays until this one worked. A dry run stores nothing."""
        found, venue = _asked(request, provider)
        given = _validated(bodies.ApiKeyRequest, request, found)
        connection = lifecycle.live(venue, provider)
        if not given["dry_run"]:
            return Response(_made(keys.replace(found, connection, given["api_key"], user=request.user)))
        account = keys.check(found, given["api_key"])
        oauth.refuse_other_account(connection, account, found)
        return Response(
            {"valid": True, "account": {"id": account.id, "name": account.name}, "scopes": list(account.scopes)}
        )

    @extend_schema(
        operation_id="refresh_access",
        tags=["oauth"],
        summary="Renew the access now",
        parameters=[PROVIDER],
        request=bodies.RefreshRequest,
        responses={
            200: OpenApiResponse(
                bodies.Refreshed,
                examples=[
                    example(
                        "Renewed",
                        {"refreshed": True, "expires_at": "2026-12-22T18:30:00Z", "refresh_expires_at": None},
                    )
                ],
            ),
            **problems("validation_failed", "not_connected", "reauth_required", "not_refreshable", *_UNREACHABLE),
        },
    )
    def refresh(self, request: Request, provider: str) -> Response:
        """Answer until when the access lasts; calls at the same moment share one call to the provider."""
        found, venue = _asked(request, provider)
        given = _validated(bodies.RefreshRequest, request, found)
        renewed = renewal.renew(lifecycle.live(venue, provider), force=given["force"])
        return Response(
            {
                "refreshed": renewed.refreshed,
                "expires_at": renewed.token.access_expires_at,
                "refresh_expires_at": renewed.token.refresh_expires_at,
            }
        )


def _asked(request: Request, provider: str) -> tuple[Provider, Venue]:
    """Return the provider and the caller's venue. Raises Problem not_found or forbidden."""
    return catalogue.provider_or_404(provider), venue_of(request, at_least=Role.VENUE_ADMIN)


def _validated(kind: type[StrictSerializer], request: Request, provider: Provider) -> dict[str, Any]:
    serializer = kind(data=request.data, context={"provider": provider})
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _session_key(request: Request) -> str:
    """Return the key of the browser's session, which a sign-in is bound to; none behind a token."""
    if isinstance(request.user, Bearer):
        return ""
    if not request.session.session_key:
        request.session.create()
    return str(request.session.session_key)


def _trip(trip: oauth.Trip) -> dict[str, Any]:
    return {"authorization_url": trip.authorization_url, "expires_at": trip.expires_at}


def _made(connection: Connection) -> dict[str, Any]:
    return bodies.made(connection, access.of([connection])[connection.pk])
