"""The doors to the venue's own records: list, read, write one or many, delete."""

import hashlib
import re
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from integrations import conditional
from integrations.api_contract import FastJSONRenderer, StayingPages, StrictSerializer, venue_of
from integrations.api_docs import PAGING, VENUE, example, problems
from integrations.models import Role, Venue
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings.canonical_check import Fault
from mappings.canonical_values import step
from syncing import own, own_list
from syncing import records_examples as examples
from syncing import records_serializers as bodies
from syncing.models import Record
from syncing.own import Action, Entry, Outcome

_VERSION_IN_ETAG = re.compile(r'(?:W/)?"(\d{1,9})(?:-[0-9a-f]+)?"\Z')
_OBJECT = OpenApiParameter(
    "object_type", str, OpenApiParameter.PATH, enum=list(own.OBJECTS), description="Any other name is 404."
)
_RECORD = OpenApiParameter("record", UUID, OpenApiParameter.PATH, description="The record's id.")
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='ETag or version, such as "3": only if it still has it.'
)


class RecordPagination(StayingPages):
    """Pages that stay put while records come in."""

    ordering = ("-id",)


class RecordViewSet(GenericViewSet[Record]):
    """The venue's own records of one object."""

    queryset = Record.objects.none()
    serializer_class = bodies.RecordTold
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = own_list.RecordFilter
    pagination_class = RecordPagination

    @extend_schema(
        operation_id="list_records",
        tags=["records"],
        summary="Records, the newest first",
        filters=True,
        parameters=[
            _OBJECT, VENUE,
            *PAGING,
        ],
        responses={
            200: OpenApiResponse(bodies.RecordsPage, examples=[example("A page", examples.PAGE)]),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def index(self, request: Request, object_type: str) -> Response:
        """Answer a page of records with how each stands at what is connected."""
        kind, venue = _asked(request, object_type, Role.VIEWER)
        rows = self.paginate_queryset(self.filter_queryset(own_list.rows(venue, kind))) or []
        return self.get_paginated_response(own_list.listed(rows))

    @extend_schema(
        operation_id="write_records",
        tags=["records"],
        summary="Make or change one record, or up to 1,000",
        filters=False,
        parameters=[_OBJECT],
        request=PolymorphicProxySerializer(
            component_name="OneOrManyRecords",
            serializers=[bodies.OneRecordRequest, bodies.ManyRecordsRequest],
            resource_type_field_name=None,
        ),
        responses={
            200: OpenApiResponse(
                PolymorphicProxySerializer(
                    component_name="RecordOrRecordsWritten",
                    serializers=[bodies.RecordTold, bodies.EntriesWritten],
                    resource_type_field_name=None,
                ),
                description="One record that was there already; of several, what became of each.",
                examples=[example("One", examples.RECORD), example("Several", examples.WRITTEN)],
            ),
            201: OpenApiResponse(
                bodies.RecordTold,
                description="One new record; `Location` is where it is.",
                examples=[example("New", examples.RECORD | {"version": 1, "links": []}, 201)],
            ),
            **problems("validation_failed"),
        },
    )
    def write(self, request: Request, object_type: str) -> Response:
        """Make or change records by the venue's own keys."""
        kind, venue = _asked(request, object_type, Role.OPERATOR)
        if isinstance(request.data, dict) and "records" in request.data:
            given = _validated(bodies.RawEntries, request)["records"]
            return Response(_write_many(venue, kind, given, request.user))
        body = _validated(bodies.OneRecordRequest, request)
        entry = Entry(body["fields"], body.get("key"))
        outcome = own.upsert(venue, kind, [entry], actor=request.user).outcomes[0]
        record = _accepted(outcome)
        return _told(venue, kind, record, created=outcome.action == Action.CREATED)

    @extend_schema(
        operation_id="get_record",
        tags=["records"],
        summary="One record",
        filters=False,
        parameters=[_OBJECT, _RECORD, VENUE],
        responses={
            200: OpenApiResponse(bodies.RecordTold, examples=[example("A customer", examples.RECORD)]),
            **problems(),
        },
    )
    def retrieve(self, request: Request, object_type: str, record: str) -> HttpResponseBase:
        """Answer one record; a deleted one says so."""
        kind, venue = _asked(request, object_type, Role.VIEWER)
        body = _read(venue, kind, UUID(record))
        return conditional.unless_known(request, Response(body, headers={"ETag": _etag(body)}))

    @extend_schema(
        operation_id="change_record",
        tags=["records"],
        summary="Change a record",
        filters=False,
        parameters=[_OBJECT, _RECORD, _IF_MATCH],
        request=bodies.RecordChange,
        responses={
            200: OpenApiResponse(bodies.RecordTold, examples=[example("Changed", examples.RECORD)]),
            **problems("validation_failed", "conflict", "stale_version"),
        },
    )
    def change(self, request: Request, object_type: str, record: str) -> Response:
        """Change the named fields of a record and leave the others."""
        kind, venue = _asked(request, object_type, Role.OPERATOR)
        body, version = _validated(bodies.RecordChange, request), _version_asked(request)
        held = UUID(record)
        if _read(venue, kind, held)["deleted"]:
            raise Problem("conflict", "This record was deleted. Send it anew with its key.")
        try:
            written = own.change(venue, kind, held, body["fields"], version=version, actor=request.user)
        except own.Stale as stale:
            raise _stale(stale) from stale
        except own.Gone as gone:
            raise Problem("not_found", "This venue has no such record.") from gone
        _accepted(written.outcomes[0])
        return _told(venue, kind, held)

    @extend_schema(
        operation_id="delete_record",
        tags=["records"],
        summary="Delete a record",
        filters=False,
        parameters=[_OBJECT, _RECORD, VENUE, _IF_MATCH],
        request=None,
        responses={
            200: OpenApiResponse(
                bodies.RecordTold, examples=[example("Deleted", examples.RECORD | {"deleted": True, "version": 4})]
            ),
            **problems("stale_version"),
        },
    )
    def remove(self, request: Request, object_type: str, record: str) -> Response:
        """Make a record a tombstone; a second time changes nothing."""
        kind, venue = _asked(request, object_type, Role.OPERATOR)
        held = UUID(record)
        if not _read(venue, kind, held)["deleted"]:
            try:
                own.delete(venue, kind, [held], actor=request.user, version=_version_asked(request))
            except own.Stale as stale:
                raise _stale(stale) from stale
        return _told(venue, kind, held)


def _asked(request: Request, object_type: str, at_least: Role) -> tuple[ObjectType, Venue]:
    """Return the object and the caller's venue. Raises Problem not_found or forbidden."""
    if object_type not in own.OBJECTS:
        raise Problem("not_found", f"There are no records of that kind. There are {', '.join(own.OBJECTS)}.")
    return ObjectType(object_type), venue_of(request, at_least=at_least)


def _validated(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _write_many(venue: Venue, kind: ObjectType, given: list[Any], actor: object) -> dict[str, Any]:
    """Write several records and return what became of each."""
    entries = [_entry(each) for each in given]
    good = [each for each in entries if isinstance(each, Entry)]
    written = iter(own.upsert(venue, kind, good, actor=actor).outcomes)
    outcomes = [next(written) if isinstance(each, Entry) else each for each in entries]
    counts = {str(each): sum(outcome.action == each for outcome in outcomes) for each in Action}
    return {"counts": counts, "results": [_outcome(each) for each in outcomes]}


def _entry(given: Any) -> Entry | Outcome:
    """Return one of several entries, or that it is none."""
    if not isinstance(given, dict):
        return Outcome(Action.REFUSED, faults=[Fault("/", "invalid", "Send an object with key and fields.")])
    strange = sorted(set(given) - {"key", "fields"})
    if strange:
        told = "There is no such field. Known are key, fields."
        return Outcome(Action.REFUSED, faults=[Fault(f"/{step(each)}", "unknown", told) for each in strange])
    return Entry(given.get("fields"), given.get("key"))


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome.action, "id": outcome.id, "key": outcome.key, "version": outcome.version or None,
        "errors": _errors(outcome),
    }  # fmt: skip


def _errors(outcome: Outcome) -> list[dict[str, str]]:
    return [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in outcome.faults]


def _accepted(outcome: Outcome) -> UUID:
    """Return the record's id. Raises Problem validation_failed for an entry that was refused."""
    if outcome.action == Action.REFUSED or outcome.id is None:
        raise Problem("validation_failed", "Correct the fields named below and send it again.", errors=_errors(outcome))
    return outcome.id


def _read(venue: Venue, kind: ObjectType, record: UUID) -> dict[str, Any]:
    """Return a record as the API tells it. Raises Problem not_found."""
    found = own_list.of(venue, kind).filter(pk=record).first()
    if found is None:
        raise Problem("not_found", "This venue has no such record.")
    return own_list.as_json(found)


def _told(venue: Venue, kind: ObjectType, record: UUID, *, created: bool = False) -> Response:
    body = _read(venue, kind, record)
    headers = {"ETag": _etag(body)}
    if created:
        headers["Location"] = f"/api/v1/records/{kind}/{record}?venue={venue.slug}"
    return Response(body, status=201 if created else 200, headers=headers)


def _version_asked(request: Request) -> int | None:
    """Return the version that If-Match names, None where it is left out. Raises Problem validation_failed."""
    named = request.headers.get("If-Match", "").strip()
    if named in ("", "*"):
        return None
    found = _VERSION_IN_ETAG.match(named)
    if found is None:
        raise Problem("validation_failed", 'If-Match takes the ETag of the record, or its version such as "3".')
    return int(found[1])


def _stale(stale: own.Stale) -> Problem:
    told = f"Somebody else changed this record: it has version {stale.version} now. Read it and try again."
    return Problem("stale_version", told)


def _etag(body: dict[str, Any]) -> str:
    """Return a record's ETag: it begins with the version, which is all that If-Match looks at."""
    return f'"{body["version"]}-{_hash(body)}"'


def _hash(body: Any) -> str:
    return hashlib.blake2b(FastJSONRenderer().render(body), digest_size=12).hexdigest()
