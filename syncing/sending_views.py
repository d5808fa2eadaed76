"""The page on which an owner sees what would be sent to a provider, agrees to it, and ends it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.views.decorators.http import require_http_methods

from connections import lifecycle
from connections.models import Connection
from integrations import wishes
from integrations.catalogue import provider_or_404
from integrations.models import Role, VenueMembership
from integrations.pages import address, page, render, see_other
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.providers.types import ObjectType, Values
from mappings import canonical
from syncing import columns, sending, tasks
from syncing.consent import Plan
from syncing.models import Record
from syncing.planning import Step

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Told:
    """A plan in an owner's words."""

    object_type: ObjectType
    plural: str
    plan: Plan
    is_on: bool
    samples: list[dict[str, Any]]


@require_http_methods(["GET", "POST"])
@page(at_least=Role.VENUE_ADMIN)
def send(request: HttpRequest, member: VenueMembership, provider: str) -> HttpResponseBase:
    """Show what would be sent; on POST send it, or end the sending of one object."""
    found, connection = provider_or_404(provider), lifecycle.live(member.venue, provider)
    if request.method == "POST":
        _act(request, connection, found)
        return see_other(address("send", member.venue, provider=provider))
    objects, deletes = _objects(request.GET, connection), _deletes(request.GET, connection)
    plans, waits = list[Plan](), ""
    try:
        plans = sending.preview(connection, objects, deletes=deletes)
    except Problem as problem:
        waits = problem.detail
    shown = {
        "provider": found,
        "connection": connection,
        "choices": _choices(connection, objects, deletes),
        "objects": objects,
        "told": [_told(plan, connection, found) for plan in plans],
        "plan": sending.plan_id(plans) if plans else "",
        "writes": sum(plan.writes for plan in plans),
        "calls": sum(plan.calls for plan in plans),
        "waits": waits,
        "deletes": deletes,
    }
    return render(request, member, "syncing/send.html", shown)


def _act(request: HttpRequest, connection: Connection, provider: Provider) -> None:
    name, objects = provider.spec.name, _objects(request.POST, connection)
    ending = [each for each in sending.objects_of(connection) if each == request.POST.get("end")]
    if ending:
        sending.withdraw(connection, ending, by=request.user)
        plural = canonical.OBJECTS[ending[0]].plural
        messages.success(request, f"No more {plural} are sent to {name}. What was sent stays there.")
        return
    lifecycle.authorised(connection.venue, provider.spec.key)
    try:
        started = sending.start(
            connection, objects, plan=request.POST.get("plan", ""), deletes=_deletes(request.POST, connection),
            by=request.user,
        )  # fmt: skip
    except Problem as problem:
        messages.error(request, problem.detail)
        return
    tasks.ring(len(started.jobs))
    messages.success(request, f"Sending to {name}. From now on changes follow by themselves. You can end that below.")


def _objects(asked: QueryDict, connection: Connection) -> list[ObjectType]:
    """Return the objects that shall be sent: as the page was asked; at first those that are, else all that can be."""
    possible = sending.objects_of(connection)
    if "asked" in asked:
        wanted = asked.getlist("objects")
        return [each for each in possible if each in wanted]
    unread = sending.unread_objects(connection)
    return sending.sent_objects(connection) or [each for each in possible if each not in unread]


def _deletes(asked: QueryDict, connection: Connection) -> list[str]:
    """Return the objects whose deletions shall travel: as the page was asked, at first as the venue wished before."""
    if "asked" not in asked:
        return wishes.of(connection.venue, PROVIDERS[connection.provider]).deletes
    wanted, objects = asked.getlist("deletes"), _objects(asked, connection)
    return [str(each) for each in sending.deletable_objects(connection) if each in wanted and each in objects]


def _choices(connection: Connection, objects: Sequence[ObjectType], deletes: Sequence[str]) -> list[dict[str, Any]]:
    """Return what can be sent, and what of it is chosen."""
    unread, deletable = sending.unread_objects(connection), sending.deletable_objects(connection)
    return [
        {
            "value": str(each), "plural": canonical.OBJECTS[each].plural, "is_on": each in objects,
            "is_unread": each in unread, "can_delete": each in deletable, "deletes": each in deletes,
        }
        for each in sending.objects_of(connection)
    ]  # fmt: skip


def _told(plan: Plan, connection: Connection, provider: Provider) -> _Told:
    titles = _titles(plan)
    samples = [
        {"title": titles.get(step.record, ""), "operation": str(step.write.operation),
         "changes": _changes(step, provider)}
        for step in plan.samples[:_SHOWN]
        if step.write is not None
    ]  # fmt: skip
    is_on = plan.object_type in sending.sent_objects(connection)
    return _Told(plan.object_type, canonical.OBJECTS[plan.object_type].plural, plan, is_on, samples)


def _titles(plan: Plan) -> dict[Any, str]:
    records = Record.objects.filter(pk__in=[step.record for step in plan.samples[:_SHOWN]])
    return {each.pk: columns.title(plan.object_type, each.fields, "") for each in records.only("pk", "fields")}


def _changes(step: Step, provider: Provider) -> list[dict[str, str]]:
    """Return the values that would change, by the provider's own label of the field."""
    assert step.write is not None  # noqa: S101 - narrows the type
    labels = {field.id: field.label for outlet in provider.writers.values() for field in outlet.fields}
    before: Values = step.before or {}
    return [
        {"label": labels.get(name, name), "before": _words(before.get(name)), "after": _words(value)}
        for name, value in step.write.values.items()
        if name in labels
    ]


def _words(value: Any) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return f"{len(value)} entries" if value and not isinstance(value[0], str) else ", ".join(value)
    return str(value)[:80]
