"""The doors to recovery: for our team over all venues, and for a venue's own events."""

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from integrations import audit, second_factor, walls
from integrations.api_contract import StrictSerializer, venue_of
from integrations.api_docs import SESSION_ONLY, example, problems
from integrations.models import Role
from monitoring import dead_letters, recovery, staff, stale
from monitoring import recovery_bodies as bodies
from monitoring.dead_letters import Filter
from monitoring.recovery import Done, Preview
from monitoring.stale import Stale
from syncing.models import Mode
from webhooks.recovery import How

_DONE = {
    "batch": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "count": 21, "counts": {"job": 2, "event": 19}, "skipped": [],
}  # fmt: skip
_TOLD = {"count": 21, "by": {"job customer": 2, "event customer": 19}, "confirm": "eyJhY3Rpb24…"}
_CAUSE = {
    "cause": "5f0c9b8e77a14b0f9d2e5a1f0c9b8e77", "provider": "quickbooks", "error_class": "invalid_value",
    "code": "2500", "field": "TaxCodeRef", "sentence": "QuickBooks did not accept “TaxCodeRef”.", "size": 19, "jobs": 0,
    "events": 0, "records": 19, "venues": 3, "first_at": "2026-11-22T09:57:00Z", "last_at": "2026-11-22T10:40:00Z",
}  # fmt: skip
_STALE = {
    "kind": "job", "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "provider": "square", "object": "order",
    "last_sign_at": "2026-11-22T10:31:00Z", "attempts": 1, "cause": "worker_gone",
    "cause_said": "Its worker process is not there any more: it was killed, or crashed.",
    "next_said": "It goes on from the last stored page; 1,200 records are stored.",
}  # fmt: skip
_ASKED = ("validation_failed", "filter_required", "confirm_mismatch")


def _outcome(name: str) -> Any:
    """Return the answers of an action that can be tried first."""
    return {
        202: OpenApiResponse(bodies.WasDone, examples=[example("Done", _DONE, 202)]),
        200: OpenApiResponse(bodies.Told, description="The dry run.", examples=[example(name, _TOLD)]),
        **problems(*_ASKED, "second_factor_needed"),
    }


@extend_schema(auth=SESSION_ONLY)
class RecoveryViewSet(ViewSet):
    """What our team does when work goes wrong. Each action wants its own permission."""

    @extend_schema(
        operation_id="force_sync", tags=["admin"], summary="Sync many now", request=bodies.ForceSync,
        responses=_outcome("What would be synced"),
    )  # fmt: skip
    def force_sync(self, request: Request) -> Response:
        """Queue a sync of every scheduled stream that is meant; one that waits or runs is joined."""
        given, which = _asked(request, bodies.ForceSync, "syncing.force_sync")
        minutes = given["unless_within_minutes"]
        if given["dry_run"]:
            return _told(recovery.preview_sync(which, unless_within=minutes))
        return _done(
            recovery.force_sync(
                which, mode=Mode(given["mode"]), by=request.user, reason=given["reason"], unless_within=minutes
            )
        )

    @extend_schema(
        operation_id="clear_queue", tags=["admin"], summary="Take waiting work out of the queue",
        request=bodies.ClearQueue, responses=_outcome("What would be taken out"),
    )  # fmt: skip
    def clear_queue(self, request: Request) -> Response:
        """Cancel what waits, as a dry run has told it; `restore` puts it back exactly as it was."""
        given, which = _asked(request, bodies.ClearQueue, "syncing.clear_queue")
        if given["dry_run"]:
            return _told(recovery.preview_clear(which))
        return _done(recovery.clear_queue(which, confirm=given["confirm"], by=request.user, reason=given["reason"]))

    @extend_schema(
        operation_id="restore_work", tags=["admin"], summary="Put back what was taken out", request=bodies.Restore,
        responses={
            202: OpenApiResponse(bodies.WasDone, examples=[example("Put back", _DONE, 202)]),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def restore(self, request: Request) -> Response:
        """Put back what was cleared or discarded; a stream that waits again by now is left alone."""
        given = _validated(request, bodies.Restore, "syncing.clear_queue")
        return _done(recovery.restore(given["batch"], by=request.user))

    @extend_schema(
        operation_id="list_dead_letters", tags=["admin"], summary="What was given up, by cause",
        responses={
            200: OpenApiResponse(bodies.Causes, examples=[example("One cause", {"causes": [_CAUSE]})]), **problems(),
        },
    )  # fmt: skip
    def dead_letters(self, request: Request) -> Response:
        """Answer every cause of what nobody has settled yet, the most frequent first."""
        staff.permit(request, "syncing.process_dead_letters")
        return Response({"causes": [each._asdict() for each in dead_letters.groups()]})

    @extend_schema(
        operation_id="process_dead_letters", tags=["admin"], summary="Retry or discard what was given up",
        request=bodies.ProcessDeadLetters, responses=_outcome("What is meant"),
    )  # fmt: skip
    def process_dead_letters(self, request: Request) -> Response:
        """Try given-up work again, each once, or set it aside. A retry stops by itself after five equal failures."""
        given, which = _asked(request, bodies.ProcessDeadLetters, "syncing.process_dead_letters")
        if given["dry_run"]:
            return _told(recovery.preview_dead_letters(which))
        by, reason = request.user, given["reason"]
        if given["action"] == "discard":
            return _done(recovery.discard_dead_letters(which, confirm=given["confirm"], by=by, reason=reason))
        return _done(
            recovery.retry_dead_letters(which, by=by, reason=reason, trial=given["canary"], how=How(given["mode"]))
        )

    @extend_schema(
        operation_id="recover_stale", tags=["admin"], summary="Let stale work go on", request=bodies.RecoverStale,
        responses={
            200: OpenApiResponse(
                bodies.WasStale,
                examples=[example("One goes on", {"recovered": [_STALE], "awake": [], "stale": []})],
            ),
            **problems("validation_failed"),
        },
    )  # fmt: skip
    def recover_stale(self, request: Request) -> Response:
        """Let work go on whose worker fell silent, from its last stored page; one that woke up is left alone."""
        given = _validated(request, bodies.RecoverStale, "syncing.recover_stale")
        if given["dry_run"]:
            return Response({"recovered": [], "awake": [], "stale": [_item(each) for each in stale.found()]})
        done = recovery.recover_stale(by=request.user, reason=given["reason"])
        again, awake = ([_item(each) for each in items] for items in (done.again, done.awake))
        return Response({"recovered": again, "awake": awake, "stale": []})


class EventRetryViewSet(ViewSet):
    """Given-up events tried again: a venue's own for its operators, all of them for our team."""

    @extend_schema(
        operation_id="retry_events", tags=["webhooks"], summary="Try given-up events again", request=bodies.RetryEvents,
        responses={
            202: OpenApiResponse(
                bodies.EventsRetried, examples=[example("Tried again", {"matched": 3, "requeued": 3}, 202)]
            ),
            200: OpenApiResponse(
                bodies.EventsRetried, description="The dry run, or nothing to do.",
                examples=[example("Dry run", {"matched": 3, "requeued": 0})],
            ),
            **problems("validation_failed", "filter_required"),
        },
    )  # fmt: skip
    def retry(self, request: Request) -> Response:
        """Work on events once more, or, with `refetch`, read everything of the streams that they are about."""
        venue = None if _is_staff(request) else venue_of(request, at_least=Role.OPERATOR).pk
        if venue is None:
            audit.let_in(request)
        given = _valid(request, bodies.RetryEvents)
        which = replace(given.get("filter", Filter()), kind="event")
        if "ids" in given:
            which = replace(which, ids=tuple(str(each) for each in given["ids"]))
        if venue is not None:
            which = replace(which, venue=venue)
        elif which.named() == {"kind": "event"}:
            which = Filter().required()
        matched = len(dead_letters.letters(which))
        if given["dry_run"] or not matched:
            return Response({"matched": matched, "requeued": 0})
        done = recovery.retry_dead_letters(which, by=request.user, how=How(given["mode"]))
        return Response({"matched": matched, "requeued": done.counts["event"]}, status=202)


def _is_staff(request: Request) -> bool:
    user = request.user
    is_staff: bool = user.is_active and user.is_staff and user.has_perm("syncing.process_dead_letters")
    if is_staff and second_factor.is_given(request):
        walls.move(walls.STAFF)
        return True
    return False


def _valid(request: Request, kind: type[StrictSerializer]) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _validated(request: Request, kind: type[StrictSerializer], permission: str) -> dict[str, Any]:
    staff.permit(request, permission)
    return _valid(request, kind)


def _asked(request: Request, kind: type[StrictSerializer], permission: str) -> tuple[dict[str, Any], Filter]:
    given = _validated(request, kind, permission)
    return given, given["filter"]


def _told(seen: Preview) -> Response:
    return Response({"count": seen.count, "by": seen.by, "confirm": seen.confirm})


def _done(done: Done) -> Response:
    return Response(
        {"batch": done.batch, "count": done.count, "counts": done.counts, "skipped": done.skipped}, status=202
    )


def _item(each: Stale) -> dict[str, Any]:
    return {
        "kind": each.kind, "id": each.id, "provider": each.provider, "object": each.object_type,
        "last_sign_at": each.last_sign_at, "attempts": each.attempts, "cause": each.cause,
        "cause_said": each.cause_said, "next_said": each.next_said,
    }  # fmt: skip
