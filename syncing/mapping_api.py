"""The doors to field mapping: look, try, save, go back, take a template over."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from connections import lifecycle
from connections.models import Connection
from integrations import catalogue
from integrations.api_contract import StrictSerializer, venue_of
from integrations.api_docs import PROVIDER, VENUE, example, problems
from integrations.models import Role
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import field_list, own_templates, rules, saving, versions
from mappings.healing import Diagnosis
from mappings.models import Direction, FieldMappingTemplate
from mappings.rules import RuleData
from mappings.saving import Saved
from syncing import fields, mapping, tasks
from syncing import mapping_bodies as bodies
from syncing.typed_json import frozen

_RULE = {
    "object": "customer", "direction": "in", "source": "email_address", "target": "email",
    "transforms": [{"name": "trim"}, {"name": "lower"}], "default": None, "required": False,
    "update_mode": "overwrite", "who_wins": "", "paused_reason": "",
}  # fmt: skip
_RULES = {
    "version": 3, "in_force": 3, "rules": [_RULE], "differences": [],
    "history": [
        {"version": 3, "author": "mia@example.test", "reason": "Postcode as well",
         "created_at": "2026-11-22T18:30:00Z", "rules": 41}
    ],
}  # fmt: skip
_SAVED = {
    "version": 4, "differences": ["Customers, Note: no longer filled"], "objects": ["customer"], "issues": [],
    "impact": {"records": 1284, "sent": 0, "calls": 0, "metered": False},
}  # fmt: skip
_TRIED = {
    "fine": 1, "with_warnings": 0,
    "records": [
        {"record": "customer Mia", "rows": [
            {"source": "email_address", "target": "email", "input": " Mia@Example.com",
             "steps": [{"name": "trim", "value": "Mia@Example.com"}, {"name": "lower", "value": "mia@example.com"}],
             "output": "mia@example.com", "warning": ""}]}
    ],
}  # fmt: skip
_TEMPLATE = {
    "key": "square-customer", "name": "Square customers", "object": "customer", "venue_type": "general",
    "is_default": True, "why": "It fits every kind of venue.", "differences": [],
}  # fmt: skip
_OWN_TEMPLATE = _TEMPLATE | {
    "key": "own-3f0c2c1ab0d04be79a1ff4b1c1f3b6de", "name": "Ours", "venue_type": "club", "is_default": False,
    "why": "You saved it.",
}  # fmt: skip
_HEALED = {
    "version": 3, "applied": [],
    "held": [
        {
            "direction": "in", "source": "merge_fields.FNAME", "target": "given_name",
            "why": "“First Name” is called “Given name” now.", "required": False,
            "proposals": [
                {
                    "id": "in:given_name:1", "fields_used": ["Given name"], "score": 100,
                    "points": {"identity": 40, "type": 20, "label": 20, "profile": 20}, "verdict": "apply",
                    "reasons": ["It is the same field under another name."], "against": "", "lossless": True,
                    "samples": [{"before": "Mia", "after": "Mia"}],
                }
            ],
        }
    ],
}  # fmt: skip
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description='The version that you saw, such as "3".'
)
_SAVING = ("validation_failed", "not_connected", "mapping_broken", "stale_version", "confirm_mismatch")


class MappingViewSet(ViewSet):
    """The rules of a venue's connection to one provider."""

    @extend_schema(
        operation_id="get_mappings", tags=["mappings"], summary="The rules in force",
        parameters=[
            PROVIDER, VENUE, OpenApiParameter("version", int, OpenApiParameter.QUERY, description="Another version."),
            OpenApiParameter("diff", str, OpenApiParameter.QUERY, description="Two versions, such as 3..5."),
        ],
        responses={
            200: OpenApiResponse(bodies.Rules, examples=[example("Rules", _RULES)]),
            **problems("validation_failed", "not_connected"),
        },
    )  # fmt: skip
    def retrieve(self, request: Request, provider: str) -> Response:
        """Answer a version of the rules with its ETag, and every version there is."""
        connection = _connection(request, provider, Role.VIEWER)
        now = versions.in_force(connection)
        version = _number(request.query_params.get("version"), "version") or now
        found = rules.of(connection, version)
        if not found and version != now:
            raise Problem("not_found", f"There is no version {version} of these rules.")
        answer = {
            "version": version, "in_force": now, "rules": [rules.as_json(each) for each in found],
            "history": mapping.history(connection), "differences": _differences(request, connection),
        }  # fmt: skip
        return Response(answer, headers={"ETag": f'"{now}"'})

    @extend_schema(
        operation_id="save_mappings", tags=["mappings"], summary="Save all rules as the next version",
        parameters=[PROVIDER, _IF_MATCH], request=bodies.SaveRules,
        responses={
            200: OpenApiResponse(bodies.SavedRules, examples=[example("Saved", _SAVED)]), **problems(*_SAVING),
        },
    )  # fmt: skip
    def save(self, request: Request, provider: str) -> Response:
        """Judge the rules and store them as the next version; stored records are mapped again, without a download."""
        connection = _connection(request, provider, Role.VENUE_ADMIN)
        given = _validated(bodies.SaveRules, request)
        seen = _number(request.headers.get("If-Match", "").strip('W/" '), "If-Match")
        if seen is None:
            raise ValidationError({"If-Match": ["Name the version that you saw, such as “3”, in this header."]})
        return _saved(
            connection, given["rules"], seen=seen, request=request, reason=given["reason"],
            confirmed=given["confirmed"], dry_run=given["dry_run"],
        )  # fmt: skip

    @extend_schema(
        operation_id="test_mappings", tags=["mappings"], summary="Try rules on records",
        parameters=[PROVIDER], request=bodies.TryRules,
        responses={
            200: OpenApiResponse(bodies.TriedRules, examples=[example("Tried", _TRIED)]),
            **problems("validation_failed", "not_connected"),
        },
    )  # fmt: skip
    def test(self, request: Request, provider: str) -> Response:
        """Answer what the rules would make of records, step by step. Writes nothing, calls nobody."""
        connection = _connection(request, provider, Role.OPERATOR)
        given = _validated(bodies.TryRules, request)
        kind = _kind(provider, given)
        wanted: list[RuleData] = given.get("rules") or rules.of(connection, versions.in_force(connection))
        found = mapping.tried(
            connection, kind, Direction(given["direction"]), wanted, record=given.get("record"), last=given["last"],
            sample=given.get("sample"),
        )  # fmt: skip
        told = [{"record": name, "rows": frozen([asdict(row) for row in rows])} for name, rows in found]
        amiss = sum(any(row.warning for row in rows) for _, rows in found)
        return Response({"fine": len(found) - amiss, "with_warnings": amiss, "records": told})

    @extend_schema(
        operation_id="reset_mappings", tags=["mappings"], summary="Back to an earlier version or to the templates",
        parameters=[PROVIDER], request=bodies.ResetRules,
        responses={
            200: OpenApiResponse(bodies.SavedRules, examples=[example("Back", _SAVED)]), **problems(*_SAVING),
        },
    )  # fmt: skip
    def reset(self, request: Request, provider: str) -> Response:
        """Store an earlier version, or what the templates say, as the next version."""
        connection = _connection(request, provider, Role.VENUE_ADMIN)
        given, now = _validated(bodies.ResetRules, request), versions.in_force(connection)
        if "version" in given:
            done = mapping.restore(connection, given["version"], seen=now, by=request.user)
            return Response(_told(connection, done, []))
        return _saved(
            connection, versions.default_rules(connection), seen=now, request=request,
            reason="What the templates say", confirmed=True, dry_run=False,
        )  # fmt: skip

    @extend_schema(
        operation_id="list_mapping_templates", tags=["mappings"], summary="Templates for this venue",
        parameters=[PROVIDER, VENUE],
        responses={
            200: OpenApiResponse(bodies.Templates, examples=[example("One", {"templates": [_TEMPLATE]})]),
            **problems("validation_failed", "not_connected"),
        },
    )  # fmt: skip
    def templates(self, request: Request, provider: str) -> Response:
        """Answer the templates for the provider and the venue's type, each with what it would change."""
        connection = _connection(request, provider, Role.VIEWER)
        now = rules.of(connection, versions.in_force(connection))
        found, labels = own_templates.offered(connection), field_list.labels_of(connection)
        return Response({"templates": [_template(connection, each, now, labels) for each in found]})

    @extend_schema(
        operation_id="save_mapping_template", tags=["mappings"], summary="Save the rules in force as a template",
        parameters=[PROVIDER], request=bodies.KeepTemplate,
        responses={
            201: OpenApiResponse(bodies.TemplateOut, examples=[example("Saved", _OWN_TEMPLATE, 201)]),
            **problems("validation_failed", "not_connected", "conflict"),
        },
    )  # fmt: skip
    def keep_template(self, request: Request, provider: str) -> Response:
        """Save the rules of one object under a name, for this venue alone."""
        connection = _connection(request, provider, Role.VENUE_ADMIN)
        given = _validated(bodies.KeepTemplate, request)
        kept = own_templates.keep(connection, _kind(provider, given), given["name"])
        now = rules.of(connection, versions.in_force(connection))
        return Response(_template(connection, kept, now, field_list.labels_of(connection)), status=201)

    @extend_schema(
        operation_id="apply_mapping_template", tags=["mappings"], summary="Take a template over",
        parameters=[PROVIDER], request=bodies.ApplyTemplate,
        responses={
            200: OpenApiResponse(bodies.SavedRules, examples=[example("Taken over", _SAVED)]), **problems(*_SAVING),
        },
    )  # fmt: skip
    def apply_template(self, request: Request, provider: str) -> Response:
        """Store the rules with a template's as the next version; with `dry_run` only tell the difference."""
        connection = _connection(request, provider, Role.VENUE_ADMIN)
        given = _validated(bodies.ApplyTemplate, request)
        template = own_templates.offered(connection).filter(key=given["template"]).first()
        if template is None:
            raise Problem("not_found", "There is no such template for this venue.")
        return _saved(
            connection, mapping.merged(connection, template, given["strategy"]), seen=versions.in_force(connection),
            request=request, reason=f"Template “{template.name}”", confirmed=given["confirmed"],
            dry_run=given["dry_run"],
        )  # fmt: skip

    @extend_schema(
        operation_id="heal_mappings", tags=["mappings"], summary="Mend rules whose field changed",
        parameters=[PROVIDER], request=bodies.HealRules,
        responses={
            200: OpenApiResponse(bodies.Healed, examples=[example("One is held", _HEALED)]),
            **problems("validation_failed", "not_connected", "conflict", "stale_version"),
        },
    )  # fmt: skip
    def heal(self, request: Request, provider: str) -> Response:
        """Answer what would mend the rules that are held, and put what is named into force as the next version."""
        connection = _connection(request, provider, Role.VENUE_ADMIN)
        given = _validated(bodies.HealRules, request)
        kind, wanted = _kind(provider, given), given["apply"]
        found = fields.proposals(connection, kind)
        known = mapping.offers(connection, kind, found)
        chosen = mapping.safe(known) if wanted == ["safe"] else wanted
        if chosen:
            mapping.heal(connection, kind, known, chosen, by=request.user)
            tasks.ring()
            found = fields.proposals(connection, kind)
            known = mapping.offers(connection, kind, found)
        held = [_held(each, known) for each in found.diagnoses]
        return Response({"version": versions.in_force(connection), "applied": chosen, "held": held})


def _held(each: Diagnosis, known: list[mapping.Offer]) -> dict[str, Any]:
    rule, direction = each.broken.rule, Direction.OUT if each.broken.is_out else Direction.IN
    mine = [offer for offer in known if (offer.row.direction, offer.row.target) == (direction, rule.target)]
    return {
        "direction": direction, "source": rule.source, "target": rule.target, "why": each.sentence,
        "required": each.is_required, "proposals": [_proposal(offer) for offer in mine],
    }  # fmt: skip


def _proposal(offer: mapping.Offer) -> dict[str, Any]:
    proposal = offer.proposal
    weakest = min(proposal.evidence, key=lambda each: each.score)
    return {
        "id": offer.id, "fields_used": [each.label for each in proposal.fields], "score": proposal.score,
        "points": {name: getattr(weakest, name) for name in ("identity", "type", "label", "profile")},
        "verdict": proposal.verdict, "reasons": [why for each in proposal.evidence for why in each.reasons],
        "against": proposal.against, "lossless": proposal.is_lossless,
        "samples": [
            {"before": before, "after": after} for each in proposal.evidence for before, after in each.samples
        ],
    }  # fmt: skip


def _connection(request: Request, provider: str, at_least: Role) -> Connection:
    catalogue.provider_or_404(provider)
    connection = lifecycle.latest(venue_of(request, at_least=at_least), provider)
    versions.install_default(connection)
    return connection


def _kind(provider: str, given: dict[str, Any]) -> ObjectType:
    """Return the object that was named. Raises ValidationError for one that the provider has not."""
    if given["object"] not in catalogue.provider_or_404(provider).parts:
        raise ValidationError({"object": ["This provider has no such object."]})
    return ObjectType(given["object"])


def _validated(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _saved(
    connection: Connection, wanted: list[RuleData], *, seen: int, request: Request, reason: str, confirmed: bool,
    dry_run: bool,
) -> Response:  # fmt: skip
    found = saving.judged(connection, wanted)
    if dry_run:
        before = rules.of(connection, versions.in_force(connection))
        objects = sorted({each.object_type for each in rules.unlike(before, wanted)})
        sent = sorted({each.object_type for each in rules.unlike(before, wanted) if each.direction == Direction.OUT})
        told = rules.differences(before, wanted, field_list.labels_of(connection))
        return Response(_told(connection, Saved(seen, told, objects, sent), found))
    done = mapping.save(connection, wanted, seen=seen, by=request.user, reason=reason, confirmed=confirmed)
    tasks.ring(len(done.objects))
    return Response(_told(connection, done, found), headers={"ETag": f'"{done.version}"'})


def _told(connection: Connection, saved: Saved, found: list[Any]) -> dict[str, Any]:
    return {
        "version": saved.version, "differences": saved.differences, "objects": saved.objects,
        "issues": [asdict(each) for each in found],
        "impact": asdict(mapping.impact(connection, saved)),
    }  # fmt: skip


def _differences(request: Request, connection: Connection) -> list[str]:
    named = request.query_params.get("diff")
    if not named:
        return []
    one, _, other = named.partition("..")
    first, second = _number(one, "diff"), _number(other, "diff")
    if first is None or second is None:
        raise ValidationError({"diff": ["Name two versions, such as 3..5."]})
    labels = field_list.labels_of(connection)
    return rules.differences(rules.of(connection, first), rules.of(connection, second), labels)


def _template(
    connection: Connection, template: FieldMappingTemplate, now: list[RuleData], labels: rules.Labels
) -> dict[str, Any]:
    of_object = [each for each in now if each.object_type == template.object_type]
    return {
        "key": template.key, "name": template.name, "object": template.object_type, "venue_type": template.venue_type,
        "is_default": template.is_default, "why": own_templates.why(connection, template),
        "differences": rules.differences(of_object, rules.of_template(template.object_type, template.rules), labels),
    }  # fmt: skip


def _number(text: str | None, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValidationError({name: ["This is not the number of a version."]})
    return int(text)
